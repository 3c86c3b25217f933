"""What is liked when: a ranker's scores, moved by what the moment is known to change."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import History
from manyminds.recommend.ranking.ranker import Ranker, Scorer

__all__ = ["InContext", "weekend"]


@dataclass(frozen=True, kw_only=True)
class InContext:
    """Adds to each item's score how much more it is liked in one kind of moment than in all.

    Source: contextual modelling by item splitting (Baltrunas and Ricci 2009), softened: instead of
    splitting an item, the logarithm of its lift is drawn to zero where likes are few.
    """

    base: Ranker
    of: Callable[[NDArray[np.int64]], NDArray[np.int64]]
    """From seconds since 1970 to the kind of moment, 0 and up."""
    now: int
    """The kind of moment that is ranked for."""
    weight: float = 1.0
    """Of a base score's deviation, for an item liked e times as much as usual now."""
    few: float = 20.0
    """Likes, as many as usual now, that each item is taken to have besides its own."""

    def learn(self, past: History) -> Scorer:
        """Let the base learn, and count what is liked now."""
        scorer, lift = self.base.learn(past), self.lift(past)

        def score(people: History) -> NDArray[np.float32]:
            scores = np.asarray(scorer(people), np.float32)
            spread = scores.std(axis=1, keepdims=True)
            return np.asarray(scores + self.weight * spread * lift, np.float32)

        return score

    def lift(self, past: History) -> NDArray[np.float64]:
        """Return the logarithm of how much more each item is liked now; 0 where it is not known."""
        liked = past.liked()
        here = self.of(liked.at) == self.now
        count = np.bincount(liked.item, minlength=len(past.items))
        now = np.bincount(liked.item[here], minlength=len(past.items))
        share = float(here.mean()) if len(here) else 0.0
        if not 0 < share < 1:
            return np.zeros(len(past.items))
        return np.log((now + self.few * share) / ((count + self.few) * share))


def weekend(at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 1 for Saturdays and Sundays of universal time, 0 for the other days."""
    # 1 January 1970 was a Thursday.
    return (((at // 86_400) + 3) % 7 >= 5).astype(np.int64)
