"""One thing to choose, and what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

__all__ = ["WEEKDAYS", "Item", "Value", "shown"]

_YEARS = 10_000
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Value = float | bool | str | tuple[str, ...] | datetime
"""Numbers, yes or no, text, tags (in small letters), a time."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One row of a catalogue."""

    id: str
    """Unique in its catalogue."""
    title: str
    values: Mapping[str, Value]
    """By the names of the domain's fields; what is not there is not known."""
    more: Mapping[str, str]
    """What else the row says, as it says it."""
    source: str
    """Where it stands: `places.csv:14`, `city.ics#uid`, an address."""
    link: str | None = None
    """Where it is to be had."""


def shown(value: Value | None, unit: str = "") -> str:
    """Return a value as people read it."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%a %d %b %Y %H:%M").replace(" 00:00", "")
    if isinstance(value, tuple):
        if set(value) <= set(WEEKDAYS):
            return (
                "every day" if len(value) == len(WEEKDAYS) else ", ".join(day[:3] for day in value)
            )
        return ", ".join(value)
    if isinstance(value, str):
        return value
    # A year is no amount: 1980.
    number = f"{value:,.2f}" if unit or abs(value) >= _YEARS else f"{value:.2f}"
    number = number.rstrip("0").rstrip(".")
    return f"{number} {unit}".rstrip()
