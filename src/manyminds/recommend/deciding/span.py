"""Stretches of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Span", "joined"]

_SHOWN = 3


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
