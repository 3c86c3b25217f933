"""Runs of schedules: on this machine as background runs, in a fleet through its queue."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from manyminds.core.errors import RecordError
from manyminds.core.messages import JsonValue
from manyminds.runtime.ask import Asked
from manyminds.runtime.background import enqueue, spawn
from manyminds.runtime.elsewhere import Fleet
from manyminds.runtime.kept import asked_of, state_of
from manyminds.runtime.notify import notify
from manyminds.runtime.orders import Order
from manyminds.runtime.schedules.book import Schedule, Slot
from manyminds.transcript.store import new_transcript_path, read_transcript

__all__ = ["RunsHere", "RunsThere", "told"]


@dataclass(frozen=True)
class RunsHere:
    """Each in a process of its own."""

    data: Path

    def begin(self, run: str, order: Order) -> None:
        """Begin a run, or see that it goes on."""
        path = new_transcript_path(self.data, run)
        if not path.exists():
            enqueue(self.data, order, run)
        if state_of(read_transcript(path)) in ("queued", "unfinished"):
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


def told(schedule: Schedule, slot: Slot) -> str | None:
    """Tell the person what is new, as the schedule says; return why it could not be done."""
    how = schedule.order.notify
    if how is None:
        return None
    items: list[JsonValue] = list(slot.items)
    line = f"{schedule.name}: {len(items)} new: {'; '.join(slot.items)}"[:200]
    body: dict[str, JsonValue] = {
        "schedule": schedule.name, "run": slot.run, "due": slot.slot, "new": items, "line": line,
    }  # fmt: skip
    return asyncio.run(notify(how, f"{schedule.name}/{slot.slot}", body))
