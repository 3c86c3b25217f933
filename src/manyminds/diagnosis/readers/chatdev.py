"""Logs of ChatDev: each turn of a phase, after the prompt of the role that is to answer it."""

import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime

from manyminds.diagnosis.readers.messages import has_failed
from manyminds.diagnosis.trace import Act, Trace, stated_answer

__all__ = ["NAME", "knows_text", "read_text"]

NAME = "chatdev"
_LINE = re.compile(r"^\[(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) INFO\] ?", re.M)
_TURN = re.compile(
    r"(?P<who>[^:*\n]{2,40}): \*\*[^*<\n]{1,80}<->[^*\n]{1,80}? on : (?P<phase>\w+), turn \d+\*\*"
)
_TASK = re.compile(
    r"\*\*task_prompt\*\*: (?:(?P<task>.*?)\n[ \t]*\n\*\*project_name\*\*|(?P<line>.+))", re.S
)
_TEST = re.compile(r"\*\*\[Test Reports\]\*\*:\s*(?P<told>\S.*)", re.S)
_BEGINS = "**[Start Chat]**"
_USED = re.compile(r"\[OpenAI_Usage_Info Receive\].*?total_tokens: (?P<tokens>\d{1,12})", re.S)


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
            name="", source=NAME, task=_task(task),
            acts=tuple(_acts(text, lines, _task(task))),
            began=None if began is None else began.isoformat(timespec="seconds"),
        )
    ]  # fmt: skip


def _task(found: re.Match[str] | None) -> str:
    if found is None:
        return ""
    whole: str | None = found["task"]
    return (found["line"].partition("\n")[0] if whole is None else whole).strip()


def _time(at: str) -> datetime | None:
    try:
        return datetime.strptime(f"{at} +0000", "%Y-%d-%m %H:%M:%S %z")
    except ValueError:
        return None


def _acts(text: str, lines: list[re.Match[str]], task: str) -> Iterator[Act]:
    began = _time(lines[0]["at"]) if lines else None
    used, tested = deque[int](), ""
    for step, line in enumerate(lines):
        end = lines[step + 1].start() if step + 1 < len(lines) else len(text)
        body = text[line.end() : end]
        if usage := _USED.search(body):
            used.append(int(usage["tokens"]))
        if _BEGINS in body[:200]:
            used.clear()  # what was asked before has been answered
        at = _time(line["at"])
        since = None if at is None or began is None else (at - began).total_seconds()
        turn, test = _TURN.match(body), _TEST.match(body)
        if test is not None and test["told"].strip() != tested:
            tested = test["told"].strip()
            yield Act(
                step=step, author="Test", kind="returns", tool="Test", text=tested, at_s=since,
                error=has_failed(tested),
            )  # fmt: skip
        if turn is None:
            continue
        said, tokens = _spoken(body[turn.end() :], task), used.popleft() if used else None
        if said:
            tested = ""
            yield Act(
                step=step, author=turn["who"].strip(), kind="says", text=said, tool=turn["phase"],
                at_s=since, tokens=tokens, answer=stated_answer(said),
            )  # fmt: skip


def _spoken(text: str, task: str) -> str:
    """Return what was said after the role's prompt, in brackets, which holds the task."""
    ends, held = text.find("]\n\n"), text.find(task)
    if task and 0 <= held <= ends < held + len(task):
        ends = text.find("]\n\n", held + len(task))
    prompted = text.lstrip().startswith("[") and ends >= 0
    return text[ends + 1 if prompted else 0 :].strip()
