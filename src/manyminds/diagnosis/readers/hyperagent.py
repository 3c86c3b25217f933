"""Logs of HyperAgent: a planner and its navigator, editor and executor, line by line."""

import re
from collections.abc import Iterator, Mapping, Sequence

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.readers.messages import text_of
from manyminds.diagnosis.trace import Act, Trace, stated_answer

__all__ = ["NAME", "knows", "read"]

NAME = "hyperagent"
_HEAD = re.compile(r"^HyperAgent_\S+ - INFO - (?P<said>.*)$", re.S)
_WHO = re.compile(
    r"^(?:(?:Inner-)?(?P<name>[\w ]+?)(?:-Assistant)?'s Response|(?P<from>[\w ]+)->[\w ]+): ?"
)


def knows(value: JsonValue) -> bool:
    """Say whether a value is one."""
    lines = value.get("trajectory") if isinstance(value, Mapping) else None
    first = lines[:50] if isinstance(lines, list) else ()
    return any(isinstance(line, str) and _HEAD.match(line) for line in first)


def read(value: JsonValue) -> list[Trace]:
    """Read it; lines without a head belong to the one before."""
    assert isinstance(value, Mapping)
    lines = value["trajectory"]
    assert isinstance(lines, list)
    return [
        Trace(
            name=str(value.get("instance_id") or ""), source=NAME,
            task=text_of(value.get("problem_statement")), acts=tuple(_acts(lines)),
        )
    ]  # fmt: skip


def _acts(lines: Sequence[JsonValue]) -> Iterator[Act]:
    blocks: list[tuple[int, str, list[str]]] = []
    for step, line in enumerate(map(str, lines)):
        head = _HEAD.match(line)
        who = None if head is None else _WHO.match(head["said"])
        if head is not None and who is not None:
            name = who["name"] or who["from"]
            blocks.append((step, name.strip(), [head["said"][who.end() :]]))
        elif head is not None:
            blocks.append((step, "", []))
        elif blocks:
            blocks[-1][2].append(line)
    for step, author, told in blocks:
        text = "\n".join(told).strip()
        if author and text:
            yield Act(step=step, author=author, kind="says", text=text, answer=stated_answer(text))
