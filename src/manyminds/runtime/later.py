"""Runs that are begun now and end later: here in processes of their own, or in a fleet's queue.

Schedules and chats work them: both come to the name of a run again and again, and begin it once.
"""

import hashlib
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from manyminds.core.errors import RecordError
from manyminds.runtime.ask import Asked
from manyminds.runtime.background import enqueue, is_spawned, spawn
from manyminds.runtime.elsewhere import Fleet
from manyminds.runtime.kept import asked_of, state_of
from manyminds.runtime.orders import Order
from manyminds.transcript.store import new_transcript_path, read_transcript

__all__ = ["Runs", "RunsHere", "RunsThere", "run_name"]


class Runs(Protocol):
    """Runs that are begun now and end later, here or in a fleet."""

    def begin(self, run: str, order: Order) -> None:
        """Begin a run, or see that it goes on; one that is there already is not begun twice."""
        ...

    def ended(self, run: str) -> Asked | None:
        """Return what came of a run; `None`: it is not over."""
        ...


@dataclass(frozen=True)
class RunsHere:
    """Each in a process of its own."""

    data: Path

    def begin(self, run: str, order: Order) -> None:
        """Begin a run, or see that it goes on."""
        path = new_transcript_path(self.data, run)
        if not path.exists():
            enqueue(self.data, order, run)
        stands_still = state_of(read_transcript(path)) in ("queued", "unfinished")
        if stands_still and not is_spawned(self.data, run):
            spawn(self.data, run)

    def ended(self, run: str) -> Asked | None:
        """Return what came of a run; `None`: it is not over."""
        return _ended(new_transcript_path(self.data, run))


@dataclass(frozen=True)
class RunsThere:
    """Worked by whichever worker has room."""

    data: Path
    """Where they are looked at; nothing stays there."""
    fleet: Fleet
    priority: int

    def begin(self, run: str, order: Order) -> None:
        """Put a run in the queue, or see that it is there."""
        if self.fleet.name_of(run) is None:
            self.fleet.order(order, priority=self.priority, run=run)

    def ended(self, run: str) -> Asked | None:
        """Return what came of a run; `None`: it is not over."""
        if self.fleet.name_of(run) is None:
            return None
        self.fleet.pull(self.data, run)
        path = new_transcript_path(self.data, run)
        try:
            return _ended(path)
        finally:
            shutil.rmtree(path.parent)


def _ended(path: Path) -> Asked | None:
    if not path.exists():
        return None
    transcript = read_transcript(path)
    if state_of(transcript) != "finished":
        return None
    try:
        return asked_of(transcript)
    except RecordError:
        return None


def run_name(what: str, at: datetime) -> str:
    """Return a run's name that whoever begins it for this comes to, again and again."""
    digest = hashlib.sha256(f"{what}/{at.isoformat()}".encode())
    return f"{at.astimezone(UTC):%Y%m%d-%H%M%S}-{digest.hexdigest()[:6]}"
