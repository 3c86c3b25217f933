"""Search engines: words to addresses. Several are fused by rank.

Engines are asked directly: a person configured them, and one's own SearXNG stands on this machine.
What they return is data, and each address is looked at again before it is fetched.

Fusion: reciprocal rank, k = 60. Source: Cormack, Clarke, Buettcher 2009, Reciprocal Rank Fusion.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Protocol

import httpx2

from manyminds.core.errors import ToolFailed, UnknownName, UsageError
from manyminds.tools.web.addresses import AddressRefused, parse_address
from manyminds.tools.web.fetch import AGENT, unpacked

__all__ = ["ENGINES", "Engine", "Hit", "fused", "parse_engines"]

MOST = 10
"""Results of one engine."""
_K = 60
_SECONDS = 15.0
MAX_REPLY = 2 << 20
"""Bytes of what a service answers, unpacked: ten results are some thousands."""
_XML: Any = import_module("lxml.etree")  # it has no types


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One result."""

    address: str
    title: str
    snippet: str
    date: str | None = None
    engines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("address", "title", "snippet"):
            told = getattr(self, name)
            if not isinstance(told, str):
                raise TypeError(f"{name} is no text")
            # Halves of surrogate pairs come through JSON, and no file can hold them.
            object.__setattr__(self, name, told.encode("utf-8", "replace").decode())


class Engine(Protocol):
    """Finds addresses by words."""

    @property
    def name(self) -> str:
        """As it is configured."""
        ...

    async def search(self, query: str) -> list[Hit]:
        """Return what it finds, best first.

        Raises:
            ToolFailed: If it cannot be asked, or refuses.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Ddgs:
    """Public search pages, read without a key; they may refuse at any time."""

    name: str = "ddgs"

    async def search(self, query: str) -> list[Hit]:
        """Ask them."""
        try:
            rows = await asyncio.to_thread(_ddgs, query)
        except (OSError, RuntimeError) as error:
            what = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise ToolFailed(f"no public search page answers ({what})") from None
        return [
            Hit(address=r.get("href", ""), title=r.get("title", ""), snippet=r.get("body", ""))
            for r in rows
        ]


def _ddgs(query: str) -> list[dict[str, str]]:
    """Ask through `ddgs`, which is loaded only here: it takes a while, and few runs need it.

    Raises:
        RuntimeError: If it fails; that nothing was found is no failure.
    """
    library: Any = import_module("ddgs")
    try:
        return library.DDGS(timeout=int(_SECONDS)).text(query, max_results=MOST)
    except import_module("ddgs.exceptions").DDGSException as error:
        if "no results" in str(error).lower():
            return []
        raise RuntimeError(str(error)) from error


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is sent to a search service."""

    method: str
    url: str
    params: Mapping[str, str | int] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """They may hold a key."""
    json: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class ByHttp:
    """A search service that answers by HTTP."""

    name: str
    request: Callable[[str], Asked]
    """From words to what is sent."""
    read: Callable[[httpx2.Response], list[Hit]]
    """From a reply to its results."""

    async def search(self, query: str) -> list[Hit]:
        """Ask it."""
        try:
            async with asyncio.timeout(_SECONDS):
                status, body = await self._ask(query)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            why = f"{self.name} cannot be reached ({type(error).__name__})"
            raise ToolFailed(why) from None
        except ToolFailed as error:
            raise ToolFailed(f"{self.name}: {error}") from None
        if status != 200:
            raise ToolFailed(f"{self.name} refuses to search ({status})")
        try:
            return self.read(httpx2.Response(status, content=body))
        except (ValueError, LookupError, TypeError, AttributeError, SyntaxError, RecursionError):
            raise ToolFailed(f"{self.name} answered something that is no result") from None

    async def _ask(self, query: str) -> tuple[int, bytes]:
        asked = self.request(query)
        headers = {"user-agent": AGENT, "accept-encoding": "gzip, identity", **asked.headers}
        async with (
            httpx2.AsyncClient(timeout=_SECONDS, trust_env=False) as client,
            client.stream(
                asked.method, asked.url, params=asked.params, headers=headers, json=asked.json
            ) as reply,
        ):
            return reply.status_code, await unpacked(reply, MAX_REPLY, cut=False)


def _get(base: str, headers: Mapping[str, str], **query: str | int) -> Asked:
    return Asked(method="GET", url=base, params=query, headers=headers)


def _searxng(base: str, _key: str | None) -> ByHttp:
    where = f"{base.rstrip('/')}/search"
    return ByHttp(
        name="searxng", request=lambda words: _get(where, {}, q=words, format="json"),
        read=lambda reply: [
            Hit(
                address=row["url"], title=row.get("title") or "", snippet=row.get("content") or "",
                date=(row.get("publishedDate") or "")[:10] or None,
            )
            for row in reply.json()["results"]
        ],
    )  # fmt: skip


def _wikipedia(base: str, _key: str | None) -> ByHttp:
    def read(reply: httpx2.Response) -> list[Hit]:
        names, texts, places = reply.json()[1:4]
        rows = zip(names, texts, places, strict=True)
        return [Hit(address=place, title=name, snippet=text) for name, text, place in rows]

    where = f"{base.rstrip('/')}/w/api.php"
    fixed = {"action": "opensearch", "format": "json", "limit": MOST}
    return ByHttp(
        name="wikipedia", request=lambda words: _get(where, {}, search=words, **fixed), read=read
    )


def _brave(base: str, key: str | None) -> ByHttp:
    headers = {"x-subscription-token": key or "", "accept": "application/json"}
    return ByHttp(
        name="brave",
        request=lambda words: _get(f"{base}/res/v1/web/search", headers, q=words, count=MOST),
        read=lambda reply: [
            Hit(
                address=row["url"], title=row.get("title") or "",
                snippet=row.get("description") or "", date=(row.get("page_age") or "")[:10] or None,
            )
            for row in reply.json().get("web", {}).get("results", [])
        ],
    )  # fmt: skip


def _tavily(base: str, key: str | None) -> ByHttp:
    return ByHttp(
        name="tavily",
        request=lambda words: Asked(
            method="POST", url=f"{base}/search", headers={"authorization": f"Bearer {key}"},
            json={"query": words, "max_results": MOST},
        ),
        read=lambda reply: [
            Hit(address=row["url"], title=row.get("title") or "", snippet=row.get("content") or "")
            for row in reply.json()["results"]
        ],
    )  # fmt: skip


def _exa(base: str, key: str | None) -> ByHttp:
    return ByHttp(
        name="exa",
        request=lambda words: Asked(
            method="POST", url=f"{base}/search", headers={"x-api-key": key or ""},
            json={"query": words, "numResults": MOST, "contents": {"highlights": True}},
        ),
        read=lambda reply: [
            Hit(
                address=row["url"], title=row.get("title") or "",
                snippet=" … ".join(row.get("highlights") or ()),
                date=(row.get("publishedDate") or "")[:10] or None,
            )
            for row in reply.json()["results"]
        ],
    )  # fmt: skip


def _openalex(base: str, _key: str | None) -> ByHttp:
    def hit(row: Mapping[str, Any]) -> Hit:
        place: Mapping[str, Any] = row.get("primary_location") or {}
        address = place.get("landing_page_url") or row.get("doi") or row["id"]
        title, date = row.get("title") or "", row.get("publication_date")
        return Hit(address=address, title=title, snippet=f"{row.get('type')}, {date}", date=date)

    return ByHttp(
        name="openalex",
        request=lambda words: _get(
            f"{base}/works", {}, **{"search": words, "per-page": MOST}
        ),
        read=lambda reply: [hit(row) for row in reply.json()["results"]],
    )  # fmt: skip


def _arxiv(base: str, _key: str | None) -> ByHttp:
    def read(reply: httpx2.Response) -> list[Hit]:
        parser = _XML.XMLParser(resolve_entities=False, no_network=True)
        tree: Any = _XML.fromstring(reply.content, parser=parser)
        atom = "{http://www.w3.org/2005/Atom}"
        told = [
            {tag: " ".join((entry.findtext(atom + tag) or "").split()) for tag in _ARXIV}
            for entry in tree.iter(f"{atom}entry")
        ]
        return [
            Hit(
                address=row["id"].replace("http://", "https://"), title=row["title"],
                snippet=row["summary"][:400], date=row["published"][:10] or None,
            )
            for row in told
        ]  # fmt: skip

    return ByHttp(
        name="arxiv",
        request=lambda words: _get(
            f"{base}/api/query", {}, search_query=f"all:{words}", max_results=MOST
        ),
        read=read,
    )


_ARXIV = ("id", "title", "summary", "published")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """An engine that can be configured."""

    make: Callable[[str, str | None], Engine]
    base: str | None
    """Where it is; `None` where one's own address has to be told."""
    needs_key: bool = False


ENGINES: Mapping[str, Kind] = {
    "ddgs": Kind(make=lambda _base, _key: Ddgs(), base=""),
    "searxng": Kind(make=_searxng, base=None),
    "wikipedia": Kind(make=_wikipedia, base="https://en.wikipedia.org"),
    "openalex": Kind(make=_openalex, base="https://api.openalex.org"),
    "arxiv": Kind(make=_arxiv, base="https://export.arxiv.org"),
    "brave": Kind(make=_brave, base="https://api.search.brave.com", needs_key=True),
    "tavily": Kind(make=_tavily, base="https://api.tavily.com", needs_key=True),
    "exa": Kind(make=_exa, base="https://api.exa.ai", needs_key=True),
}


def parse_engines(text: str, keys: Callable[[str], str | None]) -> tuple[Engine, ...]:
    """Read engines as they are configured: names with commas, `searxng=http://127.0.0.1:8080`.

    Args:
        text: The names, each with its own address where it has one.
        keys: Returns an engine's key by the engine's name.

    Raises:
        UsageError: If one is not known, or lacks its address or key; the message says what to do.
    """
    engines: list[Engine] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, base = item.partition("=")
        kind = ENGINES.get(name)
        if kind is None:
            raise UnknownName("search engine", name, ENGINES)
        where = base or kind.base
        if where is None:
            raise UsageError(f"{name} needs its address: write {name}=http://127.0.0.1:8080")
        key = keys(name) if kind.needs_key else None
        if kind.needs_key and not key:
            raise UsageError(f"{name} needs a key: manyminds keys set {name}, or leave it out")
        engines.append(kind.make(where, key))
    if not engines:
        raise UsageError(f"name a search engine: {', '.join(ENGINES)}")
    return tuple(engines)


def fused(found: Sequence[tuple[str, Sequence[Hit]]], *, loopback: bool = False) -> list[Hit]:
    """Put the results of several engines in one order; one address is one result.

    Args:
        found: Names of engines and what they found, best first.
        loopback: Whether addresses on this machine are results; for tests.
    """
    scores: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for engine, rows in found:
        for rank, row in enumerate(rows):
            try:
                address = parse_address(row.address, loopback=loopback).text
            except AddressRefused:
                continue
            scores[address] = scores.get(address, 0.0) + 1 / (_K + rank)
            known = hits.get(address)
            if known is None:
                hits[address] = replace(row, address=address, engines=(engine,))
            elif engine not in known.engines:
                hits[address] = replace(known, engines=(*known.engines, engine))
    return sorted(hits.values(), key=lambda hit: -scores[hit.address])
