"""Which of two ways is better, by what people do: an A/B test, and two rankings in one list."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from manyminds.core.errors import UsageError

__all__ = ["Verdict", "ab_test", "interleaved", "preferred"]


_FEW = 5
"""Clicks that are to be expected of each, below which a table is looked at exactly."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a test says."""

    lift: float | None
    """Of B over A, as a share of A; `None` where A has none."""
    p: float
    """How likely a difference at least as large is, were there none."""

    @property
    def found(self) -> bool:
        """Whether there is a difference, at 5 %."""
        return self.p < 0.05


def ab_test(clicks: tuple[int, int], shown: tuple[int, int]) -> Verdict:
    """Compare two shares: the two-sided z test of two proportions, pooled.

    Fisher's exact test where fewer than five clicks, or no clicks, are to be expected.

    Args:
        clicks: Of A and of B.
        shown: To how many, each once.

    Raises:
        UsageError: If one was shown to nobody.
    """
    if min(shown) < 1:
        raise UsageError("both have to be shown to somebody")
    a, b = (click / count for click, count in zip(clicks, shown, strict=True))
    whole = sum(clicks) / sum(shown)
    lift = (b - a) / a if a else None
    if min(shown) * min(whole, 1 - whole) < _FEW:
        return Verdict(lift=lift, p=_fisher(clicks, shown))
    error = math.sqrt(whole * (1 - whole) * sum(1 / count for count in shown))
    return Verdict(lift=lift, p=math.erfc(abs(b - a) / error / math.sqrt(2)))


def _fisher(clicks: tuple[int, int], shown: tuple[int, int]) -> float:
    """Return how likely tables as unlikely as this one are, its sums given."""
    both = sum(clicks)
    ways = [
        math.comb(shown[0], first) * math.comb(shown[1], both - first)
        for first in range(max(0, both - shown[1]), min(both, shown[0]) + 1)
    ]
    here = math.comb(shown[0], clicks[0]) * math.comb(shown[1], clicks[1])
    return sum(way for way in ways if way <= here) / sum(ways)


def interleaved(
    a: Sequence[int], b: Sequence[int], most: int, chance: np.random.Generator
) -> list[tuple[int, str]]:
    """Draft one list of two: who is behind picks next, a coin where they are level.

    It ends where one of them has nothing left to pick: the other one would win by its length.

    Source: team-draft interleaving (Radlinski, Kurup and Joachims 2008).

    Returns:
        Items with the ranking, `a` or `b`, whose pick each was.
    """
    lists = {"a": list(a), "b": list(b)}
    drafted: list[tuple[int, str]] = []
    taken: set[int] = set()
    picks = {"a": 0, "b": 0}
    while len(drafted) < most:
        left = {team: [i for i in items if i not in taken] for team, items in lists.items()}
        if not left["a"] or not left["b"]:
            break
        level = picks["a"] == picks["b"]
        coin = ("a", "b")[int(chance.random() < 0.5)]
        behind = coin if level else min(picks, key=picks.__getitem__)
        drafted.append((left[behind][0], behind))
        taken.add(left[behind][0])
        picks[behind] += 1
    return drafted


def preferred(
    sessions: int, draft: Callable[[], list[tuple[int, str]]], clicks: Callable[[int], bool]
) -> Verdict:
    """Show drafted lists and count whose picks are clicked more: an exact sign test."""
    wins = {"a": 0, "b": 0}
    for _ in range(sessions):
        told = [team for item, team in draft() if clicks(item)]
        a, b = told.count("a"), told.count("b")
        if a != b:
            wins["b" if b > a else "a"] += 1
    told_apart = sum(wins.values())
    fewer = sum(math.comb(told_apart, n) for n in range(min(wins.values()) + 1))
    p = min(1.0, 2 * fewer / 2**told_apart)
    return Verdict(lift=wins["b"] / wins["a"] - 1 if wins["a"] else None, p=p)
