"""What it costs to keep each step of a run, beside the same run unkept and beside other keepers.

    python benchmarks/durable.py           # writes durable.json and DURABLE.md; needs a quiet machine

Runs of three model calls, N side by side, against a stub that answers after 200 ms. What is added is
what an arm takes more than its own arm that keeps nothing, per call. Rounds are interleaved; every
arm is a process of its own, the others' in an environment of their own.
"""

import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from figures import code, machine
from run import environment, stub

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.postgres import database, postgres

HERE = Path(__file__).parent
ROUNDS, SIDE_BY_SIDE, LATENCY_MS, CALLS = 5, (8, 64, 256), 200, 3
PACKAGES = (
    "openai[aiohttp]",
    "dbos",
    "psycopg[binary]",
    "langgraph",
    "langgraph-checkpoint-sqlite",
)
OWN = {"ours": "ours_bare", "ours_postgres": "ours_bare"}
OTHERS = {
    "dbos": "bare", "dbos_wal": "bare", "dbos_postgres": "bare", "langgraph_async": "langgraph_bare",
    "langgraph_sync": "langgraph_bare",
}  # fmt: skip
TOLD = {
    "ours": "manyminds: a line of the transcript for each request and each reply, chained",
    "ours_postgres": "manyminds in a fleet: the same, and in PostgreSQL before anything is sent",
    "dbos": "DBOS, SQLite as it comes",
    "dbos_wal": "DBOS, SQLite with its write-ahead log",
    "dbos_postgres": "DBOS, PostgreSQL",
    "langgraph_async": "LangGraph, AsyncSqliteSaver, durability async",
    "langgraph_sync": "LangGraph, AsyncSqliteSaver, durability sync",
}


def measured() -> list[dict]:
    """Measure every arm in every round."""
    other = environment("durable", PACKAGES)
    pythons = {arm: sys.executable for pair in OWN.items() for arm in pair}
    pythons |= {arm: other for pair in OTHERS.items() for arm in pair}
    rows: list[dict] = []
    numbers = itertools.count()
    with (
        stub(LATENCY_MS) as port,
        tempfile.TemporaryDirectory(prefix="mm-pg-") as place,
        postgres(Path(place)) as server,
    ):
        for round_ in range(ROUNDS):
            for n in SIDE_BY_SIDE:
                for arm in random.sample(list(pythons), len(pythons)):
                    with (
                        tempfile.TemporaryDirectory() as folder,
                        database(server, f"b{next(numbers)}") as url,
                    ):
                        command = [
                            pythons[arm],
                            str(HERE / "durable_arms.py"),
                            arm,
                            port,
                            str(n),
                            folder,
                        ]
                        done = subprocess.run(
                            command, check=True, capture_output=True, text=True,
                            env={**os.environ, "BENCH_DATABASE": url},
                        )  # fmt: skip
                    rows.append({"round": round_, **json.loads(done.stdout.splitlines()[-1])})
            print(f"round {round_ + 1} of {ROUNDS}", file=sys.stderr)
    return rows


def added(rows: list[dict], arm: str, base: str, n: int, what: str) -> list[float]:
    """Return the milliseconds a call takes more than in the arm that keeps nothing, by round."""
    found = []
    for round_ in sorted({row["round"] for row in rows}):
        took = {r["arm"]: r[what] for r in rows if (r["round"], r["n"]) == (round_, n)}
        found.append((took[arm] - took[base]) / (CALLS * n) * 1e3)
    return found


def table(rows: list[dict]) -> str:
    """Write it down."""
    versions = subprocess.run(
        [environment("durable", PACKAGES), "-c",
         "import importlib.metadata as m; print(', '.join(f'{p} {m.version(p)}' for p in "
         "('dbos', 'langgraph', 'langgraph-checkpoint-sqlite', 'openai')))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    lines = [
        "# What it costs to keep a step", "",
        f"`python benchmarks/durable.py`, {datetime.now(UTC).date()}, {machine()}, code at {code()}; {versions}.", "",
        f"Runs of {CALLS} model calls at {LATENCY_MS} ms, N side by side. Milliseconds that a call takes more than in "
        f"the same loop that keeps nothing: median of {ROUNDS} interleaved rounds (least to most). CPU is that of the process that works the runs; "
        "PostgreSQL, on the same two cores, takes its own beside it, and the wall shows that.", "",
        "| | " + " | ".join(f"CPU, N = {n} | wall, N = {n}" for n in SIDE_BY_SIDE) + " |",
        "|---" * (1 + 2 * len(SIDE_BY_SIDE)) + "|",
    ]  # fmt: skip
    for arm, base in (OWN | OTHERS).items():
        cells = [
            _cell(added(rows, arm, base, n, what))
            for n in SIDE_BY_SIDE
            for what in ("cpu_s", "wall_s")
        ]
        lines.append(f"| {TOLD[arm]} | {' | '.join(cells)} |")
    lines += ["", "Seconds of all runs side by side (ideal 0.6), medians:", ""]
    arms = [*dict.fromkeys(OWN.values()), *OWN, *dict.fromkeys(OTHERS.values()), *OTHERS]
    lines += ["| N | " + " | ".join(arms) + " |", "|---" * (1 + len(arms)) + "|"]
    for n in SIDE_BY_SIDE:
        walls = [
            statistics.median(r["wall_s"] for r in rows if (r["arm"], r["n"]) == (arm, n))
            for arm in arms
        ]
        lines.append(f"| {n} | " + " | ".join(f"{wall:.2f}" for wall in walls) + " |")
    return "\n".join([*lines, ""])


def _cell(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    """Measure and write."""
    rows = measured()
    (HERE / "durable.json").write_text(json.dumps(rows, indent=0) + "\n")
    (HERE / "DURABLE.md").write_text(table(rows))
    print(table(rows))


if __name__ == "__main__":
    main()
