"""This machine's time, shared among the requests that it works on at once.

Two requests side by side that take ten seconds have cost ten seconds of the machine, not twenty:
each moment is divided among the requests under way in it. What a local model costs in energy rests
on that time.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["MACHINE", "Machine", "Share"]


@dataclass(kw_only=True)
class Share:
    """What one piece of work has had of the machine."""

    seconds: float = 0.0


@dataclass(kw_only=True)
class Machine:
    """Divides time among the work that is under way."""

    now: Callable[[], float] = time.monotonic
    _under_way: int = 0
    _each: float = 0.0
    """Seconds that a piece of work would have had that was there from the beginning."""
    _at: float = field(default=0.0)

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
            share.seconds = self._each - before

    def _pass(self) -> None:
        now = self.now()
        if self._under_way:
            self._each += (now - self._at) / self._under_way
        self._at = now


MACHINE = Machine()
"""The one that this process asks; another process that asks the same server is not seen."""
