"""The table of a wide run: its cells, filled from what was read, and how complete it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from manyminds.agents.scout import Column, Wanted, cells, sort_into, topics
from manyminds.core.messages import ToolCall
from manyminds.core.protocols import Run, ToolOutcome
from manyminds.core.values import (
    Answer,
    Cell,
    Completeness,
    Evidence,
    Failure,
    Looked,
    Member,
    Plan,
    Report,
    Table,
)
from manyminds.judging.citing.spans import Span, spans_of
from manyminds.judging.citing.support import Numbered
from manyminds.judging.listing import Entry, Item, estimate, spread
from manyminds.judging.sorting import in_order

__all__ = ["Sheet", "deliver_table", "fill"]

BATCH = 8
"""Rows that a lead is asked to fill at once."""
SORTED = 20
"""Titles that are sorted at once."""
MOST_PAGES = 120
"""Pages of items that are read for what no list says."""
_PAGE = 1_500
"""Characters of an item's page that the lead is shown."""
_JUDGED = "judged by the model from its title"
SEEN = 60
"""Titles from all over the table that its kinds are made up from."""


@dataclass(frozen=True, kw_only=True)
class _Filled:
    """What a cell holds, before its citations have numbers."""

    text: str | None = None
    spans: tuple[Span, ...] = ()
    why: str = ""


@dataclass(kw_only=True)
class Sheet:
    """A table in the making; whatever ends the run, what is there is delivered."""

    run: Run
    plan: Plan
    columns: list[Column] = field(default_factory=list[Column])
    items: list[Item] = field(default_factory=list[Item])
    filled: dict[tuple[str, int], _Filled] = field(default_factory=dict[tuple[str, int], _Filled])
    """By column and place of the item; columns that an entry tells itself are not in it."""
    not_found: list[Looked] = field(default_factory=list[Looked])
    missing: list[str] = field(default_factory=list[str])

    def looked(self, what: str, outcome: ToolOutcome) -> None:
        """Note what did not come."""
        if outcome.error is not None:
            self.not_found.append(Looked(what=what, why=outcome.error))

    def columns_of(self, asked: Wanted, plan: Plan) -> list[Column]:
        """Return the columns of a plan; those that the person added are facts."""
        known = {column.name: column for column in asked.columns}
        return [known.get(name, Column(name=name, kind="fact")) for name in plan.columns]

    def cell(self, column: Column, place: int) -> _Filled:
        """Return what is known of an item."""
        if column.kind in ("fact", "judged"):
            return self.filled.get((column.name, place)) or _Filled(why="not worked to the end")
        return _own(column, self.items[place])


async def fill(sheet: Sheet) -> None:
    """Fill the columns that entries do not tell; what fails leaves its cells empty, and says so."""
    for column in sheet.columns:
        if column.kind in ("fact", "judged"):
            job = _judged if column.kind == "judged" else _fact
            [done] = await sheet.run.gather([job(sheet, column)])
            if isinstance(done, Failure):
                sheet.missing.append(f"{column.name}: {done.message}")


def _own(column: Column, item: Item) -> _Filled:
    """Return what the item's own entry says."""
    first = item.first
    if column.kind == "date":
        dated = next((e for e in item.entries if e.date), None)
        if dated is None:
            return _Filled(why="its list tells no date")
        return _Filled(text=dated.date, spans=(dated.span,))
    text = first.title if column.kind == "name" else first.address
    return _Filled(text=text, spans=tuple(e.span for e in item.entries))


async def _fact(sheet: Sheet, column: Column) -> None:
    """Take a fact from what stands beside each entry, else from the item's own page."""
    beside = [(p, _words_of(item.first)) for p, item in enumerate(sheet.items) if item.first.around]
    for i in range(0, len(beside), BATCH):
        batch = beside[i : i + BATCH]
        said = await cells(sheet.run, [column.name], [text for _, text in batch])
        for (place, text), row in zip(batch, said, strict=True):
            value = row[column.name]
            if value is not None and _stands(value, text):
                spans = (sheet.items[place].first.span,)
                sheet.filled[column.name, place] = _Filled(text=value, spans=spans)
    left = [p for p in range(len(sheet.items)) if (column.name, p) not in sheet.filled]
    for place in left[MOST_PAGES:]:
        sheet.filled[column.name, place] = _Filled(why="not looked up: too many rows")
    for i in range(0, min(len(left), MOST_PAGES), BATCH):
        await _from_pages(sheet, column, left[i : min(i + BATCH, MOST_PAGES)])


def _words_of(entry: Entry) -> str:
    """Return what an entry says; its address is no statement."""
    return " · ".join(p for p in (entry.title, entry.around, entry.under, entry.date) if p)


async def _from_pages(sheet: Sheet, column: Column, places: Sequence[int]) -> None:
    run, items = sheet.run, sheet.items
    reader = Member(name="reader", way="look_up", model=run.members[0].model)
    read = await run.gather([_page(run, reader, items[p], column) for p in places])
    pages: list[tuple[int, tuple[Evidence, ...]]] = []
    for place, got in zip(places, read, strict=True):
        error = got.message if isinstance(got, Failure) else got.error
        if error is not None or isinstance(got, Failure):
            why = f"its page was not read: {error}"
            sheet.filled[column.name, place] = _Filled(why=why)
        else:
            pages.append((place, got.evidence))
    for i in range(0, len(pages), BATCH // 2):
        batch = pages[i : i + BATCH // 2]
        shown = [_shown(items[place], found) for place, found in batch]
        said = await cells(run, [column.name], shown)
        for (place, found), row in zip(batch, said, strict=True):
            cell = _checked(row[column.name], items[place], found)
            sheet.filled[column.name, place] = cell


async def _page(run: Run, reader: Member, item: Item, column: Column) -> ToolOutcome:
    call = ToolCall(
        id=run.new_id("look"), name="read_page",
        arguments={"address": item.first.address, "about": f"{item.first.title} {column.name}"},
    )  # fmt: skip
    return await run.call(reader, call)


def _shown(item: Item, read: Sequence[Evidence]) -> str:
    text = " … ".join(e.output for e in read)
    return f"{item.first.title}: {' '.join(text.split())[:_PAGE]}"


def _checked(value: str | None, item: Item, read: Sequence[Evidence]) -> _Filled:
    """Keep a value that stands in a sentence of the page; anything else is no fact.

    A sentence that names the item is taken before one that does not.
    """
    if value is not None:
        spans = [s for e in read for s in spans_of(e) if _stands(value, s.quote)]
        named = [span for span in spans if _stands(item.first.title, span.quote)]
        if spans:
            return _Filled(text=value, spans=((named or spans)[0],))
    return _Filled(why="its page does not say")


def _stands(value: str, text: str) -> bool:
    """Say whether a text holds a value, as words of their own: no 2 stands in 3.12."""
    words = r"\s+".join(re.escape(word) for word in value.split())
    found = re.search(rf"(?<![\w.,\-−])(?:{words})(?!\w|[.,]\d)", text, re.IGNORECASE)
    return bool(words) and found is not None


async def _judged(sheet: Sheet, column: Column) -> None:
    """Sort the items by a judgement: first into what, then each."""
    titles = [f"{i.first.title} ({i.first.around[:80]})" for i in sheet.items]
    names = await topics(sheet.run, column.name, spread(titles, SEEN))
    for i in range(0, len(titles) if names else 0, SORTED):
        sorted_ = await sort_into(sheet.run, column.name, names, titles[i : i + SORTED])
        for place, name in enumerate(sorted_, i):
            why = _JUDGED if name else "not judged"
            sheet.filled[column.name, place] = _Filled(text=name, why=why)


def deliver_table(sheet: Sheet) -> Answer:
    """Return the table as an answer: ranked, or rows of one judged kind together."""
    numbers = Numbered()
    order, ranked = _ranked(sheet) if sheet.plan.order else (_by_kind(sheet), "")
    rows = tuple(
        tuple(_numbered(numbers, sheet.cell(column, place)) for column in sheet.columns)
        for place in order
    )
    believed, how = estimate(sheet.items)
    table = Table(
        columns=tuple(column.name for column in sheet.columns), rows=rows,
        completeness=Completeness(found=len(rows), believed=believed, how=how), ranked=ranked,
    )  # fmt: skip
    report = Report(plan=sheet.plan, table=table, not_found=tuple(sheet.not_found))
    found = bool(rows)
    cited = {e.span.evidence.id: e.span.evidence for i in sheet.items for e in i.entries}
    nothing = () if found else ("no list was found that holds them",)
    return Answer(
        outcome="none" if not found else "partial" if sheet.missing else "answered",
        text=f"{len(rows)} found: {sheet.plan.item}" if found else None,
        canonical=str(len(rows)) if found else None,
        confidence=None,
        author="lead",
        evidence=tuple(cited.values()),
        citations=tuple(numbers.citations),
        missing=(*nothing, *sheet.missing),
        how=how,
        report=report,
    )


def _by_kind(sheet: Sheet) -> list[int]:
    """Return the places of all rows, those that were judged the same together."""
    order = list(range(len(sheet.items)))
    by = next((c for c in sheet.columns if c.kind == "judged"), None)
    if by is not None:
        first: dict[str | None, int] = {}
        for place in order:
            first.setdefault(sheet.cell(by, place).text, place)
        order.sort(key=lambda place: (first[sheet.cell(by, place).text], place))
    return order


def _ranked(sheet: Sheet) -> tuple[list[int], str]:
    """Return the places of all rows by what a column says of them, and how that went."""
    plan, everywhere = sheet.plan, list(range(len(sheet.items)))
    column = next((c for c in sheet.columns if c.name == plan.order), None)
    if column is None or column.kind == "judged":
        why = "is judged, not read" if column else f"is none of {', '.join(plan.columns)}"
        sheet.missing.append(f"not ranked: “{plan.order}” {why}")
        return _by_kind(sheet), ""
    texts = [sheet.cell(column, place).text for place in everywhere]
    words, down = column.kind == "name", plan.descending
    found = in_order(texts, name=column.name, descending=down, words=words)
    ends = ("from Z to A", "from A to Z") if words else (
        "the largest or latest first", "the smallest or earliest first",
    )  # fmt: skip
    told = f"ranked by {column.name}, {ends[0 if down else 1]}" if found.places else ""
    if found.left:
        why = f"what stands in {column.name} is unknown or cannot be compared"
        told += f"; the last {len(found.left)} are not ranked: {why}" if told else ""
        sheet.missing.append(f"{len(found.left)} of {len(texts)} rows are not ranked: {why}")
    return [*found.places, *found.left], told


def _numbered(numbers: Numbered, cell: _Filled) -> Cell:
    places = tuple(numbers.place(span, "supported") for span in cell.spans)
    return Cell(text=cell.text, why=cell.why, citations=places)
