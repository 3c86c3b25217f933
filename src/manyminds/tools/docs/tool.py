"""The `search_docs` and `read_doc` tools."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from manyminds.core.errors import ToolRetry
from manyminds.core.messages import JsonValue, ToolCall, ToolSpec
from manyminds.core.values import Evidence
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.passages import Passage
from manyminds.tools.several import lines_of, side_by_side

__all__ = ["ReadDoc", "SearchDocs", "evidence_of", "query_of", "search_spec"]


PASSAGES = 3
"""Passages that fit one query; twice as many for several together, and one of each at least."""


def search_spec(name: str, description: str) -> ToolSpec:
    """Return what models are told of a tool that finds something by queries, one a line."""
    query: dict[str, JsonValue] = {"type": "string", "maxLength": 600}
    return ToolSpec(
        name=name, description=description,
        parameters={"type": "object", "properties": {"query": query}, "required": ["query"]},
        several="query",
    )  # fmt: skip


def query_of(call: ToolCall, spec: ToolSpec) -> str:
    """Return the query of a call.

    Raises:
        ToolRetry: If it has none.
    """
    query = call.arguments.get("query")
    if not isinstance(query, str) or not query.strip():
        raise ToolRetry(f'{spec.name} needs a "query" of a few words')
    return query


def _nobody(_text: str) -> None:
    """Nobody needs to know what was shown."""


@dataclass(frozen=True, kw_only=True)
class SearchDocs:
    """Finds passages."""

    index: DocsIndex
    on_shown: Callable[[str], None] = _nobody
    """Told what of the documents models are shown: it should not leave by other tools."""
    spec = search_spec(
        "search_docs",
        "find passages in the documents by words of the question; several searches, one a line; "
        "answer from them",
    )

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Search for `query`; for each of its lines, where it has several."""
        queries = lines_of(query_of(call, self.spec))
        found = await asyncio.to_thread(self._found, queries)
        for passage, _ in found:
            self.on_shown(f"{passage.source} {passage.text}")
        return tuple(evidence_of("search_docs", query, passage) for passage, query in found)

    def _found(self, queries: Sequence[str]) -> list[tuple[Passage, str]]:
        """Return passages, each once, with what they were found by."""
        most = max(1, min(PASSAGES, 2 * PASSAGES // len(queries)))
        found: dict[tuple[str, int], tuple[Passage, str]] = {}
        for query in queries:
            for passage in self.index.search(query, most=most):
                found.setdefault((passage.source, passage.start), (passage, query))
        return list(found.values())

    def recall(self, member: str, call: ToolCall, evidence: Sequence[Evidence]) -> None:
        """Remember what models were shown before."""
        for found in evidence:
            self.on_shown(f"{found.source} {found.output}")


@dataclass(frozen=True, kw_only=True)
class ReadDoc:
    """Reads on where a passage was found."""

    index: DocsIndex
    on_shown: Callable[[str], None] = _nobody
    spec = ToolSpec(
        name="read_doc",
        description="read on in a document, only where a passage broke off; in several, one a line "
        "with its own end: a.md, line 40",
        parameters={
            "type": "object",
            "properties": {
                "source": {"type": "string", "maxLength": 1_000},
                "line": {"type": "integer"},
            },
            "required": ["source", "line"],
        },
        several="source",
    )

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Read `source` from `line` on; each of its lines, where it has several."""
        source, line = call.arguments.get("source"), call.arguments.get("line")
        if not isinstance(source, str) or not source.strip():
            raise ToolRetry('read_doc needs a "source" as search_docs shows it')
        first = line if isinstance(line, int) and line > 0 else 1
        wanted = [_place(one, first) for one in lines_of(source)]

        async def read(request: str) -> Passage:
            name, _, place = request.rpartition(_LINE)
            return await asyncio.to_thread(self.index.read, name, line=int(place))

        found = await side_by_side(read, wanted)
        for passage in found:
            if isinstance(passage, Passage):
                self.on_shown(f"{passage.source} {passage.text}")
        return tuple(
            evidence_of("read_doc", request, passage) if isinstance(passage, Passage)
            else Evidence(id="", tool="read_doc", request=request, output=str(passage))
            for request, passage in zip(wanted, found, strict=True)
        )  # fmt: skip

    def recall(self, member: str, call: ToolCall, evidence: Sequence[Evidence]) -> None:
        """Remember what models were shown before."""
        for found in evidence:
            self.on_shown(f"{found.source} {found.output}")


_LINE = ", line "


def _place(asked: str, line: int) -> str:
    """Return what is read, as it is told: a document and a line, that of its own if it has one."""
    name, _, own = asked.rpartition(_LINE)
    return asked if name and own.isdecimal() and int(own) > 0 else f"{asked}{_LINE}{line}"


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
