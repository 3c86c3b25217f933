"""Heavy by samples: where programs are the answer, or small models do better without a protocol.

The same steps as `heavy`, with samples for work: those of best-of-N, in words and by programs that
are run. Programs that are answers are equal where they behave alike, and a crux is a call on which
the leading ones part; it is settled by readers who see no program and work out, from the
description alone, what the call must return. Members whose program fails the question's examples
are told what failed and begin afresh. In words nothing is settled or mended: on GSM-Plus small
models that were told of a wrong step, or checked each other by programs of their own, came to no
more right answers (`results/LOG.md`).

Source of settling by generated inputs: Chen et al. 2022, CodeT: Code Generation with Generated
Tests; here inputs come from the question's examples, not from a model.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.agents.asking import asks_for_code
from manyminds.agents.prompts import prompt
from manyminds.agents.sample import Conversation
from manyminds.core.events import CruxNamed, CruxSettled
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Crux, Failure, Group, Member, Ruling
from manyminds.judging.code.examples import literal
from manyminds.judging.code.outcomes import Outcome, returned
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import Panel
from manyminds.strategies.sampling import accepted, draw_until_settled, failed, repair, stands
from manyminds.strategies.tally import fitting_verifier

__all__ = ["HeavySamples"]

CROSSED = 0.9
"""Log-odds that agreement between words and a program is worth, as much as a tool that returned
the answer. With two votes it makes 71 %; of 21 such pairs on GSM-Plus 71 % were right."""


@dataclass(frozen=True, kw_only=True)
class HeavySamples:
    """The panel, for members that answer by samples.

    Cost: two samples where they agree; else up to N, and for programs `readers` requests a crux
    where two answers are level, and one for each member whose program failed.
    """

    gate: int = 2
    then: int = 2
    """Samples side by side after the gate, until they agree."""
    rounds: int = 2
    cruxes: int = 1
    """Calls settled in one round; each costs as many requests as there are readers."""
    readers: int = 3
    """Members who settle a crux; two of them must agree on what a call returns."""
    temperature: float = 0.7

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run, verifier=fitting_verifier(run))
        await draw_until_settled(
            panel, first=self.gate, then=self.then, temperature=self.temperature
        )
        weighed = _compare(panel, round_=1)
        if asks_for_code(run.task.prompt):
            weighed = await self._mend(panel, weighed)
        return panel.deliver(weighed, how=_how(panel, weighed), stands=stands(panel, weighed))

    async def _mend(self, panel: Panel, weighed: Weighed) -> Weighed:
        """Settle and repair while it brings anything; return how the answers stand then."""
        asked: set[str] = set()
        for round_ in range(1, self.rounds + 1):
            if panel.stopped or not weighed.groups:
                break
            level = _level(panel, weighed)
            settled = level and await self._settle(panel, weighed, round_, asked)
            told = {} if panel.stopped else failed(panel)
            if told:
                await repair(panel, told, round_=round_ + 1)
            elif not settled:
                break
            weighed = _compare(panel, round_=round_ + 1)
        return weighed

    async def _settle(self, panel: Panel, weighed: Weighed, round_: int, asked: set[str]) -> bool:
        """Work out what a call must return on which the leading programs part; once each."""
        before = len(panel.rulings)
        calls = [c for c in _parting(panel, weighed.groups) if c not in asked][: self.cruxes]
        asked.update(calls)
        if not calls:
            return False
        panel.enter("settle", f"{len(calls)} calls on which programs part", round_=round_)
        for call in calls:
            panel.run.tell(CruxNamed(crux=Crux(id=call, question=f"What must {call} return?")))
        results = await panel.run.gather([self._read(panel, weighed.groups, c) for c in calls])
        for call, result in zip(calls, results, strict=True):
            rulings = () if isinstance(result, Failure) else result
            panel.run.tell(CruxSettled(crux=call, rulings=rulings))
            panel.rulings.extend(rulings)
        return len(panel.rulings) > before

    async def _read(self, panel: Panel, groups: Sequence[Group], call: str) -> tuple[Ruling, ...]:
        """Let readers say what one call must return; rule on every group by it."""
        run = panel.run
        readers = [_reader(run) for _ in range(self.readers)]
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


def _compare(panel: Panel, *, round_: int) -> Weighed:
    """Weigh the notes; an answer that words and a program both came to counts for more."""
    weighed = panel.weighed()
    pairs = [
        (score + CROSSED * (_ways(panel, group) > 1), group)
        for group, score in zip(weighed.groups, weighed.scores, strict=True)
    ]
    pairs.sort(key=lambda pair: -pair[0])
    told = Weighed(groups=tuple(g for _, g in pairs), scores=tuple(s for s, _ in pairs))
    return panel.told(told, round_=round_)


def _ways(panel: Panel, group: Group) -> int:
    """Return in how many ways a group's answer was come to, refuted samples left out."""
    holding = [name for name in group.members if panel.verdicts[name].outcome != "rejected"]
    return len({panel.talks[name].form for name in holding})


def _level(panel: Panel, weighed: Weighed) -> bool:
    """Say whether the two leading programs are checked equally well, and a ruling could decide.

    Where only one of them meets the examples it is right far more often than a reader is: asked
    there too, readers changed no answer in 51 problems, for 1.6 times the tokens.
    """
    if len(weighed.groups) < 2 or weighed.cannot_be_caught():
        return False
    best = [_best(panel, group) for group in weighed.groups[:2]]
    return best[0] == best[1] != "rejected"


def _best(panel: Panel, group: Group) -> str:
    """Return the best verdict on a group's samples."""
    outcomes = {panel.verdicts[name].outcome for name in group.members}
    return next(outcome for outcome in ("accepted", "unsure", "rejected") if outcome in outcomes)


def _reader(run: Run) -> Member:
    return Member(name=run.new_id("reader"), way="derive", model=run.members[0].model)


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


def _how(panel: Panel, weighed: Weighed) -> str:
    if not weighed.groups:
        return "no member gave an answer"
    leader = weighed.groups[0]
    told = [f"{len(leader.members)} of {len(panel.notes)} samples agree"]
    if met := accepted(panel, leader):
        told.append(f"{met} accepted by {panel.verifier.name}")
    if ruled := len({ruling.crux for ruling in panel.rulings}):
        told.append(f"{ruled} calls were settled by reading")
    return ", ".join(told)
