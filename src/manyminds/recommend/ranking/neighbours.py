"""Items that the same people liked: item-based nearest neighbours."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from manyminds.recommend.extra import needed
from manyminds.recommend.history import LIKED, History
from manyminds.recommend.ranking.ranker import Linear

__all__ = ["ItemNeighbours", "as_matrix", "liked_with"]


@dataclass(frozen=True, kw_only=True)
class ItemNeighbours:
    """Adds up how like an item is to those that a person liked.

    Source: Deshpande and Karypis 2004; the cosine of who liked both, people who like everything
    counting for less (TF-IDF), by `implicit`.
    """

    neighbours: int = 200
    """Of each item."""

    def learn(self, past: History) -> Linear:
        """Find the neighbours of every item."""
        found: Any = needed("implicit.nearest_neighbours").TFIDFRecommender(K=self.neighbours)
        with warnings.catch_warnings():
            # It converts its own matrix, and says so.
            warnings.simplefilter("ignore")
            found.fit(as_matrix(past), show_progress=False)
        alike: Any = needed("scipy.sparse").csr_array(found.similarity)
        alike.setdiag(0)
        return Linear(weights=alike)


def liked_with(history: History, liked: Sequence[str]) -> dict[str, float]:
    """Return how like each thing of a history is to some, by the names of the things."""
    places = [history.items.index(name) for name in liked if name in history.items]
    one = History(
        users=("",), items=history.items, user=np.zeros(len(places), np.int64),
        item=np.array(places, np.int64), value=np.full(len(places), LIKED, np.float32),
        at=np.zeros(len(places), np.int64),
    )  # fmt: skip
    # Who likes everything weighs nothing, and nothing by nothing is no number.
    scores = np.nan_to_num(ItemNeighbours().learn(history)(one)[0])
    return dict(zip(history.items, map(float, scores), strict=True))


def as_matrix(past: History) -> Any:
    """Return what people liked as `implicit` takes it, which knows no sparse arrays."""
    return needed("scipy.sparse").csr_matrix(past.matrix(liked=True))
