"""What most people like, what they rate best, and the two weighed against each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from manyminds.judging.logistic import fit_logistic
from manyminds.recommend.history import LIKED, History
from manyminds.recommend.ranking.ranker import Scorer, same_for_all

__all__ = ["Popularity", "PredictedRating", "TwoParameters"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Popularity:
    """By how many people have liked it; the same for everybody."""

    def learn(self, past: History) -> Scorer:
        """Count."""
        return same_for_all(likes(past))


@dataclass(frozen=True, kw_only=True)
class PredictedRating:
    """By the rating that is to be expected: means drawn to the mean of all, as Funk 2006 has them.

    It tells how well a thing will be rated by who takes it, not whether anybody takes it.
    """

    damping: float = 10.0
    """Ratings that the mean of all counts as."""

    def learn(self, past: History) -> Scorer:
        """Average."""
        return same_for_all(damped_means(past, self.damping))


@dataclass(frozen=True, kw_only=True)
class TwoParameters:
    """`w1 * popularity + w2 * predicted rating`, with weights learned from what people chose.

    Source: the linear ranker by which Amatriain and Basilico 2012 explain Netflix's; fitted as
    Rendle et al. 2009 do, on pairs of a liked thing and one that was not taken.
    """

    damping: float = 10.0
    pairs: int = 20_000
    ridge: float = 1.0
    seed: int = 0

    def learn(self, past: History) -> Scorer:
        """Fit the two weights."""
        return same_for_all(self._features(past) @ self.weights(past))

    def weights(self, past: History) -> Floats:
        """Return `w1` and `w2`, of features with mean 0 and deviation 1."""
        chance = np.random.default_rng(self.seed)
        features, taken = self._features(past), past.matrix(liked=False)
        liked = np.flatnonzero(past.value >= LIKED)
        if not len(liked):
            return np.array([1.0, 0.0])
        drawn = chance.choice(liked, self.pairs)
        other = chance.integers(len(past.items), size=self.pairs)
        fresh = np.asarray(taken[past.user[drawn], other]).ravel() == 0
        lead = features[past.item[drawn[fresh]]] - features[other[fresh]]
        return fit_logistic(lead, np.ones(len(lead)), np.full(2, self.ridge))

    def _features(self, past: History) -> Floats:
        raw = np.stack([np.log1p(likes(past)), damped_means(past, self.damping)], axis=1)
        spread = raw.std(axis=0)
        return (raw - raw.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def likes(past: History) -> Floats:
    """Return by how many each item was liked."""
    liked = past.item[past.value >= LIKED]
    return np.bincount(liked, minlength=len(past.items)).astype(np.float64)


def damped_means(past: History, damping: float) -> Floats:
    """Return each item's mean rating, drawn to the mean of all; that itself where it has none."""
    count = np.bincount(past.item, minlength=len(past.items))
    total = np.bincount(past.item, weights=past.value, minlength=len(past.items))
    middle = float(past.value.mean()) if len(past.value) else 0.0
    return (total + damping * middle) / (count + damping)
