"""What a person's words ask of things to choose from: conditions, tastes, and what counts more.

Nothing here is a model's guess: a condition names the words it was read from, and words that name
nothing a catalogue has are no condition.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from manyminds.recommend.catalogue.domain import Field
from manyminds.recommend.catalogue.item import WEEKDAYS, Item, Value
from manyminds.recommend.catalogue.read import Catalogue, number_of

__all__ = ["NEW", "Condition", "Span", "Taste", "Test", "Wish", "holds", "read_wish"]

Test = Literal["at_most", "at_least", "any", "all", "none", "is", "between", "new"]
NEW = "new"
STRESSED = 3.0
"""What a field's weight is multiplied by where it is stressed."""
_LESS = (
    r"under|below|less than|at most|no more than|not more than|up to|max(?:imum)?|within|"
    r"cheaper than|\u2264|<"
)
_MORE = r"over|above|more than|at least|no less than|min(?:imum)?|from|\u2265|>"
_AMOUNT = re.compile(
    rf"(?:\b|(?<=\s))(?:(?P<less>{_LESS})|(?P<more>{_MORE}))?\s*(?P<sign>[\u20ac$\u00a3])?\s*"
    r"(?P<number>\d[\d.,]*\d|\d)\s?(?P<unit>[\u20ac$\u00a3]|[a-z]+)?"
)
_NEGATED = re.compile(
    r"\b(?:no|not|without|never|avoid(?:s|ing)?|except|nothing|isn't|don't|doesn't|can't|cannot|"
    r"hates?|dislikes?|allergic to)\b[^.,;!?]{0,24}$"
)
_SOFT = re.compile(
    r"\b(?:prefer\w*|ideally|maybe|perhaps|rather|would be nice|if possible)\b[^.;!?]{0,40}$"
)
_NEW = re.compile(
    r"(?:haven't|have not|hasn't|never|not)\s+(?:yet\s+)?(?:been|tried|seen|visited|gone|had)|"
    r"\b(?:somewhere|something|anything|anywhere|place) new\b|\bnew to me\b"
)
_STRONG = re.compile(r"\b(?:never|allergic|cannot|can't|must|only|no)\b")
_DAY = re.compile(
    r"\b(?P<near>today|tonight|this evening|tomorrow|day after tomorrow)\b|"
    r"\b(?P<weekend>(?:this|at the|next) weekend)\b|"
    rf"\b(?P<weekday>{'|'.join(WEEKDAYS)})\b|\b(?P<iso>\d{{4}}-\d\d-\d\d)\b"
)
_NEAR = {"today": 0, "tonight": 0, "this evening": 0, "tomorrow": 1, "day after tomorrow": 2}


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time: from its begin on, and before its end."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What must hold of an option."""

    field: str
    """"" for what is asked of the item itself: that it is new."""
    test: Test
    value: Value | Span | None
    said: str
    """The words it was read from."""
    source: str
    """Where they stand: the wish, an answer, a line of the memory."""


@dataclass(frozen=True, kw_only=True)
class Taste:
    """What speaks for an option that has a tag, or against it."""

    field: str
    tag: str
    sign: int
    """1 for it, -1 against."""
    said: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was read from words."""

    conditions: tuple[Condition, ...] = ()
    tastes: tuple[Taste, ...] = ()
    stressed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fields that count more than usual, with the words that say so."""
    unread: tuple[str, ...] = ()
    """Parts of it that no condition, taste or weight was read from, and that name no domain."""

    def settled(self) -> set[str]:
        """Return the fields that something was said about."""
        return {c.field for c in self.conditions} | {t.field for t in self.tastes}


def read_wish(
    text: str, catalogue: Catalogue, *, today: date, source: str, soft: bool = False
) -> Wish:
    """Read conditions and tastes from words.

    Args:
        text: What somebody wrote.
        catalogue: What there is; only what it has can be asked of it.
        today: The day that "tonight" is of.
        source: Where the words stand.
        soft: Whether words for tags are tastes unless they say otherwise: so where the person is
            described, while a wish asks.
    """
    low = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    conditions = [*_amounts(low, catalogue, source), *_days(low, catalogue, today, source)]
    tastes: list[Taste] = []
    for one in catalogue.domain.fields.values():
        if one.kind == "tags":
            asked, liked = _tags(low, one, catalogue, source, soft=soft)
            conditions += asked
            tastes += liked
        elif one.kind == "yes" and (word := _word(low, one.words)):
            negated = bool(_NEGATED.search(low[: low.index(word)]))
            conditions.append(
                Condition(field=one.name, test="is", value=not negated, said=word, source=source)
            )
    if found := _NEW.search(low):
        conditions.append(Condition(field="", test="new", value=None, said=found[0], source=source))
    stressed = {
        one.name: word
        for one in catalogue.domain.fields.values()
        if (word := _word(low, one.stress)) and not any(c.field == one.name for c in conditions)
    }
    read = [*(c.said for c in conditions), *(t.said for t in tastes), *stressed.values()]
    return Wish(
        conditions=tuple(conditions), tastes=tuple(tastes), stressed=stressed,
        unread=_unread(low, catalogue, read),
    )  # fmt: skip


def holds(condition: Condition, item: Item, been: frozenset[str]) -> bool | None:
    """Say whether a condition holds of an item; `None` where that is not known.

    Args:
        condition: What must hold.
        item: One item.
        been: Titles of what the person has had before, in small letters.
    """
    if condition.test == "new":
        return item.title.casefold() not in been
    value, asked = item.values.get(condition.field), condition.value
    if value is None:
        # Who avoids something is safe only where it is known not to be there.
        return None
    match condition.test:
        case "at_most":
            return isinstance(value, float) and isinstance(asked, float) and value <= asked
        case "at_least":
            return isinstance(value, float) and isinstance(asked, float) and value >= asked
        case "is":
            return value == asked
        case "between":
            if not (isinstance(value, datetime) and isinstance(asked, Span)):
                return False
            return asked.begin <= value < asked.end
        case "any" | "all" | "none":
            has = set(value) if isinstance(value, tuple) else {value}
            wanted = set(asked) if isinstance(asked, tuple) else {asked}
            if condition.test == "any":
                return bool(has & wanted)
            return wanted <= has if condition.test == "all" else not has & wanted


def _unread(low: str, catalogue: Catalogue, read: list[str]) -> tuple[str, ...]:
    """Return the parts between commas that nothing was read from and that name no domain."""
    words = {word for said in read for word in re.findall(r"\w+", said)}
    words |= set(catalogue.domain.about)
    parts = (part.strip() for part in re.split(r"[,;.!?]|\band\b|\bbut\b", low))
    return tuple(part for part in parts if part and not words & set(re.findall(r"\w+", part)))


def _amounts(low: str, catalogue: Catalogue, source: str) -> Iterator[Condition]:
    fields = list(catalogue.domain.fields.values())
    for found in _AMOUNT.finditer(low):
        number = number_of(found["number"])
        one = _measured(found, low, fields)
        if number is None or one is None:
            continue
        if found["less"] or found["more"]:
            test: Test = "at_most" if found["less"] else "at_least"
        elif one.better is not None:
            test = "at_most" if one.better == "less" else "at_least"
        else:
            continue
        yield Condition(
            field=one.name, test=test, value=number, said=found[0].strip(), source=source
        )


def _measured(found: re.Match[str], low: str, fields: list[Field]) -> Field | None:
    """Return the field that an amount is of."""
    sign, unit = found["sign"] or "", found["unit"] or ""
    if (
        sign in "\u20ac$\u00a3"
        and sign
        or unit in ("\u20ac", "$", "\u00a3", "euro", "euros", "eur", "dollars", "usd", "pounds")
    ):
        return next((f for f in fields if f.kind == "money"), None)
    if unit:
        for one in fields:
            if one.measured and (unit in one.words or unit == one.unit.casefold()):
                return one
    before = low[max(0, found.start() - 30) : found.start()]
    for one in fields:
        if one.measured and _word(before, one.words):
            return one
    if (found["less"] or found["more"]) and not unit:
        return next((f for f in fields if f.kind == "money"), None)
    return None


def _days(low: str, catalogue: Catalogue, today: date, source: str) -> Iterator[Condition]:
    found = _DAY.search(low)
    if found is None:
        return
    first, days = today, 1
    if found["near"]:
        first = today + timedelta(days=_NEAR[found["near"]])
    elif found["weekend"]:
        first, days = today + timedelta(days=(5 - today.weekday()) % 7), 2
    elif found["weekday"]:
        first = today + timedelta(days=(WEEKDAYS.index(found["weekday"]) - today.weekday()) % 7)
    else:
        try:
            first = date.fromisoformat(found["iso"])
        except ValueError:
            return
    begin = datetime.combine(first, datetime.min.time())
    for one in catalogue.domain.fields.values():
        has = any(one.name in item.values for item in catalogue.items)
        if one.kind == "time" and one.better is None and has:
            span = Span(begin=begin, end=begin + timedelta(days=days))
            yield Condition(
                field=one.name, test="between", value=span, said=found[0], source=source
            )
        elif one.kind == "days" and has:
            named = tuple(WEEKDAYS[(first.weekday() + step) % 7] for step in range(days))
            yield Condition(field=one.name, test="any", value=named, said=found[0], source=source)


def _tags(
    low: str, one: Field, catalogue: Catalogue, source: str, *, soft: bool
) -> tuple[list[Condition], list[Taste]]:
    """Read the tags of one field: those asked for, those refused, and tastes."""
    there = catalogue.tags(one.name)
    said: dict[str, str] = {tag: tag for tag in there}
    said |= {word: tag for word, tag in one.synonyms.items() if word not in said and tag in there}
    wanted: list[tuple[int, str, str]] = []
    refused: list[tuple[str, str]] = []
    tastes: list[Taste] = []
    taken: list[tuple[int, int]] = []
    for word, tag in sorted(said.items(), key=lambda pair: -len(pair[0])):
        found = re.search(rf"(?<![\w-]){re.escape(word)}(?:s|es)?(?![\w-])", low)
        if found is None or any(
            begin < found.end() and found.start() < end for begin, end in taken
        ):
            continue
        taken.append(found.span())
        before = low[: found.start()]
        negated, mild = bool(_NEGATED.search(before)), bool(_SOFT.search(before)) or soft
        strong = one.strict or bool(soft and negated and _STRONG.search(before))
        if mild and not strong:
            tastes.append(
                Taste(field=one.name, tag=tag, sign=-1 if negated else 1, said=word, source=source)
            )
        elif negated:
            refused.append((word, tag))
        else:
            wanted.append((found.start(), word, tag))
    wanted.sort()
    asked: list[Condition] = []
    if wanted:
        either = not one.strict and len(wanted) > 1
        words, tags = " or ".join(w for _, w, _ in wanted), tuple(t for *_, t in wanted)
        words = words if either else ", ".join(w for _, w, _ in wanted)
        asked.append(
            Condition(
                field=one.name,
                test="any" if either else "all",
                value=tags,
                said=words,
                source=source,
            )
        )
    if refused:
        tags, words = tuple(t for _, t in refused), "no " + ", ".join(w for w, _ in refused)
        asked.append(Condition(field=one.name, test="none", value=tags, said=words, source=source))
    return asked, tastes


def _word(low: str, words: tuple[str, ...]) -> str | None:
    """Return the first of some words that stands in a text."""
    return next((w for w in words if re.search(rf"(?<![\w-]){re.escape(w)}(?![\w-])", low)), None)
