"""Debate: members answer, read each other, answer again; a moderator ends it.

Source: Du et al. 2023, Improving Factuality and Reasoning in Language Models through Multiagent
Debate (ICML 2024). Debate without new evidence tends to agree on what most said at first (Smit et
al. 2024, Should we be going MAD?), so it stops as soon as nobody has changed.
"""

from dataclasses import dataclass

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.events import Revised
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Failure, Member, Note
from manyminds.judging.canonical import same
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import Panel
from manyminds.strategies.tally import fitting_verifier, tallied
from manyminds.tools.fence import fence

__all__ = ["MODERATED", "Debate"]

MODERATED = "the moderator decided: members did not agree"


@dataclass(frozen=True, kw_only=True)
class Debate:
    """Lets members argue until they agree, nobody changes, or the rounds are over.

    Cost: one request a member and round, each reading the others' last words; one more for the
    moderator where they do not agree in the end.
    """

    rounds: int = 2
    """Rounds of reading and answering again, after the first answers."""
    temperature: float = 0.7
    doubt: str | None = None
    """Why the moderator may not decide; `None`: it may."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run, verifier=fitting_verifier(run))
        panel.enter("open", f"{len(run.members)} answer alone")
        await panel.sample(run.members, temperature=lambda _place: self.temperature)
        for round_ in range(2, self.rounds + 2):
            if panel.stopped or len(panel.groups()) < 2:
                break
            panel.enter("argue", "members read each other", round_=round_)
            if not await self._argue(panel, round_):
                break
        weighed = panel.told(tallied(panel), round_=self.rounds + 1)
        if len(weighed.groups) < 2 or panel.stopped or weighed.margin > 0.5:
            votes = len(weighed.groups[0].members) if weighed.groups else 0
            return panel.deliver(weighed, how=f"{votes} of {len(panel.notes)} agree after debate")
        if self.doubt is not None:
            how = f"most votes: members did not agree, and {self.doubt}"
            return panel.deliver(weighed, how=how)
        led = await _moderated(panel, weighed)
        if led is weighed:
            how = "most votes: members did not agree, and the moderator said nothing"
            return panel.deliver(weighed, how=how)
        return panel.deliver(led, how=MODERATED)

    async def _argue(self, panel: Panel, round_: int) -> bool:
        """Let every member answer again; say whether anybody changed."""
        before = dict(panel.notes)
        talks = [panel.talks[name] for name in before]
        for talk in talks:
            others = panel.proposals(without=before[talk.member.name])
            talk.say(prompt("debate", others=others))
        jobs = [panel.draw(talk, round_=round_) for talk in talks]
        changed = False
        for talk, result in zip(talks, await panel.run.gather(jobs), strict=True):
            name = talk.member.name
            if isinstance(result, Failure):
                panel.failures[f"{name}, round {round_}"] = result
            else:
                changed = _tell_change(panel, before[name], result) or changed
        return changed


def _tell_change(panel: Panel, before: Note, after: Note) -> bool:
    changed = not same(before.canonical, after.canonical)
    panel.run.tell(
        Revised(
            member=after.member,
            result="changed" if changed else "kept",
            reason="the others' words" if changed else "it stands by its answer",
        )
    )
    return changed


async def _moderated(panel: Panel, weighed: Weighed) -> Weighed:
    """Let a moderator choose between the answers that stand; the leader where it cannot."""
    run, groups = panel.run, weighed.groups
    moderator = Member(name=run.new_id("moderator"), way="direct", model=run.members[0].model)
    notes = [panel.notes[group.members[0]] for group in groups]
    listed = "\n\n".join(
        f"{group.label}: {note.answer[:1_500]}\nbecause: {note.reason[:400]}"
        for group, note in zip(groups, notes, strict=True)
    )
    labels: list[JsonValue] = [group.label for group in groups]
    fields: dict[str, JsonValue] = {"reason": {"type": "string"}, "answer": {"enum": labels}}
    text = prompt("moderate", question=run.task.prompt, answers=fence(listed, source="debate"))
    asked = inquire(run, moderator, text, fields, max_tokens=250, purpose="lead")
    [said] = await run.gather([asked])
    if isinstance(said, Failure):
        panel.failures[moderator.name] = said
        return weighed
    chosen = said.get("answer")
    note = next((n for g, n in zip(groups, notes, strict=True) if g.label == chosen), None)
    return weighed if note is None else panel.led_by(note, weighed)
