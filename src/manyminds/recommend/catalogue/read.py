"""Catalogues from files: CSV, JSON, iCalendar, and pages that say what they offer."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib import import_module
from pathlib import Path
from typing import Any

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.domain import Domain, Field
from manyminds.recommend.catalogue.item import WEEKDAYS, Item, Value
from manyminds.recommend.catalogue.untyped import list_of, mapping_of
from manyminds.recommend.extra import needed

__all__ = ["ENDINGS", "Catalogue", "number_of", "read_catalogue", "value_of"]

_HTML: Any = import_module("lxml.html")  # it has no types
MOST_BYTES = 64 << 20
MOST_ITEMS = 100_000
_TITLES = ("title", "name", "summary", "product", "headline", "event", "position")
_LINKS = ("url", "link", "href", "website")
_IDS = ("id", "uid", "sku", "identifier", "slug", "movieid", "itemid", "item_id")
_INSIDE = (
    "name", "price", "lowPrice", "ratingValue", "value", "minValue", "addressLocality", "@value",
    "address", "availability",
)  # fmt: skip
"""Where schema.org keeps the value of a nested object, in this order."""
_DEEP = 4
_THINGS = re.compile(
    r"Event|Restaurant|Cafe|Bar|FoodEstablishment|Product|Offer|JobPosting|Hotel|Lodging|Trip|TouristTrip"
)
_NUMBER = re.compile(r"\d(?:[\d .,'\u00a0\u202f]*\d)?")
_YES = frozenset(
    ("yes", "true", "1", "y", "x", "instock", "available", "ja", "oui", "si", "telecommute")
)
_NO = frozenset(("no", "false", "0", "n", "outofstock", "soldout", "sold out", "nein", "non"))
_NOTHING = re.compile(r"-|n/?a|none|null|unknown|\?|tba|\(no [^)]*\)")
"""What stands in a cell that says nothing."""
_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%Y%m%dT%H%M%S", "%Y%m%d")
_DAY_STARTS = tuple(day[:2] for day in WEEKDAYS)
_Row = tuple[str, Mapping[str, str]]
"""Where it stands, and what each column says."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What there is to choose from."""

    domain: Domain
    items: tuple[Item, ...]
    left_out: tuple[str, ...] = ()
    """Rows that are no items, and why."""

    def tags(self, field: str) -> list[str]:
        """Return the tags that a field has anywhere, the most frequent first."""
        counts: dict[str, int] = {}
        for item in self.items:
            found = item.values.get(field)
            for tag in found if isinstance(found, tuple) else ():
                counts[tag] = counts.get(tag, 0) + 1
        return sorted(counts, key=lambda tag: (-counts[tag], tag))


def read_catalogue(paths: Sequence[Path], domain: Domain) -> Catalogue:
    """Read files into one catalogue.

    Raises:
        UsageError: If a file cannot be read, or holds nothing to choose from.
    """
    items: dict[str, Item] = {}
    left_out: list[str] = []
    for path in paths:
        before = len(items)
        for where, row in _rows(path):
            item = _item(row, where, domain)
            if item is None:
                left_out.append(f"{where}: no title")
            elif len(items) >= MOST_ITEMS:
                raise UsageError(f"{path}: more than {MOST_ITEMS:,} items; split the catalogue")
            else:
                name = item.id if item.id not in items else f"{item.id} ({where})"
                items[name] = item if name == item.id else _renamed(item, name)
        if len(items) == before:
            raise UsageError(
                f"{path}: nothing to choose from there; it takes a table with a title column, "
                "a list of JSON objects, events, or a page with schema.org data"
            )
    return Catalogue(domain=domain, items=tuple(items.values()), left_out=tuple(left_out))


def value_of(text: str, field: Field) -> Value | None:
    """Return what a text says for a field; `None` where it says nothing of that kind."""
    plain = " ".join(text.split())
    if not plain or _NOTHING.fullmatch(plain.casefold()):
        return None
    if field.measured:
        return number_of(plain)
    if field.kind == "yes":
        low = plain.casefold().rpartition("/")[2]
        return True if low in _YES else False if low in _NO else None
    if field.kind == "tags":
        tags = (" ".join(tag.casefold().split()) for tag in re.split(r"[,;|/]", plain))
        # Both what it says and what that is a kind of: ramen is Japanese, too.
        found = dict.fromkeys(t for tag in tags if tag for t in (tag, field.synonyms.get(tag, tag)))
        return tuple(found) or None
    if field.kind == "days":
        return _weekdays(plain)
    return _time(plain) if field.kind == "time" else plain


def _rows(path: Path) -> Iterator[_Row]:
    reader = ENDINGS.get(path.suffix.casefold())
    if reader is None:
        raise UsageError(f"{path}: a catalogue is {', '.join(sorted(ENDINGS))}")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path}: larger than {MOST_BYTES >> 20} MiB")
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise UsageError(f"{path}: {str(error.strerror).lower()}") from error
    try:
        yield from reader(text, path.name)
    except (ValueError, csv.Error, RecursionError) as error:
        raise UsageError(
            f"{path}: it cannot be read: {' '.join(str(error).split())[:150]}"
        ) from error


def _csv(text: str, name: str) -> Iterator[_Row]:
    lines = text.splitlines(keepends=True)
    head = lines[0] if lines else ""
    between = max("\t;,", key=head.count)
    rows = csv.DictReader(lines, delimiter=between)
    for row in rows:
        told = {k: v for k, v in row.items() if isinstance(k, str) and isinstance(v, str)}
        yield f"{name}:{rows.line_num}", told


def _json(text: str, name: str) -> Iterator[_Row]:
    found: Any = json.loads(text)
    if (one := mapping_of(found)) is not None:
        # A list inside an object is what the object is about; without one it is an item itself.
        lists: list[list[Any]] = [[one], *(list_of(value) for value in one.values())]
        listed = max(reversed(lists), key=len)
    else:
        listed = list_of(found)
    for number, row in enumerate(map(mapping_of, listed), 1):
        if row is not None:
            yield f"{name}#{number}", _flat(row)


def _json_lines(text: str, name: str) -> Iterator[_Row]:
    for number, line in enumerate(text.splitlines(), 1):
        row = mapping_of(json.loads(line)) if line.strip() else None
        if row is not None:
            yield f"{name}:{number}", _flat(row)


def _ical(text: str, name: str) -> Iterator[_Row]:
    calendar = needed("icalendar").Calendar.from_ical(text)
    for number, event in enumerate(calendar.walk("VEVENT"), 1):
        row: dict[str, str] = {}
        for key in ("summary", "location", "url", "uid", "description"):
            if event.get(key) is not None:
                row[key] = str(event.get(key))
        with suppress(KeyError, ValueError):
            row["start"] = event.decoded("dtstart").isoformat()
        kinds: Any = event.get("categories")
        if kinds is not None:
            listed = list_of(kinds) or [kinds]
            row["categories"] = ",".join(str(cat) for part in listed for cat in part.cats)
        for key, value in event.items():
            if str(key).startswith("X-"):
                row[str(key)[2:].casefold()] = str(value)
        yield f"{name}#{row.get('uid', number)}", row


def _html(text: str, name: str) -> Iterator[_Row]:
    if not text.strip():
        return
    tree: Any = _HTML.fromstring(text)
    count = 0
    for script in tree.xpath("//script[@type='application/ld+json']"):
        with suppress(ValueError):
            for thing in _things(json.loads(script.text or "null")):
                count += 1
                yield f"{name}#{thing.get('@id') or count}", _flat(thing)
    if count:
        return
    for table in tree.xpath("//table[.//th]"):
        heads = [" ".join(cell.text_content().split()) for cell in table.xpath(".//tr[th][1]/th")]
        for row in table.xpath(".//tr[td]"):
            count += 1
            cells = [" ".join(cell.text_content().split()) for cell in row.xpath("./td")]
            links = row.xpath(".//a/@href")
            told = dict(zip(heads, cells, strict=False))
            yield f"{name}#row{count}", told | ({"url": str(links[0])} if links else {})


ENDINGS = {
    ".csv": _csv, ".tsv": _csv, ".json": _json, ".jsonl": _json_lines, ".ics": _ical,
    ".html": _html, ".htm": _html,
}  # fmt: skip


def _things(found: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the things of schema.org that can be chosen, wherever they stand."""
    for one in list_of(found):
        yield from _things(one)
    thing = mapping_of(found)
    if thing is not None:
        if _THINGS.search(str(thing.get("@type"))) and (thing.get("name") or thing.get("title")):
            yield thing
        for inside in ("@graph", "itemListElement", "item"):
            yield from _things(thing.get(inside))


def _flat(row: Mapping[str, Any]) -> dict[str, str]:
    told = {str(key): _said(value) for key, value in row.items()}
    return {key: value for key, value in told.items() if value}


def _said(value: Any, depth: int = 0) -> str:
    """Return what a nested value says, as deep as schema.org nests."""
    if depth > _DEEP:
        return ""
    if (inside := mapping_of(value)) is not None:
        return _said(next((inside[key] for key in _INSIDE if key in inside), None), depth + 1)
    if listed := list_of(value):
        return ", ".join(filter(None, (_said(one, depth + 1) for one in listed)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int | float) else ""


def _item(row: Mapping[str, str], where: str, domain: Domain) -> Item | None:
    low = {key.casefold().strip(): value.strip() for key, value in row.items()}
    title = _first(low, _TITLES) or next(iter(low.values()), "")
    if not title:
        return None
    values: dict[str, Value] = {}
    for key, said in row.items():
        field = domain.field_called(key)
        found = None if field is None else value_of(said, field)
        if field is not None and found is not None:
            values.setdefault(field.name, found)
    link = _first(low, _LINKS)
    return Item(
        id=_first(low, _IDS) or title, title=title, values=values, more=dict(row), source=where,
        link=link if link and re.match(r"https?://", link) else None,
    )  # fmt: skip


def _renamed(item: Item, name: str) -> Item:
    return Item(
        id=name,
        title=item.title,
        values=item.values,
        more=item.more,
        source=item.source,
        link=item.link,
    )


def _first(row: Mapping[str, str], names: Iterable[str]) -> str:
    return next((row[name] for name in names if row.get(name)), "")


def number_of(text: str) -> float | None:
    """Return the first number of a text, be it 1,200.50 or 1.200,50 or 1 200; `None` if none."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    digits = re.sub(r"[ '\u00a0\u202f]", "", found[0])
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma > point and (len(digits) - comma - 1 != 3 or point >= 0 or digits.count(",") == 0):
        digits = digits.replace(".", "").replace(",", ".")
    elif point > comma >= 0 or digits.count(".") <= 1:
        digits = digits.replace(",", "")
    else:
        digits = digits.replace(".", "")
    sign = -1.0 if re.search(r"[-\u2212]\s?$", text[: found.start()]) else 1.0
    try:
        return sign * float(digits)
    except ValueError:
        return None


def _weekdays(text: str) -> tuple[str, ...] | None:
    """Return the days of the week that "Mon-Sat", "mon, tue" or "daily" names."""
    low = text.casefold()
    if re.search(r"\b(?:daily|every day|always|7 days)\b", low):
        return WEEKDAYS
    found: set[int] = set()
    for first, last in re.findall(
        r"\b(mo|tu|we|th|fr|sa|su)[a-z]*\.?(?:\s?[-\u2013]\s?(mo|tu|we|th|fr|sa|su)[a-z]*)?", low
    ):
        begin = _DAY_STARTS.index(first)
        end = _DAY_STARTS.index(last) if last else begin
        found.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return tuple(WEEKDAYS[day] for day in sorted(found)) or None


def _time(text: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(text).replace(tzinfo=None)
    for form in _DAYS:
        with suppress(ValueError):
            return datetime.strptime(text, form)  # noqa: DTZ007 (catalogues say local times)
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(text[:10]), time())
    return None
