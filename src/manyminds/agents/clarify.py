"""Asking back: one question to the person, where the task can be understood in two ways."""

from dataclasses import dataclass

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run

__all__ = ["Doubt", "doubt_about", "with_answer"]

THRESHOLD = 0.6
"""Likelihood of a misunderstanding from which it is worth a person's time to ask."""
_FIELDS: dict[str, JsonValue] = {
    "ambiguous": {"type": "integer", "minimum": 0, "maximum": 100},
    "question": {"type": "string", "maxLength": 300},
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
    try:
        said = await inquire(run, lead, text, _FIELDS, max_tokens=150, purpose="lead")
    except ProviderError:
        return None
    likely, question = said.get("ambiguous"), said.get("question")
    if not isinstance(likely, int) or not isinstance(question, str) or not question.strip():
        return None
    doubt = Doubt(question=question.strip(), likelihood=min(100, max(0, likely)) / 100)
    return doubt if doubt.likelihood >= threshold else None


def with_answer(task: str, doubt: Doubt, answer: str) -> str:
    """Return the task with what the person said to the question."""
    return f"{task}\n\nAsked back: {doubt.question}\nAnswered: {answer.strip()}"
