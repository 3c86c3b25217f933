"""What a store of files costs as it fills: one machine, up to 100,000 runs.

    python benchmarks/store.py            # writes store.json and STORE.md

Each stored run is a real one of the stub model, copied under another name. Looked at is what people
and runs do with the store: begin a run, find the last one, find one by a part of its name, list the
newest twenty, and work a whole question.
"""

import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from figures import code, machine

sys.path.insert(0, str(Path(__file__).parents[1]))
from manyminds.core.values import Task
from manyminds.runtime.ask import AskOptions, Watch, ask
from manyminds.runtime.background import enqueue
from manyminds.runtime.orders import Order
from manyminds.transcript.store import read_transcript, run_names, transcript_path
from tests.stub import Stub, say

HERE = Path(__file__).parent
STORED = (0, 1_000, 10_000, 100_000)
LOOKS = 20


def fill(home: Path, model: Path, count: int) -> None:
    """Copy a run until there are so many; by hard links, as many as a file may have."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    there = len(os.listdir(home / "runs"))
    for number in range(there, count):
        if number % 30_000 == 0:
            model = shutil.copytree(model, model.with_name(f"model{number}"))
        name = f"{began + timedelta(minutes=number):%Y%m%d-%H%M%S}-{number:06x}"
        folder = home / "runs" / name
        folder.mkdir()
        for file in model.iterdir():
            os.link(file, folder / file.name)


def timed(what: Callable[[], object]) -> float:
    """Return ms, the median of some looks."""
    took: list[float] = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        what()
        took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took)


def looked(home: Path, order: Order, stub: Stub) -> dict[str, float]:
    """Return what things take, in ms."""
    options = AskOptions(models=(stub.model,), strategy="brief", seed=1)

    def newest() -> None:
        names = [name for name, _ in zip(run_names(home), range(20), strict=False)]
        for name in names:
            read_transcript(transcript_path(home, name))

    def whole() -> None:
        asyncio.run(ask(order.task, options, data=home, cache=home / "cache", watch=Watch()))

    a_name = next(run_names(home))
    return {
        "begin": timed(lambda: enqueue(home, order)),
        "find the last": timed(lambda: transcript_path(home, "last")),
        "find by a part of its name": timed(lambda: transcript_path(home, a_name[-6:])),
        "read the newest 20": timed(newest),
        "a whole question": timed(whole),
    }


def page(figures: dict[str, Any]) -> str:
    """Write the figures for people."""
    names = list(figures["rows"][0]["ms"])
    return "\n".join(
        [
            "# A store of files", "",
            f"`python benchmarks/store.py`, {figures['date']}, {figures['machine']}, code at {figures['code']}.", "",
            f"What things take, in ms, with more and more runs in one data folder (medians of {LOOKS}):", "",
            f"| runs in the store | {' | '.join(names)} |", "|---" * (1 + len(names)) + "|",
            *(
                f"| {row['stored']:,} | {' | '.join(format(row['ms'][name], '.2f') for name in names)} |"
                for row in figures["rows"]
            ),
            "",
        ]
    )  # fmt: skip


def main() -> None:
    """Measure, and write the figures."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, Stub() as stub:
        home = Path(folder)
        stub.behaviours = [say("Answer: 42")]
        options = AskOptions(models=(stub.model,), strategy="brief", seed=1)
        order = Order(task=Task(prompt="What is 6 * 7?"), options=options)
        asked = asyncio.run(
            ask(order.task, options, data=home, cache=home / "cache", watch=Watch())
        )
        model = home / "model"
        shutil.copytree(asked.transcript.parent, model)
        for stored in STORED:
            fill(home, model, stored)
            rows.append({"stored": stored, "ms": looked(home, order, stub)})
            print(rows[-1], file=sys.stderr)
    figures = {
        "date": str(datetime.now(UTC).date()), "machine": machine(), "code": code(), "rows": rows,
    }  # fmt: skip
    (HERE / "store.json").write_text(json.dumps(figures, indent=1) + "\n")
    (HERE / "STORE.md").write_text(page(figures))


if __name__ == "__main__":
    main()
