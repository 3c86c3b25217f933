"""Counters of energy: the machine's where it has them, else processor time."""

import os
import subprocess
import sys
import time
from pathlib import Path

from manyminds.budget.energy import COUNTED, WATTS_PER_CORE
from manyminds.runtime.power import CpuTime, Rapl, counter_for


def zone(folder: Path, name: str, microjoules: int, most: int = 1_000_000) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    return folder


def test_counters_are_summed_and_may_go_round(tmp_path: Path) -> None:
    processor = zone(tmp_path / "intel-rapl:0", "package-0", 900_000)
    memory = zone(tmp_path / "intel-rapl:0:1", "dram", 100)
    zone(tmp_path / "intel-rapl:0:0", "core", 5)  # part of the package: not counted twice
    counter = counter_for(None, tmp_path)
    assert isinstance(counter, Rapl)
    assert counter.method == COUNTED
    assert counter.joules() == (0.0, 0.0)
    zone(processor, "package-0", 200_000)  # 100,000 to the end, 200,000 from the beginning
    zone(memory, "dram", 50_100)
    assert counter.joules() == (0.35, 0.35)


def test_counters_that_may_not_be_read_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "intel-rapl:0").mkdir()
    assert isinstance(counter_for(7, tmp_path), CpuTime)


def test_processor_time_of_one_process_alone() -> None:
    code = (
        "import time; t = time.process_time()\nwhile time.process_time() < t + 0.3: pass\ninput()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as child:
        counter, until = CpuTime(pid=child.pid), time.monotonic() + 20
        while counter.joules()[0] < 0.3 * WATTS_PER_CORE[0] and time.monotonic() < until:
            time.sleep(0.02)
        low, high = counter.joules()
        child.communicate(b"\n")
    assert 0.3 * WATTS_PER_CORE[0] <= low < 2 * WATTS_PER_CORE[0]
    assert high == low * WATTS_PER_CORE[1] / WATTS_PER_CORE[0]
    assert counter.joules() == (low, high)  # it has ended, and what it drew stays


def test_the_whole_machine_counts_what_we_do() -> None:
    counter = CpuTime()
    before, until = counter.joules()[0], time.process_time() + 0.1
    while time.process_time() < until:
        os.getpid()
    assert counter.joules()[0] - before >= 0.05 * WATTS_PER_CORE[0]
