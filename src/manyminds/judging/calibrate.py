"""Confidence fitted on past verdicts: what a stated confidence has been worth.

Platt's logistic for few labels, isotonic regression for many. Sources: Platt 1999; Zadrozny and
Elkan 2002; expected calibration error as in Naeini et al. 2015.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from manyminds.judging.logistic import fit_logistic

__all__ = ["Calibration", "calibration_error", "fit"]

FEW, MANY = 20, 150
"""Labels from which Platt's two numbers, and from which isotonic steps, are fitted."""
_EDGE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A monotone map from stated to fitted confidence."""

    points: tuple[tuple[float, float], ...]
    """Stated and fitted confidence, rising; straight lines between."""
    method: str
    n: int
    error_before: float
    """Expected calibration error of what was stated, 0 to 1, on the labels fitted on."""
    error_after: float
    """The same of what is fitted, each label held out once."""

    def __call__(self, stated: float) -> float:
        """Return the fitted confidence."""
        xs, ys = zip(*self.points, strict=True)
        return float(np.interp(stated, xs, ys))


def fit(labelled: Sequence[tuple[float, bool]]) -> Calibration | None:
    """Fit on past answers; `None` where there are too few labels, or all are alike.

    Args:
        labelled: Stated confidence, and whether the answer was right.
    """
    if len(labelled) < FEW or len({right for _, right in labelled}) < 2:
        return None
    method = "isotonic" if len(labelled) >= MANY else "platt"
    points = _fit(labelled, method)
    held_out: list[tuple[float, bool]] = []
    folds = 10
    for fold in range(folds):
        rest = [pair for i, pair in enumerate(labelled) if i % folds != fold]
        mine = [pair for i, pair in enumerate(labelled) if i % folds == fold]
        xs, ys = zip(*_fit(rest, method), strict=True)
        held_out += [(float(np.interp(stated, xs, ys)), right) for stated, right in mine]
    return Calibration(
        points=points, method=method, n=len(labelled),
        error_before=calibration_error(labelled), error_after=calibration_error(held_out),
    )  # fmt: skip


def _fit(labelled: Sequence[tuple[float, bool]], method: str) -> tuple[tuple[float, float], ...]:
    return _isotonic(labelled) if method == "isotonic" else _platt(labelled)


def _platt(labelled: Sequence[tuple[float, bool]]) -> tuple[tuple[float, float], ...]:
    """Fit a logistic of the stated log-odds; targets drawn in as Platt does against overfitting."""
    right = sum(r for _, r in labelled)
    high, low = (right + 1) / (right + 2), 1 / (len(labelled) - right + 2)
    x = np.array([(1.0, _log_odds(stated)) for stated, _ in labelled])
    y = np.array([high if r else low for _, r in labelled])
    w = fit_logistic(x, y, np.full(2, 1e-3))
    slope = max(0.0, float(w[1]))  # surer is never less right
    stated = [i / 20 for i in range(21)]
    return tuple((s, 1 / (1 + math.exp(-(float(w[0]) + slope * _log_odds(s))))) for s in stated)


def _log_odds(p: float) -> float:
    p = min(1 - _EDGE, max(_EDGE, p))
    return math.log(p / (1 - p))


def _isotonic(labelled: Sequence[tuple[float, bool]]) -> tuple[tuple[float, float], ...]:
    """Pool adjacent violators; each block stands at its mean."""
    blocks: list[list[float]] = []  # weight, sum of stated, sum of right
    for stated, right in sorted(labelled):
        blocks.append([1.0, stated, float(right)])
        while len(blocks) > 1 and _mean(blocks[-2]) >= _mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    points = [(block[1] / block[0], _mean(block)) for block in blocks]
    apart = [points[0]] + [b for a, b in pairwise(points) if b[0] > a[0]]
    return tuple(apart)


def _mean(block: Sequence[float]) -> float:
    # One success more and one failure more: a block of three right ones is not certain.
    return (block[2] + 0.5) / (block[0] + 1)


def calibration_error(labelled: Sequence[tuple[float, bool]], *, bins: int = 10) -> float:
    """Return the expected calibration error: the mean gap of confidence and share of right ones.

    Args:
        labelled: Confidence, and whether the answer was right.
        bins: Of equal width.
    """
    if not labelled:
        return 0.0
    gap = 0.0
    for b in range(bins):
        mine = [
            (c, r)
            for c, r in labelled
            if b / bins <= c < (b + 1) / bins or (c == 1 and b == bins - 1)
        ]
        if mine:
            stated = sum(c for c, _ in mine) / len(mine)
            gap += abs(stated - sum(r for _, r in mine) / len(mine)) * len(mine)
    return gap / len(labelled)
