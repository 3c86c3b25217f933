"""What every ranker is, and the linear ones whose scores can be taken apart."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import History

__all__ = ["Linear", "Ranker", "Scorer", "Signal", "graded", "liked", "same_for_all", "seen"]

_MIDDLE, _BEST = 2.75, 5.0
"""Of ratings from half a star to five."""
Scorer = Callable[[History], NDArray[np.float32]]
"""From what people rated (of the catalogue that was learned) to scores, people by items; more is
better, only the order counts. People need not have been there when it learned."""


Signal = Callable[[History], Any]
"""What of people's ratings is gone by: people by things, a `scipy.sparse.csr_array`."""


def liked(people: History) -> Any:
    """Return 1 for what was liked: explicit, as a threshold."""
    return people.matrix(liked=True)


def seen(people: History) -> Any:
    """Return 1 for what was rated at all: implicit, as views and clicks are."""
    rated = people.matrix(liked=False)
    rated.data[:] = 1
    return rated


def graded(people: History) -> Any:
    """Return -1 for the worst rating to 1 for the best: explicit, in full."""
    rated = people.matrix(liked=False)
    rated.data[:] = (rated.data - _MIDDLE) / (_BEST - _MIDDLE)
    return rated


class Ranker(Protocol):
    """Learns from what was rated."""

    def learn(self, past: History) -> Scorer:
        """Return how it scores every item for people."""
        ...


@dataclass(frozen=True, kw_only=True)
class Linear:
    """Scores an item by what it gets from each thing that a person liked."""

    weights: Any
    """Items by items, an array or a sparse one: what a liked one (row) gives another (column)."""
    signal: Signal = liked

    def __call__(self, people: History) -> NDArray[np.float32]:
        """Add up what the things give that a person liked, or otherwise rated."""
        return _dense(self.signal(people) @ self.weights)

    def because(self, liked: NDArray[np.int64], item: int, most: int = 3) -> list[int]:
        """Return the liked items that an item's score owes most to, the strongest first.

        Only those that raise it: taking one of them away lowers the score by what it gave.
        """
        given = _dense(self.weights[:, [item]]).ravel()[liked]
        strongest = np.argsort(-given, kind="stable")[:most]
        return [int(liked[i]) for i in strongest if given[i] > 0]


def same_for_all(scores: NDArray[np.float64]) -> Scorer:
    """Return a scorer that tells no people apart."""
    row = scores.astype(np.float32)
    return lambda people: np.broadcast_to(row, (len(people.users), len(row)))


def _dense(found: Any) -> NDArray[np.float32]:
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found, np.float32)
