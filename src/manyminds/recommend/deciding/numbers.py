"""Amounts in the words of a wish."""

import re
from collections.abc import Iterator

from manyminds.recommend.catalogue.domain import Field
from manyminds.recommend.catalogue.read import Catalogue, number_of
from manyminds.recommend.deciding.span import Hours, Span
from manyminds.recommend.deciding.words import Words

__all__ = ["Read", "amounts"]

Read = tuple[str, str, float | Span | Hours | tuple[str, ...], str]
"""Field, test, value, and the words it was read from."""
_MONEY = r"[\u20ac$\u00a3]|euros?|eur|dollars?|usd|pounds?|gbp"
_LESS = (
    r"under|below|less than|at most|no more than|not more than|never more than|up to|maximum|max|"
    r"within|cheaper than|not over|nothing over|not above|nothing above|\u2264|<"
)
_MORE = (
    r"over|above|more than|at least|no less than|not less than|not under|minimum|min|from|\u2265|>"
)
_NUMBER = r"\d{1,3}(?: \d{3}){1,3}(?!\d)|\d[\d.,]*\d|\d"
_UNIT = (
    r"(?!(?:under|below|over|above|and|to|at|or|for|with|within|in|on|by|from|but|a|the|after|"
    r"before|until|till|since|around|about)\b)[a-z]+"
)
_AMOUNT = re.compile(
    rf"(?:\b(?P<less>{_LESS})|\b(?P<more>{_MORE}))?\s*(?P<sign>{_MONEY})?\s*(?<![\d:.,-])"
    rf"(?P<number>{_NUMBER})(?P<k>k\b)?(?P<plus>\+)?\s?-?(?P<unit>{_MONEY}|{_UNIT})?"
    r"(?![\d:])(?!-\d)(?!\.\d)"
)
_RANGE = re.compile(
    rf"(?:\b(?P<between>between|from)\s+)?(?P<sign>{_MONEY})?\s*(?<![\d:.,-])"
    rf"(?P<low>{_NUMBER})(?P<k1>k\b)?\s?(?:{_MONEY})?\s*(?:-|\u2013|to|and)\s*(?:{_MONEY})?\s*"
    rf"(?P<high>{_NUMBER})(?P<k2>k\b)?\s?(?P<unit>{_MONEY}|{_UNIT})?(?![\d:-])"
)
_NEGATED = re.compile(r"\b(?:don't|not|never|nothing|no|won't|can't)\b[^,.;!?]{0,24}$")
_COUNTED = re.compile(r"\b(?:for|children|kids|aged?|table|party of|at)\s*(?:of\s*)?$")
"""What stands before a number of people or years."""
_PEOPLE = frozenset((
    "people", "persons", "person", "guests", "kids", "children", "adults", "tickets", "ticket",
    "nights", "night", "pm", "am", "years", "year", "courses", "rooms", "th", "st", "nd", "rd",
    "day", "days", "week", "weeks", "month", "months", "january", "february", "march", "april",
    "may", "june", "july", "august", "september", "october", "november", "december",
))  # fmt: skip


def amounts(words: Words, catalogue: Catalogue) -> Iterator[Read]:
    """Yield what amounts ask for; a number that is of nothing the domain measures is left."""
    fields = [field for field in catalogue.domain.fields.values() if field.measured]
    for found in _RANGE.finditer(words.text):
        if not words.free(found.span()):
            continue
        one = _field(found, words, fields)
        money = one is not None and one.kind == "money"
        low = _value(found["low"], found["k1"] or found["k2"], money=money)
        high = _value(found["high"], found["k2"], money=money)
        if one is None or low is None or high is None or low > high:
            continue
        words.use(found.span())
        yield one.name, "at_least", low, found[0].strip()
        yield one.name, "at_most", high, found[0].strip()
    for found in _AMOUNT.finditer(words.text):
        if not words.free(found.span()) or not found["number"]:
            continue
        one = _field(found, words, fields)
        value = (
            None if one is None else _value(found["number"], found["k"], money=one.kind == "money")
        )
        test = None if one is None else _test(found, words, one)
        if one is None or value is None or test is None:
            continue
        words.use(found.span())
        yield one.name, test, value, found[0].strip()


def _value(number: str, thousands: str | None, *, money: bool) -> float | None:
    value = number_of(number, money=money)
    return None if value is None else value * (1_000 if thousands else 1)


def _test(found: re.Match[str], words: Words, one: Field) -> str | None:
    """Return which way an amount bounds; `None` where nothing says so."""
    if found["less"]:
        return "at_most"
    if found["more"] or found["plus"]:
        # Not more than is at most, however it is said.
        turned = found["more"] and _NEGATED.search(words.text[: found.start("more")])
        return "at_most" if turned else "at_least"
    return None if one.better is None else "at_most" if one.better == "less" else "at_least"


def _field(found: re.Match[str], words: Words, fields: list[Field]) -> Field | None:
    """Return the field that an amount is of: by its unit, or the field word nearest before it."""
    unit = found["unit"] or ""
    money = next((field for field in fields if field.kind == "money"), None)
    if found["sign"] or re.fullmatch(_MONEY, unit):
        return money
    for one in fields:
        named = one.kind != "money" and unit and (unit in one.words or unit == one.unit.casefold())
        if named:
            return one
    if unit in _PEOPLE:
        return None
    before = words.text[max(0, found.start() - 30) : found.start()]
    named = [
        (place.end(), one)
        for one in fields for word in one.words
        for place in re.finditer(rf"(?<![\w-]){re.escape(word)}(?![\w-])", before)
    ]  # fmt: skip
    if named and not _COUNTED.search(before):
        return max(named, key=lambda pair: pair[0])[1]
    bounded = "number" in found.groupdict() and (found["less"] or found["more"])
    if bounded and not _COUNTED.search(before) and found["more"] != "from":
        return money
    return None
