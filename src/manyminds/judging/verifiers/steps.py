"""Is the arithmetic of the working right?"""

from dataclasses import dataclass

from manyminds.core.values import Candidate, Task, Verdict
from manyminds.judging.steps import check_steps

__all__ = ["Steps"]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Rejects an answer whose working holds a wrong step, and names the first one.

    Right arithmetic does not make a right answer: it accepts nothing, it only fails to reject.
    """

    name: str = "steps"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Check every step of the working that can be computed."""
        steps = list(check_steps(candidate.working or candidate.text))
        wrong = next((step for step in steps if not step.right), None)
        if wrong is not None:
            where = f"step {wrong.number}, {wrong.text[:100]!r}"
            why = f"{where}: it comes to {wrong.correct}, not {wrong.stated}"
            return Verdict(outcome="rejected", reason=why, verifier=self.name)
        checked = f"{len(steps)} steps were checked and hold" if steps else "no step can be checked"
        return Verdict(outcome="unsure", reason=checked, verifier=self.name)
