"""Real workers at a real queue, killed again and again: every run comes to its end, once."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import psycopg

from manyminds.core.events import Recorded, RunEnded
from manyminds.core.values import Task
from manyminds.runtime.choose import AskOptions
from manyminds.runtime.fleet.client import Client
from manyminds.runtime.fleet.shared import LEASE_S
from manyminds.runtime.orders import Order
from tests.chaos.conftest import Model, replied
from tests.chaos.counts import COUNTS, FULL, LATE_S
from tests.chaos.lives import events_of


def begun(fleet: str, home: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "manyminds.cli", "worker", "--at-once", "4", "-q"],
        env={**os.environ, "MANYMINDS_FLEET": fleet, "MANYMINDS_HOME": str(home)},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_workers_that_are_killed_lose_no_run(tmp_path: Path, improviser: Model, fleet_url: str) -> None:  # fmt: skip
    kills, count, chance = (20, 40, random.Random(4)) if FULL else (3, 8, random.Random(4))
    improviser.stub.delay_s = 0.3
    options = AskOptions(models=(improviser.stub.model,), strategy="heavy", members=4)
    with closing(Client(fleet_url)) as client:
        order = Order(task=Task(prompt="How many pens are in 6 boxes of 7?"), options=options)
        runs = [client.order(order, priority=5) for _ in range(count)]
    workers = [begun(fleet_url, tmp_path / f"w{n}") for n in range(2)]
    try:
        for kill in range(kills):
            time.sleep(chance.uniform(3.0, 6.0))
            place = chance.randrange(2)
            workers[place].kill()
            workers[place].wait()
            workers[place] = begun(fleet_url, tmp_path / f"w{kill + 2}")
        ends = time.monotonic() + 60 + 5 * count
        while left(fleet_url) and time.monotonic() < ends:
            time.sleep(0.2)
        assert left(fleet_url) == []
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    epochs = 0
    for run in runs:
        events = events_of({"home": str(tmp_path), "run": run, "fleet": fleet_url})
        epochs += check_whole(events)
    COUNTS["kills of real workers, PostgreSQL"] += kills
    COUNTS["runs that they worked"] += count
    COUNTS["of these gone on with elsewhere"] += epochs
    COUNTS["runs lost"] += 0


def left(fleet: str) -> list[tuple[object, ...]]:
    with psycopg.connect(fleet) as db:
        return db.execute("select run, worker, why from manyminds.run where not over").fetchall()


def check_whole(events: tuple[Recorded, ...]) -> int:
    """One end, one reply to each request; return how often it was gone on with."""
    assert sum(isinstance(r.event, RunEnded) for r in events) == 1
    assert [r.number for r in events] == list(range(len(events)))
    answered = replied(events)
    assert answered == Counter(dict.fromkeys(answered, 1))
    return sum(r.event.kind == "resumed" for r in events)


def test_a_dead_workers_run_goes_on_soon(tmp_path: Path, improviser: Model, fleet_url: str) -> None:
    improviser.stub.delay_s = 0.2
    options = AskOptions(models=(improviser.stub.model,), strategy="heavy", members=4)
    took: list[float] = []
    workers = [begun(fleet_url, tmp_path / "first"), begun(fleet_url, tmp_path / "second")]
    try:
        for turn in range(8 if FULL else 1):
            with closing(Client(fleet_url)) as client:
                order = Order(task=Task(prompt=f"How many are {turn} boxes?"), options=options)
                run = client.order(order, priority=5)
                holder = taken_up(fleet_url, run, 1)
                victim = next(n for n, w in enumerate(workers) if str(w.pid) in holder)
                workers[victim].kill()
                killed = time.monotonic()
                taken_up(fleet_url, run, 2)
                took.append(time.monotonic() - killed)
            workers[victim].wait()
            workers[victim] = begun(fleet_url, tmp_path / f"next{turn}")
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert max(took) < LEASE_S + 10.0 + LATE_S
    COUNTS["dead workers whose run went on elsewhere"] += len(took)
    COUNTS["seconds until it did, lease of 8 s included, longest"] += round(max(took))


def taken_up(fleet: str, run: str, epoch: int) -> str:
    """Wait until a run was taken up so often; return by whom."""
    ends = time.monotonic() + 60 + LATE_S
    while time.monotonic() < ends:
        with psycopg.connect(fleet) as db:
            row = db.execute(
                "select epoch, worker, over from manyminds.run where run = %s", (run,)
            ).fetchone()
        assert row is not None
        if row[0] >= epoch:
            return str(row[1])
        time.sleep(0.05)
    raise AssertionError(f"{run} was not taken up")
