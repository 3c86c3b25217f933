"""What every committed figure carries: the machine and the code."""

import numpy as np
from numpy.typing import NDArray

from manyminds.evals.origin import commit, machine

__all__ = ["code", "machine", "mean_interval"]


def code() -> str:
    """Name the code that is measured: its commit, and whether it was changed since."""
    return commit() or "not in a checkout"


def mean_interval(values: NDArray[np.float64], digits: int = 4) -> list[float]:
    """Return the 95 % bootstrap interval of a mean."""
    chance = np.random.default_rng(0)
    means = values[chance.integers(len(values), size=(2_000, len(values)))].mean(axis=1)
    return [round(float(np.quantile(means, q)), digits) for q in (0.025, 0.975)]
