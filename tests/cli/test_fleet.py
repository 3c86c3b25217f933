"""A fleet as people use it: ordered here, worked by processes with homes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from manyminds.cli.app import run
from manyminds.cli.exits import INTERRUPTED
from manyminds.core.events import Replied, Requested, Resumed, RunStarted, ToolReturned
from manyminds.runtime.elsewhere import located, read_standing
from manyminds.runtime.fleet.shared import LEASE_S
from manyminds.runtime.kept import state_of
from manyminds.testing import act, final
from manyminds.transcript.store import new_transcript_path, read_transcript, run_names
from tests.chaos.counts import LATE_S
from tests.cli.test_background import TURNS, sent_off, wait_for_requests
from tests.cli.test_research import PUMP, command, finds, knows_pump, page
from tests.scholar import Scholar
from tests.stub import Stub, say
from tests.tools.web.site import Site

Begin = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def fleet(fleet_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MANYMINDS_FLEET", fleet_url)
    return fleet_url


@pytest.fixture
def begin(fleet: str, tmp_path: Path) -> Iterator[Begin]:
    """Begin a worker on what might be another machine."""
    begun: list[subprocess.Popen[str]] = []

    def one(name: str) -> "subprocess.Popen[str]":
        with (tmp_path / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "manyminds.cli", "worker", "--at-once", "3"], text=True,
                stderr=log, cwd=tmp_path,
                env={**os.environ, "MANYMINDS_HOME": str(tmp_path / name)},
            )  # fmt: skip
        begun.append(process)
        return process

    yield one
    for process in begun:
        process.kill()
        process.wait()


def wait_until(home: Path, name: str, *states: str, most_s: float = 40.0) -> None:
    ends = time.monotonic() + most_s
    state = ""
    while time.monotonic() < ends:
        state = state_of(read_transcript(located(home, name)))
        if state in states:
            return
        time.sleep(0.1)
    raise AssertionError(f"{state}, not {states}")


def epoch_at_end(home: Path, name: str) -> int:
    """Wait until the fleet says that it is over; return how often it was taken up."""
    for _ in range(600):
        located(home, name)
        standing = read_standing(new_transcript_path(home, name).parent)
        assert standing is not None
        if standing.over:
            return standing.epoch
        time.sleep(0.05)
    raise AssertionError(f"{name} is not over")


def test_a_run_is_ordered_here_and_worked_elsewhere(stub: Stub, fleet: str, begin: Begin, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    name = sent_off(stub, capsys)
    assert run(["runs"]) == 0
    assert "queued" in capsys.readouterr().out
    worker = begin("there")
    assert run(["attach", name]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "42"
    assert "begin one with: manyminds worker" in err
    assert run(["runs", "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)["runs"]
    assert (row["run"], row["state"], row["outcome"]) == (name, "finished", "answered")
    assert run(["fleet", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["runs"] == {"finished": 1}
    assert len(told["workers"]) == 1
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert run(["fleet"]) == 0
    assert "no worker is alive" in capsys.readouterr().err
    assert not list((own_home.parent / "there" / "cache" / "fleet").iterdir())


def test_a_worker_that_dies_is_followed_by_another(stub: Stub, fleet: str, begin: Begin, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [TURNS[0], lambda _body: None, say(final("42"))]
    name = sent_off(stub, capsys)
    first = begin("first")
    wait_for_requests(stub, 2)
    begin("second")
    time.sleep(1.0)
    first.kill()
    died = time.monotonic()
    wait_for_requests(stub, 3)
    assert time.monotonic() - died < LEASE_S + 10.0 + LATE_S
    assert run(["attach", "--json", name]) == 0
    assert json.loads(capsys.readouterr().out)["answer"]["text"] == "42"
    events = read_transcript(new_transcript_path(own_home, name)).events
    assert sum(isinstance(r.event, Resumed) for r in events) == 1
    assert len(stub.requests) == 3
    assert epoch_at_end(own_home, name) == 2


def test_a_worker_that_is_told_to_end_hands_over_at_once(stub: Stub, fleet: str, begin: Begin, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [lambda _body: None, say(final("42"))]
    name = sent_off(stub, capsys)
    first = begin("first")
    wait_for_requests(stub, 1)
    first.send_signal(signal.SIGTERM)
    assert first.wait(10 + LATE_S) == 0
    # It took its leave itself: nobody has to wait for its lease to end.
    with psycopg.connect(fleet) as db:
        assert db.execute("select worker from manyminds.worker").fetchall() == []
        assert db.execute("select over from manyminds.run").fetchall() == [(False,)]
    begin("second")
    wait_for_requests(stub, 2)
    wait_until(own_home, name, "finished")


def test_what_is_said_from_here_is_heard_there(stub: Stub, fleet: str, begin: Begin, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours, stub.delay_s = [say(act("calculate", expression="6*7")), say(final("42"))], 3.0
    name = sent_off(stub, capsys)
    begin("there")
    wait_for_requests(stub, 1)
    assert run(["steer", name, "count the pens"]) == 0
    assert run(["attach", name]) == 0
    last = stub.requests[-1]["messages"][-1]["content"]
    assert "The person who asks adds: count the pens" in str(last)
    capsys.readouterr()
    stub.behaviours = [lambda _body: None]
    name = sent_off(stub, capsys)
    wait_for_requests(stub, 3)
    assert run(["cancel", name]) == 0
    wait_until(own_home, name, "finished")
    assert run(["show", name]) == 0
    assert "you cancelled it" in capsys.readouterr().out


def test_what_nobody_has_begun_is_called_off(stub: Stub, fleet: str, own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    name = sent_off(stub, capsys)
    elsewhere = own_home.parent / "elsewhere"
    monkeypatch.setenv("MANYMINDS_HOME", str(elsewhere))
    assert run(["runs"]) == 0
    assert f"{name}  queued" in capsys.readouterr().out
    monkeypatch.setenv("MANYMINDS_HOME", str(own_home))
    assert run(["cancel", name]) == 0
    monkeypatch.setenv("MANYMINDS_HOME", str(elsewhere))
    assert run(["runs"]) == 0
    assert f"{name}  none" in capsys.readouterr().out
    assert run(["attach", name]) == INTERRUPTED
    assert "you cancelled it before it began" in capsys.readouterr().out
    assert run(["steer", name, "hurry"]) == 2
    assert "is over" in capsys.readouterr().err
    assert run(["fleet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["runs"] == {"finished": 1}


def test_what_cannot_be_worked_says_why_and_goes_on_later(stub: Stub, fleet: str, begin: Begin, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    begin("there")
    gone = ["--model", "http://127.0.0.1:9/v1#stub", "--strategy", "single", "--background"]
    assert run(["ask", *gone, "What is 6 * 7?"]) == 0
    name = capsys.readouterr().out.strip()
    assert run(["attach", name]) == 2
    err = capsys.readouterr().err
    assert "stands still: " in err
    assert f"manyminds resume {name}" in err
    with psycopg.connect(fleet, autocommit=True) as db:
        db.execute(
            "update manyminds.run set order_json = replace(order_json, %s, %s) where run = %s",
            ("http://127.0.0.1:9/v1#stub", stub.model, name),
        )
    assert run(["resume", name, "-q"]) == 0
    assert capsys.readouterr().out == "42\n"
    assert run(["resume", name]) == 2
    assert "is over" in capsys.readouterr().err


def test_urgent_ones_go_first(stub: Stub, fleet: str, begin: Begin, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.delay_s = 1.0
    names = [
        sent_off(stub, capsys, "--priority", priority) for priority in ("9", "9", "9", "5", "1")
    ]
    begin("there")
    for name in names:
        wait_until(own_home, name, "finished")
    began: list[str] = []
    for name in names:
        first = read_transcript(new_transcript_path(own_home, name)).events[0]
        assert isinstance(first.event, RunStarted)
        began.append(f"{first.at.isoformat()} {name}")
    order = [line.split()[1] for line in sorted(began)]
    assert {names[3], names[4]} <= set(order[:3])  # three at once: begun in any order


def test_a_page_that_one_read_the_other_cites(stub: Stub, site: Site, fleet: str, begin: Begin, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    site.pages["/pump"] = page("Alpha pump", PUMP)
    finds(site, "/pump")
    stub.behaviours, stub.delay_s = [Scholar(know=knows_pump)], 0.5
    assert run([*command(stub, site), "--background"]) == 0
    name = capsys.readouterr().out.strip()
    first = begin("first")
    path = new_transcript_path(own_home, name)
    for _ in range(400):
        events = read_transcript(located(own_home, name)).events
        if any(isinstance(r.event, ToolReturned) and r.event.tool == "read_page" for r in events):
            break
        time.sleep(0.05)
    first.kill()
    site.pages.clear()
    begin("second")
    wait_until(own_home, name, "finished")
    assert run(["show", name]) == 0
    assert "washed" in capsys.readouterr().out
    events = read_transcript(path).events
    assert sum(isinstance(r.event, Resumed) for r in events) == 1
    answered = [(r.event.member, r.event.seed) for r in events if isinstance(r.event, Replied)]
    assert len(answered) == len(set(answered))
    asked = [r.event for r in events if isinstance(r.event, Requested)]
    assert len(stub.requests) == len(asked)
    assert run(["check", name]) == 0


def test_a_plan_waits_for_the_person_who_is_here(stub: Stub, site: Site, fleet: str, begin: Begin, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    site.pages["/pump"] = page("Alpha pump", PUMP)
    finds(site, "/pump")
    stub.behaviours = [Scholar(know=knows_pump)]
    flags = [flag for flag in command(stub, site) if flag not in ("--yes", "-y")]
    assert run([*flags, "--background"]) == 0
    name = capsys.readouterr().out.strip()
    begin("there")
    wait_until(own_home, name, "waiting")
    assert run(["approve", name]) == 0
    wait_until(own_home, name, "finished")


def test_what_cannot_be_is_told(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    for arguments, word in (
        (["worker"], "which fleet?"),
        (["worker", "--fleet", "mysql://db/x"], "one PostgreSQL address"),
        (["worker", "--fleet", "postgresql://me:secret@127.0.0.1:9/x"], "cannot be reached"),
        (["ask", "--background", "--priority", "3", "--model", stub.model, "W?"], "with a fleet"),
        (["ask", "--background", "--priority", "0", "--model", stub.model, "W?"], "1 to 10"),
    ):
        assert run(arguments) != 0
        err = capsys.readouterr().err
        assert word in err
        assert "secret" not in err
    (tmp_path / "manyminds.toml").write_text('fleet = "postgresql://me:secret@db.example/x"\n')
    assert run(["fleet"]) == 2
    err = capsys.readouterr().err
    assert "passwords do not belong in settings" in err
    assert "secret" not in err
    (tmp_path / "manyminds.toml").unlink()
    monkeypatch.setenv("MANYMINDS_FLEET", "postgresql://me:secret@127.0.0.1:9/x")
    assert run(["config", "show"]) == 0
    assert run(["attach", "nowhere"]) == 4
    out, err = capsys.readouterr()
    assert "postgresql://me@127.0.0.1:9/x" in out
    assert "secret" not in out + err


def test_what_was_done_here_is_shown_while_the_fleet_is_away(stub: Stub, own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [say(final("42"))]
    assert run(["ask", "--model", stub.model, "--strategy", "single", "-q", "What is 6 * 7?"]) == 0
    [name] = run_names(own_home)
    monkeypatch.setenv("MANYMINDS_FLEET", "postgresql://me@127.0.0.1:9/x")
    capsys.readouterr()
    assert run(["show", name]) == 0
    assert capsys.readouterr().out.startswith("42")
    assert run(["runs"]) == 0
    out, err = capsys.readouterr()
    assert name in out
    assert "as they were seen last" in err


def test_a_run_that_was_given_up_too_early_is_not_lost_later(stub: Stub, fleet: str, begin: Begin, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """Its ticket was put back, its worker came back to life, was met at work, and died then."""
    name = sent_off(stub, capsys)
    with psycopg.connect(fleet, autocommit=True) as db:
        db.execute(
            "insert into manyminds.worker"
            " values ('other', 'there', clock_timestamp() + interval '6 seconds')"
        )
        db.execute("update manyminds.run set worker = 'other', epoch = 1")
    begin("there")
    wait_until(own_home, name, "finished", most_s=20.0)
    assert epoch_at_end(own_home, name) == 2
