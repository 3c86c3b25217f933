"""Runs that go on without a terminal: begun, followed, killed, taken up, stopped, answered."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from manyminds.core.events import Resumed, RunEnded, Steered
from manyminds.core.values import Task
from manyminds.runtime.background import enqueue, is_spawned
from manyminds.runtime.choose import AskOptions
from manyminds.runtime.kept import state_of
from manyminds.runtime.notify import notify
from manyminds.runtime.orders import Order
from manyminds.testing import act, final
from manyminds.transcript.store import new_transcript_path, read_transcript
from tests.cli.test_research import PUMP, command, finds, knows_pump, page
from tests.scholar import Scholar
from tests.stub import Stub, say
from tests.tools.web.site import Site
from tests.waiting import on_record, wait_for

TURNS = [
    say(act("python", code="x = 6 * 7\nprint(x)")),
    say(act("python", code="print(x + 0)")),
    say(final("42")),
]


def sent_off(stub: Stub, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    arguments = ["--model", stub.model, "--strategy", "single", "--seed", "1", "--background"]
    assert run(["ask", *arguments, *more, "What is 6 * 7?"]) == 0
    return capsys.readouterr().out.strip()


def wait_until(home: Path, name: str, *states: str) -> None:
    path = new_transcript_path(home, name)
    for _ in range(600):
        if state_of(read_transcript(path)) in states:
            return
        time.sleep(0.05)
    log = path.with_name("worker.log").read_text()
    raise AssertionError(f"{state_of(read_transcript(path))}, not {states}: {log}")


def wait_for_requests(stub: Stub, count: int) -> None:
    for _ in range(600):
        if len(stub.requests) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(f"{len(stub.requests)} requests")


def test_its_name_comes_at_once_and_the_answer_by_attach(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [say(final("42"))]
    name = sent_off(stub, capsys)
    assert run(["attach", name]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "42"
    assert "m1" in err
    assert run(["runs", "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)["runs"]
    assert (row["run"], row["state"], row["outcome"]) == (name, "finished", "answered")


def test_a_killed_run_is_taken_up_by_attach_with_its_names_in_python(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    # The second hangs, and so the kill finds it waiting.
    stub.behaviours = [TURNS[0], lambda _body: None, *TURNS[1:]]
    name = sent_off(stub, capsys)
    wait_for_requests(stub, 2)
    path = new_transcript_path(own_home, name)
    os.kill(int(path.with_name("worker").read_text()), signal.SIGKILL)
    wait_until(own_home, name, "unfinished")
    assert run(["show", name]) == 0
    assert f"manyminds resume {name}" in capsys.readouterr().out
    assert run(["attach", "--json", name]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["answer"]["text"] == "42"
    events = read_transcript(path).events
    assert sum(isinstance(r.event, Resumed) for r in events) == 1
    asked = [body["messages"][-1]["content"] for body in stub.requests]
    # What was answered was not asked again; what was under way was.
    assert len(asked) == 4
    assert asked[1] == asked[2]
    assert "42" in asked[3]


def test_resume_goes_on_here_and_only_once(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    options = AskOptions(models=(stub.model,), strategy="single", members=1, seed=1)
    name = enqueue(own_home, Order(task=Task(prompt="What is 6 * 7?"), options=options))
    assert run(["runs"]) == 0
    assert "queued" in capsys.readouterr().out
    assert run(["resume", name, "-q"]) == 0
    assert capsys.readouterr().out == "42\n"
    assert run(["resume", name]) == 2
    assert f"is over; see: manyminds show {name}" in capsys.readouterr().err


def test_a_run_at_work_is_not_worked_twice(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.delay_s = 3.0
    name = sent_off(stub, capsys)
    wait_until(own_home, name, "working")
    assert run(["resume", name]) == 2
    assert f"is at work on it; follow it with: manyminds attach {name}" in capsys.readouterr().err
    assert run(["cancel", name]) == 0
    wait_until(own_home, name, "finished")
    events = read_transcript(new_transcript_path(own_home, name)).events
    assert any(isinstance(r.event, Steered) and r.event.what == "cancel" for r in events)
    end = events[-1].event
    assert isinstance(end, RunEnded)
    assert (end.answer.outcome, end.answer.missing) == ("none", ("you cancelled it",))
    assert run(["attach", name]) == 130


def test_stop_delivers_what_is_there(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [say(final("42")), lambda _body: None]
    arguments = ["--model", stub.model, "--strategy", "heavy", "--members", "2", "--background"]
    assert run(["ask", *arguments, "What is 6 * 7?"]) == 0
    name = capsys.readouterr().out.strip()
    wait_for(lambda: on_record(own_home, "note_shared"))
    wait_for_requests(stub, 2)
    assert run(["stop", name, "--answer-now"]) == 0
    assert run(["attach", name]) in (0, 1)
    assert "The best there is: 42" in capsys.readouterr().out


def test_cancel_ends_what_nobody_works_on(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    options = AskOptions(models=(stub.model,), strategy="single", members=1, seed=1)
    name = enqueue(own_home, Order(task=Task(prompt="What?"), options=options))
    assert run(["cancel", name]) == 0
    assert not new_transcript_path(own_home, name).parent.exists()
    stub.behaviours = [lambda _body: None]
    name = sent_off(stub, capsys)
    wait_for_requests(stub, 1)
    path = new_transcript_path(own_home, name)
    os.kill(int(path.with_name("worker").read_text()), signal.SIGKILL)
    wait_until(own_home, name, "unfinished")
    assert run(["cancel", name]) == 0
    assert state_of(read_transcript(path)) == "finished"
    assert run(["cancel", name]) == 2


def test_a_hint_reaches_members_of_any_strategy(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours, stub.delay_s = [say(act("calculate", expression="6*7")), say(final("42"))], 1.5
    name = sent_off(stub, capsys)
    wait_for_requests(stub, 1)
    assert run(["steer", name, "count the pens"]) == 0
    assert run(["attach", name]) == 0
    last = stub.requests[-1]["messages"][-1]["content"]
    assert "The person who asks adds: count the pens" in str(last)


def test_a_fork_pays_nothing_twice(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [say(act("calculate", expression="6*7")), say(final("42"))]
    arguments = ["--model", stub.model, "--strategy", "single", "--seed", "1"]
    assert run(["ask", *arguments, "--json", "What is 6 * 7?"]) == 0
    whole = json.loads(capsys.readouterr().out)["run"]
    before = read_transcript(new_transcript_path(own_home, whole)).events
    count = len(stub.requests)
    assert run(["fork", whole, "--from", "5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["run"] != whole
    assert found["answer"]["text"] == "42"
    assert len(stub.requests) == count + 1
    assert read_transcript(new_transcript_path(own_home, whole)).events == before
    assert run(["fork", whole, "--from", "99"]) == 2
    assert "--from takes 1 to" in capsys.readouterr().err


def test_research_waits_for_the_person_who_is_elsewhere(stub: Stub, site: Site, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    site.pages["/pump"] = page("Alpha pump", PUMP)
    finds(site, "/pump")
    stub.behaviours = [Scholar(know=knows_pump)]
    flags = [flag for flag in command(stub, site) if flag not in ("--yes", "-y")]
    assert run([*flags, "--background"]) == 0
    name = capsys.readouterr().out.strip()
    wait_until(own_home, name, "waiting")
    assert run(["runs"]) == 0
    assert "waiting" in capsys.readouterr().out
    path = new_transcript_path(own_home, name)
    os.kill(int(path.with_name("worker").read_text()), signal.SIGKILL)
    wait_until(own_home, name, "unfinished")
    with subprocess.Popen(
        [sys.executable, "-m", "manyminds.cli", "attach", name], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as attached:  # fmt: skip
        wait_until(own_home, name, "waiting")
        assert run(["approve", name]) == 0
        out, err = attached.communicate(timeout=60)
    assert "answer with: manyminds approve" in err
    assert "washed" in out
    assert run(["deny", name]) == 2
    assert "waits for nothing" in capsys.readouterr().err


@pytest.mark.anyio
async def test_a_webhook_is_told_once_with_a_key() -> None:
    told: list[tuple[str | None, str]] = []

    async def hook(request: web.Request) -> web.Response:
        told.append((request.headers.get("Idempotency-Key"), await request.text()))
        return web.Response(status=503 if len(told) == 1 else 200)

    app = web.Application()
    app.router.add_post("/", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    told_ = {"run": "r", "outcome": "answered"}
    assert await notify(url, "r/over", told_, first_wait_s=0.05) is None
    assert [key for key, _ in told] == ["r/over", "r/over"]
    assert json.loads(told[1][1]) == {"run": "r", "outcome": "answered"}
    await runner.cleanup()
    assert "failed" in (await notify(url, "r/over", {"run": "r"}, first_wait_s=0.05) or "")


def test_what_cannot_be_is_told(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, word in (
        (["ask", "--notify", "https://x.example", "What?"], "--notify goes with --background"),
        (["ask", "--background", "--notify", "carrier pigeon", "What?"], "desktop, or the address"),
        (["research", "--background", "--plan-only", "--model", stub.model, "What?"], "leave out"),
        (["attach", "nowhere"], "no run 'nowhere'"),
        (["approve"], "no run 'last'"),
    ):
        assert run(arguments) == 2
        assert word in capsys.readouterr().err


@pytest.fixture
async def hook() -> AsyncIterator[tuple[str, list[dict]]]:
    """A webhook, and what it was told."""
    told: list[dict] = []

    async def heard(request: web.Request) -> web.Response:
        told.append({"key": request.headers["Idempotency-Key"], **await request.json()})
        return web.Response()

    app = web.Application()
    app.router.add_post("/", heard)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", told
    await runner.cleanup()


async def until(said: Callable[[], bool]) -> None:
    for _ in range(600):
        if said():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")


@pytest.mark.anyio
async def test_a_run_that_is_over_is_told_once(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str], hook: tuple[str, list[dict]]) -> None:  # fmt: skip
    url, told = hook
    stub.behaviours = [say(final("42"))]
    name = await asyncio.to_thread(sent_off, stub, capsys, "--notify", url)
    await until(lambda: bool(told))
    [one] = told
    assert (one["run"], one["outcome"], one["text"], one["key"]) == (name, "answered", "42", f"{name}/over")  # fmt: skip
    await until(lambda: not is_spawned(own_home, name))
    assert await asyncio.to_thread(run, ["resume", name]) == 2
    assert len(told) == 1
    # Its process may have died after the end and before it told.
    new_transcript_path(own_home, name).with_name("told").unlink()
    assert await asyncio.to_thread(run, ["resume", name]) == 2
    assert [t["key"] for t in told] == [f"{name}/over"] * 2


@pytest.mark.anyio
async def test_what_a_run_asks_the_person_is_told(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str], hook: tuple[str, list[dict]]) -> None:  # fmt: skip
    url, told = hook
    stub.behaviours = [say(json.dumps({"goal": "g", "parts": [{"question": "What is new?", "why": "w"}]}))]  # fmt: skip
    words = ["research", "--background", "--model", stub.model, "--notify", url, "What is new?"]
    assert await asyncio.to_thread(run, words) == 0
    name = capsys.readouterr().out.strip()
    await until(lambda: bool(told))
    assert told[0]["outcome"] == "asks"
    assert "What is new?" in told[0]["text"]
    assert await asyncio.to_thread(run, ["deny", name]) == 0
    await until(lambda: len(told) == 2)
    assert told[1]["outcome"] == "none"


@pytest.mark.anyio
async def test_a_run_that_cannot_be_worked_is_told_too(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str], hook: tuple[str, list[dict]]) -> None:  # fmt: skip
    url, told = hook
    order = Order(
        task=Task(prompt="?"),
        options=AskOptions(models=("http://127.0.0.1:9/v1#none",)),
        notify=url,
    )
    name = enqueue(own_home, order)
    assert await asyncio.to_thread(run, ["resume", name]) == 4
    [one] = told
    assert (one["outcome"], "nothing answers" in one["text"]) == ("failed", True)


def test_the_desktop_is_told_in_words_and_never_in_a_command(stub: Stub, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    bin_, said = tmp_path / "bin", tmp_path / "said"
    bin_.mkdir()
    fake = bin_ / "notify-send"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {said}\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    stub.behaviours = [say(final("$(touch /tmp/fired); --urgency=critical"))]
    sent_off(stub, capsys, "--notify", "desktop")
    for _ in range(600):
        if said.exists() and said.read_text():
            break
        time.sleep(0.05)
    words = said.read_text().splitlines()
    assert words[:4] == ["--app-name", "manyminds", "--", "manyminds"]
    assert "$(touch /tmp/fired)" in words[4]
    assert not Path("/tmp/fired").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pause"], ("pause", "")), (["go"], ("go", "")), (["add"], ("add", "")),
        (["drop", "m3"], ("drop", "m3")), (["add", "more sources"], ("hint", "add more sources")),
        (["look at 2020"], ("hint", "look at 2020")), (["hint", "pause"], ("hint", "pause")),
    ],
)  # fmt: skip
def test_a_word_to_a_run_is_what_it_looks_like(own_home: Path, words: list[str], said: tuple[str, str]) -> None:  # fmt: skip
    name = enqueue(own_home, Order(task=Task(prompt="?"), options=AskOptions(models=("m",))))
    assert run(["steer", name, *words]) == 0
    [line] = new_transcript_path(own_home, name).with_name("steer.jsonl").read_text().splitlines()
    found = json.loads(line)
    assert (found["what"], found["text"]) == said
