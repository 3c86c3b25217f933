"""Runs that are worked on other machines, as far as this one needs to know.

The fleet's own code needs its libraries (the extra `fleet`); nothing here does.
"""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from manyminds.core.errors import UsageError
from manyminds.core.events import RunStarted
from manyminds.runtime.address import checked
from manyminds.runtime.orders import Order
from manyminds.runtime.settings import load_settings
from manyminds.runtime.steer import say, word
from manyminds.transcript.store import new_transcript_path, read_transcript, transcript_path

__all__ = [
    "Fleet",
    "Standing",
    "fleet_of",
    "fleet_part",
    "fleet_url",
    "in_touch",
    "located",
    "put_down",
    "read_standing",
    "say_to",
    "write_standing",
]

_FILE = "fleet.json"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a run of the fleet stands."""

    run: str
    worker: str | None
    """Who is at work on it; `None`: nobody who is alive."""
    over: bool
    why: str | None
    """Why the last worker could not work it."""
    lines: int
    """Of its transcript."""
    epoch: int
    """How often it was taken up."""


class Fleet(Protocol):
    """What a machine may ask of the fleet that works for it."""

    def order(self, order: Order, *, priority: int, run: str | None = None) -> str:
        """Put a run in the queue, 1 before 10, and return its name, by default a new one."""
        ...

    def name_of(self, run: str) -> str | None:
        """Return the run with that name, or with that unique part of one."""
        ...

    def newest(self, limit: int) -> Sequence[str]:
        """Return the names of the newest runs."""
        ...

    def pull(self, data: Path, run: str) -> Standing:
        """Bring the files here up to date."""
        ...

    def say(self, run: str, line: str) -> None:
        """Say something to a run, in a line that `steer.word` wrote."""
        ...

    def call_off(self, run: str) -> bool:
        """End a run that nobody has begun; say whether it was one."""
        ...

    def resume(self, run: str) -> None:
        """Put a run in the queue again that a worker could not work."""
        ...

    def close(self) -> None:
        """Leave it."""
        ...


def fleet_part(name: str) -> Any:
    """Return a module of the fleet's.

    Raises:
        UsageError: If its libraries are not here.
    """
    try:
        return import_module(f"manyminds.runtime.fleet.{name}")
    except ImportError as error:
        raise UsageError(
            f"a fleet needs more libraries ({error.name} is missing); put them in with: "
            "pip install 'manyminds[fleet]'"
        ) from None


def fleet_url(named: str | None = None) -> str | None:
    """Return the address of the fleet; `None`: this machine works alone.

    Args:
        named: The address that a command was given, before that of the settings.

    Raises:
        UsageError: If it is none of PostgreSQL.
    """
    value = load_settings({"fleet": named})["fleet"].value
    return checked(value) if isinstance(value, str) else None


@contextmanager
def in_touch() -> Generator[Fleet | None]:
    """Reach the fleet that the settings name; `None`: this machine works alone.

    Raises:
        UsageError: If it is named wrongly, or its libraries are not here.
    """
    url = fleet_url()
    if url is None:
        yield None
        return
    fleet: Fleet = fleet_part("client").Client(url)
    try:
        yield fleet
    finally:
        fleet.close()


@contextmanager
def fleet_of(run: str) -> Generator[Fleet]:
    """Reach the fleet that works a run.

    Raises:
        UsageError: If the settings name none.
    """
    with in_touch() as fleet:
        if fleet is None:
            raise UsageError(f"run {run} is its fleet's; name that in MANYMINDS_FLEET")
        yield fleet


def located(data: Path, run: str) -> Path:
    """Return where the transcript of a run is, brought up to date where the fleet works it.

    Raises:
        UnknownName: If neither this machine nor its fleet has one of that name.
        ProviderError: If the fleet cannot be reached.
    """
    here = new_transcript_path(data, run)
    if here.is_file() and read_standing(here.parent) is None:
        return here
    with in_touch() as fleet:
        if fleet is None:
            return transcript_path(data, run)
        full = None if run in ("last", "latest") else fleet.name_of(run)
        path = transcript_path(data, run) if full is None else new_transcript_path(data, full)
        if full is not None or read_standing(path.parent) is not None:
            fleet.pull(data, path.parent.name)
        return path


def say_to(path: Path, what: str, text: str) -> None:
    """Say something to a run, wherever it is worked.

    Raises:
        UsageError: If it cannot be said, or it makes a table and is told to drop a part.
        ProviderError: If the fleet cannot be reached.
    """
    run = path.parent.name
    if what == "drop" and _makes_a_table(path):
        raise UsageError(f"run {run} makes a table, which has no parts to drop; hint or now")
    if read_standing(path.parent) is None:
        say(path.parents[2], run, what, text)
        return
    with fleet_of(run) as fleet:
        fleet.say(run, word(what, text))


def _makes_a_table(path: Path) -> bool:
    events = read_transcript(path).events if path.exists() else ()
    began = events[0].event if events else None
    return isinstance(began, RunStarted) and began.strategy == "wide"


def put_down(path: Path, lines: Sequence[bytes]) -> None:
    """Write a transcript, as the database has it."""
    _write_whole(path, b"".join(lines))


def write_standing(folder: Path, standing: Standing) -> None:
    """Keep how a run stood when the fleet was last asked."""
    _write_whole(folder / _FILE, json.dumps(asdict(standing)).encode() + b"\n")


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads, in one step: nobody sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.part")
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(path)


def read_standing(folder: Path) -> Standing | None:
    """Return how a run stood when the fleet was last asked; `None`: it is none of a fleet."""
    try:
        return Standing(**json.loads((folder / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
