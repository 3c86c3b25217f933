"""Time, CPU and memory of member-runs done by one arm; standard library only."""

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable

One = Callable[[int], Awaitable[str]]
"""One member-run: two model calls and one tool call; returns the answer, which holds 42."""


def cpu_s() -> float:
    """Return the CPU time this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measure(arm: str, one: One, mode: str, count: int) -> dict[str, float | str]:
    """Do `count` member-runs, one after the other ("seq") or all at once ("conc")."""
    for number in range(10):
        assert "42" in await one(number)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = time.perf_counter(), cpu_s()
    if mode == "seq":
        for number in range(count):
            await one(number)
    else:
        answers = await asyncio.gather(*(one(number) for number in range(count)))
        assert all("42" in answer for answer in answers)
    wall, cpu = time.perf_counter() - wall, cpu_s() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "arm": arm, "wall_ms": wall / count * 1e3, "cpu_ms": cpu / count * 1e3, "wall_s": wall,
        "rss_before_mb": before, "rss_peak_mb": peak,
    }  # fmt: skip
