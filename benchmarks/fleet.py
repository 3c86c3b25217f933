"""Runs a second through one worker and two, and what a full store costs.

    python benchmarks/fleet.py            # writes fleet.json and FLEET.md; needs a quiet machine

Runs of one model call at 200 ms, in the queue before the workers look at it; each worker works a
few at once. Rounds alternate between one worker and two. Then the same with more and more runs in
the store: what ordering, claiming, writing and listing take.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from figures import code, machine
from run import stub

sys.path.insert(0, str(Path(__file__).parents[1]))
from manyminds.core.values import Task
from manyminds.runtime.ask import AskOptions
from manyminds.runtime.fleet import shared, tickets
from manyminds.runtime.fleet.client import Client
from manyminds.runtime.fleet.database import ready
from manyminds.runtime.orders import Order, order_json
from tests.postgres import database, postgres

HERE = Path(__file__).parent
ROUNDS, RUNS, AT_ONCE, LATENCY_MS = 5, 60, 4, 200
STORED = (0, 1_000, 10_000, 100_000)
LINES = 12
"""Of each run in a full store; one of the smallest has ten."""
LOOKS = 40


def begun(url: str, home: Path) -> "subprocess.Popen[bytes]":
    """Begin a worker."""
    return subprocess.Popen(
        [sys.executable, "-m", "manyminds.cli", "worker", "--at-once", str(AT_ONCE), "--quiet"],
        env={**os.environ, "MANYMINDS_FLEET": url, "MANYMINDS_HOME": str(home)},
        stderr=subprocess.DEVNULL,
    )


def fill(url: str, port: str, count: int) -> None:
    """Put runs in the queue, all at once."""
    options = AskOptions(models=(f"http://127.0.0.1:{port}/v1#stub",), strategy="brief", seed=1)
    text = order_json(Order(task=Task(prompt="What is 6 * 7?"), options=options))
    for number in range(count):
        tickets.order(url, f"{number:06}", text, 5)


def over(url: str) -> int:
    """Count the runs that are over."""
    with psycopg.connect(url) as db:
        return int(db.execute("select count(*) from manyminds.run where over").fetchone()[0])


def pace(server: str, port: str, workers: int, name: str) -> dict[str, Any]:
    """Return runs a second, from the first that is over to the last."""
    with database(server, name) as url, tempfile.TemporaryDirectory() as home:
        asyncio.run(_tables(url))
        fill(url, port, RUNS)
        processes = [begun(url, Path(home) / str(n)) for n in range(workers)]
        while over(url) < 2 * AT_ONCE * workers:  # both have begun
            time.sleep(0.02)
        began, first = time.perf_counter(), over(url)
        while over(url) < RUNS:
            time.sleep(0.02)
        took = time.perf_counter() - began
        for process in processes:
            process.terminate()
            process.wait()
    return {"workers": workers, "runs_per_s": (RUNS - first) / took}


async def _tables(url: str) -> None:
    await (await ready(url)).close()


def stored(server: str, port: str, count: int) -> dict[str, Any]:
    """Return what things take, in ms, with so many runs in the store."""
    with database(server, f"store{count}") as url:
        asyncio.run(_tables(url))
        fill(url, port, 1)
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(
                "insert into manyminds.run (run, order_json, over, epoch)"
                " select 'old' || n, '{}', true, 1 from generate_series(1, %s) n",
                (count,),
            )
            db.execute(
                "insert into manyminds.line select 'old' || n, l, repeat('x', 400)"
                " from generate_series(1, %s) n, generate_series(0, %s) l",
                (count, LINES - 1),
            )
            db.execute("analyze")
            size = db.execute("select pg_database_size(current_database())").fetchone()[0]
        took = asyncio.run(_looked(url))
        client = Client(url)
        took["list 20"] = _timed(lambda: client.newest(20))
        took["count by state"] = _timed(client.counts)
        took["order"] = _timed(lambda: fill_one(url, port))
        client.close()
    return {"stored": count, "bytes": size, "ms": took}


def fill_one(url: str, port: str) -> None:
    """Order one more."""
    options = AskOptions(models=(f"http://127.0.0.1:{port}/v1#stub",), strategy="brief", seed=1)
    text = order_json(Order(task=Task(prompt="What?"), options=options))
    tickets.order(url, f"more{time.monotonic_ns()}", text, 5)


def _timed(do: Any) -> float:
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        do()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


async def _looked(url: str) -> dict[str, float]:
    db = await ready(url)
    await shared.beat(db, "me", "here", lease_s=3_600)
    took: dict[str, list[float]] = {"claim": [], "write a line": [], "look for dead workers": []}
    for number in range(LOOKS):
        run = f"new{number}"
        await db.execute("insert into manyminds.run (run, order_json) values (%s, '{}')", (run,))
        for name, do in (
            ("claim", lambda run=run: shared.claim(db, run, "me")),
            (
                "write a line",
                lambda run=run: shared.append(
                    db, [shared.Batch(run=run, epoch=1, first=0, lines=[b"x" * 400])]
                ),
            ),
            ("look for dead workers", lambda: shared.dead(db)),
        ):
            began = time.perf_counter()
            await do()
            took[name].append(time.perf_counter() - began)
    await db.close()
    return {name: statistics.median(values) * 1e3 for name, values in took.items()}


def table(figures: dict[str, Any]) -> str:
    """Write it down."""
    by = {n: [row["runs_per_s"] for row in figures["pace"] if row["workers"] == n] for n in (1, 2)}
    ratios = [two / one for one, two in zip(by[1], by[2], strict=True)]
    rows = figures["stored"]
    names = list(rows[0]["ms"])
    lines = [
        "# A fleet", "",
        f"`python benchmarks/fleet.py`, {datetime.now(UTC).date()}, {machine()}, code at {code()}; PostgreSQL, stub and workers on these cores.", "",
        f"Runs a second of {RUNS} runs of one call at {LATENCY_MS} ms, {AT_ONCE} at once in each worker; {ROUNDS} alternating rounds, median (least to most):", "",
        "| workers | runs a second |", "|---|---|",
        *(f"| {n} | {_cell(by[n])} |" for n in (1, 2)), "",
        f"Two workers do {_cell(ratios)} times what one does.", "",
        f"What things take, in ms, with more and more runs of {LINES} lines in the store (medians of {LOOKS}):", "",
        f"| runs in the store | {' | '.join(names)} | size, MB |", "|---" * (2 + len(names)) + "|",
        *(
            f"| {row['stored']:,} | {' | '.join(format(row['ms'][name], '.2f') for name in names)} | {row['bytes'] / 1e6:,.0f} |"
            for row in rows
        ),
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def _cell(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    """Measure and write."""
    figures: dict[str, Any] = {"pace": [], "stored": []}
    with stub(LATENCY_MS) as port, tempfile.TemporaryDirectory(prefix="mm-pg-") as place, postgres(Path(place)) as server:  # fmt: skip
        for round_ in range(ROUNDS):
            for workers in (1, 2):
                figures["pace"].append(pace(server, port, workers, f"p{round_}{workers}"))
                print(figures["pace"][-1], file=sys.stderr)
        for count in STORED:
            figures["stored"].append(stored(server, port, count))
            print(figures["stored"][-1], file=sys.stderr)
    (HERE / "fleet.json").write_text(json.dumps(figures, indent=0) + "\n")
    (HERE / "FLEET.md").write_text(table(figures))
    print(table(figures))


if __name__ == "__main__":
    main()
