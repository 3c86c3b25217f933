"""Revising: members see the others' notes and the rulings, and may change their minds.

Notes are shown anonymous and shuffled, and only what is new is sent. Changing one's mind needs
new evidence, not company: a change that neither a ruling nor the member's own new tool result
supports is refused, and its old note stands.
"""

from collections.abc import Sequence
from typing import Literal

from manyminds.agents.prompts import prompt
from manyminds.core.events import Revised
from manyminds.core.values import Failure, Member, Note, Ruling
from manyminds.judging.canonical import same
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import Panel
from manyminds.tools.fence import fence

__all__ = ["revise"]

REVISE_TURNS = 3


async def revise(panel: Panel, weighed: Weighed, *, round_: int) -> None:
    """Let every member that was contradicted, or not supported, look again."""
    leader = weighed.groups[0].canonical
    waiting = [
        member
        for member in panel.run.members
        if member.name in panel.notes and not same(panel.notes[member.name].canonical, leader)
    ]
    jobs = [_revise_one(panel, member, weighed, round_) for member in waiting]
    for member, result in zip(waiting, await panel.run.gather(jobs), strict=True):
        if isinstance(result, Failure):
            panel.failures[f"{member.name}, revising"] = result


async def _revise_one(panel: Panel, member: Member, weighed: Weighed, round_: int) -> None:
    before = panel.notes[member.name]
    thread = panel.threads[member.name]
    known = {e.id for e in before.evidence}
    thread.say(
        prompt(
            "revise",
            notes=_others(panel, before, weighed),
            rulings=_rulings(panel.rulings),
        )
    )
    after = await panel.take_note(thread, round_=round_, turns=REVISE_TURNS)
    result: Literal["kept", "changed", "refused"]
    if same(after.canonical, before.canonical):
        result, why = "kept", "it stands by its answer"
    elif _ruled_for(after, panel.rulings):
        result, why = "changed", "a ruling supports the new answer"
    elif panel.verdicts[member.name].outcome == "accepted" and _rests_on_new(panel, after, known):
        result, why = "changed", "its own new tool result supports the new answer"
    else:
        panel.restore(member.name)
        result, why = "refused", "no new evidence supports the change"
    panel.run.tell(Revised(member=member.name, result=result, reason=why))


def _ruled_for(note: Note, rulings: Sequence[Ruling]) -> bool:
    return any(r.support == "supported" and same(r.canonical, note.canonical) for r in rulings)


def _rests_on_new(panel: Panel, note: Note, known: set[str]) -> bool:
    return any(e not in known for e in panel.verdicts[note.member].evidence)


def _others(panel: Panel, mine: Note, weighed: Weighed) -> str:
    notes = [
        panel.notes[group.members[0]]
        for group in weighed.groups
        if not same(group.canonical, mine.canonical)
    ]
    panel.run.rng.shuffle(notes)
    lines = [f"- {note.answer[:300]}\n  because: {note.reason[:400]}" for note in notes]
    return fence("\n".join(lines), source="other workers")


def _rulings(rulings: Sequence[Ruling]) -> str:
    lines = [
        f"- {ruling.canonical.key[:120]}: {ruling.support} ({ruling.reason[:200]})"
        for ruling in rulings
        if ruling.support != "unsure"
    ]
    return fence("\n".join(lines) or "nothing was settled", source="checks")
