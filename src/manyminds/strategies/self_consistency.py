"""Self-consistency: independent samples, the most frequent canonical answer wins.

Source: Wang et al. 2023, Self-Consistency Improves Chain of Thought Reasoning (ICLR); the early
stop follows Aggarwal et al. 2023, Let's Sample Step by Step (EMNLP).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from manyminds.agents.member import MAX_TURNS
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Group
from manyminds.judging.weigh import Weights
from manyminds.strategies.panel import Panel

__all__ = ["VOTES_ONLY", "SelfConsistency", "majority_is_stable"]

THRESHOLD = 0.9
"""Stop when the leader keeps its lead with this probability: three alike (0.94), or five of six.
Aggarwal et al. use 0.95; at small n that costs one more sample for no accuracy seen here."""

VOTES_ONLY = Weights(backed=0.0, refuted=0.0, ruling=0.0)


@dataclass(frozen=True, kw_only=True)
class SelfConsistency:
    """Draws up to as many samples as the panel has members, all working the same way.

    Cost: at most `len(run.members)` times `single`, fewer where the first ones agree.
    """

    turns: int = MAX_TURNS
    temperature: float = 0.7
    first: int = 3
    """Samples drawn side by side before the first look at the stop rule."""
    then: int = 2
    """Samples drawn between two looks after that."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run)
        waiting = [replace(member, way=run.members[0].way) for member in run.members]
        size = self.first
        while waiting:
            wave, waiting = waiting[:size], waiting[size:]
            size = self.then
            panel.enter("sample", f"{len(wave)} more samples")
            await panel.work(wave, turns=self.turns, temperature=lambda _place: self.temperature)
            if majority_is_stable(panel.groups()) or panel.stopped:
                break
        groups = panel.groups()
        votes = f"{len(groups[0].members)} of {len(panel.notes)} samples" if groups else "no sample"
        return panel.deliver(panel.weighed(VOTES_ONLY), how=f"majority: {votes} agree")


def majority_is_stable(groups: Sequence[Group]) -> bool:
    """Say whether the leading answer would keep its lead with probability `THRESHOLD`.

    The two leading answers are taken for two sides of a coin with a uniform prior; the leader is
    stable when its side is the likelier one with that probability: a Beta(v1 + 1, v2 + 1) tail,
    in closed form for whole numbers.
    """
    if not groups:
        return False
    first = len(groups[0].members)
    second = len(groups[1].members) if len(groups) > 1 else 0
    return _beta_above_half(first + 1, second + 1) >= THRESHOLD


def _beta_above_half(a: int, b: int) -> float:
    """P(p > 1/2) for p ~ Beta(a, b): at most a - 1 heads in a + b - 1 fair tosses."""
    n = a + b - 1
    ways = term = 1
    for heads in range(1, a):
        term = term * (n - heads + 1) // heads
        ways += term
    return ways / 2**n
