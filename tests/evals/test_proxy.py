"""The counting proxy: what it passes on, what it counts, and our receipts beside it."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from manyminds.agents.roster import roster
from manyminds.budget.ledger import cost_of
from manyminds.core.events import Recorded, RequestFailed
from manyminds.core.values import Limits, Spend, Task
from manyminds.evals.proxy import Counted, CountingProxy, counting_proxy
from manyminds.runtime.ask import play
from manyminds.runtime.endpoints import ConnectedEndpoint, connect
from manyminds.runtime.flight import Patience
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.registry import strategy_named
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.toolset import Toolset
from tests.chaos.counts import COUNTS, FULL
from tests.stub import Behaviour, Body, Stub, fail, html, nothing

pytestmark = pytest.mark.anyio
RUNS = 1_000 if FULL else 200
ASKED = {"model": "stub", "messages": [{"role": "user", "content": "How many?"}]}


@pytest.fixture
async def proxy(stub: Stub) -> AsyncIterator[CountingProxy]:
    async with counting_proxy(stub.url) as found:
        yield found


def by_content(body: Body) -> tuple[int, int]:
    digest = hashlib.sha256(json.dumps(body["messages"]).encode()).digest()
    return 50 + digest[0], 1 + digest[1]


def answers_most_of_the_time(stub: Stub) -> None:
    """Fail every seventh request in one way or another; the others differ by their seed."""
    ways = cycle([fail(500), fail(429), html])

    def behave(body: Body) -> web.StreamResponse | str | None:
        if len(stub.requests) % 7 == 0:
            return next(ways)(body)
        return f"6 * 7 = 42\nAnswer: {42 - int(body.get('seed', 0)) % 2}"

    stub.behaviours = [behave]
    stub.usage = by_content


async def test_receipts_equal_the_proxy_s_count_over_many_runs(
    stub: Stub, proxy: CountingProxy, tmp_path: Path
) -> None:
    answers_most_of_the_time(stub)
    endpoint = await connect(f"{proxy.address('ours')}#stub", cache=tmp_path)
    proxy.counts.clear()  # probes are nobody's run
    places, model = asyncio.Semaphore(16), f"{proxy.address('ours')}#stub"
    names = islice(cycle(["majority", "best_of_n", "brief", "self_refine", "mixture"]), RUNS)

    async def one(place: int, name: str) -> list[Recorded]:
        async with places:
            return await events_of(endpoint, model, name, seed=place)

    try:
        played = await asyncio.gather(*(one(n, name) for n, name in enumerate(names)))
    finally:
        await endpoint.close()
    spends = [cost_of(events).spend for events in played]
    total, counted = sum(spends, Spend()), proxy.counts["ours"]
    assert len(played) == RUNS
    assert counted.requests > 2 * RUNS
    assert counted.cut == 0
    assert not total.estimated
    assert (total.tokens_in, total.tokens_out) == (counted.tokens_in, counted.tokens_out)
    failures = [e for events in played for e in events if isinstance(e.event, RequestFailed)]
    assert len(failures) > RUNS // 10
    assert len(failures) == counted.failed + counted.unknown
    COUNTS["runs whose receipts were a counting proxy's to the token"] += RUNS


async def events_of(
    endpoint: ConnectedEndpoint, model: str, strategy: str, *, seed: int
) -> list[Recorded]:
    """Play a run of two members, every second one streamed."""
    events: list[Recorded] = []
    run = MemoryRun(
        run_id=f"run{seed}", task=Task(prompt="What is 6 * 7?"), endpoints={model: endpoint},
        members=roster(2, [model], has_docs=False), tools=Toolset([Calculate()]), limits=Limits(),
        seed=seed, sinks=[events.append], patience=Patience(tries=6, first_wait_s=0.001),
        on_progress=(lambda _member, _pieces, _text: None) if seed % 2 else None,
    )  # fmt: skip
    await play(run, strategy_named(strategy))
    return events


async def test_labels_are_counted_apart(stub: Stub, proxy: CountingProxy) -> None:
    async with ClientSession() as session:
        for label in ("a", "b", "b"):
            async with session.post(
                f"{proxy.address(label)}/chat/completions", json=ASKED
            ) as reply:
                assert (await reply.json())["choices"][0]["message"]["content"]
        async with session.get(f"{proxy.address('a')}/models") as reply:
            assert (await reply.json())["data"][0]["id"] == "stub"
    assert proxy.counts["a"].tokens == 120
    assert proxy.counts["b"].tokens == 240
    assert (proxy.counts["a"].requests, proxy.counts["b"].requests) == (1, 2)


@pytest.mark.parametrize("wish", [{"stream_options": {"include_usage": True}}, {}])
async def test_a_stream_is_counted_whether_its_client_asks_or_not(
    stub: Stub, proxy: CountingProxy, wish: dict[str, Any]
) -> None:
    async with ClientSession() as session:
        body = ASKED | {"stream": True} | wish
        async with session.post(f"{proxy.address('s')}/chat/completions", json=body) as reply:
            lines = [json.loads(line[5:]) async for line in reply.content if line[5:6] == b" " and b"{" in line]  # fmt: skip
    assert proxy.counts["s"].tokens == 120
    assert any("usage" in line for line in lines) == bool(wish)
    assert all(line["choices"] for line in lines) != bool(wish)


async def test_a_client_that_hangs_up_is_told_of(stub: Stub, proxy: CountingProxy) -> None:
    stub.behaviours = [lambda _body: "word " * 200_000]
    async with ClientSession() as session:
        body = ASKED | {"stream": True}
        async with session.post(f"{proxy.address('s')}/chat/completions", json=body) as reply:
            await reply.content.readline()
    for _ in range(500):
        if proxy.counts["s"].cut:
            break
        await asyncio.sleep(0.01)
    found = proxy.counts["s"]
    assert (found.cut, found.tokens) == (1, 0)
    assert found.pieces_cut > 0


@pytest.mark.parametrize(("way", "status"), [(fail(429, Retry_After="7"), 429), (nothing, 200)])
async def test_what_fails_goes_on_as_it_is(
    stub: Stub, proxy: CountingProxy, way: Behaviour, status: int
) -> None:
    stub.behaviours = [way]
    async with (
        ClientSession() as session,
        session.post(f"{proxy.address('f')}/chat/completions", json=ASKED) as reply,
    ):
        assert reply.status == status
        assert reply.headers.get("Retry-After") == ("7" if status == 429 else None)
    found = proxy.counts["f"]
    assert (found.failed, found.unknown, found.tokens) == (
        (1, 0, 0) if status == 429 else (0, 1, 0)
    )


async def test_a_server_that_is_not_there(proxy: CountingProxy) -> None:
    async with counting_proxy("http://127.0.0.1:9/v1") as dead, ClientSession() as session:
        async with session.post(f"{dead.address('x')}/chat/completions", json=ASKED) as reply:
            assert reply.status == 502
        assert dead.counts["x"] == Counted(requests=1, failed=1, seconds=dead.counts["x"].seconds)
