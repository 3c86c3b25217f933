"""What may be said of two arms on the same questions: paired differences, and how sure they are.

Every comparison is paired by question. Questions that were made from one seed question are not
independent: they are resampled together, by cluster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Difference",
    "Finding",
    "McNemar",
    "Ratio",
    "difference",
    "gap_closed",
    "holm",
    "mcnemar",
    "pareto_front",
    "pass_hat_k",
    "ratio",
    "sign_flip_p",
]

RESAMPLES = 10_000
Finding = Literal["win", "loss", "not shown"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """By how much one arm's mean score leads another's, with a bootstrap interval."""

    mean: float
    """Of the scores' differences; scores lie between 0 and 1."""
    low: float
    high: float
    n: int
    """Questions."""
    clusters: int
    """Independent groups of questions; equal to `n` where each stands alone."""

    @property
    def finding(self) -> Finding:
        """A win or a loss only where the interval leaves zero out."""
        if self.low > 0:
            return "win"
        return "loss" if self.high < 0 else "not shown"


def difference(
    a: Mapping[str, float],
    b: Mapping[str, float],
    *,
    clusters: Mapping[str, str] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Compare two arms on the questions both were asked, by a paired percentile bootstrap.

    Source: Efron 1979; resampling whole clusters is Cameron, Gelbach and Miller 2008.

    Args:
        a: Scores by question; its lead over `b` is returned.
        b: Scores of the other arm.
        clusters: The cluster of each question; `None` where each stands alone.
        level: Of the interval.
        resamples: How many times the clusters are drawn again.
        seed: Of the draws.

    Raises:
        ValueError: If no question was asked of both.
    """
    shared = [question for question in a if question in b]
    if not shared:
        raise ValueError("the arms share no question")
    names = [question if clusters is None else clusters[question] for question in shared]
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    sums, sizes = np.zeros(len(places)), np.zeros(len(places))
    for question, name in zip(shared, names, strict=True):
        sums[places[name]] += a[question] - b[question]
        sizes[places[name]] += 1
    mean = float(sums.sum() / sizes.sum())
    counts = _resampled(len(places), resamples, seed)
    means = (counts @ sums) / (counts @ sizes)
    tail = (1 - level) / 2
    low, high = (float(q) for q in np.quantile(means, [tail, 1 - tail]))
    return Difference(mean=mean, low=low, high=high, n=len(shared), clusters=len(places))


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How many times as much one arm costs as another, with a bootstrap interval."""

    value: float
    low: float
    high: float
    n: int
    """Questions."""


def ratio(
    a: Mapping[str, float],
    b: Mapping[str, float],
    *,
    clusters: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Ratio | None:
    """Divide the mean of one arm by that of another on the questions both were asked.

    Args:
        a: Amounts by question, none below zero.
        b: Amounts of the other arm.
        clusters: The cluster of each question; `None` where each stands alone.
        seed: Of the 10,000 resamples; the interval holds 95 % of them.

    Returns:
        `None` where nothing can be divided: no question was asked of both, or the other arm's
        amounts are nothing, in the whole or in a resample.
    """
    shared = [question for question in a if question in b]
    names = [question if clusters is None else clusters[question] for question in shared]
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    above, below = np.zeros(len(places)), np.zeros(len(places))
    for question, name in zip(shared, names, strict=True):
        above[places[name]] += a[question]
        below[places[name]] += b[question]
    if not below.sum():
        return None
    counts = _resampled(len(places), RESAMPLES, seed)
    if not (counts @ below).all():
        return None
    low, high = np.quantile((counts @ above) / (counts @ below), [0.025, 0.975])
    value = float(above.sum() / below.sum())
    return Ratio(value=value, low=float(low), high=float(high), n=len(shared))


def _resampled(n: int, times: int, seed: int) -> NDArray[np.int64]:
    """Return how often each of n is drawn, one row a resample.

    That says as much as which were drawn, and a mean then takes one product.
    """
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=times)


@dataclass(frozen=True, kw_only=True)
class McNemar:
    """On how many questions only one of two arms was right, and how likely that is by chance."""

    fixed: int
    """Only the first arm was right."""
    broken: int
    """Only the second arm was right."""
    p: float
    """Exact, two-sided."""


def mcnemar(a: Mapping[str, float], b: Mapping[str, float]) -> McNemar:
    """Compare right and wrong answers of two arms question by question.

    Source: McNemar 1947; the p value is that of the exact binomial test.
    """
    shared = [question for question in a if question in b]
    fixed = sum(a[q] >= 0.5 > b[q] for q in shared)
    broken = sum(b[q] >= 0.5 > a[q] for q in shared)
    n, k = fixed + broken, min(fixed, broken)
    p = min(1.0, 2 * sum(comb(n, i) for i in range(k + 1)) / 2**n) if n else 1.0
    return McNemar(fixed=fixed, broken=broken, p=p)


def sign_flip_p(
    a: Mapping[str, float],
    b: Mapping[str, float],
    clusters: Mapping[str, str],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> float:
    """Return how likely so large a lead is where the arms' names mean nothing, by cluster.

    Two-sided. Source: Fisher 1935, the randomization test of paired differences; here the signs of
    whole clusters are flipped.
    """
    gaps: dict[str, float] = {}
    for question in a.keys() & b.keys():
        name = clusters[question]
        gaps[name] = gaps.get(name, 0.0) + a[question] - b[question]
    sums = np.array([gaps[name] for name in sorted(gaps)])
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(resamples, len(sums)))
    extreme = np.abs(signs @ sums) >= abs(sums.sum()) - 1e-9
    return float((extreme.sum() + 1) / (resamples + 1))


def holm(ps: Sequence[float]) -> list[float]:
    """Adjust p values for being many.

    Source: Holm 1979. A value below 0.05 afterwards is significant among all of them.
    """
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    adjusted, running = [1.0] * len(ps), 0.0
    for rank, place in enumerate(order):
        running = max(running, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = running
    return adjusted


def gap_closed(arm: float, single: float, oracle: float) -> float | None:
    """Return the share of the way from a single draw to the oracle of the draws that an arm goes.

    Above one where it has right answers that no draw had; `None` where there is no way to go.
    """
    return None if oracle <= single else (arm - single) / (oracle - single)


def pass_hat_k(counts: Sequence[tuple[int, int]], k: int) -> float:
    """Return the share of tasks that `k` tries would all get right.

    Source: Yao et al. 2024 (tau-bench): the mean over tasks of C(right, k) / C(tries, k).

    Args:
        counts: Of each task: how many tries were right, and how many there were.
        k: At most the tries of the task that has fewest.

    Raises:
        ValueError: If there is no task, or one has fewer tries.
    """
    if not counts or any(not 0 <= right <= tries or tries < k for right, tries in counts) or k < 1:
        raise ValueError(f"each task needs {k} tries or more, and there must be one")
    return sum(comb(right, k) / comb(tries, k) for right, tries in counts) / len(counts)


def pareto_front(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """Return the names that no other one beats at both cost and score, cheapest first.

    Args:
        points: Cost and score by name; less cost and more score are better.
    """
    front: list[str] = []
    best = float("-inf")
    for name, (_, score) in sorted(points.items(), key=lambda item: (item[1][0], -item[1][1])):
        if score > best:
            front.append(name)
            best = score
    return front
