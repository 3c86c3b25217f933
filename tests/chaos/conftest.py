"""What the suites share: a model that improvises over HTTP, a server that counts effects, lives."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp import web

from manyminds.core.events import Recorded, Replied
from manyminds.runtime.fleet.database import ready
from manyminds.transcript.store import new_transcript_path, read_transcript
from tests.improviser import improvised
from tests.stub import Stub


def improvise(body: dict[str, Any]) -> str:
    """Answer a request in the form it asks for, by its seed alone."""
    form = (body.get("response_format") or {}).get("json_schema") or {}
    return improvised(body.get("seed", 0), form.get("schema"))


@dataclass
class Counting:
    """A server that counts what is done to the world; one key is done once."""

    done: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Tool and what, as it was done."""
    keys: set[str] = field(default_factory=set[str])
    asked: int = 0
    url: str = ""

    async def post(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked += 1
        if not body["key"] or body["key"] not in self.keys:
            self.keys.add(body["key"])
            self.done.append((body["tool"], body["what"]))
        return web.Response(text="done")


@pytest.fixture
def counting() -> Iterator[Counting]:
    counting, ready, loop = Counting(), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/effects", counting.post)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        counting.url = f"http://127.0.0.1:{runner.addresses[0][1]}/effects"
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield counting
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@dataclass
class Model:
    """A model that improvises, and knows when it was asked what."""

    stub: Stub
    asked: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    """Moments, with the seeds of what was asked."""

    def __call__(self, body: dict[str, Any]) -> str:
        self.asked.append((time.time(), body["seed"]))
        return improvise(body)


@pytest.fixture
def improviser(stub: Stub) -> Model:
    model = Model(stub)
    stub.behaviours = [model]
    stub.delay_s = 0.005
    return model


@dataclass
class Lived:
    """What came of a run's lives."""

    lives: list[dict[str, Any]]
    events: tuple[Recorded, ...]

    @property
    def kills(self) -> int:
        return sum(life["killed"] for life in self.lives)


def live(
    home: Path, model: Model, way: str, runs: dict[str, list[float] | list[int]], *,
    effects: str = "", members: int = 4, fleet: str = "",
) -> dict[str, Lived]:  # fmt: skip
    """Let runs live, one after the other, until each is through."""
    if fleet:
        share(fleet, list(runs))
    given = {
        "home": str(home), "model": model.stub.model, "way": way, "runs": runs,
        "effects": effects, "members": members, "fleet": fleet,
    }  # fmt: skip
    lives = lines_of(given, 60 + sum(10 + 3 * len(kills) for kills in runs.values()))
    return {
        run: Lived(
            lives=[life for life in lives if life["run"] == run],
            events=read_transcript(new_transcript_path(home, run)).events,
        )
        for run in runs
    }


def share(fleet: str, runs: Sequence[str]) -> None:
    """Put runs in a fleet's database, for whoever takes them up."""
    asyncio.run(_tables(fleet))
    with psycopg.connect(fleet) as db:
        for run in runs:
            db.execute("insert into manyminds.run (run, order_json) values (%s, '{}')", (run,))


async def _tables(fleet: str) -> None:
    await (await ready(fleet)).close()


def lines_of(given: dict[str, Any], seconds: float) -> list[dict[str, Any]]:
    """Let `tests.chaos.lives` work and return its lines."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.lives", json.dumps(given)],
        capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False, timeout=seconds,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    sys.stderr.write(done.stderr)  # what a life died of is shown with the test that it fails
    return [json.loads(line) for line in done.stdout.splitlines()]


def replied(events: Sequence[Recorded]) -> Counter[tuple[str, int]]:
    """Return which requests were answered, by member and seed, and how often."""
    found = (r.event for r in events)
    return Counter((e.member, e.seed) for e in found if isinstance(e, Replied))
