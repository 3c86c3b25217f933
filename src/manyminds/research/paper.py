"""What every form of a report says, in one order: the answer first, the cost last."""

from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.core.values import Answer, Citation, Report, Statement, Table
from manyminds.judging.citing.computed import is_program
from manyminds.judging.citing.origin import document_of
from manyminds.research.balance import balance_of

__all__ = ["Paper", "Source", "attributed", "headings", "programs_of", "sources_of", "told_of"]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One report, to be written down."""

    question: str
    answer: Answer
    report: Report
    receipt: tuple[str, ...]
    """Lines on cost, run and prompts."""

    @property
    def headline(self) -> str:
        """What comes first."""
        text = self.answer.text
        if text is None:
            return "No answer stands."
        if self.answer.outcome == "partial":
            return f"No answer stands to the end. What there is: {text}"
        return text

    @property
    def balance(self) -> tuple[str, ...]:
        """Who says what is stated, a line a site."""
        return balance_of(self.answer, self.report).lines


@dataclass(frozen=True, kw_only=True)
class Source:
    """One page or document, with the numbers of what is cited from it."""

    address: str
    title: str | None
    author: str | None
    date: str | None
    read_at: str | None
    numbers: tuple[int, ...]
    """Of citations, counted from 1."""
    copies: tuple[str, ...] = ()
    """Addresses that say the same in the same words."""

    @property
    def link(self) -> str | None:
        """Its address, where it can be opened in a browser."""
        return self.address if self.address.startswith(("https://", "http://")) else None


def sources_of(citations: Sequence[Citation], copies: Sequence[Sequence[str]]) -> list[Source]:
    """Return the sources in the order they are cited in; the pages of a PDF are one."""
    numbers: dict[str, list[int]] = {}
    first: dict[str, Citation] = {}
    for number, citation in enumerate(citations, 1):
        address = document_of(citation.source)
        numbers.setdefault(address, []).append(number)
        first.setdefault(address, citation)
    others = {name: tuple(n for n in group if n != name) for group in copies for name in group}
    return [
        Source(
            address=address, title=c.title, author=c.author, date=c.date, read_at=c.read_at,
            numbers=tuple(numbers[address]), copies=others.get(address, ()),
        )
        for address, c in first.items()
    ]  # fmt: skip


def told_of(source: Source) -> str:
    """Return in a line what is known of a source beside its address."""
    read = None if source.read_at is None else f"read {source.read_at[:16].replace('T', ' ')}"
    return " · ".join(part for part in (source.author, source.date, read) if part)


def attributed(statement: Statement) -> str:
    """Return a statement's text; of an opinion, whose it is."""
    return f"According to {statement.said_by}: {statement.text}" if statement.said_by else (
        statement.text
    )  # fmt: skip


def programs_of(answer: Answer) -> dict[str, str]:
    """Return the programs that an answer cites, by what they are cited by."""
    cited = {citation.source for citation in answer.citations if is_program(citation.source)}
    return {e.source: e.request for e in answer.evidence if e.source in cited and e.source}


def headings(table: Table) -> list[str]:
    """Return what stands above the columns; of one that nothing is cited for, that it is judged."""
    judged = {
        place
        for row in table.rows
        for place, cell in enumerate(row)
        if cell.text is not None and not cell.citations
    }
    return [f"{n} (judged)" if place in judged else n for place, n in enumerate(table.columns)]
