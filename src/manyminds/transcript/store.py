"""Transcripts as files: `<home>/runs/<run>/transcript.jsonl`, written as things happen.

Each event is handed to the operating system before the run goes on, so a killed process loses
nothing it had paid for; replies are forced to the disk soon after, so a power cut loses little. A
torn last line (the process died in the middle of writing) is set aside when reading and cut off
before appending; any other unreadable line is an error, never skipped.

Each line ends with a hash over itself and the line before: one that was edited, moved or taken out
is found. Lines missing at the end are found where the writer was closed: it leaves a seal beside.
Whoever can write all files of a folder can write another past; the chain's last hash, kept
elsewhere, shows that.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import psutil

from manyminds.core.errors import RecordError, RunBusy, UnknownName
from manyminds.core.events import Recorded, Replied
from manyminds.transcript.codec import chained, decode, encode, split_chain

__all__ = [
    "Also",
    "Transcript",
    "TranscriptWriter",
    "cut_torn_line",
    "new_transcript_path",
    "read_transcript",
    "run_names",
    "transcript_path",
]

_FILE = "transcript.jsonl"
_SEAL = "seal.json"
_WORKER = "worker"
_GONE_S = 2.0
"""What the system has to close the files of a process that has died."""
_FIRST = ""
"""What the first line's chain goes on from."""


Also = Callable[[Recorded, bytes], None]
"""Takes an event with the line that was written of it."""


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """A transcript as read from disk."""

    path: Path
    events: tuple[Recorded, ...]
    torn_bytes: int
    """Length of a last line that was cut in the middle; 0 for a whole transcript."""
    chain: str | None
    """The last line's hash; `None`: it was written before there were chains, or is empty."""


class TranscriptWriter:
    """Appends the events of one run; one writer per run, whatever process."""

    def __init__(self, path: Path, also: Also | None = None) -> None:
        """Open a transcript, a new one or one to go on with.

        Args:
            path: Where it is.
            also: Given each event that was written, with its line.

        Raises:
            RunBusy: If another process is writing it.
            RecordError: If its last line is no line of a chain.
        """
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Unbuffered: what `write` returned from is with the kernel and outlives the process.
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _lock_after(self._file, path)
            cut_torn_line(path)
            self.path = path
            self._size = os.fstat(self._file).st_size
            self._chain, self._count = _end_of(path)
        except BaseException:
            os.close(self._file)
            raise
        path.with_name(_WORKER).write_text(f"{os.getpid()}\n", encoding="ascii")
        self._flushing: Future[None] | None = None
        self._also = also

    def write(self, recorded: Recorded) -> None:
        """Append one event.

        Raises:
            RecordError: If it cannot be written; nothing of it is left behind then.
        """
        if self._file < 0:  # its number may be another file's by now
            raise RecordError(f"{self.path}: is closed; nothing more can be written")
        line, chain = encode(recorded), self._chain
        if chain is not None:
            line, chain = chained(line, chain)
        try:
            done = os.write(self._file, line)
            while done < len(line):
                done += os.write(self._file, line[done:])
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise RecordError(
                f"{self.path}: cannot be written ({error.strerror}); when that is mended, go on "
                f"with: manyminds resume {recorded.run}"
            ) from error
        self._size, self._chain = self._size + len(line), chain
        self._count += 1
        if isinstance(recorded.event, Replied):
            self._flush_soon()
        if self._also is not None:
            self._also(recorded, line)

    def _flush_soon(self) -> None:
        """Force what was written to the disk, beside the run; one at a time is enough."""
        if self._flushing is None or self._flushing.done():
            self._flushing = _flusher().submit(os.fsync, self._file)

    def close(self) -> None:
        """Force everything to the disk, seal it and close."""
        if self._flushing is not None:
            with suppress(OSError):
                self._flushing.result()
        try:
            # A disk that takes no more has been told of where a line did not fit; without its seal
            # a transcript reads as that of a run that was killed.
            with suppress(OSError):
                os.fsync(self._file)
                self._seal()
        finally:
            with suppress(OSError):
                self.path.with_name(_WORKER).unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1

    def _seal(self) -> None:
        if self._chain is None or not self._count:
            return
        seal = self.path.with_name(_SEAL)
        part = seal.with_suffix(".part")
        part.write_text(json.dumps({"events": self._count, "chain": self._chain}) + "\n")
        part.replace(seal)


@cache
def _flusher() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="fsync")


def _lock(file: int, path: Path) -> None:
    """Let one process write; the system takes the lock back when it dies, however it dies."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 (there only)

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 (there only)

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        who = worker_of(path)
        process = "another process" if who is None else f"process {who}"
        raise RunBusy(
            f"run {path.parent.name}: {process} is at work on it; follow it with: manyminds attach "
            f"{path.parent.name}"
        ) from None


def _lock_after(file: int, path: Path) -> None:
    """Lock it; where who held it is dead, wait until the system has noticed.

    Twice, on a busy machine, a process that had been killed and waited for still held its lock; why
    is not known (a thread of it may have been writing).
    """
    until = time.monotonic() + _GONE_S
    while True:
        try:
            _lock(file, path)
        except RunBusy:
            who = worker_of(path)
            if who is None or psutil.pid_exists(who) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def worker_of(path: Path) -> int | None:
    """Return the process that said last that it writes a transcript; `None` is not known."""
    try:
        return int(path.with_name(_WORKER).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def is_written(path: Path) -> bool:
    """Say whether a process is writing a transcript."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        _lock(file, path)
    except RunBusy:
        return True
    finally:
        os.close(file)
    return False


def cut_torn_line(path: Path) -> None:
    """Cut off what a crash left of a last line."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)


def _end_of(path: Path) -> tuple[str | None, int]:
    """Return the hash that the next line goes on from, and how many lines there are."""
    lines = path.read_bytes().split(b"\n")[:-1]
    return (split_chain(lines[-1])[1] if lines else _FIRST), len(lines)


def read_transcript(path: Path) -> Transcript:
    """Read a whole transcript.

    Raises:
        RecordError: If it cannot be opened, a line other than a torn last one is no event, or one
            was changed, moved or taken out since it was written.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror})") from error
    whole = data.rfind(b"\n") + 1
    lines = data[:whole].split(b"\n")[:-1]
    chains = _chains(lines, path)
    _check_seal(path, chains)
    events = tuple(decode(line, where=f"{path}:{n}") for n, line in enumerate(lines, start=1))
    for place, recorded in enumerate(events):
        if recorded.number != place:
            raise RecordError(f"{path}:{place + 1}: event {recorded.number} stands out of order")
    chain = chains[-1] if chains else None
    return Transcript(path=path, events=events, torn_bytes=len(data) - whole, chain=chain)


def _chains(lines: list[bytes], path: Path) -> list[str | None]:
    """Return each line's hash, checked."""
    found: list[str | None] = []
    before: str | None = _FIRST if lines and split_chain(lines[0])[1] is not None else None
    for number, line in enumerate(lines, start=1):
        bare, said = split_chain(line)
        after = None if before is None else chained(bare + b"\n", before)[1]
        if said != after:
            raise RecordError(
                f"{path}:{number}: this line, or the one before, was changed, moved or taken out "
                "since it was written"
            )
        found.append(said)
        before = after
    return found


def _check_seal(path: Path, chains: list[str | None]) -> None:
    try:
        seal = json.loads(path.with_name(_SEAL).read_text(encoding="utf-8"))
        count, chain = int(seal["events"]), str(seal["chain"])
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(
            f"{path.with_name(_SEAL)}: is no seal ({type(error).__name__}); if you trust the "
            "transcript as it is, remove this file"
        ) from None
    if len(chains) < count or (count and chains[count - 1] != chain):
        raise RecordError(
            f"{path}: it held {count} events when it was sealed, and these are others or fewer "
            f"({len(chains)})"
        )


def run_names(home: Path, part: str = "") -> Iterator[str]:
    """Yield the names of the stored runs, newest first: names begin with their time.

    Args:
        home: The data folder.
        part: What a name has to hold.
    """
    folder = home / "runs"
    with suppress(FileNotFoundError):
        for name in sorted((n for n in os.listdir(folder) if part in n), reverse=True):
            if (folder / name / _FILE).is_file():
                yield name


def transcript_path(home: Path, run: str) -> Path:
    """Return where the transcript of a stored run is; `run` may be a unique part of its name.

    Raises:
        UnknownName: If no run, or more than one, has that name.
    """
    named = new_transcript_path(home, run)
    if run and os.sep not in run and run not in (".", "..") and named.is_file():
        return named
    if run in ("last", "latest"):
        for name in run_names(home):
            return new_transcript_path(home, name)
    found = list(run_names(home, run)) if run else []
    if len(found) != 1:
        raise UnknownName("run", run, found or islice(run_names(home), 5))
    return new_transcript_path(home, found[0])


def new_transcript_path(home: Path, run: str) -> Path:
    """Return where the transcript of a new run goes."""
    return home / "runs" / run / _FILE
