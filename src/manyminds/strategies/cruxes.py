"""Where the answers part, and what tools say about it.

The lead names cruxes and does not judge. A crux is then worked by a checker, which sees the
question and the answers in no order, without who or how many stand behind them. What counts is
what its tools returned, never what it says: no tool result, no ruling.
"""

from collections.abc import Sequence

from manyminds.agents.inquiry import inquire
from manyminds.agents.member import open_thread
from manyminds.agents.prompts import prompt
from manyminds.core.events import CruxNamed, CruxSettled
from manyminds.core.messages import JsonSchema
from manyminds.core.protocols import Run
from manyminds.core.values import (
    Canonical,
    Crux,
    Failure,
    Group,
    Member,
    Note,
    Ruling,
    Support,
    Verdict,
)
from manyminds.judging.canonical import same
from manyminds.judging.compare import group_of
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import BACKED, Panel, candidate_of
from manyminds.tools.fence import fence

__all__ = ["name_cruxes", "settle"]

CHECK_TURNS = 4


async def name_cruxes(panel: Panel, weighed: Weighed, *, most: int) -> list[Crux]:
    """Let the lead name the questions on which the answers part.

    Where the lead fails, the question itself is the one crux: a second way to its answer
    settles as much.
    """
    run = panel.run
    texts: list[str] = []
    lead = run.members[0]
    if run.tools:
        asked = await run.gather([_ask_lead(panel, lead, weighed, most)])
        texts = [] if isinstance(asked[0], Failure) else asked[0]
    cruxes = [Crux(id=run.new_id("crux"), question=text) for text in texts[:most]]
    if not cruxes:
        cruxes = [Crux(id=run.new_id("crux"), question="Which of the answers is right?")]
    for crux in cruxes:
        run.tell(CruxNamed(crux=crux))
    return cruxes


async def _ask_lead(panel: Panel, lead: Member, weighed: Weighed, most: int) -> list[str]:
    run = panel.run
    text = prompt(
        "cruxes",
        question=run.task.prompt,
        answers=_answers_with_reasons(panel, weighed.groups),
        most=str(most),
    )
    items: JsonSchema = {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 1,
        "maxItems": most,
    }
    said = await inquire(run, lead, text, {"cruxes": items}, max_tokens=160, purpose="lead")
    listed = said.get("cruxes")
    if not isinstance(listed, list):
        return []
    return [c.strip() for c in listed if isinstance(c, str) and c.strip()]


def _answers_with_reasons(panel: Panel, groups: Sequence[Group]) -> str:
    lines: list[str] = []
    for group in groups:
        note = panel.notes[group.members[0]]
        lines.append(f"{group.label}: {note.answer[:300]}\n   because: {note.reason[:400]}")
    return fence("\n".join(lines), source="workers")


async def settle(panel: Panel, cruxes: Sequence[Crux], weighed: Weighed) -> list[Ruling]:
    """Work every crux with tools, side by side, and record what that says of each answer."""
    run = panel.run
    if not run.tools:
        return []
    jobs = [_settle_one(panel, crux, weighed, place) for place, crux in enumerate(cruxes)]
    results = await run.gather(jobs)
    made: list[Ruling] = []
    for crux, result in zip(cruxes, results, strict=True):
        rulings = () if isinstance(result, Failure) else result
        if isinstance(result, Failure):
            panel.failures[crux.id] = result
        run.tell(CruxSettled(crux=crux.id, rulings=rulings))
        made.extend(_new(rulings, [*panel.rulings, *made]))
    panel.rulings.extend(made)
    return made


def _new(rulings: Sequence[Ruling], known: Sequence[Ruling]) -> list[Ruling]:
    """Leave out rulings whose programs were seen before: the same check twice proves no more."""
    seen = {e.request for ruling in known for e in ruling.evidence}
    return [r for r in rulings if not any(e.request in seen for e in r.evidence)]


async def _settle_one(panel: Panel, crux: Crux, weighed: Weighed, place: int) -> tuple[Ruling, ...]:
    run = panel.run
    checker = _checker(run, place)
    thread = open_thread(run, checker, temperature=0.2)
    thread.purpose = "check"
    answers = [panel.notes[group.members[0]].answer[:300] for group in weighed.groups]
    run.rng.shuffle(answers)
    thread.say(
        prompt(
            "settle",
            crux=crux.question,
            answers=fence("\n".join(f"- {a}" for a in answers), source="workers"),
        )
    )
    draft = await panel.attend(thread, round_=1, turns=CHECK_TURNS)
    note = panel.note_of(draft, round_=1)
    verdict = BACKED.judge(run.task, candidate_of(note))
    if verdict.outcome == "accepted" and group_of(note.canonical, weighed.groups) is None:
        # Nobody had this answer, and a tool returned it: it stands for election like the others.
        panel.add(note, verdict)
    return _rule(crux, weighed.groups, note, verdict)


def _checker(run: Run, place: int) -> Member:
    """Return somebody new, on another model than the lead's where the panel mixes models."""
    models = list(dict.fromkeys(member.model for member in run.members))
    model = models[(place + 1) % len(models)]
    return Member(name=run.new_id("checker"), way="another", model=model)


def _rule(crux: Crux, groups: Sequence[Group], note: Note, verdict: Verdict) -> tuple[Ruling, ...]:
    """Say what a checker's evidence means for each answer in question.

    Only an answer that its own tools returned counts: it supports the group that gave the same
    answer and contradicts the others. Where it is a new answer, it contradicts them all.
    """
    deciding = tuple(e for e in note.evidence if e.id in verdict.evidence)
    decided = verdict.outcome == "accepted"
    return tuple(
        Ruling(
            crux=crux.id,
            canonical=group.canonical,
            support=_support(note.canonical, group.canonical) if decided else "unsure",
            reason=f"a check came to {note.answer[:80]!r}: {verdict.reason}",
            evidence=deciding,
        )
        for group in groups
    )


def _support(found: Canonical, stated: Canonical) -> Support:
    return "supported" if same(found, stated) else "contradicted"
