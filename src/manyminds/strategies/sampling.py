"""Drawing samples until another one is not worth its cost, and mending those that failed.

Best-of-N is these two steps; `heavy` begins with them where members answer by samples.
"""

from collections.abc import Callable, Mapping

from manyminds.agents.asking import asks_for_code, asks_for_python, asks_for_text
from manyminds.agents.sample import Form
from manyminds.core.events import Revised
from manyminds.core.protocols import Run
from manyminds.core.values import Failure, Group
from manyminds.judging.canonical import same
from manyminds.judging.code.outcomes import can_run, covers, crashes_in
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import Panel
from manyminds.strategies.route import route_probabilities
from manyminds.strategies.self_consistency import majority_is_stable
from manyminds.strategies.tally import MOST, tallied
from manyminds.tools.fence import fence

__all__ = ["accepted", "by_samples", "draw_until_settled", "failed", "native", "repair", "stands"]

SHOWN = 3
"""Crashes that a member is told of."""


WORDED = 0.02
"""Probability, by its words, that a question wants reasoning; below it is plainly something to
compute. Set while looking at the twenty everyday questions, ten of which fall below, and at 80
problems of GSM-Plus, one of which does."""


def by_samples(run: Run) -> bool:
    """Say whether members answer better by samples, written freely, than by work with tools.

    Programs are tried out either way. Without native tools a small model writes worded reasoning,
    and programs, better as such than as a word of our protocol; what is plainly to be computed
    goes to tools.
    """
    if not can_run(run) or run.task.schema_json is not None:
        return False
    if asks_for_python(run.task.prompt):
        return True
    if native(run):
        return False
    if asks_for_code(run.task.prompt):
        return True  # in a language that we do not run
    tools = [tool.name for tool in run.tools]
    if not {*tools} <= {"python", "calculate"}:
        return False
    return route_probabilities(run.task.prompt, tools)["panel"] >= WORDED


def native(run: Run) -> bool:
    """Say whether a model of the panel calls tools by itself."""
    return any(run.abilities(member).tools is True for member in run.members)


async def draw_until_settled(
    panel: Panel, *, first: int, temperature: float, then: int = 1, adaptive: bool = True
) -> None:
    """Let members draw one sample each, in waves, until another is not worth its cost.

    Args:
        panel: Whose members draw; its verifier judges each sample.
        first: Samples of the first wave.
        then: Samples of each later wave: one spends least, more are sooner done.
        temperature: Of every sample.
        adaptive: Whether to stop early at all; without, all are drawn at once.
    """
    waiting = list(panel.run.members)
    size = first if adaptive else len(waiting)
    while waiting and not panel.stopped:
        wave, waiting, size = waiting[:size], waiting[size:], then
        panel.enter("sample", f"{len(wave)} more samples")
        await panel.sample(
            wave, temperature=lambda _place: temperature, form=_alternating(panel.run)
        )
        if _settled(panel, len(waiting)):
            return


def _alternating(run: Run) -> Callable[[int], Form | None]:
    """Let every second member answer by a program, where that can be: its mistakes are others."""
    asked = run.task.prompt
    programs = can_run(run) and not asks_for_code(asked) and not asks_for_text(asked)
    return lambda place: "program" if programs and place % 2 == 1 else None


def _settled(panel: Panel, waiting: int) -> bool:
    """Say whether another sample is not worth its cost: they agree, or the lead cannot be lost."""
    weighed = tallied(panel)
    if not weighed.groups:
        return False
    second = weighed.scores[1] if len(weighed.groups) > 1 else 0.0
    return _agreed(panel) or weighed.scores[0] - second > waiting * MOST


def _agreed(panel: Panel) -> bool:
    """Say whether the samples agree well enough.

    They do where
    - two samples of different ways (words and a program) agree and nobody says otherwise: their
      mistakes have little in common; or
    - two accepted samples agree and no other answer is accepted; or
    - so many agree that the lead is stable (`majority_is_stable`) and not all of them are rejected.
    """
    weighed = tallied(panel)
    if not weighed.groups:
        return False
    leader, others = weighed.groups[0], weighed.groups[1:]
    ways = {panel.talks[name].form for name in leader.members}
    if len(ways) == 2 and not others:
        return True
    if accepted(panel, leader) >= 2 and not any(accepted(panel, group) for group in others):
        return True
    return stands(panel, weighed) and majority_is_stable(weighed.groups)


def stands(panel: Panel, weighed: Weighed) -> bool:
    """Say whether not every sample that gave the leading answer was rejected."""
    leading = weighed.groups[0].members if weighed.groups else ()
    return any(panel.verdicts[name].outcome != "rejected" for name in leading)


def accepted(panel: Panel, group: Group) -> int:
    """Return how many samples of a group were accepted."""
    return sum(panel.verdicts[name].outcome == "accepted" for name in group.members)


def failed(panel: Panel) -> dict[str, str]:
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


async def repair(panel: Panel, told: Mapping[str, str], *, round_: int) -> None:
    """Tell members what failed of their samples and let them draw again; none gets worse by it."""
    panel.enter("repair", f"{len(told)} are told what failed", round_=round_)
    for name, why in told.items():
        panel.talks[name].repair(fence(why, source="check"))
    jobs = [panel.draw(panel.talks[name], round_=round_) for name in told]
    for name, result in zip(told, await panel.run.gather(jobs), strict=True):
        if isinstance(result, Failure):
            panel.failures[f"{name}, repairing"] = result
        else:
            _tell_revised(panel, name)


def _tell_revised(panel: Panel, name: str) -> None:
    """Record what came of a repair; one that is worse than what it repairs does not stand."""
    was, now = panel.was[name], panel.standing(name)
    if _worse(panel, name):
        panel.restore(name)
        result = "refused"
    else:
        result = "kept" if same(was.note.canonical, now.note.canonical) else "changed"
    panel.run.tell(Revised(member=name, result=result, reason=now.verdict.reason))


def _worse(panel: Panel, name: str) -> bool:
    """Say whether a program that had been accepted was not repaired but made another one."""
    was, now = panel.was[name], panel.standing(name)
    if was.verdict.outcome != "accepted" or was.outcomes is None or now.outcomes is None:
        return was.verdict.outcome == "accepted" and now.verdict.outcome != "accepted"
    return not covers(panel.run.task.prompt, now.outcomes, was.outcomes)
