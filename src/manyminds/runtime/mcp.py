"""Other MCP servers for one run: begun, held against their pins, their tools readied."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from manyminds.core.errors import ToolFailed, UsageError
from manyminds.core.protocols import Tool
from manyminds.runtime.paths import config_home
from manyminds.tools.mcp.config import ServerConfig, read_servers
from manyminds.tools.mcp.gate import Gate
from manyminds.tools.mcp.pins import Offered, Pins
from manyminds.tools.mcp.tool import Foreign, offered_tools
from manyminds.tools.web.outgoing import Outgoing

__all__ = ["client_part", "pins", "ready_mcp"]


def pins() -> Pins:
    """Return the pins of this user."""
    return Pins(config_home() / "mcp_pins.json")


def client_part() -> Any:
    """Return the client's own module.

    Raises:
        UsageError: If its library is not here.
    """
    try:
        return import_module("manyminds.tools.mcp.server")
    except ImportError as error:
        raise UsageError(
            f"MCP needs more libraries ({error.name} is missing); put them in with: "
            "pip install 'manyminds[mcp]'"
        ) from None


async def ready_mcp(
    stack: AsyncExitStack,
    path: Path,
    outgoing: Outgoing,
    gate: Gate,
    on_notice: Callable[[str], None],
) -> list[Tool]:
    """Begin the servers of a file and return the tools that members may use.

    A server that cannot be begun is left out, and told.

    Args:
        stack: Ends them.
        path: The file, with `mcpServers`.
        outgoing: What may leave the machine.
        gate: What may be done without a word.
        on_notice: Told in a line what is left out.

    Raises:
        UsageError: If the file is wrong, or the library is not here.
    """
    servers, part = read_servers(path), client_part()
    tools: list[Tool] = []
    for config in servers:
        try:
            server = await stack.enter_async_context(part.opened(config))
        except ToolFailed as error:
            on_notice(str(error))
            continue
        tools += _usable(config, server, outgoing, gate, on_notice)
    return tools


def _usable(
    config: ServerConfig, server: Any, outgoing: Outgoing, gate: Gate,
    on_notice: Callable[[str], None],
) -> list[Tool]:  # fmt: skip
    offers: tuple[Offered, ...] = server.offers
    kept_away = pins().quarantined(config.identity, offers)
    usable, refused = offered_tools(config, offers, kept_away)
    for name, why in refused.items():
        on_notice(f"MCP {config.name}: {name!r} is left out: {why}")
    if kept_away:
        on_notice(
            f"look at them: manyminds mcp tools FILE; manyminds mcp accept FILE {config.name}"
        )
    on_notice(f"MCP {config.name}: {len(usable)} tools")
    gate.acts |= {
        spec.name for tool, spec in usable
        if spec.effect != "none" and tool.name not in config.trust
    }  # fmt: skip
    return [
        Foreign(server=server, offered=tool, spec=spec, outgoing=outgoing, config=config, gate=gate)
        for tool, spec in usable
    ]
