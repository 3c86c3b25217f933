"""What inspect_ai finds of us by the entry point `inspect_ai`: the provider and the solvers."""

from manyminds.evals.inspect_models import manyminds
from manyminds.evals.solvers import strategy_solvers

__all__ = ["SOLVERS", "manyminds"]

SOLVERS = strategy_solvers()
"""By name: `manyminds/heavy`, `manyminds/best_of_n` and so on."""
