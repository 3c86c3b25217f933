"""What a column tells, put in order: days, versions, and quantities of one kind.

What cannot be compared with most of the column (no value, words, a number of something else) is put
nowhere: a ranking is read from values that stand, or there is none.
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

_VERSION = re.compile(r"(?:[A-Za-z][\w+#-]*\s+)?(?:version\s+|v)?(\d+(?:\.\d+)+)\+?", re.IGNORECASE)
_OF_VERSIONS = re.compile(
    r"\b(?:versions?|releases?|since|added|introduced|deprecated|removed|removal)\b", re.IGNORECASE
)
"""Columns whose 3.10 comes after 3.9."""

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
    read = [None if text is None else _value(text, versions=versions) for text in texts]
    kinds = Counter(found[0] for found in read if found is not None)
    kind = kinds.most_common(1)[0][0] if kinds else ""
    values = {p: found[1] for p, found in enumerate(read) if found is not None and found[0] == kind}
    return _sorted(values, len(texts), descending=descending)


def _sorted(values: Mapping[int, _Key], count: int, *, descending: bool) -> Sorted:
    places = sorted(values, key=lambda place: values[place], reverse=descending)
    left = tuple(place for place in range(count) if place not in values)
    return Sorted(places=tuple(places), left=left)


def _are_versions(texts: Sequence[str | None], name: str) -> bool:
    """Say whether 3.10 is a version here: by the column's name, or by another with two dots."""
    found = [match[1] for text in texts if text and (match := _VERSION.fullmatch(text.strip()))]
    return bool(_OF_VERSIONS.search(name)) or any(one.count(".") > 1 for one in found)


def _value(text: str, *, versions: bool) -> tuple[str, _Value] | None:
    """Return what kind of value a text is, and what it is compared by."""
    plain = text.strip()
    if (day := read_date(plain)) is not None:
        return "day", (day.toordinal(),)
    match = _VERSION.fullmatch(plain) if versions else None
    if match is not None:
        return "version", tuple(int(part) for part in match[1].split("."))
    found = read_quantity(plain)
    if found is None:
        return None
    if versions and not found.label and found.unit is None:
        return "version", (found.number,)
    if found.unit is not None:
        return found.unit.dimension, (found.number * found.unit.factor + found.unit.offset,)
    return "%" if found.percent else found.label.casefold(), (found.number,)
