"""People, things and moments in one factorisation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import History
from manyminds.recommend.ranking.ranker import Scorer

__all__ = ["Tensor"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """Scores a thing for a person in one kind of moment by the product of three vectors.

    Source: iTALS (Pilászy, Hidasi and Tikk 2012): alternating least squares over the whole tensor,
    where what was not chosen counts a little. Cost a pass: likes by width squared.
    """

    of: Callable[[NDArray[np.int64]], NDArray[np.int64]]
    """From seconds since 1970 to the kind of moment, 0 and up."""
    now: int
    """The kind of moment that is ranked for."""
    moments: int
    """How many kinds there are."""
    width: int = 32
    passes: int = 8
    weight: float = 5.0
    """Of a like, where what was not chosen has 1."""
    elsewhere: float = 0.3
    """Share of that weight which a like has in the other kinds of moments, too: that somebody liked
    a thing on a Sunday does not say that they would not on a Monday."""
    ridge: float = 20.0
    seed: int = 0

    def learn(self, past: History) -> Scorer:
        """Fit the three sides in turn."""
        chance = np.random.default_rng(self.seed)
        sizes = (len(past.users), len(past.items), self.moments)
        sides = [0.3 * chance.random((size, self.width)) for size in sizes]
        places, weights = self._chosen(past)
        for _ in range(self.passes):
            for side in range(3):
                sides[side] = self._solved(sides, places, weights, side)
        _, items, moments = sides

        def score(people: History) -> NDArray[np.float32]:
            shown = [np.zeros((len(people.users), self.width)), items, moments]
            person = self._solved(shown, *self._chosen(people), 0)
            return np.asarray((person * moments[self.now]) @ items.T, np.float32)

        return score

    def _chosen(self, people: History) -> tuple[tuple[NDArray[np.int64], ...], Floats]:
        """Return likes as places on the three sides, and what each weighs."""
        liked = people.liked()
        when = self.of(liked.at)
        user, item = (np.repeat(side, self.moments) for side in (liked.user, liked.item))
        moment = np.tile(np.arange(self.moments), len(when))
        here = moment == np.repeat(when, self.moments)
        return (user, item, moment), self.weight * np.where(here, 1.0, self.elsewhere)

    def _solved(
        self, sides: list[Floats], places: tuple[NDArray[np.int64], ...], weights: Floats, side: int
    ) -> Floats:
        """Return the best vectors of one side, the other two as they are."""
        first, second = (other for other in range(3) if other != side)
        # Of all pairs of the two others: their Gram matrices, multiplied element by element.
        whole = (sides[first].T @ sides[first]) * (sides[second].T @ sides[second])
        whole += self.ridge * np.eye(self.width)
        both = sides[first][places[first]] * sides[second][places[second]]
        order = np.argsort(places[side], kind="stable")
        ends = np.searchsorted(places[side][order], np.arange(len(sides[side]) + 1))
        found = np.zeros_like(sides[side])
        for row in range(len(found)):
            chosen = order[ends[row] : ends[row + 1]]
            mine, weight = both[chosen], weights[chosen, None]
            if len(mine):
                more = whole + mine.T @ (mine * (weight - 1).clip(0))
                found[row] = np.linalg.solve(more, (mine * weight).sum(axis=0))
        return found
