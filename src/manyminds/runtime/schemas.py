"""Answers held against the schema that they were asked for: one that does not obey is none."""

import json
from dataclasses import replace

from manyminds.agents.schemas import violation
from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.core.values import Answer, Task

__all__ = ["obeying"]


def obeying(task: Task, answer: Answer) -> Answer:
    """Return an answer that obeys the task's schema, or says that it does not."""
    if task.schema_json is None or answer.text is None:
        return answer
    try:
        found: JsonValue = json.loads(answer.text)
        why = violation(found, json.loads(task.schema_json))
    except (ValueError, RecursionError):
        why = "it is no JSON"
    except UsageError as error:
        why = str(error)
    if why is None:
        return answer
    missing = (*answer.missing, f"the answer does not obey the schema: {why}")
    return replace(answer, outcome="none", text=None, canonical=None, missing=missing)
