"""What a lead is asked when all items of a kind are wanted: the kind, the lists, what belongs.

It picks among lines that were read and never writes one: an item cannot be invented.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from manyminds.agents.inquiry import inquire
from manyminds.agents.lead import lead_of
from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run
from manyminds.tools.fence import fence

__all__ = [
    "Column",
    "Wanted",
    "cells",
    "choose_groups",
    "ranking",
    "sort_into",
    "strangers",
    "topics",
    "wanted",
]

Kind = Literal["name", "link", "date", "fact", "judged"]
_KINDS: tuple[Kind, ...] = ("name", "link", "date", "fact", "judged")
_SHORT: JsonValue = {"type": "string", "maxLength": 80}
_ASKS_ORDER = re.compile(
    r"\b(?:rank(?:ed|ing)?|sort(?:ed)?|order(?:ed)? by|in order of|top|best|worst|most|least|"
    r"first|(?:larg|small|bigg|high|low|long|short|old|new|earli|lat|heavi|light|fast|slow|cheap)(?:est|er))\b",
    re.IGNORECASE,
)
"""Questions that may want rows in order; only of these the lead is asked."""
_NO_COLUMN = "no column"
_NUMBERS: JsonValue = {"type": "array", "items": {"type": "integer"}}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One thing that is told of each item."""

    name: str
    kind: Kind
    """What it is filled from: the entry's own fields, a fact that a page states, or a judgement."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be listed."""

    item: str
    columns: tuple[Column, ...]
    queries: tuple[str, ...]


async def wanted(run: Run) -> Wanted:
    """Return what the task wants listed; names and links where the lead does not say.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    column: JsonValue = {
        "type": "object",
        "properties": {"name": _SHORT, "kind": {"enum": list(_KINDS)}},
        "required": ["name", "kind"],
        "additionalProperties": False,
    }
    fields: dict[str, JsonValue] = {
        "item": _SHORT,
        "columns": {"type": "array", "items": column, "minItems": 1, "maxItems": 6},
        "queries": {"type": "array", "items": _SHORT, "minItems": 1, "maxItems": 3},
    }
    said = await _asked(run, prompt("wide_plan", question=run.task.prompt), fields, 400)
    item, queries = said.get("item"), said.get("queries")
    found = list(_columns(said.get("columns")))
    always: tuple[Kind, ...] = ("link", "name")
    for kind in always:
        if not any(column.kind == kind for column in found):
            found.insert(0, Column(name=kind, kind=kind))
    found.sort(key=lambda column: _KINDS.index(column.kind))
    searched = tuple(str(q) for q in queries if q) if isinstance(queries, list) else ()
    return Wanted(
        item=item if isinstance(item, str) and item else run.task.prompt[:80],
        columns=tuple(found), queries=searched or (run.task.prompt[:200],),
    )  # fmt: skip


def _columns(said: JsonValue) -> list[Column]:
    rows = said if isinstance(said, list) else []
    found: dict[str, Column] = {}
    for row in rows:
        if (
            isinstance(row, dict)
            and row.get("kind") in _KINDS
            and str(row.get("name") or "").strip()
        ):
            kind = cast("Kind", row["kind"])
            once = kind if kind in ("name", "link", "date") else str(row["name"]).casefold()
            found.setdefault(once, Column(name=str(row["name"]).strip(), kind=kind))
    return list(found.values())


async def ranking(run: Run, columns: Sequence[Column]) -> tuple[str, bool] | None:
    """Return the column that rows are to be put in order by, and whether its largest come first.

    `None` where nobody asked for an order, or the lead does not say; an empty name where no column
    tells the one that was asked for.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    question = run.task.prompt
    if not _ASKS_ORDER.search(question):
        return None
    names = [column.name for column in columns if column.kind in ("name", "date", "fact")]
    fields: dict[str, JsonValue] = {
        "by": {"enum": [*names, _NO_COLUMN, "no order"]},
        "first": {"enum": ["largest", "smallest"]},
    }
    listed = fence("; ".join(names), source="columns", limit=600)
    said = await _asked(run, prompt("wide_rank", columns=listed, question=question), fields, 60)
    by = said.get("by")
    if by not in names and by != _NO_COLUMN:
        return None
    return (str(by) if by in names else ""), said.get("first") != "smallest"


async def choose_groups(run: Run, item: str, shown: Sequence[str]) -> dict[int, bool]:
    """Return the places of groups that hold items; `True` where they hold nothing else.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    group: JsonValue = {
        "type": "object",
        "properties": {"group": {"type": "integer"}, "holds": {"enum": ["only", "some"]}},
        "required": ["group", "holds"],
        "additionalProperties": False,
    }
    text = prompt("wide_groups", item=item, question=run.task.prompt, groups=_fenced(shown, 9_000))
    fields: dict[str, JsonValue] = {"groups": {"type": "array", "items": group, "maxItems": 20}}
    said = (await _asked(run, text, fields, 400)).get("groups")
    found: dict[int, bool] = {}
    for row in said if isinstance(said, list) else []:
        place = row.get("group") if isinstance(row, dict) else None
        if isinstance(row, dict) and isinstance(place, int) and 1 <= place <= len(shown):
            found[place - 1] = row.get("holds") == "only"
    return found


async def strangers(run: Run, item: str, shown: Sequence[str]) -> set[int]:
    """Return the places of lines that are no such item.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    text = prompt("wide_strangers", item=item, lines=_fenced(shown, 6_000))
    said = (await _asked(run, text, {"others": _NUMBERS}, 200)).get("others")
    numbers = said if isinstance(said, list) else []
    return {n - 1 for n in numbers if isinstance(n, int) and 1 <= n <= len(shown)}


async def cells(
    run: Run, columns: Sequence[str], shown: Sequence[str]
) -> list[dict[str, str | None]]:
    """Return what each text says in each column, in its own words; `None` where it does not say.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    value: JsonValue = {"type": ["string", "null"], "maxLength": 120}
    properties: dict[str, JsonValue] = dict.fromkeys(columns, value)
    one: JsonValue = {
        "type": "object", "properties": properties, "required": list(columns),
        "additionalProperties": False,
    }  # fmt: skip
    count = len(shown)
    rows: JsonValue = {"type": "array", "items": one, "minItems": count, "maxItems": count}
    text = prompt("wide_cells", columns=", ".join(columns), texts=_fenced(shown, 12_000))
    said = (await _asked(run, text, {"rows": rows}, 80 + 60 * count)).get("rows")
    read = said if isinstance(said, list) and len(said) == count else [None] * count
    return [
        {c: _words(row.get(c)) if isinstance(row, dict) else None for c in columns} for row in read
    ]


async def topics(run: Run, column: str, titles: Sequence[str]) -> list[str]:
    """Return what items are sorted into, by their titles.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    text = prompt(
        "wide_topics", column=column, question=run.task.prompt, lines=_fenced(titles, 8_000)
    )
    fields: dict[str, JsonValue] = {
        "topics": {"type": "array", "items": _SHORT, "minItems": 1, "maxItems": 8}
    }
    said = (await _asked(run, text, fields, 200)).get("topics")
    return [str(t).strip() for t in said if str(t).strip()] if isinstance(said, list) else []


async def sort_into(
    run: Run, column: str, names: Sequence[str], titles: Sequence[str]
) -> list[str | None]:
    """Return which of the names each title goes to; `None` where the lead does not say.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    count = len(titles)
    many: JsonValue = {
        "type": "array", "items": {"enum": list(names)}, "minItems": count, "maxItems": count,
    }  # fmt: skip
    text = prompt(
        "wide_sort",
        column=column,
        names=fence("; ".join(names), source="kinds", limit=600),
        lines=_fenced(titles, 6_000),
    )
    said = (await _asked(run, text, {"sorted": many}, 40 + 16 * count)).get("sorted")
    found = said if isinstance(said, list) and len(said) == count else [None] * count
    return [str(name) if name in names else None for name in found]


async def _asked(
    run: Run, text: str, fields: dict[str, JsonValue], most: int
) -> dict[str, JsonValue]:
    try:
        return await inquire(run, lead_of(run), text, fields, max_tokens=most, purpose="lead")
    except ProviderError:
        return {}


def _fenced(lines: Sequence[str], limit: int) -> str:
    listed = "\n".join(f"{n}. {text}" for n, text in enumerate(lines, 1))
    return fence(listed, source="lists", limit=limit)


def _words(value: JsonValue) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None
