"""A circuit breaker before each model: a service that stays in trouble is left alone for a while.

One for each model in a process, so that runs and members side by side do not each find out for
themselves. A moment's trouble is what tries again are for: only a row of failures that outlasts
them opens it. While it is open requests fail at once; then one is let through to see.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from manyminds.core.errors import ProviderError

__all__ = ["Breaker", "breaker_for"]

FAILURES = 4
LASTING_S = 3.0
"""How long nothing but failures came, at least: as long as one request's tries take."""
REST_S = 15.0
FORGOTTEN_S = 60.0
"""What lies further back than this, with nobody asking since, is no row with what comes now."""


@dataclass(kw_only=True)
class Breaker:
    """Counts a service's failures in a row."""

    name: str
    now: Callable[[], float] = time.monotonic
    failures: int = 0
    since: float = 0.0
    """When the row of failures began."""
    asked: float = 0.0
    """When a request was last let through, or came back: in between somebody was asking."""
    opened_at: float | None = None
    trying: bool = False
    """Whether one request is on its way to see if the service is back."""

    def check(self) -> None:
        """Let a request pass, or refuse it.

        Raises:
            ProviderError: If the service rests; it says for how long.
        """
        if self.now() - self.asked > FORGOTTEN_S and not self.trying:
            self.passed()
        self.asked = self.now()
        if self.opened_at is None:
            return
        left = self.opened_at + REST_S - self.now()
        if left > 0 or self.trying:
            raise ProviderError(
                f"{self.name} failed {self.failures} times in a row; it is left alone for "
                f"{max(left, 1.0):.0f} s"
            )
        self.trying = True

    def passed(self) -> None:
        """Take in that the service answered."""
        self.failures, self.opened_at, self.trying = 0, None, False

    def failed(self) -> None:
        """Take in that it failed in a way that may pass."""
        now = self.now()
        self.since = self.since if self.failures else now
        self.failures += 1
        self.asked, self.trying = now, False
        if self.failures >= FAILURES and now - self.since >= LASTING_S:
            self.opened_at = now

    def let_go(self) -> None:
        """Take in that a request ended in a way that says nothing of the service."""
        self.trying = False


@cache
def breaker_for(name: str) -> Breaker:
    """Return the one of a model."""
    return Breaker(name=name)
