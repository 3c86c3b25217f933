"""Logs of ChatDev: each turn of a phase, after the prompt of the role that is to answer it."""

import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime

from manyminds.diagnosis.trace import Act, Trace, stated_answer

__all__ = ["NAME", "knows_text", "read_text"]

NAME = "chatdev"
_LINE = re.compile(r"^\[(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) INFO\] ?", re.M)
_TURN = re.compile(
    r"(?P<who>[^:*\n]{2,40}): \*\*[^*\n]+<->[^*\n]+? on : (?P<phase>\w+), turn \d+\*\*"
)
_TASK = re.compile(r"\*\*task_prompt\*\*: (?P<task>.+)")
_USED = re.compile(r"\[OpenAI_Usage_Info Receive\].*?total_tokens: (?P<tokens>\d+)", re.S)
_PROMPT = re.compile(r"\A\s*\[.*?\]\n\n", re.S)
"""The role's prompt, in brackets, stands before what was said."""


def knows_text(text: str) -> bool:
    """Say whether a text is one."""
    return _TURN.search(text) is not None or ("ChatDev Starts" in text[:2_000])


def read_text(text: str) -> list[Trace]:
    """Read it; days stand before months in its times."""
    task = _TASK.search(text)
    lines = list(_LINE.finditer(text))
    began = _time(lines[0]["at"]) if lines else None
    return [
        Trace(
            name="", source=NAME, task=task["task"].strip() if task else "",
            acts=tuple(_acts(text, lines)),
            began=None if began is None else began.isoformat(timespec="seconds"),
        )
    ]  # fmt: skip


def _time(at: str) -> datetime | None:
    try:
        return datetime.strptime(f"{at} +0000", "%Y-%d-%m %H:%M:%S %z")
    except ValueError:
        return None


def _acts(text: str, lines: list[re.Match[str]]) -> Iterator[Act]:
    began = _time(lines[0]["at"]) if lines else None
    used = deque[int]()
    for step, line in enumerate(lines):
        end = lines[step + 1].start() if step + 1 < len(lines) else len(text)
        body = text[line.end() : end]
        if usage := _USED.search(body):
            used.append(int(usage["tokens"]))
        turn = _TURN.match(body)
        if turn is None:
            continue
        said = _PROMPT.sub("", body[turn.end() :], count=1).strip()
        at = _time(line["at"])
        if said:
            yield Act(
                step=step, author=turn["who"].strip(), kind="says", text=said, tool=turn["phase"],
                at_s=None if at is None or began is None else (at - began).total_seconds(),
                tokens=used.popleft() if used else None, answer=stated_answer(said),
            )  # fmt: skip
