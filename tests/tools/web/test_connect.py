"""Where a name leads is looked at once: it leads nowhere else later."""

from collections.abc import Sequence

import httpx2
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from manyminds.tools.web.connect import PinnedTransport, PublicTransport

pytestmark = pytest.mark.anyio


async def served(said: str) -> TestServer:
    async def say(_request: web.Request) -> web.Response:
        return web.Response(text=said, headers={"Connection": "close"})

    app = web.Application()
    app.router.add_route("*", "/", say)
    server = TestServer(app)
    await server.start_server()
    return server


async def test_a_name_that_leads_elsewhere_later_gets_nothing_more() -> None:
    asked: list[str] = []

    async def find(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    server = await served("the first")
    async with httpx2.AsyncClient(transport=PinnedTransport(most=1_000, find=find)) as client:
        for _ in range(3):  # each on a connection of its own
            reply = await client.post(
                f"http://rebinding.example:{server.port}/", json={"key": "s3"}
            )
            assert reply.text == "the first"
    assert asked == ["rebinding.example"]
    await server.close()


async def test_a_public_name_that_leads_home_later_is_refused() -> None:
    turns = iter((["127.0.0.1"], ["10.0.0.1"]))

    async def find(_host: str, _port: int) -> Sequence[str]:
        return next(turns)

    server = await served("x")
    async with httpx2.AsyncClient(transport=PublicTransport(most=1_000, find=find, loopback=True)) as client:  # fmt: skip
        assert (await client.get(f"http://rebinding.example:{server.port}/")).text == "x"
        with pytest.raises(Exception, match=r"resolves to 10\.0\.0\.1"):
            await client.get(f"http://rebinding.example:{server.port}/")
    await server.close()
