"""Heavy: a panel works alone, compares notes, settles its cruxes with tools, revises, selects.

The eight steps are those of `docs/design.md`: gate, work, compare, cruxes, settle, revise,
select, calibrate. Each of them may be the last one: a step is taken only where it can still
change the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

from manyminds.agents.asking import asks_for_text
from manyminds.agents.member import MAX_TURNS
from manyminds.core.protocols import Run
from manyminds.core.values import Answer
from manyminds.judging.weigh import Weighed
from manyminds.strategies.cruxes import name_cruxes, settle
from manyminds.strategies.heavy_samples import HeavySamples
from manyminds.strategies.panel import Panel
from manyminds.strategies.revise import revise
from manyminds.strategies.sampling import by_samples
from manyminds.strategies.single import Single

__all__ = ["Heavy"]


@dataclass(frozen=True, kw_only=True)
class Heavy:
    """The panel.

    Cost: two members where they agree and tools back them both; else N members, and for each round
    of disagreement one request to name cruxes, two to four a crux, and one or two a member.
    """

    gate: int = 2
    """Members of the cheap first attempt; their work counts for the panel as well."""
    rounds: int = 2
    """Rounds of settling and revising at most."""
    cruxes: int = 2
    """Cruxes settled in one round."""
    turns: int = MAX_TURNS
    temperature: float = 0.7
    """Of all members but the first two, who work at 0 and a little above."""
    samples: bool | None = None
    """Whether members answer by samples instead of working with tools. `None`: where the answer is
    a program; and on worded problems where no model calls tools natively and Python is all there
    is to use, for small models reason better in plain lines than in a protocol. What is plainly a
    computation is worked with tools: there it is the words that go wrong (`results/LOG.md`)."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        if asks_for_text(run.task.prompt) and run.task.schema_json is None:
            return await Single()(run)  # nothing to compare: a panel would be paid for nothing
        if by_samples(run) if self.samples is None else self.samples:
            return await HeavySamples(gate=self.gate, rounds=self.rounds)(run)
        panel = Panel(run=run)
        first, rest = run.members[: self.gate], run.members[self.gate :]
        panel.enter("gate", f"a first attempt by {len(first)}")
        await panel.work(first, turns=self.turns, temperature=self._warmth)
        if panel.notes and all(note.canonical.kind == "prose" for note in panel.notes.values()):
            return panel.deliver(panel.weighed(), how=f"{len(panel.notes)} members wrote one each")
        if rest and not panel.stopped and not _easy(panel):
            panel.enter("work", f"{len(rest)} more work alone")
            await panel.work(
                rest, turns=self.turns, temperature=self._warmth, enough=_unassailable(panel)
            )
        weighed = panel.compare(round_=1)
        for round_ in range(1, self.rounds + 1):
            if panel.stopped or not _worth_settling(weighed):
                break
            weighed, learned = await self._settle_and_revise(panel, weighed, round_)
            if not learned:
                break
        return panel.deliver(weighed, how=_how(panel, weighed), stands=weighed.stands())

    def _warmth(self, place: int) -> float:
        # The first computes as exactly as it can, the second nearly so: the gate compares two
        # ways of working. From the third on, differing samples are what the panel is for.
        return (0.0, 0.3)[place] if place < 2 else self.temperature

    async def _settle_and_revise(
        self, panel: Panel, weighed: Weighed, round_: int
    ) -> tuple[Weighed, bool]:
        """Name and settle cruxes, let members revise; say whether anything was learned."""
        panel.enter("cruxes", f"{len(weighed.groups)} answers stand", round_=round_)
        cruxes = await name_cruxes(panel, weighed, most=self.cruxes)
        panel.enter("settle", f"{len(cruxes)} cruxes to settle with tools", round_=round_)
        rulings = await settle(panel, cruxes, weighed)
        weighed = panel.compare(round_=round_)
        decided = [r for r in rulings if r.support != "unsure"]
        if not decided or panel.stopped or weighed.cannot_be_caught():
            return weighed, False
        panel.enter("revise", "members see each other's notes and the rulings", round_=round_)
        await revise(panel, weighed, round_=round_ + 1)
        return panel.compare(round_=round_ + 1), True


def _easy(panel: Panel) -> bool:
    """The gate: everybody asked gave the same answer, and each of them can back it with a tool.

    One backed answer beside an unbacked equal one is not enough: a small model whose own program
    failed says the obvious, and so does a wrong program.
    """
    groups = panel.groups()
    if len(groups) != 1 or panel.failures or len(groups[0].members) < 2:
        return False
    return all(verdict.outcome == "accepted" for verdict in panel.verdicts.values())


def _unassailable(panel: Panel) -> Callable[[Panel], bool]:
    """Stop waiting for stragglers once all notes agree and more than half of the panel is in."""

    def enough(_panel: Panel) -> bool:
        groups = panel.groups()
        backed = any(verdict.outcome == "accepted" for verdict in panel.verdicts.values())
        majority = len(panel.notes) * 2 > len(panel.run.members)
        return len(groups) == 1 and backed and majority and len(groups[0].members) >= 3

    return enough


def _worth_settling(weighed: Weighed) -> bool:
    """A crux is worth its cost only where its ruling could change what is delivered."""
    return len(weighed.groups) > 1 and not weighed.cannot_be_caught()


def _how(panel: Panel, weighed: Weighed) -> str:
    if not weighed.groups:
        return "no member gave an answer"
    leader = weighed.groups[0]
    votes = f"{len(leader.members)} of {len(panel.notes)} members"
    decided = [r for r in panel.rulings if r.support != "unsure"]
    if decided:
        plural = "s" if len(decided) > 1 else ""
        return f"{votes} stand by it after {len(decided)} ruling{plural} by tools"
    if len(panel.notes) <= 2 and len(weighed.groups) == 1:
        return f"{votes} agree at the gate"
    return (
        f"{votes} agree; nothing had to be settled"
        if len(weighed.groups) == 1
        else (f"{votes} agree; no tool could settle the rest")
    )
