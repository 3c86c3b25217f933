"""Transcripts as files: `<home>/runs/<run>/transcript.jsonl`, written as things happen.

Each event is handed to the operating system before the run goes on, so a killed process loses
nothing it had paid for. It does not survive a power cut between two `fsync`s: one is made when
the run ends. A torn last line (the process died in the middle of writing) is set aside when
reading and cut off before appending; any other unreadable line is an error, never skipped.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from manyminds.core.errors import RecordError, UnknownName
from manyminds.core.events import Recorded
from manyminds.transcript.codec import decode, encode

__all__ = [
    "Transcript",
    "TranscriptWriter",
    "cut_torn_line",
    "read_transcript",
    "run_names",
    "transcript_path",
]

_FILE = "transcript.jsonl"


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """A transcript as read from disk."""

    path: Path
    events: tuple[Recorded, ...]
    torn_bytes: int
    """Length of a last line that was cut in the middle; 0 for a whole transcript."""


class TranscriptWriter:
    """Appends the events of one run; one writer per run."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists():
            cut_torn_line(path)
        self.path = path
        # Unbuffered: what `write` returned from is with the kernel and outlives the process.
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, recorded: Recorded) -> None:
        """Append one event."""
        line = encode(recorded)
        done = os.write(self._file, line)
        while done < len(line):
            done += os.write(self._file, line[done:])

    def close(self) -> None:
        """Force everything to the disk and close."""
        os.fsync(self._file)
        os.close(self._file)


def cut_torn_line(path: Path) -> None:
    """Cut off what a crash left of a last line."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)


def read_transcript(path: Path) -> Transcript:
    """Read a whole transcript.

    Raises:
        RecordError: If it cannot be opened, or a line other than a torn last one is no event.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror})") from error
    whole = data.rfind(b"\n") + 1
    lines = data[:whole].split(b"\n")[:-1]
    events = tuple(decode(line, where=f"{path}:{n}") for n, line in enumerate(lines, start=1))
    for place, recorded in enumerate(events):
        if recorded.number != place:
            raise RecordError(f"{path}:{place + 1}: event {recorded.number} stands out of order")
    return Transcript(path=path, events=events, torn_bytes=len(data) - whole)


def run_names(home: Path) -> Iterator[str]:
    """Yield the names of the stored runs, newest first: names begin with their time."""
    folder = home / "runs"
    if folder.is_dir():
        yield from sorted((p.parent.name for p in folder.glob(f"*/{_FILE}")), reverse=True)


def transcript_path(home: Path, run: str) -> Path:
    """Return where the transcript of a stored run is; `run` may be a unique part of its name.

    Raises:
        UnknownName: If no run, or more than one, has that name.
    """
    names = list(run_names(home))
    if run in ("last", "latest") and names:
        return home / "runs" / names[0] / _FILE
    if run in names:
        return home / "runs" / run / _FILE
    found = [name for name in names if run and run in name]
    if len(found) != 1:
        raise UnknownName("run", run, found or names[:5])
    return home / "runs" / found[0] / _FILE


def new_transcript_path(home: Path, run: str) -> Path:
    """Return where the transcript of a new run goes."""
    return home / "runs" / run / _FILE
