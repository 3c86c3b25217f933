"""The `search_docs` and `read_doc` tools."""

import asyncio
from dataclasses import dataclass

from manyminds.core.errors import ToolRetry
from manyminds.core.messages import ToolCall, ToolSpec
from manyminds.core.values import Evidence
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.passages import Passage

__all__ = ["ReadDoc", "SearchDocs", "evidence_of"]


@dataclass(frozen=True, kw_only=True)
class SearchDocs:
    """Finds passages."""

    index: DocsIndex
    spec = ToolSpec(
        name="search_docs",
        description="find passages in the documents by words of the question; answer from them",
        parameters={
            "type": "object",
            "properties": {"query": {"type": "string", "maxLength": 200}},
            "required": ["query"],
        },
    )

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Search for `query`."""
        query = call.arguments.get("query")
        if not isinstance(query, str) or not query.strip():
            raise ToolRetry('search_docs needs a "query" of a few words')
        found = await asyncio.to_thread(self.index.search, query)
        return tuple(evidence_of("search_docs", query, passage) for passage in found)


@dataclass(frozen=True, kw_only=True)
class ReadDoc:
    """Reads on where a passage was found."""

    index: DocsIndex
    spec = ToolSpec(
        name="read_doc",
        description="read on in one document, only where a passage broke off",
        parameters={
            "type": "object",
            "properties": {
                "source": {"type": "string", "maxLength": 200},
                "line": {"type": "integer"},
            },
            "required": ["source", "line"],
        },
    )

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Read `source` from `line` on."""
        source, line = call.arguments.get("source"), call.arguments.get("line")
        if not isinstance(source, str) or not source:
            raise ToolRetry('read_doc needs a "source" as search_docs shows it')
        first = line if isinstance(line, int) and line > 0 else 1
        passage = await asyncio.to_thread(self.index.read, source, line=first)
        return (evidence_of("read_doc", f"{source}, line {first}", passage),)


def evidence_of(tool: str, request: str, passage: Passage) -> Evidence:
    """Return a passage as what a tool returned."""
    return Evidence(
        id="",
        tool=tool,
        request=request,
        output=passage.text,
        source=passage.source,
        start=passage.start,
        end=passage.end,
        line_start=passage.line_start,
        line_end=passage.line_end,
    )
