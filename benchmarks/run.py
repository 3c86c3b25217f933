"""Overhead, concurrency and start-up, each as a ratio to a baseline measured in the same run.

    python benchmarks/run.py            # or `make bench`; writes RESULTS.md and results.json

Rounds are interleaved: every round measures every arm once, in a process of its own, so that
whatever else the machine does falls on all of them. Intervals are over rounds.
"""

import json
import platform
import random
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
ROUNDS, RUNS = 7, 200
CONCURRENT = (4, 64, 256, 1_000)
CONCURRENT_ROUNDS = 3
LATENCY_MS = 200
ARMS = ("bare", "bare_aiohttp", "manyminds", "pydantic_ai")


@contextmanager
def stub(latency_ms: float):
    """Run the stub server in a process of its own."""
    command = [sys.executable, str(HERE / "stub.py"), str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def measure(arm: str, port: str, mode: str, count: int) -> dict:
    """Measure one arm once."""
    command = [sys.executable, str(HERE / "arms.py"), arm, port, mode, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def overhead() -> list[dict]:
    """Measure member-runs one after the other at no latency."""
    rows = []
    with stub(0) as port:
        for round_ in range(ROUNDS):
            arms = random.sample(ARMS, len(ARMS))
            rows += [{"round": round_, **measure(arm, port, "seq", RUNS)} for arm in arms]
            print(f"overhead: round {round_ + 1} of {ROUNDS}", file=sys.stderr)
    return rows


def concurrency() -> list[dict]:
    """Measure N member-runs side by side at 200 ms latency; the ideal is 0.4 s."""
    rows = []
    with stub(LATENCY_MS) as port:
        for round_ in range(CONCURRENT_ROUNDS):
            for n in CONCURRENT:
                arms = random.sample(ARMS, len(ARMS))
                rows += [{"round": round_, "n": n, **measure(arm, port, "conc", n)} for arm in arms]
                print(f"concurrency: round {round_ + 1}, N = {n}", file=sys.stderr)
    return rows


def startup() -> list[dict]:
    """Measure `manyminds --help` beside a Python that does nothing."""
    program = str(Path(sys.executable).with_name("manyminds"))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "manyminds --help": [program, "--help"],
        "import manyminds": [sys.executable, "-c", "import manyminds"],
    }
    rows = []
    for round_ in range(10):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            rows.append({"round": round_, "what": name, "seconds": time.perf_counter() - began})
    return rows


def ratios(rows: list[dict], key: str, arm: str, base: str) -> tuple[float, float, float]:
    """Return the median over rounds of arm / base, with its least and greatest."""
    by = {(r["round"], r["arm"]): r[key] for r in rows}
    found = [by[round_, arm] / by[round_, base] for round_ in {r["round"] for r in rows}]
    return statistics.median(found), min(found), max(found)


def table(found: dict) -> str:
    """Write the results as they came out."""
    lines = [
        "# Overhead, concurrency, start-up", "",
        "Written by `python benchmarks/run.py` (`make bench`); do not edit by hand.", "",
        f"- date: {found['date']}", f"- machine: {found['machine']}", "",
        f"## One member-run: two model calls and one tool call, stub latency 0, n = {ROUNDS} rounds of {RUNS} runs", "",
        "| arm | CPU ms a run | ratio to bare, CPU (least to greatest) | ratio to bare, wall |", "|---|---|---|---|",
    ]  # fmt: skip
    rows = found["overhead"]
    for arm in ARMS:
        cpu = statistics.median(r["cpu_ms"] for r in rows if r["arm"] == arm)
        c, w = ratios(rows, "cpu_ms", arm, "bare"), ratios(rows, "wall_ms", arm, "bare")
        lines.append(f"| {arm} | {cpu:.2f} | {c[0]:.2f} ({c[1]:.2f} to {c[2]:.2f}) | {w[0]:.2f} ({w[1]:.2f} to {w[2]:.2f}) |")  # fmt: skip
    lines += ["", f"## N member-runs side by side, stub latency {LATENCY_MS} ms (ideal 0.40 s), n = {CONCURRENT_ROUNDS}", "",
        "| N | " + " | ".join(f"{arm}: wall s / peak MB" for arm in ARMS) + " | manyminds to better bare, wall |",
        "|---|" + "---|" * (len(ARMS) + 1)]  # fmt: skip
    for n in CONCURRENT:
        mine = [r for r in found["concurrency"] if r["n"] == n]
        cells = []
        walls = {}
        for arm in ARMS:
            walls[arm] = statistics.median(r["wall_s"] for r in mine if r["arm"] == arm)
            peak = statistics.median(r["rss_peak_mb"] for r in mine if r["arm"] == arm)
            cells.append(f"{walls[arm]:.2f} / {peak:.0f}")
        ratio = walls["manyminds"] / min(walls["bare"], walls["bare_aiohttp"])
        lines.append(f"| {n} | " + " | ".join(cells) + f" | {ratio:.2f} |")
    lines += [
        "",
        "## Start-up, n = 10",
        "",
        "| command | median s | least to greatest |",
        "|---|---|---|",
    ]
    for what in dict.fromkeys(r["what"] for r in found["startup"]):
        times = [r["seconds"] for r in found["startup"] if r["what"] == what]
        lines.append(f"| `{what}` | {statistics.median(times):.3f} | {min(times):.3f} to {max(times):.3f} |")  # fmt: skip
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Describe this machine in a line."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in text if line.startswith("model name")]
    cpu = names[0] if names else platform.processor()
    return f"{len(names)} cores, {cpu}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


if __name__ == "__main__":
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(),
        "startup": startup(), "overhead": overhead(), "concurrency": concurrency(),
    }  # fmt: skip
    (HERE / "results.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    (HERE / "RESULTS.md").write_text(table(result), encoding="utf-8")
