"""Thousands of runs in one process: what it holds does not grow."""

import json
import subprocess
import sys
from pathlib import Path

from manyminds.testing import final
from tests.chaos.counts import COUNTS, FULL
from tests.stub import Stub, say


def test_what_a_process_holds_does_not_grow(stub: Stub, tmp_path: Path) -> None:
    count = 10_000 if FULL else 500
    stub.behaviours = [say(final("42"))]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.soak", stub.model, str(count), str(tmp_path)],
        capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False, timeout=3_000,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    held = json.loads(done.stdout)
    assert held["end_files"] <= held["warm_files"]
    # The allocator comes to rest only after a thousand runs; what Python holds is counted.
    assert held["end_objects"] - held["warm_objects"] <= 2 * count
    if FULL:
        assert held["end_mb"] <= held["warm_mb"] * 1.05
    COUNTS["runs of the soak, one process"] += count
    COUNTS["MB held after a tenth of them"] += round(held["warm_mb"])
    COUNTS["MB held at their end"] += round(held["end_mb"])
    COUNTS["files open after a tenth of them"] += held["warm_files"]
    COUNTS["files open at their end"] += held["end_files"]
