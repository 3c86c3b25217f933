"""Every fault of a provider in every phase of a heavy run: an answer or a typed partial."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from manyminds.agents.roster import roster
from manyminds.core.errors import ProviderError
from manyminds.core.events import (
    MemberEnded,
    MemberStarted,
    PhaseStarted,
    Recorded,
    Requested,
    RunEnded,
)
from manyminds.core.values import Limits, Task
from manyminds.runtime.ask import Asked, AskOptions, Watch, ask, play
from manyminds.runtime.endpoints import connect
from manyminds.runtime.flight import Patience
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.registry import strategy_named
from manyminds.tools.toolset import Toolset
from manyminds.transcript.store import read_transcript
from tests.chaos.counts import COUNTS, FULL, LATE_S
from tests.improviser import improvised
from tests.stub import (
    Body,
    Stub,
    broken_json,
    completion,
    fail,
    hang,
    html,
    no_choices,
    nothing,
    odd_shape,
)

pytestmark = pytest.mark.anyio
TASK = Task(prompt="Each of 6 boxes holds 7 pens, some of which are red. How many pens are there?")
LIMIT_S = 1.5
"""Of runs whose fault is that nothing comes."""


def improvise(body: Body) -> str:
    """Answer in the form that is asked for, so that members disagree."""
    form = (body.get("response_format") or {}).get("json_schema") or {}
    return improvised(body["seed"], form.get("schema"), ("42", "41"))


class Reset(web.Response):
    """The connection is reset before anything is said."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError


class Drip(web.StreamResponse):
    """A reply that comes a byte at a time, and never ends."""

    async def write_eof(self, data: bytes = b"") -> None:
        for byte in b'{"id": "c1", "choices": [' * 100:
            await asyncio.sleep(0.1)
            await self.write(bytes([byte]))


def odd_usage(body: Body) -> web.Response:
    whole = completion(improvise(body))
    whole["usage"] = {"prompt_tokens": -7, "completion_tokens": None, "total_tokens": "many"}
    return web.json_response(whole)


def twice(body: Body) -> web.Response:
    """A stream that says each of its chunks twice."""
    text = improvise(body)
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "stub"}
    parts = [text[i : i + 12] for i in range(0, len(text), 12)]
    lines = [
        {**chunk, "choices": [{"index": 0, "delta": {"role": "assistant", "content": part}, "finish_reason": None}]}
        for part in parts for _ in range(2)
    ]  # fmt: skip
    said = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
    return web.Response(text=said, content_type="text/event-stream")


def cut_stream(body: Body) -> web.Response:
    """A stream that ends in the middle of a chunk, before it says that it is over."""
    chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "stub"}
    delta = {"role": "assistant", "content": improvise(body)[:9]}
    line = json.dumps({**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    return web.Response(text=f"data: {line}\n\ndata: {line[:20]}", content_type="text/event-stream")


def bad_tool_json(body: Body) -> str:
    """A call of a tool whose arguments are no JSON, as small models write them."""
    del body
    return '{"action": "python", "code": "print(6*7)'


FAULTS: dict[str, Callable[[Body], Any]] = {
    "nothing comes": hang,
    "reset": lambda _body: Reset(),
    "429": fail(429),
    "429 with a wait": fail(429, retry_after="0"),
    "500": fail(500, "oops"),
    "a page instead": html,
    "slow drip": lambda _body: Drip(),
    "broken JSON": broken_json,
    "an odd shape": odd_shape,
    "no choices": no_choices,
    "nothing": nothing,
    "odd usage": odd_usage,
    "a stream cut off": cut_stream,
    "a call that is no JSON": bad_tool_json,
    "each chunk twice": twice,
    "expired key": fail(401, '{"error": {"message": "expired"}}', content_type="application/json"),
}
ENDLESS = ("nothing comes", "slow drip")


@dataclass
class Faulty:
    """A model that improvises but for some requests, counted from 0."""

    fault: Callable[[Body], Any]
    first: int
    last: int
    asked: int = 0

    def __call__(self, body: Body) -> Any:
        place, self.asked = self.asked, self.asked + 1
        return self.fault(body) if self.first <= place <= self.last else improvise(body)


async def run(stub: Stub, home: Path, papers: Path, *, seconds: float | None, stream: bool) -> Asked:  # fmt: skip
    options = AskOptions(
        models=(stub.model,), strategy="heavy", members=4, seed=5, docs=papers,
        patience=Patience(first_wait_s=0.01), limits=Limits(seconds=seconds),
    )  # fmt: skip
    watch = Watch(on_progress=(lambda _member, _pieces, _text: None) if stream else None)
    return await ask(TASK, options, data=home, cache=home, watch=watch)


def first_requests(events: tuple[Recorded, ...]) -> dict[str, int]:
    """Return of each phase which request is its first, counted from 0."""
    found: dict[str, int] = {}
    phase, count = "", 0
    for recorded in events:
        if isinstance(recorded.event, PhaseStarted):
            phase = recorded.event.phase
        if isinstance(recorded.event, Requested):
            found.setdefault(phase, count)
            count += 1
    return found


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_in_any_phase_ends_typed(stub: Stub, own_home: Path, papers: Path, fault: str) -> None:  # fmt: skip
    stub.behaviours = [improvise]
    whole = await run(stub, own_home, papers, seconds=None, stream=False)
    phases = first_requests(read_transcript(whole.transcript).events)
    assert len(phases) >= 4, phases
    for place in phases.values():
        for last in (place, place + 10_000):  # it passes, or it stays
            if fault in ENDLESS and not FULL and place != min(phases.values()):
                continue
            stub.behaviours = [Faulty(FAULTS[fault], place, last)]
            seconds = LIMIT_S if fault in ENDLESS else None
            streamed = fault in ("each chunk twice", "a stream cut off")
            asked = await run(stub, own_home, papers, seconds=seconds, stream=streamed)
            check(asked)
            COUNTS["faults of a provider, by phase"] += 1
            COUNTS["of these answered, at least in part"] += asked.answer.text is not None
            if last == place and fault not in (*ENDLESS, "expired key"):
                assert asked.answer.text is not None


def check(asked: Asked) -> None:
    """A run that ended in trouble is as whole as any."""
    events = [r.event for r in read_transcript(asked.transcript).events]
    assert isinstance(events[-1], RunEnded)
    began = sum(isinstance(e, MemberStarted) for e in events)
    assert began == sum(isinstance(e, MemberEnded) for e in events)
    if asked.answer.text is None:
        assert asked.answer.outcome == "none"
        assert asked.answer.missing
        assert all("\n" not in line for line in asked.answer.missing)
    else:
        assert asked.answer.outcome in ("answered", "partial")
    assert asked.cost.seconds < 30 + LATE_S


@pytest.mark.parametrize("alive", range(4))
async def test_one_member_of_four_alive_still_answers(stub: Stub, own_home: Path, papers: Path, alive: int) -> None:  # fmt: skip
    """The first requests are the members' own, in their order."""
    dead = [fail(500)] * 4
    dead[alive] = improvise
    kept: dict[str, Callable[[Body], Any]] = {}

    def by_member(body: Body) -> Any:
        way = str(body["messages"][:2])
        behaviour = kept.setdefault(way, dead[min(len(kept), 3)])
        return behaviour(body)

    stub.behaviours = [by_member]
    asked = await run(stub, own_home, papers, seconds=None, stream=False)
    check(asked)
    assert asked.answer.text is not None


async def test_a_name_that_is_none_is_told_in_a_line(own_home: Path, papers: Path) -> None:
    """The one fault that no server can play: nobody knows where it is."""
    options = AskOptions(models=("http://no-such-host.invalid/v1#m",), patience=Patience(first_wait_s=0.01))  # fmt: skip
    with pytest.raises(ProviderError, match="nothing answers at") as told:
        await ask(TASK, options, data=own_home, cache=own_home, watch=Watch())
    assert "\n" not in str(told.value)


async def test_a_name_that_goes_away_while_a_run_goes_on_ends_typed(stub: Stub, own_home: Path, papers: Path) -> None:  # fmt: skip
    stub.behaviours = [improvise]
    endpoint = await connect(stub.model, cache=own_home)
    gone = await connect(stub.model, cache=own_home)
    assert gone.client is not None
    gone.client.base_url = "http://no-such-host.invalid/v1"
    members = roster(4, ["there", "gone"], has_docs=False)
    run_ = MemoryRun(
        run_id="r", task=TASK, members=members, endpoints={"there": endpoint, "gone": gone},
        tools=Toolset([]), limits=Limits(), seed=5, patience=Patience(first_wait_s=0.01),
    )  # fmt: skip
    answer, _ = await play(run_, strategy_named("heavy"))
    await endpoint.close()
    await gone.close()
    assert answer.text is not None
    assert any("cannot be reached" in why for why in answer.missing)
