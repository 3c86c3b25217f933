"""The table of a wide run: its cells, filled from what was read, and how complete it is."""

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
from manyminds.judging.listing import Item, estimate

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


@dataclass(frozen=True, kw_only=True)
class _Filled:
    """What a cell holds, before its citations have numbers."""

    text: str | None
    spans: tuple[Span, ...] = ()
    why: str = ""


@dataclass(kw_only=True)
class Sheet:
    """A table in the making."""

    run: Run
    plan: Plan
    columns: list[Column] = field(default_factory=list[Column])
    items: list[Item] = field(default_factory=list[Item])
    filled: dict[str, list[_Filled]] = field(default_factory=dict[str, list[_Filled]])
    """By column, in the order of the items."""
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


async def fill(sheet: Sheet) -> None:
    """Fill every column; what fails leaves its cells empty, and says so."""
    for column in sheet.columns:
        job = _judged if column.kind == "judged" else _fact if column.kind == "fact" else None
        if job is None:
            sheet.filled[column.name] = [_own(column, item) for item in sheet.items]
            continue
        [done] = await sheet.run.gather([job(sheet, column)])
        if isinstance(done, Failure):
            sheet.missing.append(f"{column.name}: {done.message}")
            done = [_Filled(text=None, why="not worked to the end") for _ in sheet.items]
        sheet.filled[column.name] = done


def _own(column: Column, item: Item) -> _Filled:
    """Return what the item's own entry says."""
    first = item.first
    if column.kind == "date":
        dated = next((e for e in item.entries if e.date), None)
        if dated is None:
            return _Filled(text=None, why="its list tells no date")
        return _Filled(text=dated.date, spans=(dated.span,))
    text = first.title if column.kind == "name" else first.address
    return _Filled(text=text, spans=tuple(e.span for e in item.entries))


async def _fact(sheet: Sheet, column: Column) -> list[_Filled]:
    """Take a fact from what stands beside each entry, else from the item's own page."""
    found: list[_Filled | None] = [None] * len(sheet.items)
    beside = [
        (place, " · ".join(p for p in (e.title, e.around, e.under) if p), e.span)
        for place, item in enumerate(sheet.items)
        if (e := item.first).around
    ]
    for i in range(0, len(beside), BATCH):
        batch = beside[i : i + BATCH]
        said = await cells(sheet.run, [column.name], [text for _, text, _ in batch])
        for (place, _, span), row in zip(batch, said, strict=True):
            value = row[column.name]
            if value is not None and _stands(value, span.quote):
                found[place] = _Filled(text=value, spans=(span,))
    left = [place for place, cell in enumerate(found) if cell is None]
    for place, cell in (await _from_pages(sheet, column, left[:MOST_PAGES])).items():
        found[place] = cell
    return [cell or _Filled(text=None, why="not looked up: too many rows") for cell in found]


async def _from_pages(sheet: Sheet, column: Column, places: Sequence[int]) -> dict[int, _Filled]:
    run = sheet.run
    reader = Member(name="reader", way="look_up", model=run.members[0].model)
    found: dict[int, _Filled] = {}
    pages: list[tuple[int, tuple[Evidence, ...]]] = []
    for i in range(0, len(places), BATCH):
        batch = places[i : i + BATCH]
        read = await run.gather([_page(run, reader, sheet.items[p], column) for p in batch])
        for place, got in zip(batch, read, strict=True):
            error = got.message if isinstance(got, Failure) else got.error
            if error is not None or isinstance(got, Failure):
                found[place] = _Filled(text=None, why=f"its page was not read: {error}")
            else:
                pages.append((place, got.evidence))
    for i in range(0, len(pages), BATCH // 2):
        batch_ = pages[i : i + BATCH // 2]
        shown = [_shown(sheet.items[place], read) for place, read in batch_]
        said = await cells(run, [column.name], shown)
        for (place, read), row in zip(batch_, said, strict=True):
            found[place] = _checked(row[column.name], read)
    return found


async def _page(run: Run, reader: Member, item: Item, column: Column) -> ToolOutcome:
    call = ToolCall(
        id=run.new_id("look"), name="read_page",
        arguments={"address": item.first.address, "about": f"{item.first.title} {column.name}"},
    )  # fmt: skip
    return await run.call(reader, call)


def _shown(item: Item, read: Sequence[Evidence]) -> str:
    text = " … ".join(e.output for e in read)
    return f"{item.first.title}: {' '.join(text.split())[:_PAGE]}"


def _checked(value: str | None, read: Sequence[Evidence]) -> _Filled:
    """Keep a value that stands in a sentence of the page; anything else is no fact."""
    if value is None:
        return _Filled(text=None, why="its page does not say")
    for e in read:
        for span in spans_of(e):
            if _stands(value, span.quote):
                return _Filled(text=value, spans=(span,))
    return _Filled(text=None, why="its page does not say")


def _stands(value: str, text: str) -> bool:
    words = " ".join(value.casefold().split())
    return bool(words) and words in " ".join(text.casefold().split())


async def _judged(sheet: Sheet, column: Column) -> list[_Filled]:
    """Sort the items by a judgement: first into what, then each."""
    titles = [f"{i.first.title} ({i.first.around[:80]})" for i in sheet.items]
    names = await topics(sheet.run, column.name, titles)
    found: list[_Filled] = []
    for i in range(0, len(titles), SORTED):
        batch = titles[i : i + SORTED]
        sorted_ = (
            await sort_into(sheet.run, column.name, names, batch) if names else [None] * len(batch)
        )
        found += [_Filled(text=name, why=_JUDGED if name else "not judged") for name in sorted_]
    return found


def deliver_table(sheet: Sheet) -> Answer:
    """Return the table as an answer; rows of one judged kind stand together."""
    numbers = Numbered()
    names = tuple(column.name for column in sheet.columns)
    filled = {name: sheet.filled.get(name, []) for name in names}
    whole = all(len(cells_) == len(sheet.items) for cells_ in filled.values())
    order = list(range(len(sheet.items))) if whole else []
    by = next((c.name for c in sheet.columns if c.kind == "judged"), None)
    if by is not None:
        first: dict[str | None, int] = {}
        for place in order:
            first.setdefault(filled[by][place].text, place)
        order.sort(key=lambda place: (first[filled[by][place].text], place))
    rows = tuple(
        tuple(
            Cell(
                text=(cell := filled[name][place]).text, why=cell.why,
                citations=tuple(numbers.place(span, "supported") for span in cell.spans),
            )
            for name in names
        )
        for place in order
    )  # fmt: skip
    believed, how = estimate(sheet.items)
    table = Table(
        columns=names, rows=rows,
        completeness=Completeness(found=len(rows), believed=believed, how=how),
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
