"""Leases: who still needs the model server. One file per process, named after it."""

import os
from pathlib import Path

import psutil

__all__ = ["drop_lease", "live_leases", "take_lease"]


def _folder(home: Path) -> Path:
    return home / "leases"


def take_lease(home: Path) -> None:
    """Say that this process needs the server."""
    folder = _folder(home)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / str(os.getpid())).touch()


def drop_lease(home: Path) -> None:
    """Say that this process needs it no more."""
    (_folder(home) / str(os.getpid())).unlink(missing_ok=True)


def live_leases(home: Path) -> int:
    """Count the leases of living processes, and remove those of dead ones."""
    count = 0
    for file in _folder(home).glob("[0-9]*"):
        if psutil.pid_exists(int(file.name)):
            count += 1
        else:
            file.unlink(missing_ok=True)
    return count
