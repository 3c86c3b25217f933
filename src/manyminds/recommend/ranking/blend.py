"""Several rankers together."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import History
from manyminds.recommend.ranking.ranker import Ranker, Scorer

__all__ = ["Blend"]


@dataclass(frozen=True, kw_only=True)
class Blend:
    """Adds up what rankers say, each brought to mean 0 and deviation 1 for each person.

    Source: the blending of Bell, Koren and Volinsky 2007, with given weights, not fitted ones.
    """

    parts: Mapping[str, Ranker]
    weights: Mapping[str, float] | None = None
    """Of each part by its name; 1 where nothing is said."""

    def learn(self, past: History) -> Scorer:
        """Let all parts learn."""
        scorers = {name: part.learn(past) for name, part in self.parts.items()}
        weights = self.weights or {}

        def score(people: History) -> NDArray[np.float32]:
            total = np.zeros((len(people.users), len(people.items)), np.float32)
            for name, scorer in scorers.items():
                scores = np.array(scorer(people))
                scores -= scores.mean(axis=1, keepdims=True)
                spread = scores.std(axis=1, keepdims=True)
                total += weights.get(name, 1.0) * scores / np.where(spread > 0, spread, 1)
            return total

        return score
