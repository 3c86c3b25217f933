"""Keeping up with people who change: a rare refit, and what they have liked since."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import History
from manyminds.recommend.ranking.neighbours import ItemNeighbours
from manyminds.recommend.ranking.ranker import Ranker, Scorer

__all__ = ["Hybrid"]

_DAY = 86_400


@dataclass(kw_only=True)
class Hybrid:
    """A dear ranker that learns again now and then, and a cheap look at the latest likes each day.

    Source: the hybrid of periodic fine-tuning and retrieval (arXiv 2510.20260), for rankers.
    """

    dear: Ranker
    every_days: float = 28
    recent_days: float = 14
    """Half-life of what a like says to the daily look."""
    share: float = 0.5
    """Of the daily look in the whole."""
    refits: int = field(default=0, init=False)
    _learned_at: float | None = field(default=None, init=False)
    _scorer: Scorer | None = field(default=None, init=False)
    _items: int = field(default=0, init=False)

    def day(self, past: History, now: int) -> Scorer:
        """Return how things are ranked on a day, by all that was rated before it.

        Args:
            past: Everything before `now`.
            now: Seconds since 1970.
        """
        daily = _Latest(half_life_s=self.recent_days * _DAY, now=now).learn(past)
        if self.share == 1:
            return daily
        grown = self._items != len(past.items)
        if grown or self._learned_at is None or now - self._learned_at >= self.every_days * _DAY:
            self._scorer, self._learned_at = self.dear.learn(past), now
            self._items = len(past.items)
            self.refits += 1
        dear, share = self._scorer, self.share
        assert dear is not None

        def score(people: History) -> NDArray[np.float32]:
            both = (1 - share) * _level(dear(people)) + share * _level(daily(people))
            return both.astype(np.float32)

        return score


@dataclass(frozen=True, kw_only=True)
class _Latest:
    """Scores by the neighbours of what was liked, the latest the most; learns in a moment."""

    half_life_s: float
    now: int

    def learn(self, past: History) -> Scorer:
        near = ItemNeighbours().learn(past)
        weights = near.weights

        def score(people: History) -> NDArray[np.float32]:
            liked = people.liked()
            age = (self.now - liked.at).clip(0) / self.half_life_s
            rows = np.zeros((len(people.users), len(people.items)), np.float32)
            np.maximum.at(rows, (liked.user, liked.item), (0.5**age).astype(np.float32))
            return np.asarray(rows @ weights, np.float32)

        return score


def _level(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return scores of mean 0 and deviation 1 for each person."""
    moved = np.array(scores) - scores.mean(axis=1, keepdims=True)
    spread = moved.std(axis=1, keepdims=True)
    return np.asarray(moved / np.where(spread > 0, spread, 1), np.float32)
