"""Fetching: one address to one body, politely and within bounds.

Every hop is looked at again: its address, whether it is allowed, the site's robots.txt. It does
not know what a body says; that is `reading`.

Source: RFC 9309 for robots.txt; RFC 9111 for what may be kept, by hishel; RFC 9110 for Retry-After.
"""

import asyncio
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from urllib.parse import urljoin

import anyio
import hishel
import httpx2
from hishel.httpx2 import AsyncCacheTransport
from protego import Protego

from manyminds.core.errors import ToolFailed
from manyminds.tools.web.addresses import Address, parse_address
from manyminds.tools.web.connect import LOST, UNANSWERED, PublicTransport, Resolve, resolve

__all__ = ["AGENT", "Allows", "Fetched", "Fetcher", "NotThere", "Unreached", "unpacked"]

NAME = "manyminds"
"""What robots.txt knows us by."""
AGENT = f"{NAME}/0.1 (reads pages for a person who asked)"
MAX_BYTES = 16 << 20
"""Of a body, as sent and unpacked."""
MAX_ROBOTS = 512 << 10
"""Of robots.txt; what comes after is left out. RFC 9309 asks for 500 KiB at least."""
MAX_RULES = 100_000
"""Lines that name a crawler times lines that are rules: the parser keeps each rule for each."""
ROBOTS_HOPS = 5
MAX_HOPS = 10
SECONDS = 30.0
"""For one address, redirects and all."""
SIDE_BY_SIDE = 2
"""Requests to one host at once."""
MAX_WAIT_S = 5.0
"""Longest that a site's wish to wait is granted; past it, the wish is told."""
_BLOCK = 64 << 10
_GONE = frozenset((404, 410))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_WHY = {
    401: "asks for a login", 402: "asks for money", 403: "refuses to show it",
    404: "has no such page", 407: "asks for a login", 410: "has no such page any more",
    451: "may not show it by law",
}  # fmt: skip

Allows = Callable[[Address], str | None]
"""Says why an address may not be fetched; `None` where it may."""


class NotThere(ToolFailed):
    """The site says that there is no such page."""


class Unreached(ToolFailed):
    """Nobody answers at the address: it is gone, or we are not online."""


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
    """When it was sent: now, or where it came out of the cache, then."""
    kept: bool
    """Whether the body came out of the cache, the server not asked or saying it has not changed."""


class Fetcher:
    """Fetches from public addresses, by robots.txt, few requests a host, through a cache."""

    def __init__(
        self, *, cache: Path | None, now: Callable[[], datetime], find: Resolve = resolve,
        loopback: bool = False, seconds: float = SECONDS,
    ) -> None:  # fmt: skip
        """Set up; nothing is fetched yet.

        Args:
            cache: Folder for what may be kept; `None` keeps nothing.
            now: The time.
            find: Resolves names.
            loopback: Whether this machine itself may be reached; for tests.
            seconds: For one address, redirects and all.
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
            headers={"user-agent": AGENT, "accept-encoding": "gzip, identity"},
            # No site may set a cookie: it could mark what other sites show.
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
            timeout=httpx2.Timeout(10.0), follow_redirects=False, trust_env=False,
        )  # fmt: skip
        self._now = now
        self._loopback = loopback
        self._seconds = seconds
        self._robots: dict[str, Protego] = {}
        """By origin, once they could be read."""
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
            async with asyncio.timeout(self._seconds):
                return await self._follow(text, allows)
        except TimeoutError:
            raise ToolFailed(f"{text[:200]} did not come within {self._seconds:g} s") from None

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
                kind = NotThere if reply.status_code in _GONE else ToolFailed
                raise kind(_refusal(address, reply))
            media, _, _ = reply.headers.get("content-type", "").partition(";")
            kept = _from_cache(reply)
            return Fetched(
                asked=text, address=address.text, kind=media.strip().lower(),
                charset=reply.charset_encoding, body=body, kept=kept,
                at=_sent(reply, self._now()) if kept else self._now(),
            )  # fmt: skip
        raise ToolFailed(f"{text[:200]} leads on and on: more than {MAX_HOPS} redirects")

    async def _may(self, address: Address) -> bool:
        """Say whether the site lets us; what it says is asked once."""
        async with self._asking[address.origin]:
            if address.origin not in self._robots:
                self._robots[address.origin] = await self._read_robots(address)
        return self._robots[address.origin].can_fetch(address.text, NAME)

    async def _read_robots(self, address: Address) -> Protego:
        """Read what a site lets crawlers do; one without robots.txt lets them do all.

        Redirects are followed on the same host only: another one was named by nobody.

        Raises:
            ToolFailed: If the site cannot be reached or is in trouble, which is no permission.
        """
        where = parse_address(f"{address.origin}/robots.txt", loopback=self._loopback)
        reply, body = await self._ask(where, most=MAX_ROBOTS, robots=True)
        for _ in range(ROBOTS_HOPS):
            if reply.status_code not in _REDIRECTS or "location" not in reply.headers:
                break
            to = urljoin(where.text, reply.headers["location"])
            where = parse_address(to, loopback=self._loopback)
            if where.host != address.host:
                break
            reply, body = await self._ask(where, most=MAX_ROBOTS, robots=True)
        if reply.status_code >= 500:
            raise ToolFailed(f"{address.origin}: what its robots.txt allows is not known now")
        return _rules(body, address) if reply.status_code == 200 else Protego.parse("")

    async def _ask(
        self, address: Address, *, most: int, robots: bool = False
    ) -> tuple[httpx2.Response, bytes]:
        """Send one request, again where the site asks for a short wait; return the whole body.

        Args:
            address: Where to.
            most: Bytes of the body.
            robots: Whether it is a robots.txt: cut at `most`, and not believed for over a day.
        """
        headers = {"cache-control": "max-age=86400"} if robots else {}
        async with self._places[address.host]:
            for attempt in (1, 2):
                try:
                    async with self._client.stream("GET", address.text, headers=headers) as reply:
                        body = await unpacked(reply, most, cut=robots)
                except LOST as error:
                    # A server that hangs up on programs is there all the same.
                    kind = Unreached if isinstance(error, UNANSWERED) else ToolFailed
                    what = type(error).__name__
                    raise kind(f"{address.text[:200]} cannot be reached ({what})") from None
                wait = _asked_to_wait(reply, self._now())
                if attempt == 2 or wait is None or wait > MAX_WAIT_S:
                    break
                await asyncio.sleep(wait)
            return reply, body


def _rules(body: bytes, address: Address) -> Protego:
    text = body.decode("utf-8", errors="replace")
    lines = [line.partition(":")[0].strip().lower() for line in text.splitlines()]
    if lines.count("user-agent") * sum(line in ("allow", "disallow") for line in lines) > MAX_RULES:
        raise ToolFailed(f"{address.origin}: its robots.txt is too much to read")
    return Protego.parse(text)


async def unpacked(reply: httpx2.Response, most: int, *, cut: bool) -> bytes:
    """Return the body, unpacked as far as it goes within `most` bytes; longer ones may be cut.

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
        parts.append(part)
        if size > most and cut:
            break
        if size > most:
            raise ToolFailed(f"the page is larger than {most / (1 << 20):g} MB")
    return b"".join(parts)[:most]


async def _gunzipped(raw: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Unpack a little at a time, so that a bomb is noticed while it is small."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        async for part in raw:
            rest = part
            while rest:
                if unpacker.eof:  # one member after the other is one body
                    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
                yield unpacker.decompress(rest, _BLOCK)
                rest = unpacker.unused_data or unpacker.unconsumed_tail
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


def _sent(reply: httpx2.Response, now: datetime) -> datetime:
    """Return when a kept page was sent, as it says; now where it does not."""
    try:
        return parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError):
        return now


def _refusal(address: Address, reply: httpx2.Response) -> str:
    status = reply.status_code
    why = _WHY.get(status, "is in trouble" if status >= 500 else "gives no page")
    said = reply.headers.get("retry-after", "")
    wait = f"; it asks to wait {said[:40]}" if status in (429, 503) and said else ""
    return f"{address.text[:200]}: the site {why} ({status}){wait}"
