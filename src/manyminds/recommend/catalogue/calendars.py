"""Events of a calendar, and those that come again each time by itself."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from manyminds.recommend.catalogue.untyped import list_of
from manyminds.recommend.extra import needed

__all__ = ["events_of"]

_AHEAD = timedelta(days=60)
_SELDOM = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
_MOST_TIMES = 1_000
"""Of one event."""
_MOST_S = 5.0
"""For all rules of a calendar; what comes after is listed as it stands."""
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)
"""What the libraries raise at what is no calendar in one place or another."""


def events_of(calendar: Any, today: date | None) -> Iterator[Any]:
    """Yield a calendar's events.

    What comes again is yielded each time from a day on, for 60 days; where it does not any more, or
    its rule cannot be read, as it stands.

    Args:
        calendar: icalendar's.
        today: That day; `None`: nothing is yielded more than once.
    """
    series, ends = defaultdict[str, list[Any]](list), time.monotonic() + _MOST_S
    for number, event in enumerate(calendar.walk("VEVENT")):
        # Without a name nobody can say what belongs together.
        series[str(event.get("uid", f" {number}"))].append(event)
    for events in series.values():
        late = time.monotonic() > ends  # some rules take long to come to nothing
        yield from (() if late else _times(calendar, events, today)) or events


def _times(calendar: Any, events: Sequence[Any], today: date | None) -> Sequence[Any]:
    """Return the next times of an event that comes again; none where it does not, or is broken."""
    try:
        if today is None or not any(map(_comes_again, events)):
            return ()
        alone = type(calendar)()
        alone.update(calendar)  # what it says of all of them, as its time zone
        for part in (*(p for p in calendar.subcomponents if p.name == "VTIMEZONE"), *events):
            alone.add_component(part)
        query = needed("recurring_ical_events").of(alone)
        return query.between(today, today + _AHEAD)[:_MOST_TIMES]
    except _BROKEN:
        return ()


def _comes_again(event: Any) -> bool:
    """Say whether an event has times of its own.

    What comes by the hour, or never gets on, is no event to choose; listing it would not end.
    """
    rules: list[Any] = list_of(found) or [found] if (found := event.get("rrule")) else []
    for rule in rules:
        seldom = str(rule.get("FREQ", [""])[0]).upper() in _SELDOM
        if not seldom or any(key in rule for key in _WITHIN_A_DAY):
            return False
        if int(rule.get("INTERVAL", [1])[0]) < 1:
            return False
    return bool(event.get("uid")) and (bool(rules) or event.get("rdate") is not None)
