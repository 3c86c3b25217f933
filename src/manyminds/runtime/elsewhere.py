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
from urllib.parse import urlsplit, urlunsplit

from manyminds.core.errors import UsageError
from manyminds.runtime.orders import Order
from manyminds.runtime.settings import load_settings
from manyminds.runtime.steer import say, word
from manyminds.transcript.store import new_transcript_path, transcript_path

__all__ = [
    "Fleet",
    "Standing",
    "checked",
    "fleet_of",
    "fleet_part",
    "in_touch",
    "located",
    "put_down",
    "read_standing",
    "say_to",
    "shown",
    "write_standing",
]

_FILE = "fleet.json"
_SCHEMES = ("postgresql", "postgres")


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


def checked(url: str) -> str:
    """Return the address of a database.

    Raises:
        UsageError: If it is none of PostgreSQL.
    """
    if urlsplit(url).scheme not in _SCHEMES:
        raise UsageError(
            "a fleet has one PostgreSQL address, like postgresql://db.example/manyminds, not "
            f"{shown(url)!r}"
        )
    return url


def shown(url: str) -> str:
    """Return an address as it may be shown: without a password."""
    parts = urlsplit(url)
    name = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    query = "&".join(p for p in parts.query.split("&") if p and not p.startswith("password="))
    return urlunsplit((parts.scheme, f"{name}{parts.hostname or ''}{port}", parts.path, query, ""))


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


@contextmanager
def in_touch() -> Generator[Fleet | None]:
    """Reach the fleet that the settings name; `None`: this machine works alone.

    Raises:
        UsageError: If it is named wrongly, or its libraries are not here.
    """
    value = load_settings({})["fleet"].value
    if not isinstance(value, str):
        yield None
        return
    fleet: Fleet = fleet_part("client").Client(checked(value))
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
        UsageError: If it cannot be said.
        ProviderError: If the fleet cannot be reached.
    """
    run = path.parent.name
    if read_standing(path.parent) is None:
        say(path.parents[2], run, what, text)
        return
    with fleet_of(run) as fleet:
        fleet.say(run, word(what, text))


def put_down(path: Path, lines: Sequence[bytes]) -> None:
    """Write a transcript, as the database has it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_bytes(b"".join(lines))
    part.replace(path)


def write_standing(folder: Path, standing: Standing) -> None:
    """Keep how a run stood when the fleet was last asked."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / f"{_FILE}.part"
    part.write_text(json.dumps(asdict(standing)) + "\n", encoding="utf-8")
    part.replace(folder / _FILE)


def read_standing(folder: Path) -> Standing | None:
    """Return how a run stood when the fleet was last asked; `None`: it is none of a fleet."""
    try:
        return Standing(**json.loads((folder / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
