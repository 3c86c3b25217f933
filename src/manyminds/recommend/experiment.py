"""Which of two ways is better, by what people do: an A/B test, and two rankings in one list."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Verdict", "ab_test", "interleaved", "preferred"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a test says."""

    lift: float
    """Of B over A, as a share of A; 0 where A has none."""
    p: float
    """How likely a difference at least as large is, were there none."""

    @property
    def found(self) -> bool:
        """Whether there is a difference, at 5 %."""
        return self.p < 0.05


def ab_test(clicks: tuple[int, int], shown: tuple[int, int]) -> Verdict:
    """Compare two shares: the two-sided z test of two proportions, pooled.

    Args:
        clicks: Of A and of B.
        shown: To how many, each once.
    """
    a, b = (click / count for click, count in zip(clicks, shown, strict=True))
    whole = sum(clicks) / sum(shown)
    error = math.sqrt(whole * (1 - whole) * sum(1 / count for count in shown))
    z = 0.0 if error == 0 else (b - a) / error
    return Verdict(lift=(b - a) / a if a else 0.0, p=math.erfc(abs(z) / math.sqrt(2)))


def interleaved(
    a: Sequence[int], b: Sequence[int], most: int, chance: np.random.Generator
) -> list[tuple[int, str]]:
    """Draft one list of two: who is behind picks next, a coin where they are level.

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
        open_ = [team for team in ("a", "b") if left[team]]
        if not open_:
            break
        level = picks["a"] == picks["b"]
        coin = ("a", "b")[int(chance.random() < 0.5)]
        behind = coin if level else min(picks, key=picks.__getitem__)
        team = behind if behind in open_ else open_[0]
        drafted.append((left[team][0], team))
        taken.add(left[team][0])
        picks[team] += 1
    return drafted


def preferred(
    sessions: int, draft: Callable[[], list[tuple[int, str]]], clicks: Callable[[int], bool]
) -> Verdict:
    """Show drafted lists and count whose picks are clicked more: the sign test over sessions."""
    wins = {"a": 0, "b": 0}
    for _ in range(sessions):
        told = [team for item, team in draft() if clicks(item)]
        a, b = told.count("a"), told.count("b")
        if a != b:
            wins["b" if b > a else "a"] += 1
    told_apart = sum(wins.values())
    z = 0.0 if not told_apart else (wins["b"] - wins["a"]) / math.sqrt(told_apart)
    lift = wins["b"] / wins["a"] - 1 if wins["a"] else 0.0
    return Verdict(lift=lift, p=math.erfc(abs(z) / math.sqrt(2)))
