"""What saturates first as a fleet grows: a simulation on what `fleet.py` and `durable.py` measured.

    python benchmarks/fleet_simulation.py       # writes FLEET_SIMULATION.md, in about two minutes

Events in a heap: workers with runs side by side; each step of a run waits for its model, then for
its worker's core (first come, first served), then for the worker's next transaction, one at a time,
in which all lines that gathered meanwhile go; transactions share the database's cores, first come,
first served. Beside that each worker's own looks at the queue keep the database busy. What it does
not know: the network, disks that fall behind, locks between sessions, a database with other work.
"""

import heapq
import json
import random
import statistics
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from figures import code, machine

HERE = Path(__file__).parent
AT_ONCE = 32
MODEL_S = 10.0
"""Mean seconds of a model call, exponential: a panel's members with tools."""
DATABASE_CORES = 16
LASTS_S, WARM_S = 60.0, 20.0
FLEETS = (1, 10, 100, 300, 1_000, 3_000)
SESSIONS = 500
"""That one PostgreSQL serves well without a pooler in front: a rule of thumb, not measured here."""


@dataclass
class Cores:
    """A few cores and who waits for one."""

    free: int
    waiting: deque[tuple[float, Any, Any]] = field(default_factory=deque)
    busy_s: float = 0.0


@dataclass
class Worker:
    """One worker: a core, and a transaction under way or none."""

    core: Cores
    lines: list[float] = field(default_factory=list)
    """When each step came that waits for the next transaction."""
    sending: bool = False


class World:
    """Workers, a database, and a heap of what happens next."""

    def __init__(self, workers: int, inputs: dict[str, float], seed: int = 1) -> None:
        self.now, self.heap, self.ids = 0.0, [], count()
        self.rng = random.Random(seed)
        self.inputs = inputs
        self.database = Cores(free=DATABASE_CORES)
        self.workers = [Worker(core=Cores(free=1)) for _ in range(workers)]
        self.waits: list[float] = []
        self.steps = self.transactions = 0
        for worker in self.workers:
            for _ in range(AT_ONCE):
                self.at(self.rng.expovariate(1 / MODEL_S), self.replied, worker)
            self.at(self.rng.random(), self.looks, worker)

    def at(self, delay: float, do: Any, *given: Any) -> None:
        """Let something happen later."""
        heapq.heappush(self.heap, (self.now + delay, next(self.ids), do, given))

    def on(self, cores: Cores, takes: float, do: Any, *given: Any) -> None:
        """Let something happen after it had a core for a while."""
        if cores.free:
            cores.free -= 1
            cores.busy_s += takes if self.now >= WARM_S else 0.0
            self.at(takes, self.left, cores, do, given)
        else:
            cores.waiting.append((takes, do, given))

    def left(self, cores: Cores, do: Any, given: Any) -> None:
        """Give a core back, to whoever waited longest."""
        cores.free += 1
        if cores.waiting:
            takes, after, more = cores.waiting.popleft()
            self.on(cores, takes, after, *more)
        do(*given)

    def replied(self, worker: Worker) -> None:
        """A model answered: the worker has to do something about it."""
        self.on(worker.core, self.inputs["worker_s"], self.told, worker, self.now)

    def told(self, worker: Worker, since: float) -> None:
        """Its lines wait for the next transaction."""
        worker.lines.append(since)
        if not worker.sending:
            self.send(worker)

    def send(self, worker: Worker) -> None:
        """Begin a transaction with all there is."""
        worker.sending, batch, worker.lines = True, worker.lines, []
        takes = self.inputs["write_s"] + self.inputs["more_s"] * (len(batch) - 1)
        self.on(self.database, takes, self.kept, worker, batch)

    def kept(self, worker: Worker, batch: list[float]) -> None:
        """It is committed: the runs go on."""
        worker.sending = False
        self.transactions += self.now >= WARM_S
        for since in batch:
            if self.now >= WARM_S:
                self.steps += 1
                self.waits.append(self.now - since)
            self.at(self.rng.expovariate(1 / MODEL_S), self.replied, worker)
        if worker.lines:
            self.send(worker)

    def looks(self, worker: Worker) -> None:
        """Look at the queue, say that it is alive, sweep: a second's worth of it."""
        self.on(self.database, self.inputs["idle_s"], lambda: None)
        self.at(1.0, self.looks, worker)

    def go(self) -> None:
        """Let it all happen."""
        while self.heap and self.heap[0][0] < WARM_S + LASTS_S:
            self.now, _, do, given = heapq.heappop(self.heap)
            do(*given)


def measured() -> dict[str, float]:
    """Return what the simulation rests on, in seconds."""
    fleet = json.loads((HERE / "fleet.json").read_text())
    rows = json.loads((HERE / "durable.json").read_text())
    cpu = statistics.median(
        row["cpu_s"] / 3 / 64 for row in rows if (row["arm"], row["n"]) == ("ours_postgres", 64)
    )
    idle = fleet["idle"]
    write = idle["database_cpu_ms_per_write"] / 1e3
    return {
        "worker_s": cpu, "write_s": write, "more_s": write / 4,
        "idle_s": idle["database_cpu_ms_per_s"] / 1e3, "sessions": idle["sessions"],
    }  # fmt: skip


def row(workers: int, inputs: dict[str, float]) -> str:
    """Simulate one size and write it down."""
    world = World(workers, inputs)
    world.go()
    core = statistics.mean(worker.core.busy_s for worker in world.workers) / LASTS_S
    busy = world.database.busy_s / LASTS_S / DATABASE_CORES
    waits = sorted(world.waits)
    sessions = workers * inputs["sessions"]
    return (
        f"| {workers:,} | {workers * AT_ONCE:,} | {world.steps / LASTS_S:,.0f} | {core:.1%} | {busy:.1%} | "
        f"{world.steps / max(1, world.transactions):.1f} | {waits[len(waits) // 2] * 1e3:.1f} | "
        f"{waits[int(len(waits) * 0.99)] * 1e3:.1f} | {sessions:,.0f}{'' if sessions <= SESSIONS else ' (pooler)'} |"
    )


def main() -> None:
    """Simulate and write."""
    inputs = measured()
    lines = [
        "# A fleet that grows, simulated", "",
        f"`python benchmarks/fleet_simulation.py`, {datetime.now(UTC).date()}, {machine()}, code at {code()}.", "",
        f"Workers with {AT_ONCE} calls under way each (model calls of {MODEL_S:.0f} s on average), one PostgreSQL with {DATABASE_CORES} cores. "
        f"From `fleet.json` and `durable.json`: a call takes {inputs['worker_s'] * 1e3:.2f} ms of its worker's core, a transaction "
        f"{inputs['write_s'] * 1e3:.2f} ms of the database's, a worker's looks {inputs['idle_s'] * 1e3:.1f} ms of the database's a second. "
        "Assumed, not measured: each further run in a transaction costs a quarter of the first.", "",
        "| workers | calls under way | calls a second | a worker's core | the database's cores | runs in a transaction | added to a call, ms (median) | (99 in 100) | sessions |",
        "|---" * 9 + "|",
        *(row(workers, inputs) for workers in FLEETS), "",
    ]  # fmt: skip
    (HERE / "FLEET_SIMULATION.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
