"""Matrix factorisation of what was liked, by alternating least squares."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.extra import needed
from manyminds.recommend.history import History
from manyminds.recommend.ranking.neighbours import as_matrix
from manyminds.recommend.ranking.ranker import Scorer

__all__ = ["Factors"]


@dataclass(frozen=True, kw_only=True)
class Factors:
    """Gives people and items short vectors whose product says who likes what.

    Source: Hu, Koren and Volinsky 2008, by `implicit`. Cost: linear in likes, square in factors.
    """

    factors: int = 64
    regularization: float = 10.0
    passes: int = 15
    seed: int = 0

    def learn(self, past: History) -> Scorer:
        """Fit the vectors of the items."""
        # Its vectors are short: threads of the linear algebra beneath would wait for each other.
        limits: Any = needed("threadpoolctl").threadpool_limits
        with limits(1, "blas"):
            model: Any = needed("implicit.als").AlternatingLeastSquares(
                factors=self.factors, regularization=self.regularization, iterations=self.passes,
                random_state=self.seed, num_threads=1,
            )  # fmt: skip
            model.fit(as_matrix(past), show_progress=False)

        def score(people: History) -> NDArray[np.float32]:
            # People are fitted against the items' vectors, so those nobody knew are, too.
            with limits(1, "blas"):
                vectors = model.recalculate_user(np.arange(len(people.users)), as_matrix(people))
            return np.asarray(vectors @ model.item_factors.T, np.float32)

        return score
