"""Heavy on code: programs are compared by what they do, and settled call by call.

The same eight steps as `heavy`, with better instruments: equal answers are programs that behave
alike, a crux is a call on which they part, and a ruling is what that call must return, worked out
from the description alone by members who see no program. Finding the calls costs no request.
Source of settling by generated inputs: Chen et al. 2022, CodeT: Code Generation with Generated
Tests; here inputs come from the question's examples, not from a model.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.agents.prompts import prompt
from manyminds.agents.sample import Conversation
from manyminds.core.events import CruxNamed, CruxSettled, Revised
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Crux, Failure, Group, Member, Note, Ruling
from manyminds.judging.canonical import same
from manyminds.judging.code.examples import literal
from manyminds.judging.code.outcomes import Outcome, returned
from manyminds.judging.verifiers import Examples
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import Panel
from manyminds.tools.fence import fence

__all__ = ["HeavyCode"]


@dataclass(frozen=True, kw_only=True)
class HeavyCode:
    """The panel, for questions whose answer is a program.

    Cost: two samples where they behave alike and meet the examples; else N samples, and for each
    round of disagreement `readers` requests a crux and one for each member that is contradicted.
    """

    gate: int = 2
    rounds: int = 2
    cruxes: int = 2
    readers: int = 3
    """Members who work out what a call must return; two of them must agree."""
    temperature: float = 0.7

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run, verifier=Examples(run=run))
        first, rest = run.members[: self.gate], run.members[self.gate :]
        panel.enter("gate", f"a first attempt by {len(first)}")
        await panel.sample(first, temperature=lambda _place: self.temperature)
        if rest and not panel.stopped and not _easy(panel):
            panel.enter("work", f"{len(rest)} more work alone")
            await panel.sample(rest, temperature=lambda _place: self.temperature)
        weighed = panel.compare(round_=1)
        for round_ in range(1, self.rounds + 1):
            if panel.stopped or _easy(panel) or not weighed.groups:
                break
            await self._settle(panel, weighed, round_)
            weighed = panel.compare(round_=round_)
            if panel.stopped or not await _revise(panel, round_ + 1):
                break
            weighed = panel.compare(round_=round_ + 1)
        return panel.deliver(weighed, how=_how(panel, weighed), stands=weighed.stands())

    async def _settle(self, panel: Panel, weighed: Weighed, round_: int) -> None:
        """Work out what the calls must return on which the leading programs part."""
        known = {ruling.crux for ruling in panel.rulings}
        calls = [c for c in _parting(panel, weighed.groups) if c not in known][: self.cruxes]
        if calls:
            panel.enter("settle", f"{len(calls)} calls on which programs part", round_=round_)
        for call in calls:
            panel.run.tell(CruxNamed(crux=Crux(id=call, question=f"What must {call} return?")))
        results = await panel.run.gather([self._read(panel, weighed.groups, c) for c in calls])
        for call, result in zip(calls, results, strict=True):
            rulings = () if isinstance(result, Failure) else result
            panel.run.tell(CruxSettled(crux=call, rulings=rulings))
            panel.rulings.extend(rulings)

    async def _read(self, panel: Panel, groups: Sequence[Group], call: str) -> tuple[Ruling, ...]:
        """Let readers say what one call must return; rule on every group by it."""
        run, lead = panel.run, panel.run.members[0]
        readers = [
            Member(name=run.new_id("reader"), way="derive", model=lead.model)
            for _ in range(self.readers)
        ]
        found = await run.gather([_expected(panel, reader, call) for reader in readers])
        said = Counter(value for value in found if isinstance(value, str))
        value, votes = said.most_common(1)[0] if said else ("", 0)
        if votes * 2 <= self.readers:
            return ()
        reason = (
            f"{votes} of {self.readers} readers of the question say {call[:80]} is {value[:80]}"
        )
        return tuple(
            Ruling(
                crux=call, canonical=group.canonical, reason=reason,
                support="supported" if returned(outcome, value) else "contradicted",
            )
            for group in groups
            if (outcome := _outcome(panel, group, call)) is not None
        )  # fmt: skip


async def _expected(panel: Panel, reader: Member, call: str) -> str | None:
    """Ask what a call must return by the question alone; `None` where it is no literal."""
    talk = Conversation.begin(panel.run, reader, temperature=0.6, form="words")
    talk.purpose = "check"
    talk.say(prompt("expect", call=call))
    with panel.attending(reader, round_=1):
        draft = await talk.draw(panel.run)
    value = literal(draft.answer.strip("` "))
    return None if value is None else repr(value[0])


def _parting(panel: Panel, groups: Sequence[Group]) -> list[str]:
    """Return calls on which the two leading groups part, the plainest first."""
    known = [g for g in groups if g.members[0] in panel.outcomes][:2]
    if len(known) < 2:
        return []
    a, b = (panel.outcomes[g.members[0]] for g in known)
    parting = [x for x, y in zip(a, b, strict=False) if x.call == y.call and x.shown != y.shown]
    examples = {e.call for e in panel.examples}
    fresh = [o.call for o in parting if o.call not in examples]
    return sorted(fresh, key=len)


def _outcome(panel: Panel, group: Group, call: str) -> Outcome | None:
    outcomes = panel.outcomes.get(group.members[0], ())
    return next((o for o in outcomes if o.call == call), None)


async def _revise(panel: Panel, round_: int) -> bool:
    """Tell every member what its program gets wrong; say whether anybody was told anything."""
    told: dict[str, str] = {}
    for name, note in panel.notes.items():
        verdict = panel.verdicts[name]
        against = [
            r
            for r in panel.rulings
            if r.support == "contradicted" and same(r.canonical, note.canonical)
        ]
        if verdict.outcome == "rejected":
            told[name] = verdict.reason
        elif against:
            told[name] = "; ".join(dict.fromkeys(r.reason for r in against))
    if not told:
        return False
    panel.enter("revise", f"{len(told)} are told what their program gets wrong", round_=round_)
    before = dict(panel.notes)
    for name, why in told.items():
        panel.talks[name].repair(fence(why, source="check"))
    jobs = [panel.draw(panel.talks[name], round_=round_) for name in told]
    for name, result in zip(told, await panel.run.gather(jobs), strict=True):
        if isinstance(result, Failure):
            panel.failures[f"{name}, revising"] = result
        else:
            _tell_revised(panel, before[name], result)
    return True


def _tell_revised(panel: Panel, before: Note, after: Note) -> None:
    """Record a revision; one that is no better checked than before does not stand."""
    rank = {"accepted": 2, "unsure": 1, "rejected": 0}
    old, new = panel.was[before.member].verdict, panel.verdicts[after.member]
    if rank[new.outcome] < rank[old.outcome]:
        panel.restore(before.member)
        result = "refused"
    else:
        result = "kept" if same(before.canonical, after.canonical) else "changed"
    panel.run.tell(Revised(member=after.member, result=result, reason=new.reason))


def _easy(panel: Panel) -> bool:
    """Say whether all programs behave alike and none fails an example of the question."""
    outcomes = {verdict.outcome for verdict in panel.verdicts.values()}
    return len(panel.groups()) == 1 and len(panel.notes) > 1 and "rejected" not in outcomes


def _how(panel: Panel, weighed: Weighed) -> str:
    if not weighed.groups:
        return "no member gave a program"
    leader = weighed.groups[0]
    met = sum(panel.verdicts[name].outcome == "accepted" for name in leader.members)
    ruled = len({ruling.crux for ruling in panel.rulings})
    return (
        f"{len(leader.members)} of {len(panel.notes)} programs behave alike, {met} meet the "
        f"question's examples; {ruled} calls were settled by reading"
    )
