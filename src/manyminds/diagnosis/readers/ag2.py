"""Conversations of AG2 (AutoGen), as its logs are kept: a task and a trajectory of messages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.readers.messages import acts_of, has_failed, text_of
from manyminds.diagnosis.trace import Act, Trace

__all__ = ["NAME", "knows", "read"]

NAME = "ag2"
_PROGRAM = re.compile(r"```(?:python|py|sh|bash)?[ \t]*\n(.*?)```", re.S)


def knows(value: JsonValue) -> bool:
    """Say whether a value is one."""
    return (
        isinstance(value, Mapping)
        and any(isinstance(one, Mapping) for one in _list(value.get("trajectory")))
        and "problem_statement" in value
    )


def _list(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()


def read(value: JsonValue) -> list[Trace]:
    """Read it. What stands beside it about right and wrong (`other_data`) is left out."""
    assert isinstance(value, Mapping)
    messages = value["trajectory"]
    assert isinstance(messages, list)
    task = text_of(value["problem_statement"])
    first = messages[0] if messages and isinstance(messages[0], Mapping) else {}
    opens = bool(task) and task.strip()[-80:] in text_of(first.get("content"))
    person = str(first.get("name")) if opens and first.get("name") else None
    said = list(acts_of(messages, task=0 if opens else None))
    return [
        Trace(
            name=str(value.get("instance_id") or ""), source=NAME, task=task, person=person,
            acts=tuple(_with_programs(said, person)),
        )
    ]  # fmt: skip


def _with_programs(said: Sequence[Act], person: str | None) -> Iterator[Act]:
    """Make a program that the person's stand-in ran a call, and what it answered the return."""
    for place, act in enumerate(said):
        before = said[place - 1] if place else None
        program = None if before is None else _PROGRAM.search(before.text)
        if before is None or program is None or act.author != person or before.author == person:
            yield act
            continue
        called = replace(before, kind="calls", text=program[1], answer=None, tool="python")
        yield replace(called, arguments=" ".join(program[1].split()))
        yield replace(
            act, author=before.author, kind="returns", tool="python", answer=None,
            error=has_failed(act.text),
        )  # fmt: skip
