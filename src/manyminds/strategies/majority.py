"""Majority: samples without tools, the most frequent canonical answer wins.

Source: Wang et al. 2023, Self-Consistency Improves Chain of Thought Reasoning (ICLR).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Candidate, Group, Task, Verdict
from manyminds.strategies.panel import Panel
from manyminds.strategies.self_consistency import VOTES_ONLY, majority_is_stable

__all__ = ["Majority"]

FIRST = 2
"""Samples that `Majority` draws before its first look: two alike are not stable yet (0.875), but
where no more are left they are enough."""


@dataclass(frozen=True, kw_only=True)
class Majority:
    """Draws samples without tools, one request each; the most frequent canonical answer wins.

    The plainest panel there is, and the arm that every other one must beat at equal tokens. Code
    counts as equal where it behaves alike on the question's examples and variations of them.

    Cost: one request a sample, at most `len(run.members)`.
    """

    adaptive: bool = True
    """Whether to stop once the lead is safe; without, all samples are drawn at once."""
    temperature: float = 0.7

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run, verifier=Unchecked())
        waiting, size = list(run.members), FIRST if self.adaptive else len(run.members)
        while waiting and not panel.stopped:
            wave, waiting, size = waiting[:size], waiting[size:], 1
            panel.enter("sample", f"{len(wave)} more samples")
            await panel.sample(wave, temperature=lambda _place: self.temperature)
            if majority_is_stable(panel.groups()) or _cannot_change(panel.groups(), len(waiting)):
                break
        groups = panel.groups()
        votes = f"{len(groups[0].members)} of {len(panel.notes)} samples" if groups else "no sample"
        return panel.deliver(panel.weighed(VOTES_ONLY), how=f"majority: {votes} agree")


@dataclass(frozen=True, kw_only=True)
class Unchecked:
    """Judges nothing: votes alone decide."""

    name: str = "unchecked"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Say that nothing was checked."""
        return Verdict(outcome="unsure", reason="votes alone decide", verifier=self.name)


def _cannot_change(groups: Sequence[Group], waiting: int) -> bool:
    """Say whether the samples still to come could not overtake the leader."""
    sizes = [len(group.members) for group in groups]
    return bool(sizes) and sizes[0] - (sizes[1] if len(sizes) > 1 else 0) > waiting
