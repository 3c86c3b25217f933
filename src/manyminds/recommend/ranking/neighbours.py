"""Items that the same people liked: item-based nearest neighbours."""

import warnings
from dataclasses import dataclass
from typing import Any

from manyminds.recommend.extra import needed
from manyminds.recommend.history import History
from manyminds.recommend.ranking.ranker import Linear

__all__ = ["ItemNeighbours", "as_matrix"]


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


def as_matrix(past: History) -> Any:
    """Return what people liked as `implicit` takes it, which knows no sparse arrays."""
    return needed("scipy.sparse").csr_matrix(past.matrix(liked=True))
