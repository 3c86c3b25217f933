"""Swarm: many light members side by side, each its own way; the most frequent verdict wins.

For questions that many short tries settle better than a few long ones. Nobody waits for anybody,
and it ends as soon as those who are still at work could not change the outcome any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Group
from manyminds.strategies.panel import Panel
from manyminds.strategies.self_consistency import VOTES_ONLY

__all__ = ["SWARM_MEMBERS", "Swarm", "is_decided"]

SWARM_MEMBERS = 100


@dataclass(frozen=True, kw_only=True)
class Swarm:
    """Sixteen to a hundred members, a few turns each.

    Cost: at most `len(run.members)` short `single` runs, fewer where the first ones agree.
    """

    turns: int = 3
    temperature: float = 0.7
    wave: int = 25
    """Members side by side, before a look at how it stands."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel, waiting = Panel(run=run), list(run.members)
        while waiting:
            wave, waiting = waiting[: self.wave], waiting[self.wave :]
            panel.enter("swarm", f"{len(wave)} more members")
            await panel.work(wave, turns=self.turns, temperature=lambda _place: self.temperature)
            if panel.stopped or is_decided(panel.groups(), len(waiting)):
                break
        groups = panel.groups()
        votes = f"{len(groups[0].members)} of {len(panel.notes)} members" if groups else "nobody"
        return panel.deliver(panel.weighed(VOTES_ONLY), how=f"swarm: {votes} agree")


def is_decided(groups: Sequence[Group], waiting: int) -> bool:
    """Say whether those who wait could not change who leads, all voting for the second."""
    if not groups:
        return False
    second = len(groups[1].members) if len(groups) > 1 else 0
    return len(groups[0].members) - second > waiting
