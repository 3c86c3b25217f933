"""When a question is due: at times of the day, or every so often; in the machine's own time zone.

All of it is a function of the moment it is asked for: whoever asks brings the clock.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from manyminds.core.errors import UsageError

__all__ = ["Quiet", "When", "parse_quiet", "parse_when"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY = re.compile(r"(\d+)\s*(m|min|h|d)")
_UNITS = {"m": 60, "min": 60, "h": 3_600, "d": 86_400}
_LEAST_S = 300
_AT = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, kw_only=True)
class When:
    """Times at which a question is due."""

    at: tuple[str, ...] = ()
    """Times of the day, as "07:30"."""
    days: tuple[str, ...] = _DAYS
    every_s: int | None = None
    """Instead of times of the day: seconds from one to the next."""

    def last(self, now: datetime, since: datetime) -> datetime | None:
        """Return the latest due time up to now; `None` where none came since.

        What was missed before is not made up for: one answer of today is worth more.
        """
        if self.every_s is not None:
            turns = int((now - since).total_seconds() // self.every_s)
            return since + timedelta(seconds=turns * self.every_s) if turns else None
        found = [
            moment
            for back in range(8)
            for moment in self._of_day(now.astimezone() - timedelta(days=back))
            if since < moment <= now
        ]
        return max(found, default=None)

    def _of_day(self, day: datetime) -> list[datetime]:
        if _DAYS[day.weekday()] not in self.days:
            return []
        # Wall time of that day, whatever the clocks were set to since.
        local = [datetime.combine(day.date(), time.fromisoformat(at)) for at in self.at]
        return [moment.astimezone().astimezone(UTC) for moment in local]

    def __str__(self) -> str:
        """Return it for people."""
        if self.every_s is not None:
            return f"every {timedelta(seconds=self.every_s)}"
        days = "every day" if self.days == _DAYS else ", ".join(self.days)
        return f"{days} at {', '.join(self.at)}"


def parse_when(at: str | None, days: str | None, every: str | None) -> When:
    """Read when a question is due: `07:30,18:00` on `mon,wed`, or every `6h`.

    Raises:
        UsageError: If it is not understood.
    """
    if (at is None) == (every is None):
        raise UsageError("say when: --at 07:30 (with --days mon,wed or without), or --every 6h")
    if every is not None:
        found = _EVERY.fullmatch(every.strip())
        seconds = 0 if found is None else int(found[1]) * _UNITS[found[2]]
        if seconds < _LEAST_S or days is not None:
            raise UsageError(f"--every takes 5m or more, like 30m, 6h or 1d, not {every!r}")
        return When(every_s=seconds)
    return When(at=tuple(_time(part, "--at") for part in str(at).split(",")), days=_days(days))


def _days(text: str | None) -> tuple[str, ...]:
    if text is None:
        return _DAYS
    found = {part.strip().lower()[:3] for part in text.split(",")}
    if not found or not found <= set(_DAYS):
        raise UsageError(f"--days takes days like mon,wed,fri, not {text!r}")
    return tuple(day for day in _DAYS if day in found)


def _time(text: str, flag: str) -> str:
    found = _AT.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{flag} takes times like 07:30, not {text.strip()!r}")
    return f"{int(found[1]):02}:{found[2]}"


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """Hours in which nobody is told anything, in the machine's own time zone."""

    begins: str
    ends: str

    def covers(self, now: datetime) -> bool:
        """Say whether a moment is within them; they may go past midnight."""
        here = f"{now.astimezone():%H:%M}"
        if self.begins <= self.ends:
            return self.begins <= here < self.ends
        return here >= self.begins or here < self.ends


def parse_quiet(text: str) -> Quiet:
    """Read quiet hours, like `22:00-07:30`.

    Raises:
        UsageError: If they are not understood.
    """
    begins, dash, ends = text.partition("-")
    if not dash:
        raise UsageError(f"--quiet-hours takes hours like 22:00-07:30, not {text!r}")
    return Quiet(begins=_time(begins, "--quiet-hours"), ends=_time(ends, "--quiet-hours"))
