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

WARM = 400
"""Runs, after which a process of eight side by side holds all that it will."""


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
    held: dict[str, float] = {}
    done = 0

    async def some() -> None:
        nonlocal done
        while done < count:
            done += 1
            number = done
            options = AskOptions(models=(model,), strategy="single", members=1, seed=number)
            asked = await ask(Task(prompt="?"), options, data=home, cache=home, watch=Watch())
            assert asked.answer.outcome == "answered", asked.answer.missing
            if number == max(WARM, count // 10):
                held["warm_mb"], held["warm_files"] = resident_mb(), open_files()

    await asyncio.gather(*(some() for _ in range(8)))
    return {**held, "end_mb": resident_mb(), "end_files": open_files()}


if __name__ == "__main__":
    found = asyncio.run(soak(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
    sys.stdout.write(json.dumps(found) + "\n")
