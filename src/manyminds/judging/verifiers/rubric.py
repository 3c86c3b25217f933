"""A model reads the answer against a list of criteria. The weakest kind of verdict there is.

Use it only where nothing can be computed, and align it with people first (`manyminds judge`).
"""

from dataclasses import dataclass
from typing import cast

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.errors import BudgetExceeded, ProviderError
from manyminds.core.messages import JsonSchema, JsonValue
from manyminds.core.protocols import Run
from manyminds.core.values import Candidate, Member, Task, Verdict
from manyminds.tools.fence import fence

__all__ = ["Rubric"]

_TOKENS = 400


@dataclass(frozen=True, kw_only=True)
class Rubric:
    """Accepts an answer of which a model says that it meets every criterion."""

    run: Run
    judge: Member
    criteria: tuple[str, ...]
    name: str = "rubric"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Ask once for all criteria; a judge that cannot be read is unsure, not a rejection."""
        try:
            found = await self._ask(task, candidate)
        except (ProviderError, BudgetExceeded, ValueError, KeyError, TypeError) as error:
            why = f"the judge gave no verdict: {type(error).__name__}"
            return Verdict(outcome="unsure", reason=why, verifier=self.name)
        for criterion, (met, why) in zip(self.criteria, found, strict=True):
            if met is None:
                return Verdict(outcome="unsure", reason=f"{criterion}: {why}", verifier=self.name)
            if not met:
                return Verdict(outcome="rejected", reason=f"{criterion}: {why}", verifier=self.name)
        why = f"a judge says that all {len(self.criteria)} criteria are met"
        return Verdict(outcome="accepted", reason=why, verifier=self.name)

    async def _ask(self, task: Task, candidate: Candidate) -> list[tuple[bool | None, str]]:
        listed = "\n".join(f"{i}. {c}" for i, c in enumerate(self.criteria, 1))
        text = prompt(
            "rubric",
            question=fence(task.prompt, source="question", limit=8_000),
            answer=fence(candidate.text, source="answer", limit=8_000),
            criteria=listed,
        )
        fields = {"verdicts": _verdicts(len(self.criteria))}
        said = await inquire(
            self.run, self.judge, text, fields, max_tokens=_TOKENS, purpose="check"
        )
        verdicts = cast("dict[str, list[dict[str, str]]]", said)["verdicts"]
        if len(verdicts) != len(self.criteria):
            raise ValueError("another number of verdicts than of criteria")
        met = {"yes": True, "no": False, "unsure": None}
        return [(met[v["met"]], v["reason"][:200]) for v in verdicts]


def _verdicts(count: int) -> JsonValue:
    one: JsonSchema = {
        "type": "object",
        "properties": {
            "reason": {"type": "string"},
            "met": {"enum": ["yes", "no", "unsure"]},
        },
        "required": ["reason", "met"],
        "additionalProperties": False,
    }
    return {"type": "array", "items": one, "minItems": count, "maxItems": count}
