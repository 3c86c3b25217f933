"""The `search_web` and `read_page` tools."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import anyio

from manyminds.core.errors import ToolError, ToolFailed, ToolRetry
from manyminds.core.messages import ToolCall, ToolSpec
from manyminds.core.values import Evidence
from manyminds.tools.docs.passages import Passage
from manyminds.tools.docs.tool import evidence_of, query_of, search_spec
from manyminds.tools.several import lines_of, side_by_side
from manyminds.tools.web.addresses import Address, parse_address
from manyminds.tools.web.fetch import Fetched, Fetcher
from manyminds.tools.web.outgoing import Outgoing, makers_view
from manyminds.tools.web.pages import Read
from manyminds.tools.web.reader import Reader
from manyminds.tools.web.render import Renderer
from manyminds.tools.web.search import Engine, Hit, fused
from manyminds.tools.web.sites import Sites
from manyminds.tools.web.sources import Sources

__all__ = ["ReadPage", "SearchWeb", "Web"]

SHOWN = 6
"""Results that a member is shown."""
PASSAGES = 3
"""Passages of a page that fit what is looked for; of several pages together."""
LITTLE = 500
"""Characters that a page shows, below which its scripts may show more."""
_SCRIPTED = 2 << 20


@dataclass(kw_only=True)
class Web:
    """What the tools of one run share."""

    engines: Sequence[Engine]
    fetcher: Fetcher
    reader: Reader
    sources: Sources
    sites: Sites
    outgoing: Outgoing = field(default_factory=Outgoing)
    renderer: Renderer | None = None
    """Runs scripts of pages that show little without; `None`: none are run."""
    question: str = ""
    """What the person asked."""
    reading: dict[str, anyio.Lock] = field(default_factory=dict[str, anyio.Lock])
    names: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Of each address that was read, asked or come to: the names of its texts."""
    keeping: anyio.Lock = field(default_factory=anyio.Lock)

    async def open(self, text: str) -> tuple[str, ...]:
        """Fetch, read and keep a page; once, whoever asks, and however the address is written.

        Raises:
            ToolFailed: If it may not be fetched, is not there, or cannot be read.
        """
        parsed = parse_address(text, loopback=self.sites.loopback)
        address = parsed.text
        # On an allowed site a model may have written the address itself.
        if not self.sites.knows(parsed) and (why := self.outgoing.why_not(text)):
            raise ToolFailed(f"{address[:200]} is not fetched: {why}")
        await self.sites.settle(parsed)
        async with self.reading.setdefault(address, anyio.Lock()):
            if address not in self.names:
                self.names[address] = await self._open(address)
        return self.names[address]

    async def _open(self, address: str) -> tuple[str, ...]:
        led = False

        def why_not(found: Address) -> str | None:
            nonlocal led
            reason = self.sites.why_not(found, led=led)
            led = led or self.sites.knows(found)
            return reason

        fetched = await self.fetcher.get(address, allows=why_not)
        async with self.keeping:
            # Two addresses may lead to one page: what was read first is what is cited.
            if fetched.address not in self.names:
                fetched, read = await self._read(fetched)
                names = await anyio.to_thread.run_sync(self.sources.keep, fetched, read)
                self.names[fetched.address] = names
        # Members are shown where a page really is, and may ask for it by that.
        self.sites.know([fetched.address])
        return self.names[fetched.address]

    async def _read(self, fetched: Fetched) -> tuple[Fetched, Read]:
        """Read a page; where that was asked for, run the scripts of one that shows little."""
        try:
            read, why = await self.reader.read(fetched), None
        except ToolFailed as error:
            read, why = None, error
        shown = 0 if read is None else len(read.parts[0].text)
        scripted = fetched.kind in ("text/html", "application/xhtml+xml", "") and (
            b"<script" in fetched.body[:_SCRIPTED]
        )
        if self.renderer is not None and shown < LITTLE and scripted:
            try:
                rendered = await self.renderer.render(
                    fetched, allows=lambda found: self.sites.why_not(found, led=True)
                )
                more = await self.reader.read(rendered)
                if len(more.parts[0].text) > shown:
                    return rendered, more
            except ToolFailed as error:
                why = error
        if read is None:
            raise why or ToolFailed(f"{fetched.address[:200]} cannot be read")
        return fetched, read

    async def search(self, query: str) -> list[Hit]:
        """Ask every engine; one that fails is left out.

        Raises:
            ToolFailed: If none answers, or the query says what stays here.
        """
        why = self.outgoing.why_not(query)
        if why is None and makers_view(query, self.question):
            why = "what the maker of a model or product thinks is not what was asked"
        if why is not None:
            raise ToolFailed(f"this is not searched for: {why}")
        found: list[tuple[str, list[Hit]]] = []
        failed: list[str] = []

        async def ask(engine: Engine) -> None:
            try:
                found.append((engine.name, await engine.search(query)))
            except ToolFailed as error:
                failed.append(str(error))
            except Exception as error:  # noqa: BLE001 (services answer anything; the others go on)
                failed.append(f"{engine.name} failed ({type(error).__name__})")

        async with anyio.create_task_group() as tasks:
            for engine in self.engines:
                tasks.start_soon(ask, engine)
        if not found:
            raise ToolFailed("; ".join(sorted(failed)))
        places = {engine.name: place for place, engine in enumerate(self.engines)}
        found.sort(key=lambda pair: places[pair[0]])
        hits = fused(found, loopback=self.sites.loopback)
        self.sites.know(hit.address for hit in hits)
        for hit in hits:
            self.outgoing.know(f"{hit.title} {hit.snippet} {hit.address}")
        return hits

    def recall(self, evidence: Sequence[Evidence]) -> None:
        """Take in pages that were read before; they are kept, and need not be fetched again."""
        for found in evidence:
            if found.source is not None:
                address = found.source.partition("#")[0]
                self.sites.know([address])
                if names := self.sources.names(address):
                    self.names[address] = names

    async def close(self) -> None:
        """Close what is open."""
        await self.reader.close()
        await self.fetcher.close()


@dataclass(frozen=True, kw_only=True)
class SearchWeb:
    """Finds pages."""

    web: Web
    spec = search_spec(
        "search_web",
        "find pages on the web by a few words; several searches, one a line; then read what fits",
    )

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Search for `query`; for each of its lines, where it has several."""
        queries = lines_of(query_of(call, self.spec))
        found = await side_by_side(self.web.search, queries)
        return tuple(
            Evidence(id="", tool="search_web", request=query, output=_told(hits))
            for query, hits in zip(queries, found, strict=True)
        )

    def recall(self, member: str, call: ToolCall, evidence: Sequence[Evidence]) -> None:
        """Know the results of a search that was made before."""
        for found in evidence:
            self.web.sites.know(_FOUND.findall(found.output))
            self.web.outgoing.know(found.output)


_FOUND = re.compile(r"^(https?://\S+)", re.MULTILINE)
"""The address of a result, as `_line` writes it: nothing else begins a line."""


def _told(hits: Sequence[Hit] | ToolError) -> str:
    if isinstance(hits, ToolError):
        return str(hits)
    lines = [_line(hit) for hit in hits[:SHOWN]]
    return "\n".join(lines) or "nothing was found; try other words"


def _line(hit: Hit) -> str:
    date = f" ({hit.date})" if hit.date else ""
    title, snippet = " ".join(hit.title.split())[:120], " ".join(hit.snippet.split())[:240]
    return f"{hit.address}{date}\n  {title}\n  {snippet}"


@dataclass(frozen=True, kw_only=True)
class ReadPage:
    """Reads one page: the passages that fit, or its beginning."""

    web: Web
    spec = ToolSpec(
        name="read_page",
        description="read pages that a search or the question named, one address a line, where "
        "they are about something",
        parameters={
            "type": "object",
            "properties": {
                "address": {"type": "string"},
                "about": {"type": "string", "maxLength": 200},
            },
            "required": ["address", "about"],
        },
        several="address",
    )

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Read `address` where it speaks about `about`; each of its lines, where it has several."""
        address, about = call.arguments.get("address"), call.arguments.get("about")
        if not isinstance(address, str) or not address.strip():
            raise ToolRetry('read_page needs an "address" as search_web shows it')
        words = about if isinstance(about, str) else ""
        addresses = lines_of(address)
        most = max(1, PASSAGES // len(addresses))

        async def read(one: str) -> tuple[Evidence, ...]:
            return await self._read(one, words, most)

        found = await side_by_side(read, addresses)
        return tuple(e for one, got in zip(addresses, found, strict=True) for e in _got(one, got))

    def recall(self, member: str, call: ToolCall, evidence: Sequence[Evidence]) -> None:
        """Know the pages that were read before."""
        self.web.recall(evidence)
        for found in evidence:
            if found.source is not None:
                self.web.outgoing.know(found.output)

    async def _read(self, address: str, words: str, most: int) -> tuple[Evidence, ...]:
        names = await self.web.open(address)
        part = address.partition("#")[2]
        wanted = [name for name in names if part and name.endswith(f"#{part}")]
        found = await anyio.to_thread.run_sync(self._passages, wanted or list(names), words, most)
        for passage in found:
            self.web.outgoing.know(passage.text)
        about = await anyio.to_thread.run_sync(self.web.sources.about, names[0])
        told = {} if about is None else about.told()
        return tuple(
            replace(evidence_of("read_page", f"{address}: {words}", passage), **told)
            for passage in found
        )

    def _passages(self, names: Sequence[str], words: str, most: int) -> list[Passage]:
        """Return what fits the words in a page; its beginning where nothing does."""
        sources = self.web.sources
        within = names[0] if len(names) == 1 else names[0].partition("#")[0]
        found = sources.search(words, most=most, within=within) if words.strip() else []
        return found or [sources.passages(names[0])]


def _got(address: str, got: tuple[Evidence, ...] | ToolError) -> tuple[Evidence, ...]:
    """Return what was read; of a page among several that could not be, why."""
    if isinstance(got, ToolError):
        return (Evidence(id="", tool="read_page", request=address, output=str(got)),)
    return got
