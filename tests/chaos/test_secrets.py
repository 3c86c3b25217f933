"""Keys in runs that go well, fail, crash and go on: nothing that is kept, said or begun holds one."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import web

from manyminds.cli.app import run
from manyminds.runtime.keys import store_key
from manyminds.testing import act, final
from manyminds.transcript.store import run_names
from tests.chaos.conftest import improvise
from tests.chaos.counts import COUNTS, FULL
from tests.stub import Behaviour, Stub, fail, say

RUNS, CRASHES = (950, 50) if FULL else (15, 1)
KEY = "sk-canary-Zq83+/Lw0=x"
OTHERS = {
    "OPENAI_API_KEY": "sk-canary-o9Ud", "ANTHROPIC_API_KEY": "sk-canary-a7Rk",
    "BRAVE_API_KEY": "canary-b5Tt", "PGPASSWORD": "canary-p3Xx",
}  # fmt: skip
KEPT = "sk-canary-kept-in-file"
CANARIES = [KEY, KEPT, *OTHERS.values()]
PEEK = (
    "import os, glob\n"
    "print(dict(os.environ))\n"
    "for path in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline'):\n"
    "    try:\n        print(open(path).read())\n    except OSError:\n        pass\n"
    "import time\ntime.sleep(0.3)\n"
)


def echo_header(_body: dict[str, Any]) -> web.Response:
    told = {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}}
    return web.json_response(told, status=401, headers={"x-your-key": KEY})


def half_json(_body: dict[str, Any]) -> web.Response:
    return web.Response(text=f'{{"choices": "{KEY}', content_type="application/json")


def page(_body: dict[str, Any]) -> web.Response:
    return web.Response(text=f"<html>Bearer {KEY}</html>", content_type="text/html")


def peek(body: dict[str, Any]) -> str:
    """Look around in the sandbox first, then answer."""
    looked = len(body["messages"]) > 2
    return final("42") if looked else act("python", code=PEEK)


ECHOES: list[list[Behaviour]] = [
    [improvise],
    [say(final(KEY)), improvise],
    [say(f"My key is {KEY}, "), improvise],
    [say(act("calculate", expression=KEY)), say(final("42"))],
    [say(act("python", code=f"print({KEY!r})")), say(final("42"))],
    [peek],
    [echo_header],
    [fail(500, KEY), improvise],
    [fail(429, KEY, retry_after="0"), fail(403, f"forbidden for {KEY}")],
    [half_json, page, improvise],
]
WAYS = ("single", "heavy", "crew", "tree", "mixture", "debate", "best_of_n", "self_consistency")


@pytest.fixture
def canaries(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {"MANYMINDS_API_KEY": KEY, **OTHERS}.items():
        monkeypatch.setenv(name, value)
    assert store_key("openrouter", KEPT) == "file"
    return own_home


def held(text: str | bytes) -> list[str]:
    """Return the canaries in a text, as they are and as JSON or a URL might write them."""
    data = text.encode() if isinstance(text, str) else text
    forms = {c: {c, json.dumps(c)[1:-1], c.replace("/", "\\/"), c.replace("+", "%2B")} for c in CANARIES}  # fmt: skip
    return [c for c, written in forms.items() if any(form.encode() in data for form in written)]


def kept(home: Path) -> list[str]:
    """Return the files below a folder that hold a canary, but for the one that keeps keys."""
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "keys.json"]
    return [f"{path}: {found}" for path in files if (found := held(path.read_bytes()))]


def test_no_key_is_kept_or_said_however_runs_end(stub: Stub, canaries: Path, papers: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    chance = random.Random(14)
    for turn in range(RUNS):
        stub.behaviours, stub.requests[:] = chance.choice(ECHOES), []
        stub.headers.clear()
        way = ["--strategy", chance.choice(WAYS), "--seed", str(turn)]
        way += chance.choice([["--docs", str(papers)], []])
        shown = chance.choice([["--json"], ["--events"], ["-q"], []])
        run(["ask", "--model", stub.model, *way, *shown, "What is 6 * 7?"])
        if turn % 10 == 0:
            run(["show", "last", "--svg", str(canaries / "run.svg")])
            run(["check", "last"])
            run(["doctor", "--json"])
        assert all(headers["Authorization"] == f"Bearer {KEY}" for headers in stub.headers)
        assert not held(json.dumps(stub.requests))
        out, err = capsys.readouterr()
        assert not held(out + err)
        COUNTS["runs with canary keys that were echoed"] += 1
    assert not kept(canaries)
    COUNTS["of these that kept or said one"] += 0


def begun(log: Path, *words: str) -> "subprocess.Popen[bytes]":
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "manyminds.cli", *words], stdout=out, stderr=out, cwd=log.parent
        )


def asked_one(stub: Stub) -> None:
    """Wait until the model is asked something."""
    ends = time.monotonic() + 30
    while not stub.requests and time.monotonic() < ends:
        time.sleep(0.02)
    assert stub.requests


def watched(process: "subprocess.Popen[bytes]", seconds: float) -> int:
    """Look at a process and all that it begins, until it ends or the time is over.

    Returns how many processes with an environment of their own were seen.
    """
    ends, seen = time.monotonic() + seconds, set[int]()
    while process.poll() is None and time.monotonic() < ends:
        for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children(True)]:
            try:
                assert not held(" ".join(one.cmdline()))
                if one.pid != process.pid and one.exe() != psutil.Process(process.pid).exe():
                    assert not held(str(one.environ()))
                    seen.add(one.pid)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        time.sleep(0.02)
    return len(seen)


def test_no_key_is_left_by_runs_that_are_killed(stub: Stub, canaries: Path, papers: Path, tmp_path: Path) -> None:  # fmt: skip
    chance, log, seen = random.Random(15), tmp_path / "said.log", 0
    stub.delay_s = 0.2
    for turn in range(CRASHES):
        stub.behaviours, stub.requests[:] = [[peek], chance.choice(ECHOES)][turn % 2], []
        before = set(run_names(canaries))
        heavy = ["--model", stub.model, "--effort", "heavy", "--docs", str(papers)]
        first = begun(log, "ask", *heavy, "What is 6 * 7?")
        asked_one(stub)
        seen += watched(first, chance.uniform(0.0, 1.5))
        first.send_signal(signal.SIGKILL)
        first.wait()
        for name in set(run_names(canaries)) - before:
            second = begun(log, "resume", name)
            seen += watched(second, 20.0)
            second.kill()
            second.wait()
        assert not held(json.dumps(stub.requests))
        COUNTS["runs with canary keys that were killed"] += 1
    assert seen
    assert not held(log.read_bytes())
    assert not kept(canaries)
    assert not list(tmp_path.rglob("core*"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_crash_of_ours_leaves_no_core(stub: Stub, canaries: Path, tmp_path: Path) -> None:
    stub.behaviours = [lambda _body: None]
    process = begun(tmp_path / "log", "ask", "--model", stub.model, "What?")
    asked_one(stub)
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    process.kill()
    process.wait()
    [line] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"]
