"""Schedules and chats whose processes are killed: each thing told once, each message one run."""

import re
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from manyminds.runtime.door import SqliteDoor
from manyminds.runtime.schedules.book import Book
from tests.chaos.counts import COUNTS, FULL
from tests.chaos.days import CAP, CAP_DAYS, CHATS, DAYS, EACH, Outside


def lived(flow: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Outside:
    """Let it live through its kills; return what is outside."""
    monkeypatch.setenv("TZ", "UTC")
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.days", flow, str(folder), "300" if FULL else "30"],
        capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    assert int(done.stdout) >= (200 if FULL else 10)
    COUNTS[f"kills, {flow}"] += int(done.stdout)
    return Outside(folder)


def test_a_digest_that_is_killed_tells_each_thing_once_and_keeps_its_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    outside = lived("digest", tmp_path, monkeypatch)
    slots = Book(SqliteDoor(tmp_path / "book.sqlite")).slots("news")
    assert {slot.state for slot in slots} == {"told", "skipped"}
    # One whose sending was cut off comes again with its key: whoever hears it knows it.
    told = {line["key"]: (line["at"], line["items"]) for line in outside.of("tell")}
    assert all(line["items"] == told[line["key"]][1] for line in outside.of("tell"))
    things = Counter(thing for _, items in told.values() for thing in items)
    twice = sum(count > 1 for count in things.values())
    assert twice == 0
    days = len(outside.of("begin"))
    assert {re.sub(r" \(.*", "", thing) for thing in things} == {f"Thing {n}" for n in range(days)}
    assert days > DAYS // 3
    for at, _ in told.values():
        assert "09:00" <= f"{datetime.fromisoformat(at):%H:%M}" < "20:00"
    times = [(datetime.fromisoformat(slot.slot), slot.tokens) for slot in slots]
    for at, _ in times:
        within = sum(spent for when, spent in times if at - timedelta(CAP_DAYS) < when <= at)
        assert within <= CAP
    COUNTS["digests told"] += len(told)
    COUNTS["things told in two of them"] += twice
    COUNTS["digests sent again with their key, cut off"] += len(outside.of("tell")) - len(told)


def test_a_chat_that_is_killed_answers_each_message_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    outside = lived("chat", tmp_path, monkeypatch)
    messages = [f"c{c} {n}" for c in range(CHATS) for n in range(1, EACH + 1)]
    assert Counter(line["prompt"] for line in outside.of("begin")) == Counter(messages)
    said = {line["key"]: line["text"] for line in outside.of("said")}
    assert len(said) == len(messages)
    for c in range(CHATS):
        begun = [
            line["prompt"] for line in outside.of("begin") if line["prompt"].startswith(f"c{c} ")
        ]
        assert begun == [f"c{c} {n}" for n in range(1, EACH + 1)]
    COUNTS["messages, each one run and one reply"] += len(messages)
    COUNTS["replies sent again with their key"] += len(outside.of("said")) - len(said)
