"""This machine's time and energy, shared among the requests that it works on at once.

Two requests side by side that take ten seconds have cost ten seconds of the machine, not twenty:
each moment is divided among the requests under way in it, and so is what it drew.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache

from manyminds.runtime.power import Counter, Rapl, counter_for

__all__ = ["Machine", "Share", "collecting", "joules_of", "machine_for"]


@dataclass(frozen=True, kw_only=True)
class _Amounts:
    """Seconds and joules, since some moment or of some piece of work."""

    seconds: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def __sub__(self, other: "_Amounts") -> "_Amounts":
        return _Amounts(
            seconds=self.seconds - other.seconds, low=self.low - other.low,
            high=self.high - other.high,
        )  # fmt: skip

    def plus(self, other: "_Amounts", part: float) -> "_Amounts":
        return _Amounts(
            seconds=self.seconds + other.seconds * part, low=self.low + other.low * part,
            high=self.high + other.high * part,
        )  # fmt: skip


@dataclass(kw_only=True)
class Share:
    """What one piece of work has had of the machine."""

    seconds: float = 0.0
    joules: tuple[float, float] = (0.0, 0.0)
    """Low and high end."""


_shares: ContextVar[list[Share] | None] = ContextVar("shares", default=None)


@contextmanager
def collecting() -> Generator[list[Share]]:
    """Collect the shares of what is done meanwhile, failed and cut off tries included."""
    outer, mine = _shares.get(), list[Share]()
    token = _shares.set(mine)
    try:
        yield mine
    finally:
        _shares.reset(token)
        if outer is not None:
            outer.extend(mine)


def joules_of(shares: list[Share]) -> tuple[float, float] | None:
    """Add up low and high ends; `None` where this machine did nothing."""
    if not shares:
        return None
    return sum(share.joules[0] for share in shares), sum(share.joules[1] for share in shares)


@dataclass(kw_only=True)
class Machine:
    """Divides time and energy among the work that is under way."""

    counter: Counter
    now: Callable[[], float] = time.monotonic
    _under_way: int = 0
    _each: _Amounts = field(default_factory=_Amounts)
    """What a piece of work would have had that was there from the beginning."""
    _at: _Amounts = field(default_factory=_Amounts)

    @contextmanager
    def at_work(self) -> Generator[Share]:
        """Count a piece of work as under way; its share is known at the end."""
        share = Share()
        self._pass()
        before = self._each
        self._under_way += 1
        try:
            yield share
        finally:
            self._pass()
            self._under_way -= 1
            had = self._each - before
            share.seconds, share.joules = had.seconds, (had.low, had.high)
            collected = _shares.get()
            if collected is not None:
                collected.append(share)

    def _pass(self) -> None:
        low, high = self.counter.joules()
        now = _Amounts(seconds=self.now(), low=low, high=high)
        if self._under_way:
            self._each = self._each.plus(now - self._at, 1 / self._under_way)
        self._at = now


@cache
def machine_for(pid: int | None) -> Machine:
    """Return the machine as one process of it is asked, where that process is known.

    Counters of the whole machine are divided among all that is under way, whoever serves it. Who
    else asks the same process from another one of ours is not seen.
    """
    counter = counter_for(pid)
    if pid is not None and isinstance(counter, Rapl):
        return machine_for(None)
    return Machine(counter=counter)
