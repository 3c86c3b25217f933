"""One member, one answer: the baseline everything else must beat."""

from dataclasses import dataclass, replace

from manyminds.agents.member import MAX_TURNS
from manyminds.core.protocols import Run
from manyminds.core.values import Answer
from manyminds.strategies.panel import Panel

__all__ = ["Single"]


@dataclass(frozen=True, kw_only=True)
class Single:
    """Lets the first member work the task; where its model fails, the first of the next model.

    Cost: one request without tools (`turns=1`), else one request a tool call and one to answer.
    """

    turns: int = MAX_TURNS
    """Model requests at most; with 1 the member answers at once, without tools."""
    way: str | None = None
    """How it is to work; `None`: as its seat on the panel says."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run)
        for member in panel.leads():
            sent = member if self.way is None else replace(member, way=self.way)
            await panel.work([sent], turns=self.turns, temperature=lambda _place: 0.0)
            if panel.notes or panel.stopped:
                break
        # With one member nobody disagrees: it stands unless its own tool denies it.
        denied = any(verdict.outcome == "rejected" for verdict in panel.verdicts.values())
        how = "one member's answer, checked against its own evidence"
        return panel.deliver(panel.weighed(), how=how, stands=not denied)
