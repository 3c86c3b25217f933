import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from manyminds.core.errors import RecordError, RunBusy, UnknownName
from manyminds.core.events import PhaseStarted, Recorded
from manyminds.transcript.codec import decode, encode
from manyminds.transcript.store import (
    TranscriptWriter,
    new_transcript_path,
    read_transcript,
    run_names,
    transcript_path,
)


def event(number: int) -> Recorded:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    what = PhaseStarted(phase="gate", round=1, why="a “quoted” reason\nwith lines")
    return Recorded(run="r1", number=number, at=at, event=what)


def written(path: Path, count: int, *, killed: bool = True) -> bytes:
    writer = TranscriptWriter(path)
    for number in range(count):
        writer.write(event(number))
    writer.close()
    if killed:  # a process that is killed leaves no seal
        path.with_name("seal.json").unlink()
    return path.read_bytes()


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    written(path, 3)
    assert read_transcript(path).events == tuple(event(n) for n in range(3))


def test_a_closed_transcript_takes_nothing_and_spoils_no_other(tmp_path: Path) -> None:
    """A file that is closed gives its number to the next one that is opened."""
    first = TranscriptWriter(tmp_path / "a" / "transcript.jsonl")
    first.close()
    second = TranscriptWriter(tmp_path / "b" / "transcript.jsonl")
    with pytest.raises(RecordError, match="is closed"):
        first.write(event(0))
    second.close()
    assert (tmp_path / "b" / "transcript.jsonl").read_bytes() == b""


def test_a_torn_last_line_is_set_aside_wherever_it_was_torn(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    data = written(path, 3)
    second = data.index(b"\n", data.index(b"\n") + 1) + 1
    for length in range(second, len(data)):
        path.write_bytes(data[:length])
        read = read_transcript(path)
        assert read.events == (event(0), event(1))
        assert read.torn_bytes == length - second


def test_a_torn_line_is_cut_off_before_more_is_written(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    data = written(path, 2)
    path.write_bytes(data[:-5])
    writer = TranscriptWriter(path)
    writer.write(event(1))
    writer.close()
    assert read_transcript(path).events == (event(0), event(1))


def test_a_broken_line_in_the_middle_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    lines = written(path, 3).split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b"{broken", lines[2], b""]))
    with pytest.raises(RecordError, match=r"t\.jsonl:2"):
        read_transcript(path)


def test_a_missing_line_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    lines = written(path, 3).split(b"\n")
    path.write_bytes(b"\n".join([lines[0], lines[2], b""]))
    with pytest.raises(RecordError, match=":2: this line, or the one before, was changed"):
        read_transcript(path)
    # As releases before the chain wrote them.
    path.write_bytes(encode(event(0)) + encode(event(2)))
    with pytest.raises(RecordError, match="out of order"):
        read_transcript(path)


def test_a_killed_writer_loses_nothing_it_had_written(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    root = str(Path(__file__).parents[2])
    code = (
        f"import sys; sys.path.insert(0, {root!r})\n"
        "from tests.transcript.test_store import event, TranscriptWriter, Path\n"
        f"writer = TranscriptWriter(Path({str(path)!r})); n = 0\n"
        "while True:\n    writer.write(event(n)); n += 1; print(n, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None
    told = 0
    while told < 50:
        told = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read().split()
    child.wait()
    child.stdout.close()
    told = int(rest[-1]) if rest else told
    assert len(read_transcript(path).events) >= told


def test_only_the_owner_can_read_a_transcript(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "t.jsonl"
    written(path, 1)
    assert path.stat().st_mode & 0o077 == 0


def test_a_run_is_found_by_a_part_of_its_name_and_the_nearest_is_offered(tmp_path: Path) -> None:
    for name in ("20260101-a", "20260102-b"):
        written(new_transcript_path(tmp_path, name), 1)
        time.sleep(0)
    assert list(run_names(tmp_path)) == ["20260102-b", "20260101-a"]
    assert transcript_path(tmp_path, "last").parent.name == "20260102-b"
    assert transcript_path(tmp_path, "01-a").parent.name == "20260101-a"
    with pytest.raises(UnknownName, match="20260101-a"):
        transcript_path(tmp_path, "20260101-x")


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    line = encode(event(0))
    assert line.count(b"\n") == 1
    assert decode(line, where="here") == event(0)


def test_who_has_just_died_is_waited_for_and_who_lives_is_not(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "r" / "transcript.jsonl"
    TranscriptWriter(path).close()
    holds = "import fcntl, os, sys, time; f = os.open(sys.argv[1], os.O_RDWR); fcntl.flock(f, 2); print('held', flush=True); sys.stdin.read(); time.sleep(0.5)"  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", holds, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:  # fmt: skip
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline()
        # It was the writer, says the file, and lives: told so, and not waited for.
        path.with_name("worker").write_text(f"{holder.pid}\n")
        began = time.monotonic()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("manyminds.transcript.store._GONE_S", 60.0)
            with pytest.raises(RunBusy):
                TranscriptWriter(path)
        assert time.monotonic() - began < 30
        # It was another one, which is dead: what it held is about to go.
        with subprocess.Popen([sys.executable, "-c", ""]) as dead:
            dead.wait()
        path.with_name("worker").write_text(f"{dead.pid}\n")
        holder.stdin.close()
        TranscriptWriter(path).close()
        assert holder.wait(10) == 0
