"""Documents for other programs' agents, over MCP, each version of them apart.

Where the folder of documents holds one sub-folder a version, whoever asks for a version reads
nothing of another: an agent that codes against version 1 must not be told of version 2.
"""

import asyncio
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from manyminds.core.errors import ToolError as ToolTrouble
from manyminds.core.errors import UsageError
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.passages import Passage

__all__ = ["offer_docs", "versions_in"]

_MOST_NAMED = 40
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
Told = dict[str, Any]
Query = Annotated[str, Field(min_length=1, max_length=400)]
Version = Annotated[str, Field(description="A version of the documents", max_length=100)]


def versions_in(folder: Path) -> list[str]:
    """Return the versions of documents that a folder holds: its sub-folders, by name."""
    return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def offer_docs(server: MCPServer[Any], folder: Path, index_folder: Path) -> None:
    """Add the tools `search_docs` and `read_doc` to a server.

    Args:
        server: Of ours.
        folder: The documents.
        index_folder: Folder of what can be made again.
    """

    @cache
    def index_of(version: str | None) -> DocsIndex:
        return DocsIndex(folder if version is None else folder / version, index_folder)

    def found(version: str | None) -> DocsIndex:
        known = versions_in(folder)
        if version is not None and version not in known:
            named = ", ".join(known[:_MOST_NAMED]) or "none"
            raise ToolError(f"there is no version {version[:40]!r}; there are: {named}")
        index = index_of(version)
        try:
            index.refresh()
        except UsageError as error:
            raise ToolError(str(error)) from None
        return index

    @server.tool(annotations=_READS)
    async def search_docs(query: Query, version: Version | None = None) -> Told:
        """Find passages of the documents; name a version to read of that one alone."""

        def searched() -> list[Told]:
            return [_told(passage, version) for passage in found(version).search(query)]

        return {"passages": await asyncio.to_thread(searched), "versions": versions_in(folder)}

    @server.tool(annotations=_READS)
    async def read_doc(
        source: Annotated[str, Field(max_length=400)],
        line: Annotated[int, Field(ge=1)] = 1, version: Version | None = None,
    ) -> Told:  # fmt: skip
        """Read on in one document, as search_docs names it, from a line on."""
        try:
            passage = await asyncio.to_thread(lambda: found(version).read(source, line=line))
        except ToolTrouble as error:
            raise ToolError(str(error)) from None
        return _told(passage, version)


def _told(passage: Passage, version: str | None) -> Told:
    return {
        "source": passage.source, "version": version, "heading": passage.heading,
        "lines": [passage.line_start, passage.line_end], "text": passage.text,
    }  # fmt: skip
