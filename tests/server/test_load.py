"""More clients than there is room for, and many conversations at once."""

import asyncio
import re
import time
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from manyminds.server.clients import Client, Clients
from manyminds.testing import final
from tests.chaos.counts import COUNTS, FULL
from tests.server.test_gate import address, serving
from tests.stub import Body, Stub, say

pytestmark = pytest.mark.anyio
CLIENTS, TURNS = (200, 5) if FULL else (40, 1)
TALKS = 1_000 if FULL else 40
KEY = {"Authorization": "Bearer s3"}


async def asked(client: httpx2.AsyncClient, words: str, mode: str = "single") -> httpx2.Response:
    body = {"model": mode, "messages": [{"role": "user", "content": words}]}
    return await client.post("/v1/chat/completions", json=body)


async def looked(client: httpx2.AsyncClient, waits: list[float]) -> None:
    """See how long it takes to hear that the server is up, until cancelled."""
    while True:
        began = time.monotonic()
        assert (await client.get("/health")).status_code == 200
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.02)


async def test_more_than_there_is_room_for_are_told_to_come_back(stub: Stub, own_home: Path, tmp_path: Path) -> None:  # fmt: skip
    stub.behaviours, stub.delay_s = [say(final("42"))], 0.2
    statuses, waits = Counter[int](), list[float]()

    async def client(url: str) -> None:
        async with httpx2.AsyncClient(base_url=url, headers=KEY, timeout=120) as one:
            for _ in range(TURNS):
                reply = await asked(one, "What is 6 * 7?", "heavy")
                statuses[reply.status_code] += 1
                if reply.status_code != 200:
                    assert int(reply.headers["retry-after"]) > 0
                    await asyncio.sleep(0.2)

    with serving(tmp_path, "--model", stub.model, MANYMINDS_SERVER_KEY="s3") as process:
        url = await asyncio.to_thread(address, process)
        async with httpx2.AsyncClient(base_url=url) as healthy:
            await healthy.get("/health")
            looking = asyncio.create_task(looked(healthy, waits))
            await asyncio.gather(*(client(url) for _ in range(CLIENTS)))
            looking.cancel()
    assert set(statuses) <= {200, 503}
    assert statuses[200] > 0
    assert statuses[503] > 0
    p99 = sorted(waits)[int(len(waits) * 0.99)]
    COUNTS["requests of 200 clients at once"] += sum(statuses.values())
    COUNTS["of these told to come back"] += statuses[503]
    COUNTS["ms to say that it is up meanwhile, p99"] += round(p99 * 1_000)
    assert p99 < 0.1 or not FULL  # beside other tests it says little


async def test_conversations_do_not_cross(stub: Stub, own_home: Path, tmp_path: Path) -> None:
    """Of two clients, as chats with all that was said and as responses that go on from another."""
    crossed, answered = 0, 0

    def echo(body: Body) -> str:
        nonlocal crossed
        found = re.findall(r"word-(\d+)-\d+", str(body["messages"]))
        crossed += len(set(found)) != 1  # somebody else's words are among them
        return final(re.findall(r"word-\d+-\d+", str(body["messages"][-1]["content"]))[-1])

    stub.behaviours, stub.delay_s = [echo], 0.01

    async def posted(one: httpx2.AsyncClient, key: str, path: str, body: dict) -> dict:
        while True:
            headers = {"Authorization": f"Bearer {key}"}
            reply = await one.post(path, json={"model": "single", **body}, headers=headers)
            if reply.status_code != 503:
                return reply.json()
            await asyncio.sleep(0.1)

    async def chat(one: httpx2.AsyncClient, key: str, number: int) -> None:
        nonlocal crossed, answered
        said: list[dict] = []
        for turn in range(2):
            word = f"word-{number}-{turn}"
            said.append({"role": "user", "content": f"What did I say? {word}"})
            told = await posted(one, key, "/v1/chat/completions", {"messages": said})
            said.append({"role": "assistant", "content": told["choices"][0]["message"]["content"]})
            answered += 1
            crossed += said[-1]["content"] != word

    async def respond(one: httpx2.AsyncClient, key: str, number: int) -> None:
        nonlocal crossed, answered
        before = None
        for turn in range(2):
            word = f"word-{number}-{turn}"
            body = {"input": f"What did I say? {word}", "previous_response_id": before}
            told = await posted(one, key, "/v1/responses", body)
            before = told["id"]
            [message] = [item for item in told["output"] if item["type"] == "message"]
            answered += 1
            crossed += message["content"][0]["text"] != word

    words = ["--model", stub.model, "--at-once", "8", "--waiting", "64"]
    clients = Clients(own_home / "clients.json", "s3")
    keys = [clients.add(Client(name=name)) for name in ("ann", "bob")]
    with serving(tmp_path, *words, MANYMINDS_SERVER_KEY="s3") as process:
        url = await asyncio.to_thread(address, process)
        many = asyncio.Semaphore(32)
        async with httpx2.AsyncClient(base_url=url, timeout=120) as one:

            async def in_turn(number: int) -> None:
                talk = chat if number % 4 < 2 else respond
                async with many:
                    await talk(one, keys[number % 2], number)

            await asyncio.gather(*(in_turn(number) for number in range(TALKS)))
    assert (answered, crossed) == (TALKS * 2, 0)
    COUNTS["conversations at once"] += TALKS
    COUNTS["of these that crossed"] += crossed
