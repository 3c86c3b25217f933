"""What somebody has had before, from a file that they keep of it: a table, a calendar, a list."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from manyminds.recommend.catalogue.domain import Domain
from manyminds.recommend.catalogue.item import Item
from manyminds.recommend.catalogue.read import read_catalogue

__all__ = ["had_before"]

_WHEN = ("date", "day", "when", "visited", "watched", "bought", "start", "time", "timestamp")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def had_before(path: Path, domain: Domain) -> list[tuple[str, date | None]]:
    """Return what a file says that somebody has had, as lines of a memory, each with its day.

    A title that comes again is said once, of its last day: what is new to somebody does not depend
    on how often they had it.

    Args:
        path: Anything that a catalogue may be.
        domain: What its things are.

    Returns:
        Texts and days, in the file's order; `None` where the file says no day.

    Raises:
        UsageError: If the file cannot be read or has no titles.
    """
    last: dict[str, date | None] = {}
    for item in read_catalogue([path], domain).items:
        day, before = _day_of(item), last.get(item.title)
        last[item.title] = max(filter(None, (day, before)), default=None)
    return [(f"{domain.done[0]} {title}", day) for title, day in last.items()]


def _day_of(item: Item) -> date | None:
    times = [value for value in item.values.values() if isinstance(value, datetime)]
    return times[0].date() if times else _day_in(item.more)


def _day_in(more: Mapping[str, str]) -> date | None:
    said = {column.casefold().strip(): text for column, text in more.items()}
    for column in _WHEN:
        found = _DAY.match(said.get(column, "").strip())
        if found is not None:
            try:
                return date.fromisoformat(found[0])
            except ValueError:  # no day of any calendar
                return None
    return None
