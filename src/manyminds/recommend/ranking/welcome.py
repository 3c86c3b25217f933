"""How much of the new somebody welcomes, learned from what they take and leave."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Welcome"]

Floats = NDArray[np.float64]
_BIASES = np.linspace(-3, 3, 13)
_LEANINGS = np.linspace(-2, 2, 21)
_LEAST = 1e-6
"""Chance below which nothing is thought to lie: people do what nobody expects."""
_PUSHES = np.linspace(0, 3, 31)
"""What being new may count beside the chance of being taken, when candidates are ordered."""


@dataclass(kw_only=True)
class Welcome:
    """A belief about one person: how likely they take a thing of some score and some novelty.

    The chance is logistic in both. Its novelty weight is believed over a grid; who has shown
    nothing yet is thought to be like most people, who rather take what is known.
    """

    leaning: float = -0.5
    """What most people's taking owes to novelty, per deviation; the middle of the belief."""
    doubt: float = 0.8
    """Its deviation among people."""
    belief: Floats = field(init=False)
    """Shares of biases by leanings; they sum to 1."""

    def __post_init__(self) -> None:
        """Begin with what is believed of anybody."""
        near = -0.5 * ((_LEANINGS - self.leaning) / self.doubt) ** 2
        wide = -0.5 * (_BIASES / 1.5) ** 2
        self.belief = _shares(wide[:, None] + near[None, :])

    def told(self, scores: Floats, news: Floats, taken: NDArray[np.bool_]) -> None:
        """Take in what somebody took and left of what they were shown.

        Args:
            scores: Of the things, in deviations from the mean of the candidates.
            news: How little known they are, the same way.
            taken: Which of them they took.
        """
        chance = _chances(scores, news)
        likely = np.where(taken[:, None, None], chance, 1 - chance)
        surely = np.log(np.maximum(likely, _LEAST)).sum(axis=0)
        self.belief = _shares(np.log(self.belief + 1e-300) + surely)

    def chances(self, scores: Floats, news: Floats) -> Floats:
        """Return how likely each thing is taken."""
        return np.einsum("ibl,bl->i", _chances(scores, news), self.belief)

    def choose(self, scores: Floats, news: Floats, *, most: int) -> list[int]:
        """Choose the newest list that is expected to please no less than that of the best scores.

        Returns:
            Places of the chosen, the likeliest taken first.
        """
        chances = self.chances(scores, news)
        plain = np.argsort(-scores, kind="stable")[:most]
        best, newest = plain, float(news[plain].mean())
        for push in _PUSHES:
            order = np.argsort(-(chances + push * news), kind="stable")[:most]
            pleases = chances[order].mean() >= chances[plain].mean()
            if pleases and news[order].mean() > newest:
                best, newest = order, float(news[order].mean())
        return [int(place) for place in best[np.argsort(-chances[best], kind="stable")]]


def _chances(scores: Floats, news: Floats) -> Floats:
    """Return things by biases by leanings: how likely each is taken."""
    logit = (
        _BIASES[None, :, None]
        + scores[:, None, None]
        + _LEANINGS[None, None, :] * news[:, None, None]
    )
    return 1 / (1 + np.exp(-logit))


def _shares(logs: Floats) -> Floats:
    shares = np.exp(logs - logs.max())
    return shares / shares.sum()
