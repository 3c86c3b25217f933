"""Verifiers: each judges one candidate on its own and gives a reason that a person can check.

A new one is a class with `name` and `verify`; it may rest on a run's tools, never on the author's
word. `tests/contracts/test_verifiers.py` runs the same suite over all of them.
"""

from manyminds.judging.verifiers.answers import Exact, Numeric, Pattern, Schema, Symbolic
from manyminds.judging.verifiers.citations import Cited
from manyminds.judging.verifiers.constraints import Constraint, Constraints
from manyminds.judging.verifiers.member_tests import MemberTests
from manyminds.judging.verifiers.programs import Differential, Examples, UnitTests
from manyminds.judging.verifiers.refusals import NoRefusal
from manyminds.judging.verifiers.rubric import Rubric
from manyminds.judging.verifiers.steps import Steps

__all__ = [
    "Cited",
    "Constraint",
    "Constraints",
    "Differential",
    "Exact",
    "Examples",
    "MemberTests",
    "NoRefusal",
    "Numeric",
    "Pattern",
    "Rubric",
    "Schema",
    "Steps",
    "Symbolic",
    "UnitTests",
]
