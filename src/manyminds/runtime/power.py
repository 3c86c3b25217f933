"""What models draw that run on this machine: its counters where they can be read, else a model."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

import psutil

from manyminds.budget.energy import COUNTED, MODELLED, WATTS_PER_CORE

__all__ = ["Counter", "CpuTime", "Rapl", "counter_for"]

_ZONES = Path("/sys/class/powercap")
_DRAM = "dram"


class Counter(Protocol):
    """Counts joules."""

    @property
    def method(self) -> str:
        """How it knows, for receipts."""
        ...

    def joules(self) -> tuple[float, float]:
        """Return the low and the high end of what was drawn since some moment; it never falls."""
        ...


@dataclass(kw_only=True)
class Rapl:
    """The processor's own energy counters, and its memory's where there are some.

    They count all that the machine does, ours or not. Source: Intel RAPL as Linux shows it in
    `Documentation/power/powercap`; AMD's processors are shown under the same names.
    """

    zones: Sequence[Path]
    method: str = COUNTED
    _last: dict[Path, int] = field(default_factory=dict[Path, int])
    _total: float = 0.0

    def joules(self) -> tuple[float, float]:
        """Return what all zones have counted since the first look."""
        for zone in self.zones:
            now = int((zone / "energy_uj").read_text())
            step = now - self._last.get(zone, now)
            if step < 0:  # it has gone round
                step += int((zone / "max_energy_range_uj").read_text())
            self._last[zone] = now
            self._total += step / 1e6
        return self._total, self._total


@dataclass(kw_only=True)
class CpuTime:
    """Processor seconds times a range of watts, where nothing counts joules."""

    pid: int | None = None
    """The process that serves the model; `None` for all that the machine does."""
    method: str = MODELLED
    _last: float = 0.0

    def joules(self) -> tuple[float, float]:
        """Return the model's range; a process that has ended draws nothing more."""
        with suppress(psutil.Error):
            self._last = max(self._last, self._seconds())
        low, high = WATTS_PER_CORE
        return self._last * low, self._last * high

    def _seconds(self) -> float:
        times = psutil.cpu_times() if self.pid is None else psutil.Process(self.pid).cpu_times()
        # Where the system counts niced work apart it is work all the same.
        return float(times.user + times.system + getattr(times, "nice", 0.0))


@cache
def counter_for(pid: int | None, zones: Path = _ZONES) -> Counter:
    """Return the best counter there is for a model that a process of this machine serves.

    Args:
        pid: The process, where it is known.
        zones: Folder of the machine's power zones.
    """
    found = [zone for zone in sorted(zones.glob("intel-rapl:*")) if _counts(zone)]
    return Rapl(zones=found) if found else CpuTime(pid=pid)


def _counts(zone: Path) -> bool:
    """Say whether a zone is a whole processor or its memory, and may be read."""
    try:
        name = (zone / "name").read_text().strip()
        int((zone / "energy_uj").read_text())
        int((zone / "max_energy_range_uj").read_text())
    except (OSError, ValueError):
        return False
    return name.startswith("package") or name == _DRAM
