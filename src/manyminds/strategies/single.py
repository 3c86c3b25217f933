"""One member, one answer: the baseline everything else must beat."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from manyminds.agents.asking import asks_for_code, asks_for_text
from manyminds.agents.member import MAX_TURNS
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Member
from manyminds.strategies.panel import Panel
from manyminds.strategies.sampling import by_samples, failed, native, repair
from manyminds.strategies.tally import fitting_verifier

__all__ = ["Single"]

MENDED = 2
"""Tries to mend a program; with tools it would have five turns."""


@dataclass(frozen=True, kw_only=True)
class Single:
    """Lets the first member work the task; where its model fails, the first of the next model.

    A model without native tools writes programs and worded reasoning best as such, and not as a
    word of our protocol: it answers by a sample; a program is tried on the question's examples and
    mended.

    Cost: one request without tools (`turns=1`), else one request a tool call and one to answer; by
    a sample one, and one more for each try to mend a program.
    """

    turns: int = MAX_TURNS
    """Model requests at most; with 1 the member answers at once, without tools."""
    way: str | None = None
    """How it is to work; `None`: as its seat on the panel says."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        draws = self.way is None and _draws(run, turns=self.turns)
        way = "direct" if self.way is None and asks_for_text(run.task.prompt) else self.way
        panel = Panel(run=run, verifier=fitting_verifier(run)) if draws else Panel(run=run)
        for member in panel.leads():
            sent = member if way is None else replace(member, way=way)
            if draws:
                await self._draw(panel, sent)
            if not panel.notes and not panel.stopped:
                await panel.work([sent], turns=self.turns, temperature=lambda _place: 0.0)
            if panel.notes or panel.stopped:
                break
        # With one member nobody disagrees: it stands unless what it was held against denies it.
        outcomes = {verdict.outcome for verdict in panel.verdicts.values()}
        return panel.deliver(
            panel.weighed(), how=_how(outcomes, draws=draws), stands="rejected" not in outcomes
        )

    async def _draw(self, panel: Panel, member: Member) -> None:
        panel.enter("sample", "written freely, not in our protocol")
        await panel.sample([member], temperature=lambda _place: 0.0)
        # No working in words that was mended became right (`results/LOG.md`); programs do.
        tries = MENDED if asks_for_code(panel.run.task.prompt) else 0
        for round_ in range(2, min(self.turns, tries + 1) + 1):
            told = {} if panel.stopped else failed(panel)
            if not told:
                break
            await repair(panel, told, round_=round_)


def _how(outcomes: Collection[str], *, draws: bool) -> str:
    if not draws:
        return "one member's answer, checked against its own evidence"
    looked = "held against the question" if {*outcomes} - {"unsure"} else "not checked"
    return f"one member's sample, {looked}"


def _draws(run: Run, *, turns: int) -> bool:
    """Say whether it answers by a sample: texts and programs always, words where there is time."""
    aids = {tool.name for tool in run.tools} <= {"python", "calculate"}
    if native(run) or not aids or run.task.schema_json is not None:
        return False
    asked = run.task.prompt
    return asks_for_text(asked) or (by_samples(run) and (turns > 1 or asks_for_code(asked)))
