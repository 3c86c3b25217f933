"""Tools for other programs' agents, over MCP: a panel behind a call, its progress told as it works.

Needs the extra `mcp`. Its client half, tools of other servers for our members, is not here.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import Field
from starlette.requests import Request
from starlette.routing import BaseRoute

from manyminds.budget.parse import parse_limits
from manyminds.core.errors import ManymindsError
from manyminds.core.messages import JsonValue
from manyminds.core.values import VERSION, Limits, Task
from manyminds.server.answers import extension
from manyminds.server.clients import OWNER, Client
from manyminds.server.gate import client_of
from manyminds.server.house import House, end_unwanted
from manyminds.server.mcp_docs import offer_docs
from manyminds.server.modes import Asking
from manyminds.server.refusals import Refused
from manyminds.server.runs import may_see, rows_of, told_of
from manyminds.transcript.board import Board

__all__ = ["mcp_routes", "mcp_server"]

Told = dict[str, Any]
Question = Annotated[str, Field(min_length=1, max_length=400_000)]
Budget = Annotated[str, Field(description="What may be spent: 200k,0.50usd,5m", max_length=100)]
Sites = Annotated[
    list[str], Field(description="Sites to read, like docs.python.org", max_length=50)
]
_ABOUT = (
    "A panel of agents works a hard question side by side, settles its disagreements by running "
    "code and opening sources, and gives one answer with confidence, evidence, dissent and cost. "
    "An outcome of none means that no answer stands."
)


def mcp_server(house: House) -> MCPServer[Any]:
    """Return the server of our tools."""
    server: MCPServer[Any] = MCPServer(
        "manyminds", version=VERSION, instructions=_ABOUT, log_level="ERROR"
    )

    @server.tool()
    async def ask(
        question: Question, ctx: Context[Any, Any], mode: str = "heavy",
        effort: Literal["low", "medium", "high", "xhigh"] | None = None,
        budget: Budget | None = None, *, web: bool = False,
    ) -> Told:  # fmt: skip
        """Let a panel answer a hard question; modes are heavy, single, auto, debate and others."""
        asking = Asking(effort=effort, web=web)
        return await _worked(house, ctx, mode, question, budget, asking)

    @server.tool()
    async def research(
        question: Question, ctx: Context[Any, Any], sites: Sites | None = None,
        budget: Budget | None = None,
    ) -> Told:  # fmt: skip
        """Research a question on the web; a report in which every number cites its passage."""
        asking = Asking(sites=tuple(sites or ()))
        return await _worked(house, ctx, "research", question, budget, asking)

    @server.tool()
    async def wide(
        question: Question, ctx: Context[Any, Any], sites: Sites | None = None,
        budget: Budget | None = None,
    ) -> Told:  # fmt: skip
        """List all there are of something, as a table in which every cell is cited."""
        asking = Asking(sites=tuple(sites or ()))
        return await _worked(house, ctx, "wide", question, budget, asking)

    @server.tool()
    async def runs(
        ctx: Context[Any, Any], run: Annotated[str, Field(max_length=80)] | None = None,
        limit: Annotated[int, Field(ge=1, le=100)] = 20,
    ) -> Told:  # fmt: skip
        """List the newest runs; with a run's name, say how it stands and what came of it."""
        client = _client(ctx)
        if run is None:
            return {"runs": await asyncio.to_thread(rows_of, house, client, limit)}
        with _told_to_the_model():
            await may_see(house, client, run)
            return await asyncio.to_thread(told_of, house, run)

    if house.modes.docs is not None:
        offer_docs(server, house.modes.docs, house.engine.cache)
    return server


def mcp_routes(house: House) -> tuple[list[BaseRoute], Callable[[], Any]]:
    """Return the route of our tools, and what has to be entered while it is served.

    Hosts, origins and keys are the gate's to look at, as for all routes.
    """
    server = mcp_server(house)
    open_to_all = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(stateless_http=True, transport_security=open_to_all)
    return list(app.routes), server.session_manager.run


@contextmanager
def _told_to_the_model() -> Generator[None]:
    """Let the model that calls read what to do; other errors it is not shown."""
    try:
        yield
    except (ManymindsError, Refused) as error:
        raise ToolError(str(error)) from None


def _client(ctx: Context[Any, Any]) -> Client:
    """Return who calls: over HTTP whose key came along, on a pipe whoever began us."""
    request: object = ctx.request_context.request
    return client_of(request.scope) if isinstance(request, Request) else OWNER


async def _worked(
    house: House, ctx: Context[Any, Any], mode: str, question: str, budget: str | None,
    asking: Asking,
) -> dict[str, JsonValue]:  # fmt: skip
    """Work a question, tell what members do meanwhile, and return what came of it."""
    with _told_to_the_model():
        client = _client(ctx)
        house.check_scope(client, mode, web=asking.web)
        limits = Limits() if budget is None else parse_limits(budget)
        asking = replace(asking, limits=limits)
        order = await asyncio.to_thread(house.modes.order, mode, Task(prompt=question), asking)
        run = await house.engine.begin(order, client, goes_on=False)
        done, board, count = asyncio.create_task(house.engine.done(run)), Board(), 0
        try:
            async with aclosing(house.engine.events(run)) as events:
                async for recorded in events:
                    line = board.take(recorded)
                    if line is not None:
                        count += 1
                        await ctx.report_progress(count, None, line)
            return extension(await done)
        finally:
            await end_unwanted(house, run, done)
