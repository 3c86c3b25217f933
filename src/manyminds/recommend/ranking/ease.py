"""EASE: one linear layer from what a person liked to everything, in closed form."""

from dataclasses import dataclass

import numpy as np

from manyminds.core.errors import UsageError
from manyminds.recommend.extra import needed
from manyminds.recommend.history import History
from manyminds.recommend.ranking.ranker import Linear, Signal, liked

__all__ = ["Ease"]

MOST_ITEMS = 20_000
"""Its matrix is items by items: 1.6 GB at that."""


@dataclass(frozen=True, kw_only=True)
class Ease:
    """Predicts each liked item from all others.

    Source: Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data. Cost: the inverse of a
    matrix of the items that anybody liked.
    """

    ridge: float = 200.0
    signal: Signal = liked
    """What it learns from and scores by."""

    def learn(self, past: History) -> Linear:
        """Invert the matrix of who liked both.

        Raises:
            UsageError: If the catalogue is too large for it.
        """
        told = self.signal(past)
        if told.shape[1] > MOST_ITEMS:
            raise UsageError(
                f"EASE takes {MOST_ITEMS:,} items at most, not {told.shape[1]:,}; "
                "take ItemNeighbours"
            )
        some = np.flatnonzero(abs(told).sum(axis=0))
        gram = (told[:, some].T @ told[:, some]).toarray().astype(np.float32)
        np.fill_diagonal(gram, gram.diagonal() + self.ridge)
        # Symmetric and positive definite, so by Cholesky, and in place: half the work and memory.
        linalg = needed("scipy.linalg")
        factor = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
        inverse = linalg.cho_solve(
            factor, np.eye(len(some), dtype=np.float32), overwrite_b=True, check_finite=False
        )
        inverse /= -inverse.diagonal()[None, :].copy()
        np.fill_diagonal(inverse, 0)
        weights = np.zeros((told.shape[1],) * 2, np.float32)
        weights[np.ix_(some, some)] = inverse
        return Linear(weights=weights, signal=self.signal)
