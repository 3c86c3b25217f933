"""Catalogues from files: CSV, JSON, iCalendar, and pages that say what they offer."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from importlib import import_module
from pathlib import Path
from typing import Any

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.calendars import events_of
from manyminds.recommend.catalogue.domain import Domain, Field
from manyminds.recommend.catalogue.item import WEEKDAYS, Item, Value
from manyminds.recommend.catalogue.place import Place, place_in, place_of
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
_YES = frozenset((
    "yes", "true", "1", "y", "x", "\u2713", "\u2714", "instock", "available", "ja", "oui", "si",
    "telecommute", "fullyremote", "remote", "limitedavailability",
))  # fmt: skip
_NO = frozenset((
    "no", "false", "0", "n", "\u2717", "outofstock", "soldout", "unavailable", "nein", "non",
    "onsite",
))  # fmt: skip
_FREE = re.compile(r"\b(?:free|gratis|kostenlos|no charge)\b")
_CURRENCY = r"[\u20ac$\u00a3]|euros?|eur|usd|dollars?|gbp|pounds?"
_PART = re.compile(
    rf"(?P<sign>(?:{_CURRENCY})\s?|(?<!\S)-(?=\d))?(?P<number>\d(?:[\d .,'\u00a0\u202f]*\d)?)"
    rf"(?P<k>k\b)?\s?-?(?P<currency>{_CURRENCY})?(?P<unit>[a-z\u00b0]+\.?)?"
)
_RANGE = re.compile(rf"\d\s?(?:{_CURRENCY})?\s?(?:-|\u2013|to)\s?(?:{_CURRENCY})?\s?\d")
_LASTING = re.compile(
    r"(?:pt)?(?=\d+\s?[hm])(?:(?P<hours>\d+)\s?h(?:ours?|rs?)?)?\s?"
    r"(?:(?P<minutes>\d+)\s?m(?:in(?:utes)?)?)?"
)
_UNITS = {
    "km": {
        "m": 0.001, "metres": 0.001, "meters": 0.001, "mi": 1.609, "miles": 1.609, "mile": 1.609,
    },
    "kg": {"g": 0.001, "grams": 0.001, "gram": 0.001, "lb": 0.4536, "lbs": 0.4536},
    "min": {"h": 60.0, "hours": 60.0, "hour": 60.0, "minutes": 1.0, "mins": 1.0},
    "h": {"min": 1 / 60, "minutes": 1 / 60, "mins": 1 / 60, "hrs": 1.0, "hour": 1.0},
    "days": {"week": 7.0, "weeks": 7.0, "d": 1.0, "business": 1.0, "working": 1.0},
}  # fmt: skip
"""What other units are in a field's own."""
_NOTHING = re.compile(r"-|n/?a|none|null|unknown|\?|tba|\(no [^)]*\)")
"""What stands in a cell that says nothing."""
_DAYS = (
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d/%m/%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y", "%d %B %Y",
    "%d %b %Y", "%B %d, %Y",
    "%b %d, %Y", "%a, %d %b %Y %H:%M", "%a, %d %b %Y", "%d %b %Y %H:%M", "%Y%m%dT%H%M%S", "%Y%m%d",
)  # fmt: skip
_DAY_STARTS = tuple(day[:2] for day in WEEKDAYS)
_A_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?|mo|tu|we|th|fr|sa|su"
_DAY_RANGE = re.compile(
    rf"\b({_A_DAY})\b\.?(?:\s?(?:-|\u2013|to|through|until|till)\s?({_A_DAY})\b)?"
)
_CLOSED = re.compile(r"\b(?:closed|except|but not)\b")
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


def read_catalogue(
    paths: Sequence[Path], domain: Domain, *, near: Place | None = None, today: date | None = None
) -> Catalogue:
    """Read files into one catalogue.

    Args:
        paths: The files.
        domain: What their things are.
        today: What calendars say comes again is listed from this day on, each time by itself, for
            60 days; `None`: once, as its first time.
        near: Where the person is: things that say where they are and not how far get a distance.

    Raises:
        UsageError: If a file cannot be read, or holds nothing to choose from.
    """
    items: dict[str, Item] = {}
    left_out: list[str] = []
    fields: dict[str, Field | None] = {}
    for path in paths:
        before = len(items)
        for where, row in _rows(path, today):
            for column in row:
                if column not in fields:
                    fields[column] = domain.field_called(column)
            item = _item(row, where, fields)
            if item is not None and near is not None:
                item = _with_distance(item, near, domain)
            if item is None:
                left_out.append(f"{where}: no title")
            elif len(items) >= MOST_ITEMS:
                raise UsageError(f"{path}: more than {MOST_ITEMS:,} items; split the catalogue")
            else:
                name = item.id if item.id not in items else f"{item.id} ({where})"
                items[name] = item if name == item.id else replace(item, id=name)
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
        return _measured(plain, field)
    if field.kind == "yes":
        low = re.sub(r"[\s_-]+", "", plain.casefold().rpartition("/")[2]).partition("(")[0]
        return True if low in _YES else False if low in _NO else None
    if field.kind == "tags":
        tags = (" ".join(tag.casefold().split()) for tag in re.split(r"[,;|/]", plain))
        # Both what it says and what that is a kind of: ramen is Japanese, too.
        found = dict.fromkeys(t for tag in tags if tag for t in (tag, field.synonyms.get(tag, tag)))
        return tuple(found) or None
    if field.kind == "days":
        return _weekdays(plain)
    return _time(plain) if field.kind == "time" else plain


def _rows(path: Path, today: date | None) -> Iterator[_Row]:
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
        yield from _ical(text, path.name, today) if reader is _ical else reader(text, path.name)
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
        lists: list[list[Any]] = [[one], *(_objects(value) for value in one.values())]
        listed = max(reversed(lists), key=len)
    else:
        listed = list_of(found)
    for number, row in enumerate(map(mapping_of, listed), 1):
        if row is not None:
            yield f"{name}#{number}", _flat(row)


def _objects(found: Any) -> list[Any]:
    return [one for one in list_of(found) if mapping_of(one) is not None]


def _json_lines(text: str, name: str) -> Iterator[_Row]:
    for number, line in enumerate(text.splitlines(), 1):
        row = mapping_of(json.loads(line)) if line.strip() else None
        if row is not None:
            yield f"{name}:{number}", _flat(row)


def _ical(text: str, name: str, today: date | None = None) -> Iterator[_Row]:
    calendar = needed("icalendar").Calendar.from_ical(text)
    for number, event in enumerate(events_of(calendar, today), 1):
        if str(event.get("status")) == "CANCELLED":
            continue
        row: dict[str, str] = {}
        for key in ("summary", "location", "url", "uid", "description"):
            if event.get(key) is not None:
                row[key] = str(event.get(key))
        with suppress(KeyError, ValueError):
            start = event.decoded("dtstart")
            row["start"] = (_local(start) if isinstance(start, datetime) else start).isoformat()
        if event.get("recurrence-id") is not None and "uid" in row:
            row["uid"] += f" {row.get('start', number)}"
        kinds: Any = event.get("categories")
        if kinds is not None:
            listed = list_of(kinds) or [kinds]
            row["categories"] = ",".join(str(cat) for part in listed for cat in part.cats)
        if (place := event.get("geo")) is not None:
            row["geo"] = f"{place.latitude},{place.longitude}"
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
            cells = [" ".join(cell.text_content().split()) for cell in row.xpath("./td|./th")]
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
    # What kind of schema.org's it is says less than what its own fields say.
    ordered = sorted(row.items(), key=lambda pair: pair[0] == "@type")
    told = {str(key): _said(value) for key, value in ordered}
    # Nested coordinates would be lost among what nested objects are called by.
    return {key: value for key, value in told.items() if value} | (
        {"geo": place} if (place := place_of(row)) else {}
    )


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


def _item(row: Mapping[str, str], where: str, fields: Mapping[str, Field | None]) -> Item | None:
    low = {key.casefold().strip(): value.strip() for key, value in row.items()}
    title = _first(low, _TITLES) or next(iter(low.values()), "")
    if not title:
        return None
    values: dict[str, Value] = {}
    for key, said in row.items():
        field = fields[key]
        found = None if field is None else value_of(said, field)
        if field is not None and found is not None:
            values.setdefault(field.name, found)
    link = _first(low, _LINKS)
    return Item(
        id=_first(low, _IDS) or title, title=title, values=values, more=dict(row), source=where,
        link=link if link and re.match(r"https?://", link) else None,
    )  # fmt: skip


def _with_distance(item: Item, near: Place, domain: Domain) -> Item:
    """Add how far it is, where the domain asks for that and the row does not say it."""
    field = domain.fields.get("distance")
    place = place_in(item.more)
    if field is None or field.unit != "km" or place is None or "distance" in item.values:
        return item
    return replace(item, values={**item.values, "distance": round(near.km_to(place), 2)})


def _first(row: Mapping[str, str], names: Iterable[str]) -> str:
    return next((row[name] for name in names if row.get(name)), "")


def number_of(text: str, *, money: bool = False) -> float | None:
    """Return the first number of a text, be it 1,200.50 or 1.200,50 or 1 200; `None` if none.

    Args:
        text: What somebody wrote.
        money: Whether a point before three digits stands between thousands: 1.299 is no price.
    """
    found = _NUMBER.search(text)
    if found is None:
        return None
    digits = re.sub(r"[ '\u00a0\u202f]", "", found[0])
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma > point:
        thousands = re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", digits)
        digits = digits.replace(",", "") if thousands else digits.replace(".", "").replace(",", ".")
    else:
        thousands = digits.count(".") > 1 or (
            money and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", digits)
        )
        digits = digits.replace(".", "") if thousands else digits.replace(",", "")
    sign = -1.0 if re.fullmatch(r"\s*[-\u2212]\s?", text[: found.start()]) else 1.0
    try:
        return sign * float(digits)
    except ValueError:
        return None


def _measured(text: str, field: Field) -> float | None:
    """Return what a cell says for a number: in the field's unit, of a range the worse end."""
    low = text.casefold()
    money = field.kind == "money"
    if money and _FREE.search(low) and not _NUMBER.search(low):
        return 0.0
    found = [part for part in _PART.finditer(low) if part["number"]]
    if money and (priced := [part for part in found if part["sign"] or part["currency"]]):
        found = priced if not _RANGE.search(low) else found
    values = [value for part in found if (value := _in_unit(part, field)) is not None]
    if not values or (field.unit == "min" and _LASTING.search(low)):
        return _lasting(low) if field.unit in ("min", "h") else None
    if len(values) > 1 and _RANGE.search(low):
        return min(values[:2]) if field.better == "more" else max(values[:2])
    return values[0]


def _in_unit(part: re.Match[str], field: Field) -> float | None:
    """Return one number in the unit of a field; `None` where its own unit is another kind."""
    minus = "-" if part["sign"] == "-" else ""
    value = number_of(minus + part["number"], money=field.kind == "money")
    if value is None:
        return None
    unit = (part["unit"] or "").rstrip(".")
    if unit == "k" or part["k"]:
        value, unit = value * 1_000, ""
    if not unit or field.kind == "money" or unit == field.unit.casefold() or unit in field.words:
        return value
    factor = _UNITS.get(field.unit.casefold(), {}).get(unit)
    if factor is not None:
        return value * factor
    return None if field.unit else value


def _lasting(low: str) -> float | None:
    """Return how many minutes "2h 10min" or "PT2H10M" lasts; `None` where it says no such time."""
    found = _LASTING.search(low)
    if found is None:
        return None
    return 60 * float(found["hours"] or 0) + float(found["minutes"] or 0)


def _weekdays(text: str) -> tuple[str, ...] | None:
    """Return the days that "Mon-Sat", "daily except Sunday" or "closed Monday" names."""
    low = text.casefold()
    shut = _CLOSED.search(low)
    said, closed = (low[: shut.start()], low[shut.end() :]) if shut else (low, "")
    found = _named_days(said)
    if closed and not found:
        found = set(range(7))
    return tuple(WEEKDAYS[day] for day in sorted(found - _named_days(closed))) or None


def _named_days(low: str) -> set[int]:
    if re.search(r"\b(?:daily|every day|always|7 days|all week|week ?round)\b", low):
        return set(range(7))
    found: set[int] = set()
    found |= set(range(5)) if re.search(r"\bweekdays?\b", low) else set()
    found |= {5, 6} if re.search(r"\bweekends?\b", low) else set()
    for first, last in _DAY_RANGE.findall(low):
        begin = _DAY_STARTS.index(first[:2])
        end = _DAY_STARTS.index(last[:2]) if last else begin
        found.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return found


def _time(text: str) -> datetime | None:
    with suppress(ValueError):
        return _local(datetime.fromisoformat(text))
    for form in _DAYS:
        with suppress(ValueError):
            return datetime.strptime(text, form)  # noqa: DTZ007 (catalogues say local times)
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(text[:10]), time())
    return None


def _local(at: datetime) -> datetime:
    """Return a time as it is here; one without a zone is."""
    return at if at.tzinfo is None else at.astimezone().replace(tzinfo=None)
