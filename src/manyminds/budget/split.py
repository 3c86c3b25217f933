"""How to split a budget: how many members, and how many tokens for each.

The model: a member that may use M tokens is right with probability p(M), members err on their own,
and the majority is delivered, ties decided by a coin. Condorcet 1785. Real members share a model,
so their errors go together and a panel gains less than this says: it is a plan, not a promise.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from math import comb

__all__ = ["Split", "best_split", "majority_accuracy"]

_EQUAL = 1e-12
"""Accuracies nearer than this are the same."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """A way to spend a budget."""

    members: int
    tokens_each: int
    accuracy: float
    """Expected share of right answers, by the model above."""

    @property
    def tokens(self) -> int:
        """Tokens in all."""
        return self.members * self.tokens_each


def majority_accuracy(p: float, members: int) -> float:
    """Return how often a majority of independent members is right; ties count half."""
    q = 1 - p
    return sum(
        comb(members, k) * p**k * q ** (members - k) * (0.5 if 2 * k == members else 1.0)
        for k in range((members + 1) // 2, members + 1)
    )


def best_split(cap: int, curve: Mapping[int, float], *, most: int = 16) -> Split | None:
    """Return the split of at most `cap` tokens with the best accuracy, the cheapest of equals.

    Args:
        cap: Tokens in all.
        curve: Accuracy of one member by the tokens it may use; from history, or measured.
        most: Members a panel may have.

    Returns:
        `None` where the cap does not hold a single member.
    """
    rooms = {tokens: min(most, cap // tokens) for tokens in curve if 0 < tokens <= cap and most > 0}
    if not rooms:
        return None
    best = max(majority_accuracy(curve[t], _largest(curve[t], room)) for t, room in rooms.items())
    found = [
        Split(members=n, tokens_each=tokens, accuracy=majority_accuracy(curve[tokens], n))
        for tokens, room in rooms.items()
        if (n := _fewest(curve[tokens], room, best - _EQUAL)) is not None
    ]
    return min(found, key=lambda split: (split.tokens, split.members))


def _largest(p: float, room: int) -> int:
    """Return the best number: an even one only adds ties, and below a half one is best."""
    return 1 if p <= 0.5 else room - (room % 2 == 0)


def _fewest(p: float, room: int, wanted: float) -> int | None:
    """Return the fewest members whose majority reaches an accuracy; `None` where none does."""
    counts = range(1, _largest(p, room) + 1, 2)
    place = bisect_left(counts, wanted, key=lambda n: majority_accuracy(p, n))
    return counts[place] if place < len(counts) else None
