"""Damaged transcripts: what is read is what was written, or an error; never something else."""

import random
from pathlib import Path

import pytest

from manyminds.core.errors import RecordError
from manyminds.core.events import Recorded
from manyminds.transcript.store import TranscriptWriter, new_transcript_path, read_transcript
from tests.chaos.conftest import Model, live
from tests.chaos.counts import COUNTS, FULL

PAGE = 4_096


def damaged(data: bytes, chance: random.Random) -> tuple[str, bytes]:
    """Return a way of damage and what it leaves."""
    how = chance.choice(["cut", "flip", "zero", "page", "swap", "drop", "twice", "edit"])
    place = chance.randrange(len(data))
    lines = data.splitlines(keepends=True)
    line = chance.randrange(len(lines) - 1)
    match how:
        case "cut":
            return how, data[:place]
        case "flip":
            flipped = data[place] ^ (1 << chance.randrange(8))
            return how, data[:place] + bytes([flipped]) + data[place + 1 :]
        case "zero":
            size = chance.randrange(1, 600)
            return how, data[:place] + bytes(len(data[place : place + size])) + data[place + size :]
        case "page":
            start = place // PAGE * PAGE
            return how, data[:start] + bytes(len(data[start : start + PAGE])) + data[start + PAGE :]
        case "swap":
            lines[line], lines[line + 1] = lines[line + 1], lines[line]
        case "drop":
            del lines[line]
        case "twice":
            lines.insert(line, lines[line])
        case _:
            lines[line] = lines[line].replace(b"42", b"43").replace(b'"m1"', b'"m2"')
    return how, b"".join(lines)


@pytest.mark.parametrize("sealed", ["sealed", "killed"])
def test_no_damage_is_taken_for_the_record(sealed: str, tmp_path: Path, improviser: Model) -> None:  # fmt: skip
    whole = live(tmp_path, improviser, "heavy", {"r": []}, members=2)["r"]
    path = new_transcript_path(tmp_path, "r")
    seal = path.with_name("seal.json")
    if sealed == "killed":
        seal.unlink()
    data, chance = path.read_bytes(), random.Random(sealed)
    ways = dict.fromkeys(("refused", "shorter", "whole"), 0)
    for _ in range(1_000 if FULL else 300):
        how, left = damaged(data, chance)
        path.write_bytes(left)
        ways[_read_as(path, whole.events, how, untouched=left == data)] += 1
    for way, count in ways.items():
        COUNTS[f"damages, {sealed} runs: {way}"] += count
    COUNTS["damages taken for the record"] += 0
    assert ways["refused"] > sum(ways.values()) / 2
    # What is shorter was cut at its end, which a seal tells.
    assert ways["shorter"] == 0 if sealed == "sealed" else ways["shorter"] > 0


def _read_as(path: Path, written: tuple[Recorded, ...], how: str, *, untouched: bool) -> str:
    try:
        read = read_transcript(path)
    except RecordError:
        assert not untouched
        return "refused"
    assert read.events == written[: len(read.events)]
    if len(read.events) == len(written):
        return "whole"
    # What was damaged in the last line, or cut there, is as if it had not been written.
    assert how in ("cut", "flip", "zero", "page")
    return "shorter"


def test_a_disk_that_is_full_in_the_middle_of_a_line_leaves_no_half(tmp_path: Path, improviser: Model) -> None:  # fmt: skip
    resource = pytest.importorskip("resource")
    whole = live(tmp_path, improviser, "heavy", {"r": []}, members=2)["r"]
    path = new_transcript_path(tmp_path, "limit")
    writer = TranscriptWriter(path)
    for recorded in whole.events[:5]:
        writer.write(recorded)
    kept = path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(kept) + 40, before[1]))
    try:
        with pytest.raises(
            RecordError, match=r"cannot be written \(File too large\).*manyminds resume r"
        ):
            writer.write(whole.events[5])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == kept
    writer.write(whole.events[5])
    assert read_transcript(path).events == whole.events[:6]
    writer.close()
