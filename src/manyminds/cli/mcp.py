"""`manyminds mcp`: our tools on a pipe, for hosts; and what other servers offer our members."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.cli.exits import ANSWERED
from manyminds.cli.serve import house_for
from manyminds.cli.session import chosen
from manyminds.cli.words import notice, safe
from manyminds.core.errors import ToolFailed, UnknownName, UsageError
from manyminds.core.messages import JsonValue
from manyminds.runtime.mcp import client_part, pins
from manyminds.runtime.settings import load_settings
from manyminds.tools.mcp.config import ServerConfig, read_servers
from manyminds.tools.mcp.pins import Offered
from manyminds.tools.mcp.tool import offered_tools

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative=())]
app = App(name="mcp", help="Serve our tools to an MCP host; see what other servers offer.")
_Names = Annotated[tuple[str, ...], Parameter(consume_multiple=False, negative=())]


@app.default
def mcp(*, model: _Names = (), docs: str | None = None, at_once: int = 4) -> int:
    """Serve ask, research, wide and runs over MCP on stdin and stdout; a host begins it itself.

    Args:
        model: provider:name or http://host:port/v1#name; several make a mixed panel.
        docs: Folder of documents that all runs may search.
        at_once: Runs worked side by side.
    """
    if at_once < 1:
        raise UsageError(f"--at-once takes 1 or more, not {at_once}")
    asyncio.run(_served(model, docs, at_once))
    return ANSWERED


async def _served(model: tuple[str, ...], docs: str | None, at_once: int) -> None:
    try:
        from manyminds.server.mcp import mcp_server  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise UsageError(
            f"MCP needs more libraries ({error.name} is missing); put them in with: "
            "pip install 'manyminds[mcp]'"
        ) from None
    settings = load_settings({"models": model, "docs": docs})
    house = house_for(await chosen(settings), settings, at_once, 32)
    house.engine.open()
    try:
        await mcp_server(house).run_stdio_async()
    finally:
        await house.engine.close()


@app.command
def tools(file: Path, *, json_: Json = False) -> int:
    """Begin the servers of a file and say which of their tools members may use, and why.

    Args:
        file: With mcpServers, as other hosts write it.
        json_: Print one JSON object.
    """
    told: dict[str, JsonValue] = {}
    for config in read_servers(file):
        try:
            offers = asyncio.run(_offers(config))
        except ToolFailed as error:
            told[config.name] = {"error": str(error), "tools": []}
            continue
        kept_away = pins().quarantined(config.identity, offers)
        usable, refused = offered_tools(config, offers, kept_away)
        names = {tool.name: spec.name for tool, spec in usable}
        told[config.name] = {
            "error": None,
            "tools": [
                {
                    "name": tool.name, "as": names.get(tool.name), "sha256": tool.digest,
                    "why_not": refused.get(tool.name), "description": tool.description,
                }
                for tool in offers
            ],
        }  # fmt: skip
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, "servers": told}))
        return ANSWERED
    for name, one in told.items():
        _show(name, one)
    return ANSWERED


def _show(name: str, one: JsonValue) -> None:
    assert isinstance(one, dict)
    print(safe(f"{name}: {one['error']}" if one["error"] else name))
    rows = one["tools"]
    for row in rows if isinstance(rows, list) else []:
        assert isinstance(row, dict)
        mark = "✔" if row["why_not"] is None else "✘"
        why = "" if row["why_not"] is None else f"  ({row['why_not']})"
        about = " ".join(str(row["description"]).split())[:200]
        print(safe(f"  {mark} {row['name']}{why}\n      {about}"))


@app.command
def accept(file: Path, server: str) -> int:
    """Accept what a server says of its tools now; look at it first with `manyminds mcp tools`.

    Args:
        file: With mcpServers, as other hosts write it.
        server: Its name there.
    """
    servers = {config.name: config for config in read_servers(file)}
    if server not in servers:
        raise UnknownName("server", server, servers)
    try:
        offers = asyncio.run(_offers(servers[server]))
    except ToolFailed as error:
        raise UsageError(str(error)) from None
    pins().accept(servers[server].identity, offers)
    notice(f"{server}: {len(offers)} tools are pinned as they are described now")
    return ANSWERED


async def _offers(config: ServerConfig) -> tuple[Offered, ...]:
    async with client_part().opened(config) as server:
        return server.offers
