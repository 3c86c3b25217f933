"""Many runs in one process: `python -m tests.chaos.soak MODEL COUNT HOME`; prints what it held.

Memory is looked at when caches and the allocator are warm, and at the end.
"""

import asyncio
import gc
import json
import os
import sys
from pathlib import Path

from manyminds.core.values import Task
from manyminds.runtime.ask import AskOptions, Watch, ask

WARM = 200
"""Runs, at least, before it is looked at for the first time."""


def resident_mb() -> float:
    """Return the memory this process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files() -> int:
    """Return how many files and sockets are open."""
    return len(os.listdir("/proc/self/fd"))


async def soak(model: str, count: int, home: Path) -> dict[str, float]:
    """Do the runs, eight side by side."""
    numbers = iter(range(count))

    async def some(last: int) -> None:
        for number in numbers:
            options = AskOptions(models=(model,), strategy="single", members=1, seed=number)
            asked = await ask(Task(prompt="?"), options, data=home, cache=home, watch=Watch())
            assert asked.answer.outcome == "answered", asked.answer.missing
            if number >= last:
                return

    held: dict[str, float] = {}
    for when, last in (("warm", max(WARM, count // 10)), ("end", count)):
        await asyncio.gather(*(some(last) for _ in range(8)))
        held[f"{when}_mb"], held[f"{when}_files"] = resident_mb(), open_files()
        held[f"{when}_objects"] = len(gc.get_objects())
    return held


if __name__ == "__main__":
    found = asyncio.run(soak(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
    sys.stdout.write(json.dumps(found) + "\n")
