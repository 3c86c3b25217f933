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

import psutil
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
WRITES = 2_000
IDLE_S = 15.0


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
        before = [spent(process.pid) for process in processes]
        with psycopg.connect(url, autocommit=True) as db:
            base = database_spent(db)
            while db.execute("select count(*) from manyminds.run where over").fetchone() < (RUNS,):
                time.sleep(0.05)
            took = time.perf_counter() - began
            theirs = database_spent(db) - base
        used = sum(spent(p.pid) - was for p, was in zip(processes, before, strict=True))
        for process in processes:
            process.terminate()
            process.wait()
    return {
        "workers": workers, "runs_per_s": (RUNS - first) / took,
        "worker_cpu_ms_per_run": used / (RUNS - first) * 1e3,
        "database_cpu_ms_per_run": theirs / (RUNS - first) * 1e3,
    }  # fmt: skip


def spent(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    used = psutil.Process(pid).cpu_times()
    return used.user + used.system


def database_spent(db: Any) -> float:
    """Return the CPU seconds that PostgreSQL has used, ended sessions included."""
    head = psutil.Process(db.info.backend_pid).parent()
    assert head is not None
    own = head.cpu_times()
    ended = own.children_user + own.children_system
    return ended + sum(spent(p.pid) for p in [head, *head.children()])


def idle(server: str) -> dict[str, float]:
    """Return what a worker costs that has nothing to do, and what a write costs the database."""
    with database(server, "idle") as url, tempfile.TemporaryDirectory() as home:
        asyncio.run(_tables(url))
        process = begun(url, Path(home))
        time.sleep(6.0)
        with psycopg.connect(url, autocommit=True) as db:
            own, base = spent(process.pid), database_spent(db)
            time.sleep(IDLE_S)
            own, base = spent(process.pid) - own, database_spent(db) - base
            sessions = db.execute(
                "select count(*) from pg_stat_activity where datname = current_database()"
            ).fetchone()
            memory = psutil.Process(process.pid).memory_info().rss
            process.terminate()
            process.wait()
            before = database_spent(db)
            wall = asyncio.run(_written(url))
            write = (database_spent(db) - before) / WRITES
    return {
        "worker_cpu_ms_per_s": own / IDLE_S * 1e3, "database_cpu_ms_per_s": base / IDLE_S * 1e3,
        "sessions": float(sessions[0] - 1), "worker_mb": memory / 1e6,
        "database_cpu_ms_per_write": write * 1e3, "write_ms": wall * 1e3,
    }  # fmt: skip


async def _written(url: str) -> float:
    """Write lines of one run, two at a time, as its calls do; return seconds for each write."""
    db = await ready(url)
    await shared.beat(db, "me", "here", lease_s=3_600)
    await db.execute("insert into manyminds.run (run, order_json) values ('r', '{}')")
    await shared.claim(db, "r", "me")
    began = time.perf_counter()
    for number in range(WRITES):
        lines = [b"x" * 400] * 2
        await shared.append(db, [shared.Batch(run="r", epoch=1, first=2 * number, lines=lines)])
    took = time.perf_counter() - began
    await db.close()
    return took / WRITES


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
        f"Two workers do {_cell(ratios)} times what one does. A worker looks at the queue each half second and takes {AT_ONCE} "
        f"runs at most, so one does {2 * AT_ONCE} runs a second at most, however short they are.", "",
        f"CPU for one run: {_cell([r['worker_cpu_ms_per_run'] for r in figures['pace']])} ms of the worker, "
        f"{_cell([r['database_cpu_ms_per_run'] for r in figures['pace']])} ms of PostgreSQL. A worker with nothing to do: "
        f"{figures['idle']['worker_cpu_ms_per_s']:.0f} ms a second of its own and {figures['idle']['database_cpu_ms_per_s']:.0f} of "
        f"PostgreSQL, {figures['idle']['sessions']:.0f} sessions, {figures['idle']['worker_mb']:.0f} MB. Two lines of one run, written and "
        f"committed: {figures['idle']['write_ms']:.2f} ms, {figures['idle']['database_cpu_ms_per_write']:.2f} of them CPU of PostgreSQL.", "",
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
    figures: dict[str, Any] = {"pace": [], "idle": {}, "stored": []}
    with stub(LATENCY_MS) as port, tempfile.TemporaryDirectory(prefix="mm-pg-") as place, postgres(Path(place)) as server:  # fmt: skip
        for round_ in range(ROUNDS):
            for workers in (1, 2):
                figures["pace"].append(pace(server, port, workers, f"p{round_}{workers}"))
                print(figures["pace"][-1], file=sys.stderr)
        figures["idle"] = idle(server)
        print(figures["idle"], file=sys.stderr)
        for count in STORED:
            figures["stored"].append(stored(server, port, count))
            print(figures["stored"][-1], file=sys.stderr)
    (HERE / "fleet.json").write_text(json.dumps(figures, indent=0) + "\n")
    (HERE / "FLEET.md").write_text(table(figures))
    print(table(figures))


if __name__ == "__main__":
    main()
