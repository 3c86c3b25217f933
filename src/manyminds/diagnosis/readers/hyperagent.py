"""Logs of HyperAgent: a planner and its navigator, editor and executor, line by line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.readers.messages import text_of
from manyminds.diagnosis.trace import Act, Trace
from manyminds.judging.canonical import canonicalize

__all__ = ["NAME", "knows", "knows_text", "read", "read_text"]

NAME = "hyperagent"
_HEAD = re.compile(r"^\s*HyperAgent_\S+ - INFO - (?P<said>.*)$", re.S)
_WHO = re.compile(
    r"^(?:(?P<inner>Inner-)?(?P<name>[\w ]+?)(?:-Assistant)?'s Response|"
    r"(?P<from>[\w ]+)->(?P<to>[\w ]+)): ?"
)
_BEGINS = "Initialized tools"
_ACTION = re.compile(r"Action:\s*```(?P<tool>\w+)\n(?P<code>.*?)(?:```|\Z)", re.S)
_FINAL = re.compile(r"Final Answer:\s*(?P<answer>\S.*)\Z", re.S)
_CUT_OFF = re.compile(r"^Observation\s*\Z", re.M)
"""What tools gave back is not in the log; the word that stood before it is."""
_FRAME = re.compile(
    r"\Ainstance_id: *(?P<name>\S+)\s+problem_statement:\s*(?P<task>.*?)\s*\Z", re.S
)


@dataclass(frozen=True, kw_only=True)
class _Record:
    """One line of the log, with the lines that belong to it."""

    step: int
    author: str
    """Empty for what the system says of itself."""
    to: str | None
    text: str


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
            task=text_of(value.get("problem_statement")), acts=tuple(_acts(list(map(str, lines)))),
        )
    ]  # fmt: skip


def knows_text(text: str) -> bool:
    """Say whether a text is its log."""
    return any(_HEAD.match(line) for line in text[:20_000].splitlines())


def read_text(text: str) -> list[Trace]:
    """Read the log alone, or after the id and the problem that it is about."""
    lines = text.splitlines()
    first = next(place for place, line in enumerate(lines) if _HEAD.match(line))
    frame = _FRAME.match("\n".join(lines[:first]))
    name, task = ("", "") if frame is None else (frame["name"], frame["task"])
    return [Trace(name=name, source=NAME, task=task, acts=tuple(_acts(lines)))]


def _acts(lines: Sequence[str]) -> Iterator[Act]:
    copies, begun = 1, False
    for _, alike in groupby(_records(lines), key=lambda one: (one.author, one.to, one.text)):
        same = list(alike)
        if same[0].text == _BEGINS and not same[0].author:
            # A second start in one process logs everything twice.
            copies = len(same)
            if begun:
                yield Act(
                    step=same[0].step, author="HyperAgent", kind="says", text=_BEGINS, anew=True
                )
        elif same[0].author and same[0].text:
            begun = True
            for record in same[::copies]:
                yield from _done(record)


def _records(lines: Sequence[str]) -> Iterator[_Record]:
    starts = [place for place, line in enumerate(lines) if _HEAD.match(line)]
    for place, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        head = _HEAD.match(lines[place])
        assert head is not None
        said = head["said"]
        who = _WHO.match(said)
        told = [said if who is None else said[who.end() :], *lines[place + 1 : end]]
        to = None
        if who is not None and who["to"]:
            to = f"to {who['to'].strip()}"
        elif who is not None and who["inner"]:
            to = "inner"
        yield _Record(
            step=place, to=to, text=_CUT_OFF.sub("", "\n".join(told)).strip(),
            author="" if who is None else str(who["name"] or who["from"]).strip(),
        )  # fmt: skip


def _done(record: _Record) -> Iterator[Act]:
    action = _ACTION.search(record.text)
    said = record.text if action is None else record.text[: action.start()].strip()
    # Only the planner answers: what its interns call final is what they hand over.
    final = _FINAL.search(said) if record.author == "Planner" and record.to is None else None
    if said:
        yield Act(
            step=record.step, author=record.author, kind="says", text=said, tool=record.to,
            answer=None if final is None else canonicalize(final["answer"]).key,
        )  # fmt: skip
    if action is not None:
        code = action["code"].strip()
        yield Act(
            step=record.step, author=record.author, kind="calls", tool=action["tool"],
            arguments=code, text=code,
        )  # fmt: skip
