"""Entries of lists: read from what a list tool returned, put in groups, merged, and counted.

Whoever looks for all items of a kind picks groups, not entries: what stands under one heading and
leads to addresses of one shape is one kind of thing, or is told apart afterwards.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from manyminds.core.values import Evidence
from manyminds.judging.citing.spans import Span

__all__ = [
    "AROUND",
    "Entry",
    "EntryGroup",
    "Item",
    "entries_of",
    "estimate",
    "grouped",
    "merged",
    "spread",
]

T = TypeVar("T")

AROUND = "around the page"
"""What links stand under that lead around a site, not to what a page is about."""
_FIELDS = 5
_PLAIN = re.compile(r"[\W_]+")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a list."""

    title: str
    address: str
    date: str
    under: str
    around: str
    span: Span
    """The line, to the letter."""


@dataclass(frozen=True, kw_only=True)
class EntryGroup:
    """Entries of one list, under one heading, with addresses of one shape."""

    source: str
    under: str
    shape: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing, and every line that names it."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """The line that it is called by."""
        return self.entries[0]


def entries_of(evidence: Evidence) -> list[Entry]:
    """Return the entries of a list; none for other evidence."""
    if evidence.source is None or evidence.start is None:
        return []
    found: list[Entry] = []
    start = evidence.start
    for line in evidence.output.splitlines(keepends=True):
        fields = line.rstrip("\n").split("\t")
        if len(fields) == _FIELDS:
            quote = line.rstrip("\n")
            span = Span(evidence=evidence, start=start, quote=quote)
            title, address, date, under, around = fields
            found.append(
                Entry(
                    title=title, address=address, date=date, under=under, around=around, span=span
                )
            )
        start += len(line)
    return found


def grouped(entries: Iterable[Entry]) -> list[EntryGroup]:
    """Put entries together that stand under one heading and lead to one shape of address.

    What leads around a site comes last, and lists of links to one page come as one.
    """
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        key = (entry.span.source, entry.under, _shape(entry))
        groups.setdefault(key, []).append(entry)
    found = [
        EntryGroup(source=source, under=under, shape=shape, entries=tuple(rows))
        for (source, under, shape), rows in groups.items()
    ]
    return sorted(found, key=lambda group: group.under == AROUND)


def _shape(entry: Entry) -> str:
    """Return what addresses of one kind share: site, folder, ending, and whether within a page."""
    parts, page = _split(entry.address), _split(entry.span.source)
    folder, _, name = parts.path.rpartition("/")
    here = (parts.netloc, parts.path) == (page.netloc, page.path)
    if here:
        return "within the page"
    ending = "." + name.rpartition(".")[2] if "." in name else ""
    return f"{parts.netloc}{folder}/*{ending}{'#*' if parts.fragment else ''}"


def merged(entries: Iterable[Entry]) -> list[Item]:
    """Merge entries that lead to one address, or are called the same in lists of one site.

    What one list names twice is two things, unless both lead to one address.
    """
    rows = list(entries)
    places: dict[tuple[str, str, str], set[str]] = {}
    for entry in rows:
        places.setdefault((entry.span.source, *_name(entry)), set()).add(_where(entry.address))
    shared = {(site, name) for (_, site, name), where in places.items() if len(where) > 1}
    items: dict[str, list[Entry]] = {}
    by_name: dict[tuple[str, str], str] = {}
    by_place: dict[str, str] = {}
    for entry in rows:
        where, name = _where(entry.address), _name(entry)
        tells = bool(name[1]) and name not in shared
        key = by_place.get(where) or (by_name.get(name, where) if tells else where)
        items.setdefault(key, []).append(entry)
        by_place.setdefault(where, key)
        by_name.setdefault(name, key)
    return [Item(entries=tuple(found)) for found in items.values()]


def _name(entry: Entry) -> tuple[str, str]:
    plain = _PLAIN.sub(" ", entry.title.casefold()).strip()
    return _split(entry.address).netloc, plain


def _split(address: str) -> SplitResult:
    """Take an address apart; one that cannot be is all path."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", address, "", "")


def spread(found: Sequence[T], most: int) -> list[T]:
    """Return examples from all over a list: what begins it is often not like the rest."""
    step = max(1, -(-len(found) // most))
    return list(found[::step])


def _where(address: str) -> str:
    """Return an address without what does not tell pages apart."""
    plain = re.sub(r"^https?://(?:www\.)?", "", address).rstrip("/")
    return re.sub(r"/index\.html?$", "", plain)


def estimate(items: Sequence[Item]) -> tuple[int | None, str]:
    """Return how many items there are in all, by two lists of them, and how that is known.

    Source: Chapman 1951, the estimator for two samples of one population.
    """
    lists: dict[str, set[int]] = {}
    for place, item in enumerate(items):
        for entry in item.entries:
            lists.setdefault(entry.span.source, set()).add(place)
    longest = sorted(lists.items(), key=lambda pair: -len(pair[1]))
    if not longest:
        return None, "no list was found"
    first, mine = longest[0]
    if len(longest) == 1:
        return None, f"every entry that fits of one list, {first}; no other list to hold it against"
    second, other = longest[1]
    both = len(mine & other)
    if both == 0:
        return None, f"two lists that share nothing, {first} and {second}"
    believed = (len(mine) + 1) * (len(other) + 1) // (both + 1) - 1
    return max(believed, len(items)), (
        f"{first} holds {len(mine)}, {second} {len(other)}, both {both} of them (estimate)"
    )
