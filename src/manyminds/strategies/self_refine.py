"""Self-refine: one member answers, criticises its own answer and writes it anew.

Source: Madaan et al. 2023, Self-Refine: Iterative Refinement with Self-Feedback (NeurIPS). That
models without a check from outside often spoil right answers is Huang et al. 2024, Large Language
Models Cannot Self-Correct Reasoning Yet (ICLR): an answer that a verifier accepts is left alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from manyminds.agents.prompts import prompt
from manyminds.core.protocols import Run, Verifier
from manyminds.core.values import Answer, Failure
from manyminds.judging.canonical import same
from manyminds.strategies.panel import Panel
from manyminds.strategies.tally import fitting_verifier, tallied

__all__ = ["SelfRefine"]


@dataclass(frozen=True, kw_only=True)
class SelfRefine:
    """Lets the panel's first member work alone and look at its answer again, round by round.

    Cost: one request a round, each reading all that was said before it.
    """

    verifier: Callable[[Run], Verifier] = fitting_verifier
    rounds: int = 3
    """Looks at the answer after the first one, at most."""
    worth_another: Callable[[], bool] | None = None
    """Says before each look whether it is worth its cost. `None`: it is until a look leaves the
    answer as it was, or a verifier accepts it."""
    temperature: float = 0.7

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run, verifier=self.verifier(run))
        panel.enter("answer", "one member answers")
        member = run.members[0]
        for member in run.members:  # the next one where the first is dead
            await panel.sample([member], temperature=lambda _place: self.temperature)
            if panel.notes or panel.stopped:
                break
        looks = 0
        for round_ in range(2, self.rounds + 2):
            if panel.stopped or self._enough(panel, member.name):
                break
            talk = panel.talks[member.name]
            talk.say(prompt("refine"))
            panel.enter("refine", "the member looks at its answer again", round_=round_)
            [result] = await run.gather([panel.draw(talk, round_=round_)])
            looks += 1
            if isinstance(result, Failure):
                panel.failures[f"{member.name}, round {round_}"] = result
        return panel.deliver(tallied(panel), how=f"one member, looked at again {looks} times")

    def _enough(self, panel: Panel, name: str) -> bool:
        if self.worth_another is not None:
            return not self.worth_another()
        return name not in panel.notes or _settled(panel, name)


def _settled(panel: Panel, name: str) -> bool:
    """Say whether the last look left the answer as it was, or it is accepted."""
    was, now = panel.was.get(name), panel.notes[name]
    unchanged = was is not None and same(was.note.canonical, now.canonical)
    return unchanged or panel.verdicts[name].outcome == "accepted"
