"""Asking back: one question to the person, where the task can be understood in two ways."""

import json
from dataclasses import dataclass

from manyminds.agents.prompts import prompt
from manyminds.core.errors import ManymindsError, RunError
from manyminds.core.messages import JsonSchema, JsonValue, ModelCall, Said
from manyminds.core.protocols import Run

__all__ = ["Doubt", "doubt_about", "with_answer"]

THRESHOLD = 0.6
"""Likelihood of a misunderstanding from which it is worth a person's time to ask."""
_SCHEMA: JsonSchema = {
    "type": "object",
    "properties": {
        "ambiguous": {"type": "integer", "minimum": 0, "maximum": 100},
        "question": {"type": "string", "maxLength": 300},
    },
    "required": ["ambiguous", "question"],
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """What is not clear about a task."""

    question: str
    likelihood: float
    """That people would understand the task differently, 0 to 1, by a model's word."""


async def doubt_about(run: Run, *, threshold: float = THRESHOLD) -> Doubt | None:
    """Return what to ask the person; `None` where the task is clear or nothing could be found out.

    Raises:
        BudgetExceeded: If the request cannot be paid.
    """
    lead = run.members[0]
    text = prompt("clarify", question=run.task.prompt)
    call = ModelCall(
        messages=(Said(role="user", text=text),), schema=_SCHEMA, max_tokens=150,
        temperature=0.0, seed=run.seed(lead), purpose="lead",
    )  # fmt: skip
    try:
        said: JsonValue = json.loads((await run.request(lead, call)).text)
    except RunError:
        raise
    except (ManymindsError, ValueError):
        return None
    likely = said.get("ambiguous") if isinstance(said, dict) else None
    question = said.get("question") if isinstance(said, dict) else None
    if not isinstance(likely, int) or not isinstance(question, str) or not question.strip():
        return None
    doubt = Doubt(question=question.strip(), likelihood=min(100, max(0, likely)) / 100)
    return doubt if doubt.likelihood >= threshold else None


def with_answer(task: str, doubt: Doubt, answer: str) -> str:
    """Return the task with what the person said to the question."""
    return f"{task}\n\nAsked back: {doubt.question}\nAnswered: {answer.strip()}"
