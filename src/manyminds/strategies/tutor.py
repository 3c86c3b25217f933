"""Tutor: the question is worked out of sight, and what is said is how to go about it.

Only after an attempt of the person, in a conversation, comes the answer itself. That hints before
answers are what tutors give, and that models left to themselves give the answer, is VanLehn 2011,
The Relative Effectiveness of Human Tutoring (Educational Psychologist 46); nothing is claimed here
about what anybody learns by it.
"""

import re
from dataclasses import dataclass, field, replace

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError, RunError
from manyminds.core.events import PhaseStarted
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run, Strategy
from manyminds.core.values import Answer
from manyminds.judging.canonical import canonicalize
from manyminds.judging.leaks import gives_away
from manyminds.strategies.heavy import Heavy
from manyminds.tools.fence import fence

__all__ = ["Tutor"]

_FIELDS: dict[str, JsonValue] = {
    "idea": {"type": "string"},
    "hints": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
}
_TRIED = re.compile(r"^assistant: ", re.MULTILINE)
"""How a conversation shows that something was said before, so that this is an attempt."""
_NO_HINT = "every hint that was written gave the answer away; make an attempt, and ask again"


@dataclass(frozen=True, kw_only=True)
class Tutor:
    """Lets another strategy work the question, and gives hints that do not hold its answer.

    Cost: that of the other strategy, and a request a try. What members found stands in the
    transcript, as always: it is the text that keeps the answer back.
    """

    solver: Strategy = field(default_factory=Heavy)
    tries: int = 3
    """Hints that are written at most until one gives nothing away."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        solved = await self.solver(run)
        if solved.text is None or _TRIED.search(run.task.prompt):
            return solved
        kept_back = replace(
            solved, text=None, canonical=None, outcome="none", reason=None, claims=(), evidence=(),
            dissent=(), citations=(), missing=(*solved.missing, _NO_HINT),
        )  # fmt: skip
        run.tell(PhaseStarted(phase="hint", round=1, why="a hint that does not give it away"))
        for _ in range(self.tries):
            hint = await self._hint(run, solved)
            if hint is not None:
                return replace(
                    kept_back, text=hint, outcome="answered", missing=solved.missing,
                    how=f"a hint; the answer that it leads to: {solved.how or 'worked out'}",
                )  # fmt: skip
        return kept_back

    async def _hint(self, run: Run, solved: Answer) -> str | None:
        """Return a hint; `None`: it gave the answer away, or none was written."""
        question, answer = run.task.prompt, solved.text or ""
        worked = fence(f"{answer}\n\n{solved.reason or ''}", source="solution")
        lead = run.members[0]
        asked = prompt("tutor", question=question, solution=worked)
        try:
            said = await inquire(
                run, lead, asked, _FIELDS, max_tokens=400, purpose="lead", temperature=0.7
            )
        except (ProviderError, RunError):
            return None
        idea, hints = said.get("idea"), said.get("hints")
        listed = [h for h in hints if isinstance(h, str)] if isinstance(hints, list) else []
        text = "\n".join([str(idea or "").strip(), *(f"- {hint.strip()}" for hint in listed)])
        canonical = canonicalize(answer, question=question)
        if not listed or gives_away(text, answer=answer, canonical=canonical, question=question):
            return None
        return text.strip()
