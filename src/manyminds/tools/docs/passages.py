"""Cutting a document into passages: whole lines, under one heading where there are headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from manyminds.tools.docs.readers import Document

__all__ = ["LENGTH", "Passage", "cut"]

LENGTH = 1_200
"""Characters of a passage, about 300 tokens; one longer line is cut."""
_SHORT, _SUBJECT = 160, 120
_SIGNATURE = re.compile(
    r"^`?[A-Za-z_*-][\w.*-]*`?\s?\(|^`?--?[a-z][\w-]+|^`?[A-Za-z]\w*(?:[._]\w+)+`?\s*¶?$"
)
"""A function with its arguments, an option, a dotted or underscored name."""
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


def cut(document: Document, length: int = LENGTH) -> Iterator[Passage]:
    """Yield the passages of a document, in order; together they are its whole text.

    Args:
        document: What is cut.
        length: Characters of a passage; one longer line is cut at twice that.

    Passages end where a paragraph does, as far as their length allows. A line that names what
    follows, such as the signature above its description, never ends one; passages further down that
    description stand under it, as under a heading.
    """
    headings: list[str] = []
    subject = ""
    kept: list[_Block] = []
    under: list[str] = []
    size = 0
    blocks = _blocks(_lines(document.text), length)
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        leads = after is not None and after.heading is None and block.leads_in
        # What a line leads in is counted with it.
        more = block.size + (min(after.size, length // 2) if leads and after else 0)
        signs = leads and bool(_SIGNATURE.match(block.lines[0]))
        if kept and (size + more > length or ((block.heading or signs) and size > length // 4)):
            yield from _passage(document, kept, under, length)
            kept, size = [], 0
        if block.heading is not None:
            level, title = block.heading
            headings, subject = [*headings[: level - 1], title], ""
        if signs:
            subject = block.lines[0].strip(" \n¶")[:_SUBJECT]
        if not kept:
            # Of a passage that begins with its subject, that is the text.
            under = [*headings] if signs else [*headings, subject]
        kept.append(block)
        size += block.size
    yield from _passage(document, kept, under, length)


@dataclass(kw_only=True, slots=True)
class _Block:
    """A paragraph, with the blank lines after it."""

    start: int
    """Offset in the text."""
    first: int
    """Its first line."""
    lines: list[str]
    heading: tuple[int, str] | None
    """Level and words, where it is one."""
    size: int = 0
    """Characters."""

    @property
    def leads_in(self) -> bool:
        """Whether it is one short line that says no sentence: it names what follows."""
        said = [line.strip() for line in self.lines if line.strip()]
        ends = (".", "!", "?", "|", "```")
        return len(said) == 1 and len(said[0]) <= _SHORT and not said[0].endswith(ends)


def _blocks(lines: list[str], length: int) -> list[_Block]:
    """Return paragraphs; a heading stands by itself, and what is too long is cut between lines."""
    found: list[_Block] = []
    offset, fenced = 0, False
    for number, line in enumerate(lines, start=1):
        match = None if fenced else _HEADING.match(line)
        last = found[-1] if found else None
        if (
            last is None
            or match is not None
            or (line.strip() and (last.heading is not None or not last.lines[-1].strip()))
            or last.size + len(line) > length
        ):
            heading = None if match is None else (len(match[1]), match[2].strip())
            found.append(_Block(start=offset, first=number, lines=[], heading=heading))
        found[-1].lines.append(line)
        found[-1].size += len(line)
        # A line of code that begins with "#" is no heading.
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        offset += len(line)
    return found


def _lines(text: str) -> list[str]:
    """Split after newlines only: other separators are not lines to an editor."""
    return re.findall(r"[^\n]*\n|[^\n]+$", text)


def _passage(
    document: Document, blocks: list[_Block], headings: list[str], length: int
) -> Iterator[Passage]:
    text = "".join(line for block in blocks for line in block.lines)
    if not text.strip():
        return
    heading = " › ".join(filter(None, headings))
    start, first = blocks[0].start, blocks[0].first
    for place in range(0, len(text), length * 2):
        piece = text[place : place + length * 2]
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
