"""Dates as people write them. Day/month order in bare digits is not guessed."""

import re
from datetime import date

__all__ = ["read_date"]

_MONTHS = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
]  # fmt: skip
_MONTH = "|".join(f"{name}|{name[:3]}" for name in _MONTHS) + "|sept"
_WEEKDAY = re.compile(r"^(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+", re.IGNORECASE)
_D, _Y = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?", r"(?P<y>\d{4})"
_FORMS = (
    re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"),
    re.compile(rf"(?P<m>{_MONTH})\.?\s+{_D},?\s+{_Y}", re.IGNORECASE),
    re.compile(rf"{_D}\s+(?:of\s+)?(?P<m>{_MONTH})\.?,?\s+{_Y}", re.IGNORECASE),
)
_BARE = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")


def read_date(text: str) -> date | None:
    """Read the whole of `text` as one day; `None` if it is none or could be two."""
    plain = _WEEKDAY.sub("", text.strip()).removeprefix("the ").strip()
    for form in _FORMS:
        match = form.fullmatch(plain)
        if match is not None:
            return _day(int(match["y"]), _month(match["m"]), int(match["d"]))
    match = _BARE.fullmatch(plain)
    if match is None:
        return None
    first, second, year = (int(part) for part in match.groups())
    readings = {_day(year, first, second), _day(year, second, first)} - {None}
    return readings.pop() if len(readings) == 1 else None


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    return next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(text[:3].lower()))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
