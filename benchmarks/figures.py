"""What every committed figure carries: the machine, the code, an interval."""

import math
import platform
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def machine() -> str:
    """Describe this machine in a line."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in text if line.startswith("model name")]
    cpu = names[0] if names else platform.processor()
    cores = sum(line.startswith("processor") for line in text)
    system = f"{platform.system()} {platform.release()}"
    return f"{cores} cores, {cpu}, {system}, Python {platform.python_version()}"


def code() -> str:
    """Name the code that is measured: its commit, and whether it was changed since."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or "not in a checkout"


def wilson(right: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share. Source: Wilson 1927."""
    z, p = 1.96, right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half
