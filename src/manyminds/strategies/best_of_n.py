"""Best of N: independent samples, a verifier on each, the best-verified answer wins.

Source: Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems; that a vote weighted by
verdicts beats both the plain vote and the single best verdict is Li et al. 2023, Making Language
Models Better Reasoners with Step-Aware Verifier (ACL).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from manyminds.agents.prompts import prompt
from manyminds.agents.sample import asks_for_code
from manyminds.core.events import PhaseStarted
from manyminds.core.protocols import Run, Verifier
from manyminds.core.values import Answer, Failure, Group, Verdict
from manyminds.judging.verifiers import Examples, Steps
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import Panel
from manyminds.tools.fence import fence

__all__ = ["BestOfN", "fitting_verifier"]

VOTES: Mapping[str, float] = {"accepted": 2.5, "unsure": 0.4, "rejected": 0.1}
"""Log-odds of a sample by its verdict: an accepted one outvotes six that could not be checked;
a rejected one still counts, for verifiers may err."""


def fitting_verifier(run: Run) -> Verifier:
    """Return the verifier that the task itself brings: its examples, or the working's steps."""
    return Examples(run=run) if asks_for_code(run.task.prompt) else Steps()


@dataclass(frozen=True, kw_only=True)
class BestOfN:
    """Draws up to as many samples as the panel has members and delivers the best-verified one.

    Cost: one request a sample, at most `len(run.members)`; `repairs` times as many again where no
    sample is accepted.
    """

    verifier: Callable[[Run], Verifier] = fitting_verifier
    temperature: float = 0.7
    first: int = 3
    """Samples drawn before the first look at whether the leader can still be caught."""
    repairs: int = 0
    """Rounds in which members whose sample was rejected are told why and draw again."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run, verifier=self.verifier(run))
        waiting, size = list(run.members), self.first
        while waiting and not panel.stopped:
            wave, waiting, size = waiting[:size], waiting[size:], 1
            run.tell(PhaseStarted(phase="sample", round=1, why=f"{len(wave)} more samples"))
            await panel.sample(wave, temperature=lambda _place: self.temperature)
            if _settled(tallied(panel), len(waiting)):
                break
        for round_ in range(2, self.repairs + 2):
            if panel.stopped or not await _repair(panel, round_):
                break
        weighed = tallied(panel)
        return panel.deliver(weighed, how=_how(panel, weighed))


def tallied(panel: Panel) -> Weighed:
    """Weigh answers by the verdicts on the samples that gave them."""
    scored = [(_score(group, panel.verdicts), group) for group in panel.groups()]
    scored.sort(key=lambda pair: -pair[0])
    return Weighed(groups=tuple(g for _, g in scored), scores=tuple(s for s, _ in scored))


def _score(group: Group, verdicts: Mapping[str, Verdict]) -> float:
    return sum(VOTES[verdicts[member].outcome] for member in group.members)


def _settled(weighed: Weighed, waiting: int) -> bool:
    """Say whether the samples still to come cannot change who leads."""
    return bool(weighed.scores) and weighed.margin > waiting * VOTES["accepted"]


async def _repair(panel: Panel, round_: int) -> bool:
    """Let rejected members draw again; say whether there was anything to repair."""
    outcomes = {name: verdict.outcome for name, verdict in panel.verdicts.items()}
    rejected = [name for name, outcome in outcomes.items() if outcome == "rejected"]
    if not rejected or "accepted" in outcomes.values():
        return False
    run = panel.run
    why = f"{len(rejected)} are told what failed"
    run.tell(PhaseStarted(phase="repair", round=round_, why=why))
    for name in rejected:
        failed = fence(panel.verdicts[name].reason, source="check")
        panel.talks[name].say(prompt("repair", why=failed))
    jobs = [panel.draw(panel.talks[name], round_=round_) for name in rejected]
    for name, result in zip(rejected, await run.gather(jobs), strict=True):
        if isinstance(result, Failure):
            panel.failures[f"{name}, repairing"] = result
    return True


def _how(panel: Panel, weighed: Weighed) -> str:
    if not weighed.groups:
        return "no sample gave an answer"
    leader = weighed.groups[0]
    accepted = sum(panel.verdicts[name].outcome == "accepted" for name in leader.members)
    return (
        f"{len(leader.members)} of {len(panel.notes)} samples agree, "
        f"{accepted} accepted by {panel.verifier.name}"
    )
