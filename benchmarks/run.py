"""Overhead, concurrency and start-up, each as a ratio to a baseline measured in the same run.

    python benchmarks/run.py            # or `make bench`; writes RESULTS.md and results.json
    python benchmarks/run.py --peers    # beside agent frameworks, each in its own environment

Rounds are interleaved: every round measures every arm once, in a process of its own, so that
whatever else the machine does falls on all of them. Intervals are over rounds.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from figures import code, machine
from frameworks import PEERS

HERE = Path(__file__).parent
ROUNDS, RUNS = 7, 200
CONCURRENT = (4, 64, 256, 1_000)
CONCURRENT_ROUNDS = 3
LATENCY_MS = 200
TOLD = {"capture_output": True, "text": True}
OWN = ("bare", "bare_aiohttp", "manyminds", "pydantic_ai")
ENVIRONMENTS = HERE.parent / ".bench" / "peers"


@dataclass(frozen=True, kw_only=True)
class Arms:
    """What is measured, and by which Python."""

    pythons: dict[str, str]
    versions: dict[str, str]
    left_out: dict[str, str]
    """Frameworks that could not be installed or run, and why."""

    @property
    def names(self) -> tuple[str, ...]:
        """All arms, the baseline first."""
        return tuple(self.pythons)

    def command(self, arm: str) -> list[str]:
        """Return how to run one arm."""
        script = "arms.py" if arm in OWN else "frameworks.py"
        return [self.pythons[arm], str(HERE / script), arm]


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


def ready(*, peers: bool) -> Arms:
    """Return the arms that work here; each framework is installed and tried once."""
    arms = Arms(pythons=dict.fromkeys(OWN, sys.executable), versions={}, left_out={})
    for name, (_, packages) in PEERS.items() if peers else ():
        try:
            arms.pythons[name] = environment(name, packages)
            with stub(0) as port:
                measure(arms, name, port, "seq", 1)
        except subprocess.CalledProcessError as error:
            del arms.pythons[name]
            arms.left_out[name] = (error.stderr or "").strip().splitlines()[-1][:200]
            continue
        told = subprocess.run(
            [arms.pythons[name], "-c", f"import importlib.metadata as m; print(m.version({packages[0].partition('[')[0]!r}))"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        arms.versions[name] = told.stdout.strip()
    return arms


def environment(name: str, packages: tuple[str, ...]) -> str:
    """Return the Python of a framework's own environment, made where it is missing."""
    python = ENVIRONMENTS / name / "bin" / "python"
    if not python.exists():
        print(f"installing {name}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENTS / name)], check=True, **TOLD)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True, **TOLD)
    return str(python)


def measure(arms: Arms, arm: str, port: str, mode: str, count: int) -> dict:
    """Measure one arm once."""
    done = subprocess.run([*arms.command(arm), port, mode, str(count)], check=True, **TOLD)
    return json.loads(done.stdout.splitlines()[-1])


def overhead(arms: Arms) -> list[dict]:
    """Measure member-runs one after the other at no latency."""
    rows = []
    with stub(0) as port:
        for round_ in range(ROUNDS):
            for arm in random.sample(arms.names, len(arms.names)):
                rows.append({"round": round_, **measure(arms, arm, port, "seq", RUNS)})
            print(f"overhead: round {round_ + 1} of {ROUNDS}", file=sys.stderr)
    return rows


def concurrency(arms: Arms) -> list[dict]:
    """Measure N member-runs side by side at 200 ms latency; the ideal is 0.4 s."""
    rows = []
    with stub(LATENCY_MS) as port:
        for round_ in range(CONCURRENT_ROUNDS):
            for n in CONCURRENT:
                for arm in random.sample(arms.names, len(arms.names)):
                    try:
                        row = measure(arms, arm, port, "conc", n)
                    except subprocess.CalledProcessError:
                        row = {"arm": arm, "wall_s": None, "rss_peak_mb": None}
                    rows.append({"round": round_, "n": n, **row})
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


def concurrent(rows: list[dict], arm: str, n: int) -> str:
    """Say in a cell how an arm did with N side by side."""

    def median(of: str, key: str) -> float | None:
        found = [r[key] for r in rows if r["n"] == n and r["arm"] == of]
        return None if None in found else statistics.median(found)

    wall, peak = median(arm, "wall_s"), median(arm, "rss_peak_mb")
    if wall is None:
        return "failed"
    better = min(median(of, "wall_s") or wall for of in ("bare", "bare_aiohttp"))
    return f"{wall:.2f} / {peak:.0f} ({wall / better:.2f})"


def table(found: dict) -> str:
    """Write the results as they came out."""
    names, versions = found["arms"], found["versions"]
    lines = [
        "# Overhead, concurrency, start-up", "",
        "Written by `python benchmarks/run.py` (`make bench`); do not edit by hand.", "",
        f"- date: {found['date']}", f"- machine: {found['machine']}",
        f"- code: {found['code']}", "",
        f"## One member-run: two model calls and one tool call, stub latency 0, n = {ROUNDS} rounds of {RUNS} runs", "",
        "| arm | CPU ms a run | ratio to bare, CPU (least to greatest) | ratio to bare, wall |", "|---|---|---|---|",
    ]  # fmt: skip
    rows = found["overhead"]
    for arm in names:
        cpu = statistics.median(r["cpu_ms"] for r in rows if r["arm"] == arm)
        c, w = ratios(rows, "cpu_ms", arm, "bare"), ratios(rows, "wall_ms", arm, "bare")
        lines.append(f"| {arm} {versions.get(arm, '')} | {cpu:.2f} | {c[0]:.2f} ({c[1]:.2f} to {c[2]:.2f}) | {w[0]:.2f} ({w[1]:.2f} to {w[2]:.2f}) |")  # fmt: skip
    lines += [f"- left out: {name}: {why}" for name, why in found["left_out"].items()]
    lines += ["", f"## N member-runs side by side, stub latency {LATENCY_MS} ms (ideal 0.40 s), n = {CONCURRENT_ROUNDS}", "",
        "Wall seconds / peak MB, and wall as a ratio to the better bare client; medians over rounds. \"failed\": at least one round did not end.", "",
        "| arm | " + " | ".join(f"N = {n}" for n in CONCURRENT) + " |", "|---|" + "---|" * len(CONCURRENT)]  # fmt: skip
    for arm in names:
        cells = [concurrent(found["concurrency"], arm, n) for n in CONCURRENT]
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", action="store_true")
    arms = ready(peers=parser.parse_args().peers)
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(),
        "code": code(),
        "arms": arms.names, "versions": arms.versions, "left_out": arms.left_out,
        "startup": startup(), "overhead": overhead(arms), "concurrency": concurrency(arms),
    }  # fmt: skip
    (HERE / "results.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    (HERE / "RESULTS.md").write_text(table(result), encoding="utf-8")
