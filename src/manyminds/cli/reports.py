"""Reports of research: in the terminal, and into files."""

import json
from collections.abc import Sequence
from pathlib import Path

from manyminds.cli.view import safe
from manyminds.cli.words import answer_as_text, cost_line
from manyminds.core.errors import UsageError
from manyminds.core.values import Cell, Citation, Comparison, Dispute, Report, Statement, Table
from manyminds.research.markdown import as_markdown
from manyminds.research.page import as_page
from manyminds.research.paper import Paper, attributed, headings, programs_of, sources_of, told_of
from manyminds.research.sheet import as_csv
from manyminds.runtime.ask import Asked
from manyminds.runtime.result import answer_as_json

__all__ = ["check_outs", "report_as_text", "write_out"]

_QUOTE = 220
_PROGRAM = 40
"""Lines of a program that a terminal is shown."""
_ROWS = 200
"""Rows of a table that a terminal is shown; a file holds them all."""


def check_outs(outs: Sequence[Path], endings: Sequence[str]) -> None:
    """Refuse files that could not be written in the end, before anything is spent.

    Raises:
        UsageError: If a file has another ending, or its folder is not there.
    """
    for path in outs:
        if path.suffix.lower() not in endings:
            raise UsageError(f"--out {path}: it should end in {', '.join(endings)}")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"--out {path}: there is no folder {path.parent}")


def write_out(asked: Asked, path: Path, question: str) -> None:
    """Write a report to a file; its ending says how.

    Raises:
        UsageError: If there is no report, no table, or the file cannot be written.
    """
    report = asked.answer.report
    if report is None:
        raise UsageError(f"run {asked.run} is no research: it has no report")
    paper = paper_of(asked, report, question)
    kind = path.suffix.lower()
    if kind == ".csv":
        if report.table is None:
            raise UsageError(f"run {asked.run} has no table; write .md, .html or .json")
        text = as_csv(report.table, asked.answer.citations)
    elif kind == ".json":
        text = json.dumps(answer_as_json(asked), ensure_ascii=False, indent=1) + "\n"
    else:
        text = as_page(paper) if kind == ".html" else as_markdown(paper)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {path} cannot be written: {error.strerror}") from None


def paper_of(asked: Asked, report: Report, question: str) -> Paper:
    """Return what every form of a report says."""
    receipt = (cost_line(asked.cost), f"run {asked.run}, prompts {asked.prompts[:8]}")
    return Paper(question=question, answer=asked.answer, report=report, receipt=receipt)


def report_as_text(asked: Asked, question: str, *, only: bool = False) -> str:
    """Write a report for the terminal: the answer first, its passages numbered, the cost last.

    With `only`, nothing but the answer.
    """
    report = asked.answer.report
    if report is None or only:
        return answer_as_text(asked, only=only)
    paper = paper_of(asked, report, question)
    lines = [paper.headline, ""]
    if asked.answer.confidence is not None:
        lines += [f"confidence {asked.answer.confidence:.0%}: {asked.answer.how}", ""]
    for section in report.sections:
        lines += [section.title, *(f"  {_statement(s)}" for s in section.statements), ""]
    if report.comparison is not None:
        lines += _titled("Side by side", _comparison(report.comparison))
    if report.table is not None:
        lines += [*_table(report.table), ""]
    lines += _titled("Disputed", [line for d in report.disputes for line in _dispute(d)])
    lines += _titled("Balance of sources", [_line(line) for line in paper.balance])
    lines += _titled("Missing", [_line(text) for text in asked.answer.missing])
    lines += _titled("Not found", [_line(f"{n.what}: {n.why}") for n in report.not_found])
    denied = [_statement(s) for s in report.contradicted]
    lines += _titled("Said by a worker, and sources say otherwise", denied)
    unsupported = [_line(s.text) for s in report.unsupported]
    lines += _titled("Said by a worker, in no source", unsupported)
    lines += _titled("Passages", list(map(_passage, *_numbered(asked.answer.citations))))
    sources = sources_of(asked.answer.citations, report.copies)
    lines += _titled("Sources", [
        " · ".join(p for p in (s.title, s.address, told_of(s), _copies(s.copies)) if p)
        for s in sources
    ])  # fmt: skip
    for name, code in programs_of(asked.answer).items():
        lines += _titled(name, code.strip().splitlines()[:_PROGRAM])
    return safe("\n".join([*lines, *paper.receipt, f"again: manyminds show {asked.run}"]))


def _titled(title: str, lines: Sequence[str]) -> list[str]:
    return [title, *(f"  {line}" for line in lines), ""] if lines else []


def _numbered(citations: Sequence[Citation]) -> tuple[list[int], Sequence[Citation]]:
    return list(range(1, len(citations) + 1)), citations


def _copies(copies: Sequence[str]) -> str:
    return f"the same words: {', '.join(copies)}" if copies else ""


def _statement(statement: Statement) -> str:
    numbers = "".join(f"[{place + 1}]" for place in statement.citations)
    return f"{_line(attributed(statement), 1_000)} {numbers}".rstrip()


def _dispute(dispute: Dispute) -> list[str]:
    how = "the first is followed" if dispute.followed else "left open"
    sides = [f"  {_statement(side)}" for side in dispute.sides]
    return [f"{_line(dispute.about)} ({how}: {dispute.why})", *sides]


def _comparison(found: Comparison) -> list[str]:
    """Write a comparison a row a line, below it what is told of each point."""
    lines: list[str] = []
    for name, row in zip(found.names, found.rows, strict=True):
        lines.append(_line(name))
        for column, statement in zip(found.columns, row, strict=True):
            told = "(not found)" if statement is None else _statement(statement)
            lines.append(f"  {_line(column)}: {told}")
    return lines


def _passage(number: int, citation: Citation) -> str:
    where = citation.source.partition("#")
    named = citation.title or where[0]
    page = f", {where[2]}" if where[2] else ""
    return f"[{number}] {named}{page}: “{_line(citation.quote, _QUOTE)}”"


def _table(table: Table) -> list[str]:
    names = headings(table)
    rows = [[_cell(cell) for cell in row] for row in table.rows[:_ROWS]]
    widths = [
        min(48, max(len(name), *(len(row[place]) for row in rows), 1))
        for place, name in enumerate(names)
    ] if rows else [len(name) for name in names]  # fmt: skip

    def fit(cells: Sequence[str]) -> str:
        pairs = zip(cells, widths, strict=True)
        return "  ".join(_line(cell, width).ljust(width) for cell, width in pairs).rstrip()

    more = len(table.rows) - len(rows)
    told = table.completeness
    believed = "unknown" if told.believed is None else str(told.believed)
    return [
        fit(names), fit(["-" * width for width in widths]), *map(fit, rows),
        *([f"… {more} more rows; --out FILE.csv holds all"] if more else []),
        *([table.ranked] if table.ranked else []),
        f"found {told.found}, believed to be {believed}: {told.how}",
    ]  # fmt: skip


def _cell(cell: Cell) -> str:
    return f"({cell.why or 'unknown'})" if cell.text is None else cell.text


def _line(text: str, most: int = 300) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
