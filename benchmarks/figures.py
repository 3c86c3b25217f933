"""What every committed figure carries: the machine, the code, an interval."""

import subprocess
from pathlib import Path

from manyminds.evals.origin import machine

__all__ = ["code", "machine"]

HERE = Path(__file__).parent


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
