"""Conditions that a task states in so many words, held against what was delivered (1.1)."""

import re
from collections.abc import Callable, Iterator
from functools import partial

from manyminds.agents.asking import asks_for_code
from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.rules.texts import cut, words
from manyminds.diagnosis.trace import Act, Trace

__all__ = ["broken", "is_value"]

_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}
_MOST = r"(?:at most|no more than|fewer than|under|up to|a maximum of)"
_AT_MOST = re.compile(rf"(?i)\b{_MOST} (\d+|{'|'.join(_COUNTS)}) words?\b")
_ONE_WORD = re.compile(r"(?i)\b(?:in|with) (?:a single|one|exactly one) word\b")
_WITHOUT = re.compile(
    r"(?i)\b(?:without using|do not use|don't use|must not use|never use) (?:the |any )?"
    r"[`'\"](?P<what>[^`'\"\n]{1,40})[`'\"]"
)
_JSON = re.compile(
    r"(?i)\b(?:reply|answer|respond|output|return)s? (?:only )?(?:with|in|as) "
    r"(?:valid |a |one )?json\b"
)
_CASE = re.compile(r"(?i)\b(?:in|all) (?P<case>lower|upper) ?case(?: letters)?(?: only)?\b")

_VALUE = re.compile(r"(?i)[-+\d.,:%()\[\]{}'\"\s]+|true|false|none|yes|no")
"""No program, whatever the language."""

_Broken = Callable[[str], str | None]


def _conditions(task: str) -> Iterator[_Broken]:
    if found := _AT_MOST.search(task):
        yield partial(_too_long, _COUNTS.get(found[1].lower()) or int(found[1]))
    if _ONE_WORD.search(task):
        yield partial(_too_long, 1)
    for found in _WITHOUT.finditer(task):
        yield partial(_used, found["what"])
    if _JSON.search(task):
        yield lambda text: None if re.search(r"[\[{].*[\]}]", text, re.S) else "JSON was asked for"
    if asks_for_code(task):
        yield _no_program
    if found := _CASE.search(task):
        yield partial(_other_case, found["case"].lower())


def _too_long(most: int, text: str) -> str | None:
    count = len(words(text))
    return None if count <= most else f"{count} words, and at most {most} were asked for"


def is_value(text: str) -> bool:
    """Say whether a text is a number, a list of such or a yes or no: no program in any language."""
    return _VALUE.fullmatch(text.strip()) is not None


def _no_program(text: str) -> str | None:
    return "a program was asked for, and this is a value" if is_value(text) else None


def _used(what: str, text: str) -> str | None:
    return f"{what!r} was not to be used" if what in text else None


def _other_case(case: str, text: str) -> str | None:
    wanted = text.lower() if case == "lower" else text.upper()
    return None if text == wanted else f"{case} case was asked for"


def broken(trace: Trace) -> Iterator[Finding]:
    """Find conditions of the task that what was delivered breaks."""
    delivered = _delivered(trace)
    if delivered is None:
        return
    for condition in _conditions(trace.task):
        why = condition(delivered.text)
        if why is not None:
            yield Finding(
                code="1.1", step=delivered.step, member=delivered.author, by="rule", confidence=0.9,
                evidence=cut(delivered.text), why=why,
            )  # fmt: skip


def _delivered(trace: Trace) -> Act | None:
    ends = [act for act in trace.of("ends") if act.text.strip()]
    if ends:
        return ends[-1] if trace.outcome in ("answered", "partial", None) else None
    said = [act for act in trace.of("says", "proposes") if act.text.strip()]
    return said[-1] if said and trace.stopped_by is None else None
