"""Fetching: one address to one body, politely and within bounds.

Every hop is looked at again: its address, whether it is allowed, the site's robots.txt. It does
not know what a body says; that is `read`.

Source: RFC 9309 for robots.txt; RFC 9111 for what may be kept, by hishel; RFC 9110 for Retry-After.
"""

import asyncio
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin

import anyio
import hishel
import httpx2
from hishel.httpx2 import AsyncCacheTransport
from protego import Protego

from manyminds.core.errors import ToolFailed
from manyminds.tools.web.addresses import Address, parse_address
from manyminds.tools.web.connect import LOST, PublicTransport, Resolve, resolve

__all__ = ["Allows", "Fetched", "Fetcher"]

AGENT = "manyminds/0.1 (reads pages for a person who asked)"
MAX_BYTES = 16 << 20
"""Of a body, as sent and unpacked."""
MAX_ROBOTS = 512 << 10
"""Of robots.txt; RFC 9309 asks for 500 KiB at least."""
MAX_HOPS = 10
SECONDS = 30.0
"""For one address, redirects and all."""
SIDE_BY_SIDE = 2
"""Requests to one host at once."""
MAX_WAIT_S = 5.0
"""Longest that a site's wish to wait is granted; past it, the wish is told."""
_BLOCK = 64 << 10
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_WHY = {
    401: "asks for a login", 402: "asks for money", 403: "refuses to show it",
    404: "has no such page", 407: "asks for a login", 410: "has no such page any more",
    451: "may not show it by law",
}  # fmt: skip

Allows = Callable[[Address], str | None]
"""Says why an address may not be fetched; `None` where it may."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What came from one address."""

    asked: str
    """As it was named."""
    address: str
    """Where it came from, after redirects."""
    kind: str
    """Media type in small letters, without parameters; empty where none was sent."""
    charset: str | None
    """As the server says."""
    body: bytes
    at: datetime
    """When it was read."""
    kept: bool
    """Whether the body came out of the cache, the server not asked or saying it has not changed."""


class Fetcher:
    """Fetches from public addresses, by robots.txt, few requests a host, through a cache."""

    def __init__(
        self, *, cache: Path | None, now: Callable[[], datetime], find: Resolve = resolve,
        loopback: bool = False, agent: str = AGENT,
    ) -> None:  # fmt: skip
        """Set up; nothing is fetched yet.

        Args:
            cache: Folder for what may be kept; `None` keeps nothing.
            now: The time.
            find: Resolves names.
            loopback: Whether this machine itself may be reached; for tests.
            agent: Who asks.
        """
        transport = PublicTransport(most=MAX_BYTES, find=find, loopback=loopback)
        self._storage = None
        if cache is not None:
            cache.mkdir(parents=True, exist_ok=True)
            self._storage = hishel.AsyncSqliteStorage(database_path=cache / "web.sqlite")
        self._client = httpx2.AsyncClient(
            transport=transport
            if self._storage is None
            else AsyncCacheTransport(transport, storage=self._storage, rfc=True),
            headers={"user-agent": agent, "accept-encoding": "gzip, identity"},
            timeout=httpx2.Timeout(10.0), follow_redirects=False, trust_env=False,
        )  # fmt: skip
        self._now = now
        self._loopback = loopback
        self._agent = agent
        self._robots: dict[str, Protego | None] = {}
        """By origin; `None` where the site could not say, which is a no."""
        self._asking: dict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._places: dict[str, anyio.Semaphore] = defaultdict(
            lambda: anyio.Semaphore(SIDE_BY_SIDE)
        )

    async def get(self, text: str, *, allows: Allows) -> Fetched:
        """Fetch one address.

        Args:
            text: The address, as it was named.
            allows: Which addresses may be fetched; asked at every redirect again.

        Raises:
            ToolFailed: If it is refused, is not there, asks for a login, takes too long or is too
                large; the message says which.
        """
        try:
            async with asyncio.timeout(SECONDS):
                return await self._follow(text, allows)
        except TimeoutError:
            raise ToolFailed(f"{text[:200]} did not come within {SECONDS:.0f} s") from None

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()
        if self._storage is not None:
            await self._storage.close()

    async def _follow(self, text: str, allows: Allows) -> Fetched:
        where = text
        for _ in range(MAX_HOPS + 1):
            address = parse_address(where, loopback=self._loopback)
            if reason := allows(address):
                raise ToolFailed(f"{address.text[:200]} is not fetched: {reason}")
            if not await self._may(address):
                raise ToolFailed(f"{address.text[:200]} is not fetched: robots.txt forbids it")
            reply, body = await self._ask(address, most=MAX_BYTES)
            if reply.status_code in _REDIRECTS and "location" in reply.headers:
                where = urljoin(address.text, reply.headers["location"])
                continue
            if reply.status_code != 200:
                raise ToolFailed(_refusal(address, reply))
            kind, _, _ = reply.headers.get("content-type", "").partition(";")
            return Fetched(
                asked=text, address=address.text, kind=kind.strip().lower(),
                charset=reply.charset_encoding, body=body, at=self._now(),
                kept=_from_cache(reply),
            )  # fmt: skip
        raise ToolFailed(f"{text[:200]} leads on and on: more than {MAX_HOPS} redirects")

    async def _may(self, address: Address) -> bool:
        """Say whether the site lets us; what it says is asked once."""
        async with self._asking[address.origin]:
            if address.origin not in self._robots:
                self._robots[address.origin] = await self._read_robots(address)
        rules = self._robots[address.origin]
        return rules is not None and rules.can_fetch(address.text, self._agent)

    async def _read_robots(self, address: Address) -> Protego | None:
        where = f"{address.origin}/robots.txt"
        try:
            for _ in range(5):
                found = parse_address(where, loopback=self._loopback)
                reply, body = await self._ask(found, most=MAX_ROBOTS)
                if reply.status_code not in _REDIRECTS or "location" not in reply.headers:
                    break
                where = urljoin(where, reply.headers["location"])
            else:
                return Protego.parse("")
        except ToolFailed:
            return None
        if reply.status_code == 200:
            return Protego.parse(body.decode("utf-8", errors="replace"))
        return Protego.parse("") if 400 <= reply.status_code < 500 else None

    async def _ask(self, address: Address, *, most: int) -> tuple[httpx2.Response, bytes]:
        """Send one request, again where the site asks for a short wait; return the whole body."""
        async with self._places[address.host]:
            for attempt in (1, 2):
                try:
                    async with self._client.stream("GET", address.text) as reply:
                        body = await _unpacked(reply, most)
                except LOST as error:
                    what = type(error).__name__
                    raise ToolFailed(f"{address.text[:200]} cannot be reached ({what})") from None
                wait = _asked_to_wait(reply, self._now())
                if attempt == 2 or wait is None or wait > MAX_WAIT_S:
                    break
                await asyncio.sleep(wait)
            return reply, body


async def _unpacked(reply: httpx2.Response, most: int) -> bytes:
    """Return the body, unpacked as far as it goes within `most` bytes.

    Only gzip is asked for: the others can turn a few bytes into megabytes in one step.

    Raises:
        ToolFailed: If it is larger, or packed otherwise.
    """
    packing = reply.headers.get("content-encoding", "identity").strip().lower() or "identity"
    if packing not in ("identity", "gzip", "x-gzip"):
        raise ToolFailed(f"the page is packed as {packing[:40]!r}, which was not asked for")
    parts: list[bytes] = []
    size = 0
    raw = reply.aiter_raw()
    async for part in raw if packing == "identity" else _gunzipped(raw):
        size += len(part)
        if size > most:
            raise ToolFailed(f"the page is larger than {most / (1 << 20):g} MB")
        parts.append(part)
    return b"".join(parts)


async def _gunzipped(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Unpack a little at a time, so that a bomb is noticed while it is small."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        async for part in raw:
            rest = part
            while rest and not unpacker.eof:
                yield unpacker.decompress(rest, _BLOCK)
                rest = unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error:
        raise ToolFailed("the page is packed as gzip, and broken") from None
    if not unpacker.eof:
        raise ToolFailed("the page is packed as gzip, and cut off")


def _asked_to_wait(reply: httpx2.Response, now: datetime) -> float | None:
    """Return the seconds that a busy site asks to wait; `None` where it does not."""
    said = reply.headers.get("retry-after", "").strip()
    if reply.status_code not in (429, 503) or not said:
        return None
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(said) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _from_cache(reply: httpx2.Response) -> bool:
    status: Mapping[str, bool] = reply.extensions.get("caching", {})
    return status.get("from_cache", False)


def _refusal(address: Address, reply: httpx2.Response) -> str:
    status = reply.status_code
    why = _WHY.get(status, "is in trouble" if status >= 500 else "gives no page")
    said = reply.headers.get("retry-after", "")
    wait = f"; it asks to wait {said[:40]}" if status in (429, 503) and said else ""
    return f"{address.text[:200]}: the site {why} ({status}){wait}"
