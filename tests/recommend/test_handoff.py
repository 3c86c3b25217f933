"""Steps that are the person's: it waits at each, through kills, and goes on behind what they did."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from playwright.async_api import async_playwright
from playwright.sync_api import sync_playwright

from manyminds.recommend.doing.browser import Executor
from manyminds.recommend.doing.consent import MINE_LASTS_S, Consent
from manyminds.recommend.doing.plan import Plan, read_plan
from tests.chaos.counts import COUNTS, FULL, ROOT
from tests.recommend.acting import chromium
from tests.serving import OnLoopback

KILLS = 20 if FULL else 1


class _Handler(BaseHTTPRequestHandler):
    site: Any = None

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        cookies = self.headers.get("cookie", "")
        name = self.path.strip("/")
        if name in ("signed", "rules"):
            self._say(f"<h1>{name}</h1>", cookie=f"{name}=yes; Max-Age=9999")
        elif name == "orders":
            self._say("".join(f"<li>{o['Name']}</li>" for o in self.site.orders) or "nothing")
        elif name == "terms":
            self._say("Terms" if "signed=yes" in cookies else "Please sign in")
        elif "signed=yes" in cookies and "rules=yes" in cookies:
            self._say(
                "<form method=post action=/book><label>Name<input name=Name></label>"
                "<button>Book</button></form>"
            )
        else:
            self._say("Please sign in and accept the rules")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.site.orders.append({k: v[0] for k, v in parse_qs(body).items()})
        self._say("<h1>Booked</h1>")

    def _say(self, body: str, cookie: str = "") -> None:
        data = f"<!doctype html><title>Members</title><body>{body}</body>".encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(data)))
        if cookie:
            self.send_header("set-cookie", cookie)
        self.end_headers()
        self.wfile.write(data)


class Members(OnLoopback):
    """A site that books for who is signed in and has accepted its rules; both in the browser."""

    handler = _Handler

    def __init__(self) -> None:
        self.orders: list[dict[str, str]] = []


@pytest.fixture
def members() -> Iterator[Members]:
    with Members() as served:
        yield served


def the_person(profile: Path, address: str) -> None:
    """Do what is theirs, in their own browser."""
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as play:
        browser = play.chromium.launch_persistent_context(
            profile, executable_path=chromium(), args=args
        )
        browser.new_page().goto(address)
        browser.close()


def test_it_waits_at_each_step_of_theirs_and_goes_on_behind_it(members: Members, tmp_path: Path) -> None:  # fmt: skip
    plan, profile, home = tmp_path / "book.json", tmp_path / "profile", tmp_path / "home"
    steps = [
        {"kind": "person", "what": "sign in"}, {"kind": "open", "what": f"{members.origin}/terms"},
        {"kind": "see", "what": "Terms"}, {"kind": "person", "what": "accept the rules"},
        {"kind": "open", "what": f"{members.origin}/form"},
        {"kind": "fill", "what": "Name", "value": "Ann", "origin": "person"},
        {"kind": "press", "what": "Book", "act": "submit"},
    ]  # fmt: skip
    told = {
        "goal": "a place", "sites": [members.origin], "steps": steps, "receipt": "Booked",
        "look": f"{members.origin}/orders", "mark": "Ann",
    }  # fmt: skip
    plan.write_text(json.dumps(told), "utf-8")
    home.mkdir()
    command = [
        sys.executable,
        "-m",
        "tests.recommend.test_handoff",
        str(plan),
        str(profile),
        str(home),
    ]

    def do(*more: str) -> dict[str, Any]:
        found = subprocess.run(
            [*command, *more], check=True, capture_output=True, text=True, cwd=ROOT
        )
        return json.loads(found.stdout)

    chance = random.Random(0)

    def killed(*more: str) -> None:
        with subprocess.Popen(
            [*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT,
            start_new_session=True,
        ) as process:  # fmt: skip
            time.sleep(chance.uniform(0.2, 3.0))
            os.killpg(process.pid, signal.SIGKILL)

    for theirs, after, address in (("sign in", 0, "signed"), ("accept the rules", 3, "rules")):
        for _ in range(KILLS):
            killed()
            found = do()
            assert (found["state"], found["why"], found["steps_done"]) == ("person", theirs, after)
            COUNTS["waits at a step that is the person's, each after a kill"] += 1
        the_person(profile, f"{members.origin}/{address}")
        if theirs == "sign in":
            found = do("mine")  # the word is of the step it waited at, and of no later one
            assert (found["state"], found["why"]) == ("person", "accept the rules")
    killed("mine")
    found = do("mine")
    assert found["state"] == "waiting"
    assert members.orders == []
    for _ in range(KILLS):
        killed()
        found = do()  # the word is kept: it goes on to the act
        assert found["state"] == "waiting"
    done = do("yes")
    assert done["state"] == "done", done
    assert members.orders == [{"Name": "Ann"}]


def test_a_word_is_of_the_step_it_waited_at(tmp_path: Path) -> None:
    now = [1_000_000.0]
    consent = Consent(tmp_path / "doing.sqlite", clock=lambda: now[0])
    assert not consent.mine_done("d")  # it has not waited
    assert consent.pause("d", "sign in")
    assert consent.pause("d", "sign in")
    assert consent.mine_done("d")
    assert not consent.mine_done("d")
    assert not consent.pause("d", "sign in")
    now[0] += 1
    assert consent.pause("d", "rules")
    assert consent.pause("d", "a step of another plan")
    assert consent.pause("other", "sign in")
    now[0] += 1
    assert consent.pause("d", "rules")
    again = Consent(tmp_path / "doing.sqlite", clock=lambda: now[0])
    assert again.mine_done("d")
    assert not again.pause("d", "rules")
    assert again.pause("d", "a step of another plan")
    now[0] += MINE_LASTS_S + 1  # who was signed in is not for ever
    assert again.pause("d", "rules")
    assert again.mine_done("d")


async def carried_out(plan: Plan, profile: Path, home: Path, said: str) -> dict[str, Any]:
    """Carry a plan out in the person's browser, as `do --profile` does; it may be killed anywhere."""
    consent = Consent(home / "doing.sqlite", clock=time.time)
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as play:
        browser = await play.chromium.launch_persistent_context(
            profile, executable_path=chromium(), args=args, service_workers="block"
        )
        executor = Executor(browser, consent, wait_ms=5_000)
        outcome = await executor.run(plan, "d", mine_done=said == "mine")
        if said == "yes" and outcome.action is not None:
            consent.give(outcome.action, "d")
            outcome = await executor.run(plan, "d")
        await browser.close()
    return {"state": outcome.state, "why": outcome.why, "steps_done": len(outcome.done)}


if __name__ == "__main__":
    steps, *folders = (Path(word) for word in sys.argv[1:4])
    word = sys.argv[4] if len(sys.argv) > 4 else ""
    came = asyncio.run(carried_out(read_plan(steps.read_text("utf-8")), *folders, word))
    sys.stdout.write(json.dumps(came))
