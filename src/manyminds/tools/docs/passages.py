"""Cutting a document into passages: whole lines, under one heading where there are headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from manyminds.tools.docs.readers import Document

__all__ = ["Passage", "cut"]

LENGTH = 1_200
"""Characters of a passage, about 300 tokens; one longer line is cut."""
_HEADING = re.compile(r"^(#{1,6})\s+(.*)")


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A stretch of whole lines of one document."""

    source: str
    start: int
    """Offset of its first character in the document's text."""
    end: int
    line_start: int
    """Counted from 1."""
    line_end: int
    heading: str
    """The headings it stands under, outermost first."""
    text: str


def cut(document: Document) -> Iterator[Passage]:
    """Yield the passages of a document, in order; together they are its whole text."""
    headings: list[str] = []
    kept: list[str] = []
    start = offset = 0
    first = 1
    for number, line in enumerate(_lines(document.text), start=1):
        match = _HEADING.match(line)
        size = offset - start
        if kept and (size + len(line) > LENGTH or (match and size > LENGTH // 4)):
            yield from _passage(document, kept, start, first, headings)
            kept, start, first = [], offset, number
        if match:
            headings = [*headings[: len(match[1]) - 1], match[2].strip()]
        kept.append(line)
        offset += len(line)
    yield from _passage(document, kept, start, first, headings)


def _lines(text: str) -> list[str]:
    """Split after newlines only: other separators are not lines to an editor."""
    return re.findall(r"[^\n]*\n|[^\n]+$", text)


def _passage(
    document: Document, lines: list[str], start: int, first: int, headings: list[str]
) -> Iterator[Passage]:
    text = "".join(lines)
    if not text.strip():
        return
    heading = " › ".join(headings)
    for place in range(0, len(text), LENGTH * 2):
        piece = text[place : place + LENGTH * 2]
        before = text.count("\n", 0, place)
        yield Passage(
            source=document.source,
            start=start + place,
            end=start + place + len(piece),
            line_start=first + before,
            line_end=first + before + max(0, piece.rstrip("\n").count("\n")),
            heading=heading,
            text=piece,
        )
