"""Stretches of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["DAY", "Hours", "Span", "joined", "midnight"]

_SHOWN = 3
DAY = 24 * 60
"""Minutes."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """From its begin on, and before its end; or within one of the others."""

    begin: datetime
    end: datetime
    others: tuple["Span", ...] = ()
    """Later ones that are meant as well: "friday or sunday"."""

    def __contains__(self, at: datetime) -> bool:
        """Say whether a time lies within it."""
        return self.begin <= at < self.end or any(at in other for other in self.others)

    def __str__(self) -> str:
        """Return its days as people read them."""
        last = self.end - timedelta(days=1)
        days = dict.fromkeys(f"{day:%a %d %b %Y}" for day in (self.begin, last))
        others = [*map(str, self.others[:_SHOWN]), *(["…"] if len(self.others) > _SHOWN else [])]
        return ", ".join([" to ".join(days), *others])


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Times of day, of whichever day."""

    spans: tuple[tuple[int, int], ...]
    """Minutes of the day: from, and before."""

    def __contains__(self, at: datetime) -> bool:
        """Say whether a time lies within one of them."""
        return any(begin <= 60 * at.hour + at.minute < end for begin, end in self.spans)

    def __str__(self) -> str:
        """Return them as people read them."""
        return " or ".join(map(_as_text, self.spans))


def midnight(value: object) -> bool:
    """Say whether a value names no time of day: catalogues that know the day alone say midnight."""
    return not isinstance(value, datetime) or (value.hour, value.minute) == (0, 0)


def _as_text(span: tuple[int, int]) -> str:
    begin, end = span
    # "by ten" holds of ten, too: it ends a minute after.
    through = end % 5 == 1
    last = _clock(end - through)
    if end == DAY:
        return f"{_clock(begin)} or later"
    if begin == 0:
        return f"by {last}" if through else f"before {last}"
    return f"{_clock(begin)} to {last}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def joined(parts: Iterable[tuple[datetime, datetime]]) -> Span | None:
    """Return stretches as one, those that meet put together; `None` for none."""
    found: list[list[datetime]] = []
    for begin, end in sorted(parts):
        if found and begin <= found[-1][1]:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([begin, end])
    spans = [Span(begin=begin, end=end) for begin, end in found]
    if not spans:
        return None
    return Span(begin=spans[0].begin, end=spans[0].end, others=tuple(spans[1:]))
