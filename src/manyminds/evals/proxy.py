"""A proxy that counts what clients of a chat completions server spend, whoever they are.

A client is given an address of its own for its server; what it sends goes on, and what the server
says of its tokens is added up by label. So frameworks are compared by one count that is none of
theirs, and our own receipts can be checked against it.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, web

__all__ = ["Counted", "CountingProxy", "counting_proxy"]

_TIMEOUT = ClientTimeout(total=None, connect=30)
_LARGEST = 64 << 20
"""Bytes of a request."""


@dataclass(kw_only=True)
class Counted:
    """What one label has spent."""

    requests: int = 0
    failed: int = 0
    """Those of `requests` that came to no reply with status 200."""
    cut: int = 0
    """Those that the client hung up on, so that the server never said what they cost."""
    unknown: int = 0
    """Replies in which the server did not say."""
    tokens_in: int = 0
    tokens_cached: int = 0
    """Those of `tokens_in` that the server had read before."""
    tokens_out: int = 0
    pieces_cut: int = 0
    """Pieces that had come of the replies that were cut: about a token each."""
    seconds: float = 0.0
    """Of the requests added up."""

    @property
    def tokens(self) -> int:
        """Input and output tokens together."""
        return self.tokens_in + self.tokens_out


@dataclass(kw_only=True)
class CountingProxy:
    """Stands before one server."""

    upstream: str
    """Address of the server, up to and with `/v1`."""
    key: str | None = None
    """Sent instead of the client's; `None` passes the client's on."""
    port: int = 0
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    """Part of the addresses: who was not given one cannot ask with our key."""
    counts: dict[str, Counted] = field(default_factory=dict[str, Counted])

    def address(self, label: str) -> str:
        """Return the address that a client is given, so that it is counted under a label."""
        return f"http://127.0.0.1:{self.port}/{self.secret}/{label}/v1"

    async def handle(self, session: ClientSession, request: web.Request) -> web.StreamResponse:
        """Pass one request on and count it."""
        if request.match_info["secret"] != self.secret:
            return web.json_response({"error": {"message": "no such address"}}, status=404)
        counted = self.counts.setdefault(request.match_info["label"], Counted())
        body = await request.read()
        began = time.monotonic()
        if not body:  # a look at what models there are costs nothing
            return await self._passed_on(session, request, body, Counted())
        counted.requests += 1
        try:
            return await self._passed_on(session, request, body, counted)
        except asyncio.CancelledError:
            counted.cut += 1
            raise
        finally:
            counted.seconds += time.monotonic() - began

    async def _passed_on(
        self, session: ClientSession, request: web.Request, body: bytes, counted: Counted
    ) -> web.StreamResponse:
        wanted, body = _asking_for_usage(body)
        url = f"{self.upstream}/{request.match_info['path']}"
        headers = self._headers(request.headers)
        try:
            async with session.request(
                request.method, url, params=request.query, data=body or None, headers=headers
            ) as reply:
                if reply.status != 200:
                    counted.failed += 1
                    return _whole(reply, await reply.read())
                if "text/event-stream" in reply.headers.get("Content-Type", ""):
                    return await _streamed(request, reply, counted, usage_wanted=wanted)
                content = await reply.read()
        except ClientError as error:
            counted.failed += 1
            return web.json_response({"error": {"message": f"upstream: {error}"}}, status=502)
        _count(counted, (_object(content) or {}).get("usage"))
        return _whole(reply, content)

    def _headers(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the headers that go on."""
        key = given.get("Authorization") if self.key is None else f"Bearer {self.key}"
        kept = {"Content-Type": "application/json"}
        return kept if key is None else kept | {"Authorization": key}


@asynccontextmanager
async def counting_proxy(upstream: str, *, key: str | None = None) -> AsyncGenerator[CountingProxy]:
    """Serve a proxy on loopback.

    Args:
        upstream: Address of the server, up to and with `/v1`.
        key: Sent to it; by default each client's own.
    """
    proxy = CountingProxy(upstream=upstream.rstrip("/"), key=key)
    async with ClientSession(timeout=_TIMEOUT, read_bufsize=1 << 20) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            return await proxy.handle(session, request)

        app = web.Application(client_max_size=_LARGEST)
        app.router.add_route("*", "/{secret}/{label}/v1/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            proxy.port = runner.addresses[0][1]
            yield proxy
        finally:
            await runner.cleanup()


def _asking_for_usage(body: bytes) -> tuple[bool, bytes]:
    """Ask a streaming server for its count; return whether the client had asked as well."""
    try:
        asked: dict[str, Any] = json.loads(body) if body else {}
    except ValueError:
        return True, body
    if not asked.get("stream"):
        return True, body
    options: dict[str, Any] = asked.get("stream_options") or {}
    wanted = bool(options.get("include_usage"))
    asked["stream_options"] = options | {"include_usage": True}
    return wanted, body if wanted else json.dumps(asked).encode()


def _whole(reply: ClientResponse, content: bytes) -> web.Response:
    kind = reply.headers.get("Content-Type", "application/json")
    kept = {"Retry-After": reply.headers["Retry-After"]} if "Retry-After" in reply.headers else {}
    return web.Response(
        status=reply.status, body=content, headers={"Content-Type": kind, **kept}
    )  # fmt: skip


async def _streamed(
    request: web.Request, reply: ClientResponse, counted: Counted, *, usage_wanted: bool
) -> web.StreamResponse:
    """Pass a stream on line by line; the count comes in its last piece."""
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    usage: dict[str, Any] | None = None
    pieces, whole = 0, False
    try:
        await answer.prepare(request)
        async for line in reply.content:
            said = _piece(line)
            if said is not None:
                pieces += bool(said.get("choices"))
                usage = said.get("usage") or usage
                if not usage_wanted and said.get("usage") and not said.get("choices"):
                    continue  # a client that did not ask for this piece may stumble over it
            await answer.write(line)
        whole = True
        await answer.write_eof()
    except (ClientError, ConnectionError, asyncio.CancelledError):
        if not whole and usage is None:  # one of the two has hung up
            counted.cut += 1
            counted.pieces_cut += pieces
            if request.transport is not None:
                request.transport.close()  # not a good end for the other one either
            return answer
    _count(counted, usage)
    return answer


def _piece(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b"data:"):
        return None
    return _object(line[5:])


def _object(text: bytes) -> dict[str, Any] | None:
    """Return a JSON object; `None` where the text is none."""
    try:
        said: object = json.loads(text)
    except ValueError:
        return None
    return cast("dict[str, Any]", said) if isinstance(said, dict) else None


def _count(counted: Counted, usage: dict[str, Any] | None) -> None:
    if usage is None:
        counted.unknown += 1
        return
    counted.tokens_in += usage.get("prompt_tokens") or 0
    counted.tokens_out += usage.get("completion_tokens") or 0
    details: dict[str, int] = usage.get("prompt_tokens_details") or {}
    counted.tokens_cached += details.get("cached_tokens") or 0
