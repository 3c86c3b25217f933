"""One MCP server as a client sees it: begun, asked what it offers, called, and survived.

It lives in a task of its own, so that a server that breaks ends its own calls and nothing else.
Needs the extra `mcp`.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx2
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, EmbeddedResource, TextContent, TextResourceContents

from manyminds.core.errors import ToolFailed
from manyminds.core.messages import JsonValue
from manyminds.tools.mcp.config import ServerConfig
from manyminds.tools.mcp.pins import Offered
from manyminds.tools.mcp.tool import Returned
from manyminds.tools.web.connect import PinnedTransport

__all__ = ["Server", "opened"]

BEGINS_WITHIN_S = 20.0
ANSWERS_WITHIN_S = 60.0
LONGEST = 4 << 20
"""Bytes of one message."""
_MOST_TOOLS = 128
_LONGEST_SCHEMA = 20_000
_PIPE = Path(__file__).with_name("pipe.py")


@dataclass(kw_only=True)
class Server:
    """A server that was begun."""

    config: ServerConfig
    offers: tuple[Offered, ...] = ()
    _client: Client | None = None
    _life: "asyncio.Task[None] | None" = None
    _ready: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self) -> None:
        """Begin it and ask what it offers.

        Raises:
            ToolFailed: If it does not answer as a server does.
        """
        self._life = asyncio.create_task(self._live())
        try:
            async with asyncio.timeout(BEGINS_WITHIN_S):
                await asyncio.wait({self._ready, self._life}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            await self.end()
            raise self._broken(f"it said nothing for {BEGINS_WITHIN_S:.0f} s") from None
        if not self._ready.done():
            raise self._broken(_why(self._life))

    async def call(self, name: str, arguments: dict[str, JsonValue]) -> Returned:
        """Call one of its tools and return what it says.

        Raises:
            ToolFailed: If it fails, breaks or takes too long.
        """
        if self._client is None or self._life is None or self._life.done():
            raise self._broken("it has ended")
        call = asyncio.create_task(self._client.call_tool(name, arguments))
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await asyncio.wait({call, self._life}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise self._broken(f"no answer within {ANSWERS_WITHIN_S:.0f} s") from None
        finally:
            if not call.done():
                call.cancel()
        if not call.done():
            raise self._broken(_why(self._life))
        if call.cancelled() or call.exception() is not None:
            raise self._broken(_why(call))
        result = call.result()
        text = _text_of(result)
        if result.is_error:
            raise ToolFailed(f"{self.config.name} says it failed: {text[:2_000]}")
        structure = cast("JsonValue", result.structured_content)
        return Returned(text=text, structure=structure)

    async def end(self) -> None:
        """End it."""
        self._over.set()
        if self._life is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await asyncio.wait({self._life})
            self._life.cancel()
            await asyncio.wait({self._life})

    async def _live(self) -> None:
        # What belongs to the connection is entered and left in this one task.
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(Client(await _transport(stack, self.config)))
            # It would hold results against the server's own schemas, patterns included, and stop
            # everything on this loop for as long as one of those takes.
            vars(client.session)["validate_tool_result"] = _unchecked
            self.offers = tuple(await _offers(client))
            self._client = client
            self._ready.set_result(None)
            await self._over.wait()

    def _broken(self, why: str) -> ToolFailed:
        return ToolFailed(f"the MCP server {self.config.name} failed: {why}")


async def _unchecked(_name: str, _result: object) -> None:
    """Let a result pass: it is data, whatever its server has promised of it."""


def _why(task: "asyncio.Task[Any]") -> str:
    if task.cancelled() or not task.done():
        return "it broke off"
    error = task.exception()
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return "it ended" if error is None else f"{type(error).__name__}: {str(error)[:200]}"


@asynccontextmanager
async def opened(config: ServerConfig) -> AsyncGenerator[Server]:
    """Begin a server, and end it afterwards.

    Raises:
        ToolFailed: If it cannot be begun.
    """
    server = Server(config=config)
    try:
        await server.begin()
        yield server
    finally:
        await server.end()


async def _transport(stack: AsyncExitStack, config: ServerConfig) -> Any:
    if config.url is not None:
        http = httpx2.AsyncClient(
            headers=dict(config.headers), timeout=ANSWERS_WITHIN_S, transport=_Bounded(),
            trust_env=False,
        )  # fmt: skip
        await stack.enter_async_context(http)
        return streamable_http_client(config.url, http_client=http)
    nowhere = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    stack.callback(nowhere.close)
    pipe = [sys.executable, "-I", "-S", str(_PIPE), str(LONGEST), *config.command]
    begun = StdioServerParameters(
        command=pipe[0], args=pipe[1:], env=dict(config.env), cwd=config.cwd
    )
    return stdio_client(begun, errlog=nowhere)


class _Bounded(httpx2.AsyncBaseTransport):
    """A transport that goes nowhere else, and reads no more than a message may have.

    Nowhere else: not where a reply sends it, and not where the server's name leads later.
    """

    def __init__(self) -> None:
        self._inner = PinnedTransport(most=LONGEST)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # What is packed may be a thousand times as large.
        request.headers["Accept-Encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            await response.aclose()
            raise httpx2.ReadError("its reply is packed, and was asked for plain")
        if response.is_redirect:  # the client of the protocol would follow, with our headers
            await response.aclose()
            raise httpx2.ReadError("it sends us elsewhere; name the address it means")
        response.stream = _Short(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Short(httpx2.AsyncByteStream):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._inner:
            size += len(piece)
            if size > LONGEST:
                raise httpx2.ReadError(f"a reply of more than {LONGEST} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _offers(client: Client) -> Sequence[Offered]:
    """Ask for all tools, page by page; what is too large to be shown to a model is left out."""
    found: list[Offered] = []
    cursor: str | None = None
    while len(found) < _MOST_TOOLS:
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            size = len(json.dumps(tool.input_schema))
            if size <= _LONGEST_SCHEMA:
                hints = tool.annotations
                found.append(
                    Offered(
                        name=tool.name, description=tool.description or "",
                        parameters=tool.input_schema,
                        reads=hints is not None and hints.read_only_hint is True,
                    )
                )  # fmt: skip
        cursor = page.next_cursor
        if cursor is None:
            break
    return found[:_MOST_TOOLS]


def _text_of(result: CallToolResult) -> str:
    """Return what a result says; what is not text is named."""
    parts: list[str] = []
    for block in result.content:
        if isinstance(block, TextContent):
            parts.append(block.text)
        elif isinstance(block, EmbeddedResource) and isinstance(
            block.resource, TextResourceContents
        ):
            parts.append(block.resource.text)
        else:
            parts.append(f"[{block.type} left out]")
    if not parts and result.structured_content is not None:
        parts.append(json.dumps(result.structured_content))
    return "\n".join(parts)
