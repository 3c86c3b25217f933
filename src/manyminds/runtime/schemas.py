"""Answers held against the schema that they were asked for: one that does not obey is none."""

import json
from dataclasses import replace

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from manyminds.core.values import Answer, Task

__all__ = ["obeying"]


def obeying(task: Task, answer: Answer) -> Answer:
    """Return an answer that obeys the task's schema, or says that it does not."""
    if task.schema_json is None or answer.text is None:
        return answer
    try:
        found = json.loads(answer.text)
        schema = Draft202012Validator(json.loads(task.schema_json))
        schema.validate(found)  # pyright: ignore[reportUnknownMemberType]
    except ValueError:
        why = "it is no JSON"
    except (ValidationError, RecursionError) as error:
        why = error.message[:200] if isinstance(error, ValidationError) else "it is nested too deep"
    else:
        return answer
    missing = (*answer.missing, f"the answer does not obey the schema: {why}")
    return replace(answer, outcome="none", text=None, canonical=None, missing=missing)
