"""`manyminds mcp`: our tools on a pipe, for hosts that begin their servers themselves."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from manyminds.cli.exits import ANSWERED
from manyminds.cli.serve import house_for, models_of
from manyminds.core.errors import UsageError
from manyminds.runtime.settings import load_settings

__all__ = ["mcp"]

_Names = Annotated[tuple[str, ...], Parameter(consume_multiple=False, negative=())]


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
    house = house_for(await models_of(settings), settings, at_once, 32)
    house.engine.open()
    try:
        await mcp_server(house).run_stdio_async()
    finally:
        await house.engine.close()
