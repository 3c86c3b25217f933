"""One remembered line: what it says, when that was, and where it is from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from manyminds.core.errors import UsageError

__all__ = ["MOST_CHARACTERS", "Line", "current", "one_line", "read_lines", "topic"]

MOST_CHARACTERS = 300
_LINE = re.compile(
    r"^[-*] +(?P<text>.*?)(?: _\((?P<on>\d{4}-\d\d-\d\d), from (?P<source>.+)\)_)?\s*$"
)
_HEADING = re.compile(r"^#{1,6} +(.*)")
_NO = re.compile(
    r"\b(?:no longer|not|never|hardly|dislikes?|hates?|avoids?|without|don't|doesn't|can't|cannot|"
    r"won't|isn't)\b"
)
_LIKING = re.compile(
    r"\b(?:dis)?likes?\b|\b(?:loves?|hates?|avoids?|prefers?|enjoys?|wants?|eats?|drinks?)\b"
)
_SMALL = frozenset((
    "a", "an", "the", "to", "any", "anything", "very", "much", "really", "does", "do", "is", "are",
    "i", "he", "she", "they", "no", "longer", "not", "never", "hardly", "don", "doesn", "t", "can",
    "cannot", "won", "isn", "without", "always", "now", "again", "still", "more", "anymore",
))  # fmt: skip
_KEYED = re.compile(r"^(?P<key>[^:]{1,40}):\s+\S")
_SEVERAL = frozenset((
    "been to", "visited", "went to", "likes", "dislikes", "avoids", "never", "allergies", "allergy",
    "allergic to", "intolerances", "note", "notes",
))  # fmt: skip
"""Keys that may stand several times: one does not take another's place."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a memory file."""

    text: str
    on: date | None
    """Day it was said or found; `None` where a person wrote the line without one."""
    source: str | None
    """Where it is from; `None` where a person wrote the line without saying."""
    heading: str
    """The heading it stands under, "" at the top."""
    number: int
    """In its file, counted from 1."""

    def written(self) -> str:
        """Return it as it stands in the file."""
        if self.on is None or self.source is None:
            return f"- {self.text}"
        return f"- {self.text} _({self.on.isoformat()}, from {self.source})_"


def one_line(text: str, what: str) -> str:
    """Return text as it may stand in a line: printable, on one line, and no mark of ours in it.

    Raises:
        UsageError: If nothing is left, it is too long, or it looks like a line's own source.
    """
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not plain:
        raise UsageError(f"{what} is empty")
    if len(plain) > MOST_CHARACTERS:
        raise UsageError(f"{what} has {len(plain)} characters, {MOST_CHARACTERS} at most")
    if "_(" in plain or ")_" in plain:
        raise UsageError(
            f"{what} holds `_(` or `)_`, by which a line says where it is from; write it without"
        )
    return plain


def read_lines(text: str) -> list[Line]:
    """Return the lines of a memory file; whatever else stands there is the person's own."""
    found: list[Line] = []
    heading = ""
    for number, raw in enumerate(text.splitlines(), 1):
        if title := _HEADING.match(raw):
            heading = title[1].strip() if not raw.startswith("# ") else ""
        elif (line := _LINE.match(raw)) and line["text"]:
            found.append(
                Line(
                    text=line["text"], on=_day(line["on"]), source=line["source"],
                    heading=heading, number=number,
                )
            )  # fmt: skip
    return found


def current(lines: Iterable[Line], *, events: bool = False) -> tuple[list[Line], list[Line]]:
    """Return the lines that hold, and those that a later one has taken the place of.

    Two lines of one heading contradict each other where both give a value to the same key
    ("diet: vegetarian", "diet: fish, too"), or one likes what the other does not. The later day
    holds; of the same day the lower line. A line without a day is of the day of the one above it;
    without one above it is older than all that have one.

    Args:
        lines: Of one file, in order.
        events: Whether they say what happened: that does not change, and is only said again.
    """
    ordered = list(lines)
    latest: dict[tuple[str, str], tuple[date, int, Line]] = {}
    day = date.min
    for line in ordered:
        day = line.on or day
        about = line.text.casefold() if events else topic(line.text)
        key = line.heading.casefold(), about
        if key not in latest or (day, line.number) > latest[key][:2]:
            latest[key] = day, line.number, line
    holding = {id(line) for _, _, line in latest.values()}
    return (
        [line for line in ordered if id(line) in holding],
        [line for line in ordered if id(line) not in holding],
    )


def topic(text: str) -> str:
    """Return what a line is about: of two lines about the same the later one holds."""
    low = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    keyed = _KEYED.match(low)
    if keyed and keyed["key"].strip() not in _SEVERAL:
        return f"{keyed['key'].strip()}:"
    if not (_LIKING.search(low) or _NO.search(low) or keyed):
        return low
    bare = _LIKING.sub(" ", _NO.sub(" ", low))
    words = [word for word in re.findall(r"\w+", bare) if word not in _SMALL]
    return " ".join(words) or low


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
