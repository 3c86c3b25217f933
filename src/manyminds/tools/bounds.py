"""What reading a body may take, by its size: what is small and takes much is a bomb.

For processes that read what others wrote. Memory is the address space on top of what the process
holds; time is that of computing, so that a busy machine makes nothing a bomb.
"""

import signal
from contextlib import suppress
from dataclasses import dataclass

try:
    import resource
except ImportError:  # Windows: only the time of who waits is bounded there
    resource = None

__all__ = ["TOO_LONG", "Bounds"]

TOO_LONG = -signal.SIGPROF if hasattr(signal, "SIGPROF") else None
"""How a process ends whose time of computing is over."""


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
        limit = min(_held() + self.memory + self.memory_each * size, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        seconds = min(self.seconds + self.seconds_each * size / 1e6, self.seconds_most)
        signal.setitimer(signal.ITIMER_PROF, seconds)

    def end(self) -> None:
        """Let what is done between bodies take what it needs."""
        if resource is not None:
            signal.setitimer(signal.ITIMER_PROF, 0)
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def ceiling(self) -> int:
        """Return the address space that all bodies together may come to."""
        return _held() + self.memory_most


def _held() -> int:
    with suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize() if resource else 0
    return 0
