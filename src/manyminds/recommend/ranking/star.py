"""STAR: how like an item is to what a person liked, in words and by who else liked it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.extra import needed
from manyminds.recommend.history import History
from manyminds.recommend.ranking.neighbours import ItemNeighbours
from manyminds.recommend.ranking.ranker import Scorer

__all__ = ["Star", "near_in_words"]

Floats = NDArray[np.float32]
_AT_ONCE = 1_024


@dataclass(frozen=True, kw_only=True, eq=False)
class Star:
    """Adds up likeness to what a person liked, what they rated later counting for more.

    Source: Lee et al. 2024 (arXiv 2410.16458), the retrieval half: nothing is trained. Here each
    half keeps an item's nearest ones only, as nearest neighbours do, and both give an item as much
    in the mean.
    """

    vectors: Floats
    """What each item's words mean: items by width, rows of length 1."""
    semantic: float = 0.2
    """What likeness in words counts; who liked it counts the rest."""
    decay: float = 0.99
    """What each step back in a person's likes is multiplied by."""
    neighbours: int = 200
    near: int = 50
    """Neighbours in words."""

    def learn(self, past: History) -> Scorer:
        """Find what is alike."""
        together = _even(ItemNeighbours(neighbours=self.neighbours).learn(past).weights)
        words = _even(near_in_words(self.vectors, self.near))
        alike = self.semantic * words + (1 - self.semantic) * together

        def score(people: History) -> Floats:
            return np.asarray((self._liked(people) @ alike).toarray(), np.float32)

        return score

    def _liked(self, people: History) -> Any:
        """Return people by things: the rating where liked, less the longer ago."""
        liked = people.liked()
        latest = np.lexsort((-liked.at, liked.user))
        count = np.bincount(liked.user, minlength=len(liked.users))
        place = np.arange(len(latest)) - (np.cumsum(count) - count)[liked.user[latest]]
        counts = liked.value[latest] * self.decay**place
        shape = (len(liked.users), len(liked.items))
        return needed("scipy.sparse").csr_array(
            (counts, (liked.user[latest], liked.item[latest])), shape=shape
        )


def near_in_words(vectors: Floats, most: int) -> Any:
    """Return items by items: the cosine of each to its nearest ones, 0 to the others."""
    sparse = needed("scipy.sparse")
    parts: list[Any] = []
    for begin in range(0, len(vectors), _AT_ONCE):
        near = np.maximum(vectors[begin : begin + _AT_ONCE] @ vectors.T, 0)
        near[np.arange(len(near)), begin + np.arange(len(near))] = 0
        if near.shape[1] > most:
            near[near < np.partition(near, -most, axis=1)[:, -most, None]] = 0
        parts.append(sparse.csr_array(near))
    return sparse.vstack(parts).tocsr()


def _even(alike: Any) -> Any:
    """Return it scaled so that an item gives 1 in the mean."""
    total = float(alike.sum())
    return alike * (alike.shape[0] / total) if total > 0 else alike
