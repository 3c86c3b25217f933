"""A report as Markdown."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from manyminds.core.values import (
    Answer,
    Cell,
    Citation,
    Comparison,
    Dispute,
    Statement,
    Table,
)
from manyminds.research.paper import Paper, attributed, headings, programs_of, sources_of, told_of

__all__ = ["as_markdown", "table_as_markdown"]

_MARKS = re.compile(r"([\\`*_\[\]<>#|~&])")


def as_markdown(paper: Paper) -> str:
    """Write a report down."""
    answer, report = paper.answer, paper.report
    lines = [f"# {_text(paper.question)}", "", f"**{_text(paper.headline)}**", ""]
    if answer.confidence is not None:
        lines += [f"Confidence {answer.confidence:.0%}: {_text(answer.how or 'as found')}.", ""]
    for section in report.sections:
        lines += [f"## {_text(section.title)}", "", *map(_statement, section.statements), ""]
    if report.comparison is not None:
        lines += ["## Side by side", "", *_comparison(report.comparison), ""]
    if report.table is not None:
        lines += [*table_as_markdown(report.table), ""]
    lines += _titled("What sources dispute", map(_dispute, report.disputes))
    lines += _titled("Balance of sources", (f"- {_text(line)}" for line in paper.balance))
    lines += _titled("Missing", (f"- {_text(text)}" for text in answer.missing))
    looked = (f"- {_text(n.what)}: {_text(n.why)}" for n in report.not_found)
    lines += _titled("Looked for and not found", looked)
    lines += _titled(
        "Said by a worker, and sources say otherwise", map(_statement, report.contradicted)
    )
    lines += _titled("Said by a worker, in no source", map(_statement, report.unsupported))
    lines += _titled("Citations", _citations(answer.citations))
    lines += _titled("Sources", _sources(paper))
    lines += _titled("Programs", _programs(answer))
    lines += _titled("Cost", (f"- {_text(line)}" for line in paper.receipt))
    return "\n".join(lines).rstrip() + "\n"


def table_as_markdown(table: Table) -> list[str]:
    """Return the lines of a table, and what is known of its completeness."""
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    told = table.completeness
    believed = "unknown" if told.believed is None else str(told.believed)
    return [
        "| " + " | ".join(_text(name) for name in headings(table)) + " |",
        "|" + " --- |" * len(table.columns),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        *([f"Rows are {_text(table.ranked)}."] if table.ranked else []),
        f"Found {told.found}, believed to be {believed}: {_text(told.how)}.",
    ]


def _comparison(found: Comparison) -> Iterable[str]:
    yield "| | " + " | ".join(map(_text, found.columns)) + " |"
    yield "|" + " --- |" * (len(found.columns) + 1)
    for name, row in zip(found.names, found.rows, strict=True):
        cells = (_side(statement) for statement in row)
        yield f"| **{_text(name)}** | " + " | ".join(cells) + " |"


def _side(statement: Statement | None) -> str:
    if statement is None:
        return "(not found)"
    return _text(attributed(statement)) + _numbers(statement.citations)


def _text(text: str) -> str:
    """Return words that no reader takes for markup."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _link(address: str) -> str:
    return quote(address, safe="%/:?#[]@!$&'()*+,;=~")


def _cell(cell: Cell) -> str:
    if cell.text is None:
        return f"({_text(cell.why or 'unknown')})"
    return _text(cell.text) + _numbers(cell.citations)


def _numbers(places: Sequence[int]) -> str:
    return "".join(f" [[{place + 1}]](#c{place + 1})" for place in places)


def _statement(statement: Statement) -> str:
    return f"- {_text(attributed(statement))}{_numbers(statement.citations)}"


def _dispute(dispute: Dispute) -> str:
    sides = [f"  {_statement(side)}" for side in dispute.sides]
    how = "the first is followed" if dispute.followed else "left open"
    return "\n".join([f"- {_text(dispute.about)} ({how}: {_text(dispute.why)})", *sides])


def _titled(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return [f"## {title}", "", *found, ""] if found else []


def _citations(citations: Sequence[Citation]) -> Iterable[str]:
    for number, citation in enumerate(citations, 1):
        where = f", line {citation.line_start}" if citation.line_start is not None else ""
        yield f'{number}. <a id="c{number}"></a> “{_text(citation.quote)}” '
        yield f"   ({_text(citation.source)}{where})"


def _programs(answer: Answer) -> Iterable[str]:
    for name, code in programs_of(answer).items():
        fence = max(("```", *(f"{mark}`" for mark in re.findall("`{3,}", code))), key=len)
        yield f"{_text(name)}:\n\n{fence}python\n{code.rstrip()}\n{fence}\n"


def _sources(paper: Paper) -> Iterable[str]:
    for source in sources_of(paper.answer.citations, paper.report.copies):
        title = _text(source.title or source.address)
        name = f"[{title}](<{_link(source.link)}>)" if source.link else title
        told = told_of(source)
        cited = ", ".join(f"[{n}](#c{n})" for n in source.numbers)
        same = f"; the same words: {', '.join(map(_text, source.copies))}" if source.copies else ""
        yield f"- {name}{f' · {_text(told)}' if told else ''} · cited as {cited}{same}"
