"""A small restricted Boltzmann machine over what people like."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import History
from manyminds.recommend.ranking.ranker import Scorer, same_for_all

__all__ = ["Rbm"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Rbm:
    """Scores a thing by how likely it comes on when what a person likes is put in.

    Source: Salakhutdinov, Mnih and Hinton 2007, with one visible unit a thing (liked or not) in
    place of five, and one step of contrastive divergence. Cost: people by items by hidden a pass.
    """

    hidden: int = 100
    passes: int = 40
    rate: float = 0.05
    momentum: float = 0.8
    decay: float = 2e-4
    """Ridge on the weights, a step."""
    at_once: int = 32
    """People a step."""
    seed: int = 0

    def learn(self, past: History) -> Scorer:
        """Fit weights and both biases."""
        liked = past.matrix(liked=True)
        keep = np.flatnonzero(np.diff(liked.indptr))
        chance = np.random.default_rng(self.seed)
        if not len(keep):
            return same_for_all(np.zeros(len(past.items)))
        share = np.asarray(liked[keep].mean(axis=0)).ravel().clip(1e-4, 1 - 1e-4)
        weights = (0.01 * chance.standard_normal((liked.shape[1], self.hidden))).astype(np.float32)
        seen = np.log(share / (1 - share)).astype(np.float32)
        felt = np.zeros(self.hidden, np.float32)
        speed = [np.zeros_like(one) for one in (weights, seen, felt)]
        for _ in range(self.passes):
            order = chance.permutation(keep)
            for begin in range(0, len(order), self.at_once):
                rows = liked[order[begin : begin + self.at_once]].toarray().astype(np.float32)
                steps = self._step(rows, weights, seen, felt, chance)
                for one, move, step in zip((weights, seen, felt), speed, steps, strict=True):
                    move *= self.momentum
                    move += self.rate * step
                    one += move

        def score(people: History) -> Floats:
            rows = people.matrix(liked=True).toarray().astype(np.float32)
            return np.asarray(_on(rows @ weights + felt) @ weights.T + seen, np.float32)

        return score

    def _step(
        self, rows: Floats, weights: Floats, seen: Floats, felt: Floats,
        chance: np.random.Generator,
    ) -> tuple[Floats, Floats, Floats]:  # fmt: skip
        """Return the way up for weights and biases: what is there less what is dreamt of."""
        on = _on(rows @ weights + felt)
        drawn = (chance.random(on.shape, np.float32) < on).astype(np.float32)
        dreamt = _on(drawn @ weights.T + seen)
        again = _on(dreamt @ weights + felt)
        count = np.float32(len(rows))
        way = (rows.T @ on - dreamt.T @ again) / count - self.decay * weights
        return (
            way.astype(np.float32), (rows - dreamt).mean(axis=0), (on - again).mean(axis=0)
        )  # fmt: skip


def _on(lead: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-lead.clip(-30, 30))), np.float32)
