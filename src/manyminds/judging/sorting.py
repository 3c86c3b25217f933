"""What a column tells, put in order: days, versions, sums of money, quantities of one kind, names.

What cannot be compared with most of the column (no value, words, a number of something else, what
may be read in two ways) is put nowhere: a ranking is read from values that stand, or there is none.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from manyminds.judging.canonical.calendar import read_date
from manyminds.judging.canonical.number import read_quantity

__all__ = ["Sorted", "in_order"]

_VERSION = re.compile(
    r"(?:(?!version\b)(?P<of>[A-Za-z][\w+#-]*)\s+)?(?:version\s+|v)?(?P<number>\d+(?:\.\d+)*)\+?",
    re.IGNORECASE,
)
_OF_VERSIONS = re.compile(
    r".*\bversions?\b.*|releases?|since|(?:added|introduced|deprecated|removed)(?: in)?",
    re.IGNORECASE,
)
"""Columns whose 3.10 comes after 3.9."""
_GROUPED = re.compile(r"\d{1,3}(?:\.\d{3}){2,}")
"""Thousands as some countries write them, or a version: nobody can say."""
_MONEY = re.compile(
    r"(?P<sign>[$€£])\s?(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s?"
    r"(?P<scale>k|m|mn|b|bn|thousand|million|billion|trillion)?",
    re.IGNORECASE,
)
_SCALES = {
    "": 1, "k": 10**3, "thousand": 10**3, "m": 10**6, "mn": 10**6, "million": 10**6, "b": 10**9,
    "bn": 10**9, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_TWO_WAYS = re.compile(r"\d[KMBT]$|\d{3,}\s*/|[$€£]|\b(?:BCE?|AD|CE)\b")
"""Of what is no sum of money: millions or metres, a season or a ratio, years that count down."""

_Value = tuple[int | Fraction, ...]
_Key = TypeVar("_Key", str, _Value)


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """Places of a column's values, in order."""

    places: tuple[int, ...]
    """Of those that can be compared; equal ones as they stood."""
    left: tuple[int, ...]
    """Of all others."""


def in_order(
    texts: Sequence[str | None], *, name: str, descending: bool, words: bool = False
) -> Sorted:
    """Put the values of a column in order.

    Args:
        texts: What stands in it; `None` where that is unknown.
        name: The column's name: "since" tells that 3.10 is a version.
        descending: Whether the largest, or latest, comes first.
        words: Whether they are names, which go by their letters.
    """
    if words:
        named = {place: text.casefold() for place, text in enumerate(texts) if text is not None}
        return _sorted(named, len(texts), descending=descending)
    versions = _are_versions(texts, name)
    read = [None if text is None else _value(text.strip(), versions=versions) for text in texts]
    kinds = Counter(found[0] for found in read if found is not None)
    kind = kinds.most_common(1)[0][0] if kinds else ""
    values = {p: found[1] for p, found in enumerate(read) if found is not None and found[0] == kind}
    return _sorted(values, len(texts), descending=descending)


def _sorted(values: Mapping[int, _Key], count: int, *, descending: bool) -> Sorted:
    places = sorted(values, key=lambda place: values[place], reverse=descending)
    left = tuple(place for place in range(count) if place not in values)
    return Sorted(places=tuple(places), left=left)


def _are_versions(texts: Sequence[str | None], name: str) -> bool:
    """Say whether 3.10 is a version here: by the column's name, or by another with two dots.

    Then all of the column look like versions; thousands in groups tell nothing.
    """
    said = [text.strip() for text in texts if text is not None]
    found = [match["number"] for text in said if (match := _VERSION.fullmatch(text))]
    if len(found) < len(said):
        return False
    if _OF_VERSIONS.fullmatch(name.strip()):
        return any("." in number for number in found)
    return any(number.count(".") > 1 and not _GROUPED.fullmatch(number) for number in found)


def _value(text: str, *, versions: bool) -> tuple[str, _Value] | None:
    """Return what kind of value a text is, and what it is compared by."""
    if versions and (match := _VERSION.fullmatch(text)):
        parts = tuple(int(part) for part in match["number"].split("."))
        return f"version of {(match['of'] or '').casefold()}", parts
    if (day := read_date(text)) is not None:
        return "day", (day.toordinal(),)
    if (sum_ := _MONEY.fullmatch(text)) is not None:
        scale = _SCALES[(sum_["scale"] or "").lower()]
        return sum_["sign"], (Fraction(sum_["number"].replace(",", "")) * scale,)
    found = None if _TWO_WAYS.search(text) else read_quantity(text)
    if found is None:
        return None
    if found.unit is not None:
        return found.unit.dimension, (found.number * found.unit.factor + found.unit.offset,)
    return "%" if found.percent else found.label.casefold(), (found.number,)
