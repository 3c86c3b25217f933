"""What the lead of a research is asked: to split a question, to see gaps, to put the answer first.

It never judges whether something is true and never adds to what was found.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run
from manyminds.core.values import Member, Part
from manyminds.tools.fence import fence

__all__ = ["MOST_PARTS", "Outline", "answers", "lead_of", "missing_parts", "outline", "split_up"]

MOST_PARTS = 6
FEW_PARTS = 2
"""For models without native tools, which are small."""
MOST_GAPS = 3
_WORDS: dict[str, JsonValue] = {"type": "string"}
_PART: JsonValue = {
    "type": "object",
    "properties": {"question": _WORDS, "query": {"type": "string"}},
    "required": ["question", "query"],
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True)
class Outline:
    """How a report goes: its answer, and which statements stand under which title."""

    answer: str
    sections: tuple[tuple[str, tuple[int, ...]], ...]
    """Titles, with places of statements."""
    laid: "Laid | None" = None
    """Statements side by side, where a comparison is asked for."""


@dataclass(frozen=True, kw_only=True)
class Laid:
    """How statements make a table; the words at its sides are the lead's."""

    columns: tuple[str, ...]
    names: tuple[str, ...]
    places: tuple[tuple[int | None, ...], ...]
    """By row: places of statements; `None` where none tells."""


def lead_of(run: Run) -> Member:
    """Return who leads."""
    return Member(name="lead", way="direct", model=run.members[0].model)


async def split_up(run: Run) -> tuple[str, tuple[Part, ...]]:
    """Return the goal of the task and its parts; the whole question is one where none come back.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    question = run.task.prompt
    # The 1.5B model splits the simplest question into as many parts as it may.
    most = MOST_PARTS if run.abilities(lead_of(run)).tools is True else FEW_PARTS
    fields: dict[str, JsonValue] = {"goal": _WORDS, "parts": _parts(1, most)}
    text = prompt("plan_research", question=question, most=str(most))
    said = await _asked(run, text, fields, 500)
    parts = _read_parts(said.get("parts"))[:most]
    goal = said.get("goal")
    whole = (Part(question=question, query=question[:200]),)
    return goal if isinstance(goal, str) and goal else question, parts or whole


async def missing_parts(run: Run, found: str, tried: Sequence[Part]) -> tuple[Part, ...]:
    """Return parts that are still missing; none of those that were tried.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    text = prompt(
        "gaps", question=run.task.prompt, most=str(MOST_GAPS),
        found=fence(found, source="workers", limit=8_000),
    )  # fmt: skip
    said = await _asked(run, text, {"missing": _parts(0, MOST_GAPS)}, 300)
    before = {part.query.casefold() for part in tried} | {p.question.casefold() for p in tried}
    return tuple(
        part
        for part in _read_parts(said.get("missing"))[:MOST_GAPS]
        if part.query.casefold() not in before and part.question.casefold() not in before
    )


async def outline(run: Run, statements: Sequence[str]) -> Outline | None:
    """Return how the statements make a report; `None` where the lead does not say.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    listed = "\n".join(f"{n}. {text}" for n, text in enumerate(statements, 1))
    text = prompt(
        "compose", question=run.task.prompt,
        statements=fence(listed, source="statements", limit=12_000),
    )  # fmt: skip
    section: JsonValue = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 80},
            "statements": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["title", "statements"],
        "additionalProperties": False,
    }
    fields: dict[str, JsonValue] = {
        "answer": {"type": "string"},
        "sections": {"type": "array", "items": section, "minItems": 1, "maxItems": 8},
    }
    said = await _asked(run, text, fields, 700)
    answer, sections = said.get("answer"), said.get("sections")
    if not isinstance(answer, str) or not isinstance(sections, list):
        return None
    laid = await _laid(run, listed, len(statements)) if _COMPARES.search(run.task.prompt) else None
    return Outline(
        answer=answer, sections=tuple(_sections(sections, len(statements))), laid=laid
    )  # fmt: skip


async def _laid(run: Run, listed: str, count: int) -> Laid | None:
    """Return the statements laid out as a table; `None` where they compare nothing."""
    name: JsonValue = {"type": "string", "minLength": 1, "maxLength": 60}
    row: JsonValue = {
        "type": "object",
        "properties": {
            "name": name,
            "statements": {"type": "array", "items": {"type": "integer"}, "maxItems": 6},
        },
        "required": ["name", "statements"],
        "additionalProperties": False,
    }  # fmt: skip
    fields: dict[str, JsonValue] = {
        "columns": {"type": "array", "items": name, "maxItems": 6},
        "rows": {"type": "array", "items": row, "maxItems": 12},
    }
    question = run.task.prompt
    text = prompt(
        "compose_table", question=fence(question, source="question", limit=4_000),
        statements=fence(listed, source="statements", limit=12_000),
    )  # fmt: skip
    said = await _asked(run, text, fields, 600)
    return _read_laid(said, count, known=f"{question}\n{listed}")


def _read_laid(said: dict[str, JsonValue], count: int, *, known: str) -> Laid | None:
    """Read a table; one that is ragged, of one cell or with new numbers at its sides is none."""
    columns = tuple(str(c).strip() for c in _listed(said.get("columns")))
    rows = [row for row in _listed(said.get("rows")) if isinstance(row, dict)]
    names = tuple(str(row.get("name") or "").strip() for row in rows)
    numbers = [_listed(row.get("statements")) for row in rows]
    places = tuple(
        tuple(n - 1 if isinstance(n, int) and 1 <= n <= count else None for n in row)
        for row in numbers
    )
    told = sum(place is not None for row in places for place in row)
    sides = " ".join((*columns, *names))
    if told < _FEWEST or any(len(row) != len(columns) for row in places):
        return None
    if set(_DIGITS.findall(sides)) - set(_DIGITS.findall(known)):
        return None
    return Laid(columns=columns, names=names, places=places)


def _listed(said: JsonValue) -> list[JsonValue]:
    return said if isinstance(said, list) else []


_COMPARES = re.compile(
    r"\b(?:compar\w*|versus|vs\.?|differ\w*|side by side|as a table|in a table|each of)\b",
    re.IGNORECASE,
)
"""Questions that may want statements side by side; only of these the lead is asked."""
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_FEWEST = 3
"""Cells below which a table says less than its statements in a row."""


async def answers(run: Run, statement: str) -> bool | None:
    """Say whether a statement answers the task's question at all; `None` where the lead cannot say.

    Told the headline alone, the 1.5B model said no of all six that answered nothing and of one of
    28 others, of `benchmarks/research`; told statements as well, it took what stood near for one.

    Raises:
        BudgetExceeded: If it cannot be paid.
    """
    text = prompt(
        "answers", question=fence(run.task.prompt, source="question", limit=4_000),
        statement=fence(statement, source="statement", limit=1_500),
    )  # fmt: skip
    one: JsonValue = {"enum": ["yes", "no"]}
    said = (await _asked(run, text, {"answers": one}, 20)).get("answers")
    return None if said not in ("yes", "no") else said == "yes"


async def _asked(
    run: Run, text: str, fields: dict[str, JsonValue], most: int
) -> dict[str, JsonValue]:
    try:
        return await inquire(run, lead_of(run), text, fields, max_tokens=most, purpose="lead")
    except ProviderError:
        return {}


def _parts(fewest: int, most: int) -> JsonValue:
    return {"type": "array", "items": _PART, "minItems": fewest, "maxItems": most}


def _read_parts(said: JsonValue) -> tuple[Part, ...]:
    rows = cast("list[object]", said) if isinstance(said, list) else []
    found: dict[str, Part] = {}
    for row in rows:
        if not isinstance(row, dict):
            continue
        fields = cast("dict[str, object]", row)
        question, query = fields.get("question"), fields.get("query")
        if isinstance(question, str) and question.strip():
            words = query if isinstance(query, str) and query.strip() else question
            part = Part(question=question.strip(), query=words.strip()[:200])
            found.setdefault(part.question.casefold(), part)
    return tuple(found.values())


def _sections(said: list[JsonValue], count: int) -> list[tuple[str, tuple[int, ...]]]:
    """Return titles with places of statements; each statement stands where it is named first."""
    left = set(range(count))
    found: list[tuple[str, tuple[int, ...]]] = []
    for row in said:
        if not isinstance(row, dict):
            continue
        title, numbers = row.get("title"), row.get("statements")
        named = numbers if isinstance(numbers, list) else []
        places = [n - 1 for n in named if isinstance(n, int) and n - 1 in left]
        left -= set(places)
        if places:
            found.append((str(title or "").strip() or "More", tuple(dict.fromkeys(places))))
    if left:
        found.append(("More", tuple(sorted(left))))
    return found
