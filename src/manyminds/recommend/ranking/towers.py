"""Two towers: a person's vector from what they liked, an item's from itself and its features."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import History
from manyminds.recommend.ranking.ranker import Scorer

__all__ = ["TwoTowers"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoTowers:
    """Learns both towers so that their product tells what a person likes next to all there is.

    Source: Covington et al. 2016 and Yi et al. 2019 for the towers; trained with part of what a
    person liked left out, on a softmax over all items, as Liang et al. 2018 do. Cost: people by
    items by width a pass.
    """

    features: Floats | None = None
    """What is known of each item, items by features; without it items are their number alone."""
    width: int = 64
    passes: int = 60
    left_out: float = 0.5
    """Share of a person's likes that their tower does not see in a pass."""
    rate: float = 0.001
    decay: float = 1e-4
    """Ridge on all weights, for each person."""
    at_once: int = 64
    """People a step."""
    seed: int = 0

    def learn(self, past: History) -> Scorer:
        """Fit both towers."""
        liked = past.matrix(liked=True)
        keep = np.flatnonzero(np.diff(liked.indptr))
        chance = np.random.default_rng(self.seed)
        weights = self._begin(liked.shape[1], chance)
        adam = _Adam(rate=self.rate)
        for _ in range(self.passes):
            order = chance.permutation(keep)
            for begin in range(0, len(order), self.at_once):
                rows = liked[order[begin : begin + self.at_once]].toarray().astype(np.float32)
                adam.step(weights, self._gradients(rows, weights, chance))

        def score(people: History) -> Floats:
            seen = people.matrix(liked=True).toarray().astype(np.float32)
            return self._person(seen, weights) @ self._items(weights).T + weights["bias"]

        return score

    def _begin(self, items: int, chance: np.random.Generator) -> dict[str, Floats]:
        def drawn(rows: int) -> Floats:
            return (chance.standard_normal((rows, self.width)) / np.sqrt(self.width)).astype(
                np.float32
            )

        known = 0 if self.features is None else self.features.shape[1]
        return {
            "seen": drawn(items), "item": drawn(items) * 0.1, "feature": drawn(known) * 0.1,
            "bias": np.zeros(items, np.float32),
        }  # fmt: skip

    def _items(self, weights: dict[str, Floats]) -> Floats:
        if self.features is None:
            return weights["item"]
        return weights["item"] + np.asarray(self.features @ weights["feature"], np.float32)

    def _person(self, seen: Floats, weights: dict[str, Floats]) -> Floats:
        return np.asarray(np.tanh(_lengths(seen) @ weights["seen"]), np.float32)

    def _gradients(
        self, rows: Floats, weights: dict[str, Floats], chance: np.random.Generator
    ) -> dict[str, Floats]:
        """Return the gradient of the loss, the mean of the people, by each of the weights."""
        seen = _lengths(rows * (chance.random(rows.shape) >= self.left_out))
        person, items = np.tanh(seen @ weights["seen"]), self._items(weights)
        lead = person @ items.T + weights["bias"]
        lead -= lead.max(axis=1, keepdims=True)
        share = np.exp(lead)
        share /= share.sum(axis=1, keepdims=True)
        wrong = (share - rows / rows.sum(axis=1, keepdims=True)) / len(rows)
        by_item = wrong.T @ person
        by_seen = seen.T @ ((wrong @ items) * (1 - person**2))
        found = {"seen": by_seen, "item": by_item, "bias": wrong.sum(axis=0)}
        found["feature"] = (
            weights["feature"] if self.features is None else self.features.T @ by_item
        )
        return {name: found[name] + self.decay * weights[name] for name in found}


def _lengths(rows: Floats) -> Floats:
    """Return rows of length 1; rows of nothing as they are."""
    length = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return np.divide(rows, length, out=rows.copy(), where=length > 0)


@dataclass(kw_only=True)
class _Adam:
    """Steps as Kingma and Ba 2015 take them."""

    rate: float
    steps: int = 0
    mean: dict[str, Floats] = field(default_factory=dict)
    square: dict[str, Floats] = field(default_factory=dict)

    def step(self, weights: dict[str, Floats], gradients: dict[str, Floats]) -> None:
        self.steps += 1
        for name, gradient in gradients.items():
            mean = self.mean.setdefault(name, np.zeros_like(gradient))
            square = self.square.setdefault(name, np.zeros_like(gradient))
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            first, second = 1 - 0.9**self.steps, 1 - 0.999**self.steps
            weights[name] -= self.rate * (mean / first) / (np.sqrt(square / second) + 1e-8)
