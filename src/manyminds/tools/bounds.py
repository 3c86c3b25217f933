"""What reading a body may take, by its size: what is small and takes much is a bomb.

For processes that read what others wrote. Memory is the address space on top of what the process
holds; time is that of computing, so that a busy machine makes nothing a bomb.
"""

import signal
from contextlib import suppress
from dataclasses import dataclass

try:
    import resource
except ImportError:  # Windows: who waits has to bound the time
    resource = None

__all__ = ["TOO_LONG", "Bounds"]

TOO_LONG = -signal.SIGPROF if hasattr(signal, "SIGPROF") else -(1 << 30)
"""How a process ends whose time of computing is over; where there is no such end, none ends so."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Bytes of memory and seconds: at least, for each byte or million of them, and at most."""

    memory: int
    memory_each: int
    memory_most: int
    seconds: float
    seconds_each: float
    seconds_most: float

    def begin(self, size: int, most: int) -> None:
        """Let what is done from now on take what a body of this size may; more ends the process.

        Args:
            size: Bytes of the body.
            most: Address space that is never passed, as `ceiling` gave it at the start.
        """
        if resource is None:
            return
        if held := _held():
            _limit(min(held + self.memory + self.memory_each * size, most))
        seconds = min(self.seconds + self.seconds_each * size / 1e6, self.seconds_most)
        signal.setitimer(signal.ITIMER_PROF, seconds)

    def end(self) -> None:
        """Let what is done between bodies take what it needs."""
        if resource is not None:
            signal.setitimer(signal.ITIMER_PROF, 0)
            _limit(None)

    def ceiling(self) -> int:
        """Return the address space that all bodies together may come to."""
        return _held() + self.memory_most


def _limit(space: int | None) -> None:
    """Bound the address space from now on, within what this process was given itself."""
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        least = [one for one in (space, None if hard == resource.RLIM_INFINITY else hard) if one]
        resource.setrlimit(resource.RLIMIT_AS, (min(least, default=resource.RLIM_INFINITY), hard))


def _held() -> int:
    """Return the bytes of address space that are in use; 0 where nobody tells (no /proc)."""
    with suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize() if resource else 0
    return 0
