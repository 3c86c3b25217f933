"""Logs of MetaGPT: a line for each act, and under it what came of it."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.trace import Act, Trace, stated_answer

__all__ = ["NAME", "knows", "knows_text", "read", "read_text"]

NAME = "metagpt"
_LINE = re.compile(
    r"^(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?P<ms>\.\d+)? \| (?P<level>[A-Z]+) +\| "
    r"(?P<place>\S+) - (?P<said>.*)$",
    re.M,
)
_ACT = re.compile(r"^(?P<name>[^():]+)\((?P<role>[^()]*)\): to do (?P<what>.*)$")
_ENDS = re.compile(r"^(?:-{5,}|=+ *END|Total (?:running )?cost)", re.M)


def knows(value: JsonValue) -> bool:
    """Say whether a value holds such a log."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("content"), str)
        and knows_text(str(value["content"]))
    )


def knows_text(text: str) -> bool:
    """Say whether a text is one."""
    found = _LINE.search(text[:20_000])
    return found is not None and "metagpt" in text


def read(value: JsonValue) -> list[Trace]:
    """Read it; the task stands beside the log as `prompt`."""
    assert isinstance(value, Mapping)
    task = value.get("prompt")
    named = value.get("run_id")
    return [
        _trace(
            str(value["content"]),
            task if isinstance(task, str) else "",
            "" if named is None else f"metagpt-{named}",
        )
    ]


def read_text(text: str) -> list[Trace]:
    """Read a log alone; its task is the first requirement that it names."""
    found = re.search(r"(?:idea|requirement)\W{1,4}(\S[^\n]*)", text, re.I)
    return [_trace(text, found.group(1) if found else "", "")]


def _trace(text: str, task: str, name: str) -> Trace:
    lines = list(_LINE.finditer(text))
    began = None if not lines else _time(lines[0]).isoformat(timespec="seconds")
    return Trace(name=name, source=NAME, task=task, acts=tuple(_acts(text, lines)), began=began)


def _time(line: re.Match[str]) -> datetime:
    return datetime.fromisoformat(line["at"] + (line["ms"] or ""))


def _acts(text: str, lines: list[re.Match[str]]) -> Iterator[Act]:
    for step, line in enumerate(lines):
        end = lines[step + 1].start() if step + 1 < len(lines) else len(text)
        body, found = text[line.end() : end].strip(), _ACT.match(line["said"])
        author = found["name"].strip() if found else line["place"].split(":")[0]
        said = body if found else f"{line['said']}\n{body}".strip()
        if not said:
            continue
        at = (_time(line) - _time(lines[0])).total_seconds()
        yield Act(
            step=step, author=author, kind="says", text=said, at_s=at, answer=stated_answer(said),
            tool=found["what"].partition("(")[0].strip() if found else None,
        )  # fmt: skip
