"""A report as one page of HTML that holds all it shows: no script, nothing fetched.

Each number opens at its passage; each passage leads to its page, at these very words (text
fragments). Source: WICG, URL Fragment Text Directives.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from urllib.parse import quote

from manyminds.core.values import Cell, Citation, Comparison, Dispute, Statement, Table
from manyminds.research.paper import (
    Paper,
    Source,
    attributed,
    headings,
    programs_of,
    sources_of,
    told_of,
)

__all__ = ["as_page"]

_SIGNS = re.compile(r"[`*_#|\[\]<>\n]+|^\s*[-+] ")
_FEW = 2
"""Words that stand in too many places."""
_FRAGMENT = 12
"""Words of a passage that a link into its page begins with."""


def as_page(paper: Paper) -> str:
    """Write a report down."""
    answer, report = paper.answer, paper.report
    style = files("manyminds.research").joinpath("page.css").read_text(encoding="utf-8")
    known = "" if answer.confidence is None else f"Confidence {answer.confidence:.0%}. "
    parts = [
        f"<h1>{escape(paper.question)}</h1>",
        f'<p class="answer">{escape(paper.headline)}</p>',
        f'<p class="how">{known}{escape(answer.how or "")}</p>',
    ]
    for section in report.sections:
        parts += [f"<h2>{escape(section.title)}</h2>", _list(map(_statement, section.statements))]
    if report.comparison is not None:
        parts += ["<h2>Side by side</h2>", _comparison(report.comparison)]
    if report.table is not None:
        parts.append(_table(report.table))
    parts += _titled("What sources dispute", map(_dispute, report.disputes))
    parts += _titled("Balance of sources", map(escape, paper.balance))
    parts += _titled("Missing", map(escape, answer.missing))
    looked = (f"{escape(n.what)}: {escape(n.why)}" for n in report.not_found)
    parts += _titled("Looked for and not found", looked)
    parts += _titled(
        "Said by a worker, and sources say otherwise", map(_statement, report.contradicted)
    )
    parts += _titled("Said by a worker, in no source", map(_statement, report.unsupported))
    sources = sources_of(answer.citations, report.copies)
    if answer.citations:
        parts += ["<h2>Passages</h2>", *_passages(answer.citations, sources)]
    parts += _titled("Sources", map(_source, sources))
    if programs := programs_of(answer):
        parts += ["<h2>Programs</h2>", *map(_program, programs.items())]
    parts += _titled("Cost", map(escape, paper.receipt))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(paper.question)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _titled(title: str, items: Iterable[str]) -> list[str]:
    found = list(items)
    return [f"<h2>{title}</h2>", _list(found)] if found else []


def _numbers(places: Sequence[int]) -> str:
    return "".join(f'<a class="n" href="#c{place + 1}">{place + 1}</a>' for place in places)


def _statement(statement: Statement) -> str:
    return escape(attributed(statement)) + _numbers(statement.citations)


def _dispute(dispute: Dispute) -> str:
    how = "the first is followed" if dispute.followed else "left open"
    about = f"{escape(dispute.about)} <em>({how}: {escape(dispute.why)})</em>"
    return about + _list(map(_statement, dispute.sides))


def _comparison(found: Comparison) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in ("", *found.columns))
    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(map(_side, row))}</tr>"
        for name, row in zip(found.names, found.rows, strict=True)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _side(statement: Statement | None) -> str:
    return '<td class="none">not found</td>' if statement is None else (
        f"<td>{_statement(statement)}</td>"
    )  # fmt: skip


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in headings(table))
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    told = table.completeness
    believed = "unknown" if told.believed is None else str(told.believed)
    shown = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    ranked = f'<p class="how">Rows are {escape(table.ranked)}.</p>' if table.ranked else ""
    return (
        f'<div class="wide">{shown}</div>{ranked}'
        f'<p class="how">Found {told.found}, believed to be {believed}: {escape(told.how)}.</p>'
    )


def _cell(cell: Cell) -> str:
    if cell.text is None:
        return f'<td class="none">{escape(cell.why or "unknown")}</td>'
    shown = escape(cell.text)
    if cell.text.startswith(("https://", "http://")):
        shown = f'<a href="{escape(cell.text)}" rel="noreferrer">{shown}</a>'
    return f"<td>{shown}{_numbers(cell.citations)}</td>"


def _passages(citations: Sequence[Citation], sources: Sequence[Source]) -> Iterable[str]:
    by_number = {number: source for source in sources for number in source.numbers}
    for number, citation in enumerate(citations, 1):
        source = by_number[number]
        named = escape(source.title or source.address)
        page = citation.source.removeprefix(source.address).lstrip("#")
        told = " · ".join(part for part in (page, told_of(source)) if part)
        if source.link:
            named = (
                f'<a href="{escape(_at(source.link, citation.quote))}" rel="noreferrer">{named}</a>'
            )
        yield (
            f'<figure id="c{number}"><figcaption><b>{number}</b> {named}'
            f"<span>{escape(told)}</span></figcaption>"
            f"<blockquote>{escape(citation.quote)}</blockquote></figure>"
        )


def _program(program: tuple[str, str]) -> str:
    name, code = map(escape, program)
    return f"<figure><figcaption><b>{name}</b></figcaption><pre><code>{code}</code></pre></figure>"


def _at(link: str, passage: str) -> str:
    """Return the link that opens a page where a passage begins."""
    # Signs of Markdown are not on the page: what stands between them is looked for.
    runs = [run.split() for run in _SIGNS.split(passage)]
    words = next((run[:_FRAGMENT] for run in runs if len(run) > _FEW), None)
    return f"{link}#:~:text={quote(' '.join(words), safe='')}" if words else link


def _source(source: Source) -> str:
    title = escape(source.title or source.address)
    named = (
        f'<a href="{escape(source.link)}" rel="noreferrer">{title}</a>' if source.link else title
    )
    address = f" <code>{escape(source.address)}</code>" if source.title else ""
    same = f"; the same words: {escape(', '.join(source.copies))}" if source.copies else ""
    told = f" · {escape(told_of(source))}" if told_of(source) else ""
    return f"{named}{address}{told}{same}{_numbers([n - 1 for n in source.numbers])}"
