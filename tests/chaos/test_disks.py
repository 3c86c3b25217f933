"""A disk that is full, or that turns read-only, while runs go on: what is on it stays, and is told.

Real file systems of their own (tmpfs), which takes root; elsewhere these are left out.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.core.events import Replied, Resumed, RunEnded
from manyminds.testing import act, final
from manyminds.transcript.store import read_transcript
from tests.chaos.counts import COUNTS
from tests.stub import Body, Stub, say

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="file systems of one's own take root"
)


def mounted(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True, timeout=20)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small file system that holds all our data."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        mounted("-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system of our own here: {error}")
    monkeypatch.setenv("MANYMINDS_HOME", str(place))
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True, timeout=20)


def fill(path: Path) -> None:
    """Write until no byte more fits."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        for size in (65_536, 4_096, 1):
            with suppress(OSError):
                while file.write(b"x" * size):
                    pass


def transcripts(disk: Path) -> list[Path]:
    return sorted((disk / "runs").glob("*/transcript.jsonl"))


def thinks_three_times(body: Body) -> str:
    turn = sum(m["role"] == "assistant" for m in body["messages"])
    return act("calculate", expression=f"6*{turn + 5}") if turn < 3 else final("42")


def test_a_run_whose_disk_is_full_says_so_and_goes_on_later(stub: Stub, disk: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    filler = disk / "filler"

    def fills(body: Body) -> str:
        if len(stub.requests) == 2:
            fill(filler)
        return thinks_three_times(body)

    stub.behaviours = [fills]
    words = ["--model", stub.model, "--strategy", "single", "--seed", "1", "-q", "What is 6 * 7?"]
    assert run(["ask", *words]) != 0
    err = capsys.readouterr().err
    assert "manyminds resume" in err
    assert "Traceback" not in err
    [path] = transcripts(disk)
    before = read_transcript(path).events
    assert not isinstance(before[-1].event, RunEnded)
    assert run(["resume", path.parent.name, "-q"]) != 0  # it is full still
    assert "Traceback" not in capsys.readouterr().err
    filler.unlink()
    stub.behaviours = [thinks_three_times]
    assert run(["resume", path.parent.name, "-q"]) == 0
    assert capsys.readouterr().out.strip() == "42"
    events = read_transcript(path).events
    assert list(events[: len(before)]) == list(before)
    assert any(isinstance(r.event, Resumed) for r in events)
    seeds = [r.event.seed for r in events if isinstance(r.event, Replied)]
    assert len(seeds) == len(set(seeds))
    COUNTS["runs whose disk was full, taken up afterwards"] += 1


def test_what_stands_on_a_disk_that_turned_read_only_is_shown_and_goes_on_later(stub: Stub, disk: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [say(final("42"))]
    words = ["--model", stub.model, "--strategy", "single", "--seed", "1", "-q", "What is 6 * 7?"]
    assert run(["ask", *words]) == 0
    [path] = transcripts(disk)
    mounted("-o", "remount,ro", str(disk))
    assert run(["show", path.parent.name]) == 0
    assert "42" in capsys.readouterr().out
    assert run(["ask", *words]) != 0
    assert "ead-only" in capsys.readouterr().err
    mounted("-o", "remount,rw", str(disk))
    assert run(["ask", *words]) == 0


@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_a_run_that_cannot_even_begin_says_so(stub: Stub, disk: Path, capsys: pytest.CaptureFixture[str], trouble: str) -> None:  # fmt: skip
    if trouble == "full":
        fill(disk / "filler")
    else:
        mounted("-o", "remount,ro", str(disk))
    assert run(["ask", "--model", stub.model, "--strategy", "single", "-q", "?"]) != 0
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err.strip().count("\n") <= 3
    assert "disk" in err or "space" in err or "ead-only" in err, err
