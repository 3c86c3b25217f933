"""Thirty days of proposals: none twice, none in quiet hours, none over the caps, whatever dies."""

import json
import os
import shlex
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.core.errors import UsageError
from manyminds.recommend.memory.home import Memory
from manyminds.recommend.proxy import Proxy
from manyminds.runtime.schedules.times import Quiet, parse_when
from manyminds.runtime.watching import (
    Proposal,
    Watching,
    add_watch,
    look,
    proposals,
    remove_watch,
    watches,
)

BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def listed(path: Path, day: int) -> None:
    """Write what there is on a day: two new places, the old ones under other numbers."""
    rows = [f"{1_000 * day + i},Place {i},italian,{15 + i % 9}" for i in range(2 * (day + 1))]
    path.write_text("\n".join(["id,name,cuisine,price", *rows]) + "\n")


def watch_of(path: Path, **more: object) -> Watching:
    made = Watching(
        name="dinner", wish="dinner under 22 euros", domain="dining", catalogues=(str(path),),
        when=parse_when(None, None, "1h"), since=BEGIN.isoformat(), quiet=Quiet(begins="22:00", ends="08:00"),
        per_day=2, per_week=6,
    )  # fmt: skip
    return replace(made, **more)


def looked(home: Path, watch: Watching, now: datetime) -> list[Proposal]:
    return look(
        home,
        watch,
        now,
        memory=Memory(home, today=lambda: BEGIN.date()),
        proxy=Proxy(home, home / "cache"),
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TZ", "UTC")
    (tmp_path / "me").mkdir()
    return tmp_path / "me"


def test_thirty_days_with_kills(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    listed(path, 0)
    watch = watch_of(path)
    add_watch(home, watch)
    for hour in range(30 * 24):
        now = BEGIN + timedelta(hours=hour)
        if hour % 24 == 0:
            listed(path, hour // 24)
        if hour % 5:
            looked(home, watch, now)
            continue
        child = os.fork()
        if child == 0:  # dies right after something was written down, before it is told

            def die(_one: Proposal) -> None:
                os.kill(os.getpid(), signal.SIGKILL)

            look(
                home,
                watch,
                now,
                memory=Memory(home, today=lambda: BEGIN.date()),
                proxy=Proxy(home, home / "cache"),
                on_kept=die,
            )
            os._exit(0)
        os.waitpid(child, 0)
    found = proposals(home, "dinner")
    times = [datetime.fromisoformat(one.at) for one in found]
    assert 20 <= len(found) <= 28
    assert len({one.title for one in found}) == len({one.id for one in found}) == len(found)
    assert all(8 <= at.hour < 22 for at in times)
    for at in times:
        assert sum(at.date() == other.date() for other in times) <= 2
        assert sum(0 <= (at.date() - other.date()).days < 7 for other in times) <= 6
    prices = {f"Place {i}": 15 + i % 9 for i in range(62)}
    assert all(prices[one.title] < 22 for one in found)


def test_half_a_line_costs_that_line_alone(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    listed(path, 3)
    watch = watch_of(path)
    add_watch(home, watch)
    first = looked(home, watch, BEGIN + timedelta(hours=4))
    assert len(first) == 2
    with (home / "watches" / "dinner.jsonl").open("a") as file:
        file.write('{"at": "2026-03-02T1')
    assert proposals(home, "dinner") == first
    again = looked(home, watch, BEGIN + timedelta(hours=30))
    assert {one.title for one in again}.isdisjoint({one.title for one in first})
    assert proposals(home, "dinner") == [*first, *again]


def test_what_cannot_be_kept_is_told(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    listed(path, 0)
    add_watch(home, watch_of(path))
    for wrong in ({"name": "../x"}, {"name": "dinner"}, {"name": "other", "per_day": 0}):
        with pytest.raises(UsageError):
            add_watch(home, watch_of(path, **wrong))
    assert [w.name for w in watches(home)] == ["dinner"]
    remove_watch(home, "dinner")
    assert watches(home) == []
    with pytest.raises(UsageError, match="watch list"):
        remove_watch(home, "dinner")


def test_a_wish_is_watched_from_the_command_line(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    path = tmp_path / "places.csv"
    listed(path, 3)
    common = ["--me", str(home)]
    assert run(["watch", "add", "dinner", "dinner under 22 euros", "--from", str(path), "--every", "5m", "--quiet-hours", "none", *common]) == 0  # fmt: skip
    assert "1 a day and 3 a week at most" in capsys.readouterr().out
    assert run(["watch", "look", "--json", *common]) == 1  # it is due five minutes from now
    assert json.loads(capsys.readouterr().out) == {"proposals": []}
    file = home / "watches" / "dinner.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps(told | {"since": "2026-01-01T00:00:00+00:00"}))
    assert run(["watch", "look", *common]) == 0
    line = capsys.readouterr().out
    assert "Place" in line
    told = shlex.split(line.partition("manyminds ")[2])
    assert run([*told, *common]) == 0
    assert f"Chosen: {told[-1]}" in capsys.readouterr().out
    assert run(["watch", "show", "dinner", "--json", *common]) == 0
    assert '"title": "Place' in capsys.readouterr().out
    assert run(["watch", "look", "nothing", *common]) == 2
    assert run(["watch", "remove", "dinner", *common]) == 0
