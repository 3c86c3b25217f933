"""Best of N: independent samples, a verifier on each, the best-verified answer wins.

Source: Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems; that a vote weighted by
verdicts beats both the plain vote and the single best verdict is Li et al. 2023, Making Language
Models Better Reasoners with Step-Aware Verifier (ACL).
"""

from collections.abc import Callable
from dataclasses import dataclass

from manyminds.agents.sample import Form, asks_for_code
from manyminds.core.events import Ranked
from manyminds.core.protocols import Ranker, Run, Verifier
from manyminds.core.values import Answer, Failure, Group
from manyminds.judging.code.outcomes import can_run, covers, crashes_in
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import Panel
from manyminds.strategies.self_consistency import majority_is_stable
from manyminds.strategies.tally import MOST, fitting_verifier, tallied
from manyminds.tools.fence import fence

__all__ = ["BestOfN"]

SHOWN = 3
"""Crashes that a member is told of."""


@dataclass(frozen=True, kw_only=True)
class BestOfN:
    """Draws up to as many samples as the panel has members and delivers the best-verified one.

    Cost: one request a sample, at most `len(run.members)`; as many again for each round of repairs
    where no sample is accepted.
    """

    verifier: Callable[[Run], Verifier] = fitting_verifier
    ranker: Callable[[Run], Ranker] | None = None
    """Decides between answers that stand level after verifying; `None`: the first one."""
    temperature: float = 0.7
    first: int = 2
    """Samples drawn before the first look at whether more are worth their cost."""
    adaptive: bool = True
    """Whether to stop early at all."""
    repairs: int | None = None
    """Rounds in which members whose sample failed are told why and draw again: all of them where
    none is accepted, else the leader where its program crashes on a variation of an example.
    `None`: two where the answer is a program, where it pays (`benchmarks/live`), else none."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run, verifier=self.verifier(run))
        waiting, size = list(run.members), self.first if self.adaptive else len(run.members)
        while waiting and not panel.stopped:
            wave, waiting, size = waiting[:size], waiting[size:], 1
            panel.enter("sample", f"{len(wave)} more samples")
            await panel.sample(
                wave, temperature=lambda _place: self.temperature, form=_alternating(run)
            )
            if _settled(panel, len(waiting)):
                break
        repairs = self.repairs
        if repairs is None:
            repairs = 2 if asks_for_code(run.task.prompt) else 0
        for round_ in range(2, repairs + 2):
            if panel.stopped or not await _repair(panel, round_):
                break
        weighed = tallied(panel)
        if self.ranker is not None and not panel.stopped:
            weighed = await _ranked(panel, weighed, self.ranker(run))
        return panel.deliver(weighed, how=_how(panel, weighed), stands=_stands(panel, weighed))


def _stands(panel: Panel, weighed: Weighed) -> bool:
    """Say whether not every sample that gave the leading answer was rejected."""
    leading = weighed.groups[0].members if weighed.groups else ()
    return any(panel.verdicts[name].outcome != "rejected" for name in leading)


def _alternating(run: Run) -> Callable[[int], Form | None]:
    """Let every second member answer by a program, where that can be: its mistakes are others."""
    programs = can_run(run) and not asks_for_code(run.task.prompt)
    return lambda place: "program" if programs and place % 2 == 1 else None


def _settled(panel: Panel, waiting: int) -> bool:
    """Say whether another sample is not worth its cost any more.

    It is not where
    - two samples of different ways (words and a program) agree and nobody says otherwise: their
      mistakes have little in common; or
    - two accepted samples agree and no other answer is accepted; or
    - so many agree that the lead is stable (`majority_is_stable`) and not all of them are
      rejected; or the lead cannot be lost.
    """
    weighed = tallied(panel)
    if not weighed.groups:
        return False
    leader, others = weighed.groups[0], weighed.groups[1:]
    ways = {panel.talks[name].form for name in leader.members}
    accepted = _accepted(panel, leader)
    if len(ways) == 2 and not others:
        return True
    if accepted >= 2 and not any(_accepted(panel, group) for group in others):
        return True
    stable = _stands(panel, weighed) and majority_is_stable(weighed.groups)
    second = weighed.scores[1] if others else 0.0
    return stable or weighed.scores[0] - second > waiting * MOST


def _accepted(panel: Panel, group: Group) -> int:
    return sum(panel.verdicts[name].outcome == "accepted" for name in group.members)


async def _repair(panel: Panel, round_: int) -> bool:
    """Let members whose sample failed draw again; say whether there was anything to repair."""
    told = _failed(panel)
    if not told:
        return False
    panel.enter("repair", f"{len(told)} are told what failed", round_=round_)
    for name, why in told.items():
        panel.talks[name].repair(fence(why, source="check"))
    jobs = [panel.draw(panel.talks[name], round_=round_) for name in told]
    for name, result in zip(told, await panel.run.gather(jobs), strict=True):
        if isinstance(result, Failure):
            panel.failures[f"{name}, repairing"] = result
        elif _worse(panel, name):
            panel.restore(name)
    return True


def _failed(panel: Panel) -> dict[str, str]:
    """Return what failed of whose sample.

    Every rejected one where none is accepted; else the leader's first program, where it crashes.
    """
    if "accepted" not in {verdict.outcome for verdict in panel.verdicts.values()}:
        verdicts = panel.verdicts.items()
        return {name: verdict.reason for name, verdict in verdicts if verdict.outcome == "rejected"}
    name = tallied(panel).groups[0].members[0]
    crashes = crashes_in(panel.run.task.prompt, panel.outcomes.get(name, ()))
    shown = [f"{c.call} {c.shown}: {c.message}" for c in crashes[:SHOWN]]
    return {name: "\n".join(shown)} if shown else {}


def _worse(panel: Panel, name: str) -> bool:
    """Say whether a program that had been accepted was not repaired but made another one."""
    was, now = panel.was[name], panel.standing(name)
    if was.verdict.outcome != "accepted" or was.outcomes is None or now.outcomes is None:
        return was.verdict.outcome == "accepted" and now.verdict.outcome != "accepted"
    return not covers(panel.run.task.prompt, now.outcomes, was.outcomes)


async def _ranked(panel: Panel, weighed: Weighed, ranker: Ranker) -> Weighed:
    """Let a ranker decide between the answers that stand level at the top."""
    level = [g for g, s in zip(weighed.groups, weighed.scores, strict=True) if _level(s, weighed)]
    if len(level) < 2:
        return weighed
    candidates = [panel.candidates[group.members[0]] for group in level]
    [ranking] = await panel.run.gather([ranker.rank(panel.run.task, candidates)])
    if isinstance(ranking, Failure):
        panel.failures[ranker.name] = ranking
        return weighed
    panel.run.tell(Ranked(authors=tuple(c.author for c in candidates), ranking=ranking))
    best = panel.notes[candidates[ranking.order[0]].author]
    return panel.led_by(best, weighed)


def _level(score: float, weighed: Weighed) -> bool:
    return abs(score - weighed.scores[0]) < 1e-9


def _how(panel: Panel, weighed: Weighed) -> str:
    if not weighed.groups:
        return "no sample gave an answer"
    leader = weighed.groups[0]
    return (
        f"{len(leader.members)} of {len(panel.notes)} samples agree, "
        f"{_accepted(panel, leader)} accepted by {panel.verifier.name}"
    )
