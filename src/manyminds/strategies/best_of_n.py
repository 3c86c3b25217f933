"""Best of N: independent samples, a verifier on each, the best-verified answer wins.

Source: Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems; that a vote weighted by
verdicts beats both the plain vote and the single best verdict is Li et al. 2023, Making Language
Models Better Reasoners with Step-Aware Verifier (ACL).
"""

from collections.abc import Callable
from dataclasses import dataclass

from manyminds.agents.asking import asks_for_code
from manyminds.core.events import Ranked
from manyminds.core.protocols import Ranker, Run, Verifier
from manyminds.core.values import Answer, Failure
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import Panel
from manyminds.strategies.sampling import accepted, draw_until_settled, failed, repair, stands
from manyminds.strategies.tally import fitting_verifier, tallied

__all__ = ["BestOfN"]


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
        await draw_until_settled(
            panel, first=self.first, temperature=self.temperature, adaptive=self.adaptive
        )
        repairs = self.repairs
        if repairs is None:
            repairs = 2 if asks_for_code(run.task.prompt) else 0
        for round_ in range(2, repairs + 2):
            told = {} if panel.stopped else failed(panel)
            if not told:
                break
            await repair(panel, told, round_=round_)
        weighed = tallied(panel)
        if self.ranker is not None and not panel.stopped:
            weighed = await _ranked(panel, weighed, self.ranker(run))
        return panel.deliver(weighed, how=_how(panel, weighed), stands=stands(panel, weighed))


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
        f"{accepted(panel, leader)} accepted by {panel.verifier.name}"
    )
