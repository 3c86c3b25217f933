"""Connecting where one may: what a name resolves to is looked at where it is dialled.

The check and the connection use one answer of the resolver, so a name that resolves to something
else a moment later (DNS rebinding) changes nothing. TLS still asks for the name. Proxies of the
environment are not used: they would connect to what was not looked at.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, cast

import httpcore2
import httpx2

from manyminds.core.errors import ToolFailed
from manyminds.tools.web.addresses import AddressRefused, why_not

__all__ = ["LOST", "UNANSWERED", "PinnedTransport", "PublicTransport", "Resolve", "resolve"]

LOST = (
    httpx2.HTTPError, httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError,
)  # fmt: skip
"""What is raised where a server cannot be reached, or speaks nonsense."""

UNANSWERED = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpcore2.ConnectError,
    httpcore2.ConnectTimeout,
)
"""Those of them where nobody answers."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the IP addresses of a host."""
CONNECTIONS = 20


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses that the system's resolver gives, in its order."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _one_of_each_family(found: Sequence[str]) -> list[str]:
    """Return the first address of IPv6 and of IPv4, in their order: one may lead nowhere."""
    first: dict[bool, str] = {}
    for ip in found:
        first.setdefault(":" in ip, ip)
    return list(first.values())


class _Backend(httpcore2.AsyncNetworkBackend):
    """Dials what `find` gives; it raises where a name leads to what may not be reached."""

    def __init__(self, find: Resolve) -> None:
        self._find = find
        self._inner: Any = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the signature is the library's)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            found = await asyncio.wait_for(self._find(host, port), timeout)
        except (OSError, TimeoutError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host} was not found") from error
        last: Exception = httpcore2.ConnectError(f"{host} was not found")
        for ip in _one_of_each_family(found):
            try:
                return await self._inner.connect_tcp(
                    ip, port, timeout=timeout, local_address=local_address,
                    socket_options=socket_options,
                )  # fmt: skip
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Body(httpx2.AsyncByteStream):
    """A body as it comes, compressed as it was sent; ends with an error past `most` bytes."""

    def __init__(self, stream: Any, most: int) -> None:
        self._stream = stream
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for part in self._stream:
            seen += len(part)
            if seen > self._most:
                raise ToolFailed(f"the page is larger than {self._most >> 20} MB")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Transport(httpx2.AsyncBaseTransport):
    """Sends requests to what `find` gives, and takes bodies up to a size."""

    def __init__(self, *, most: int, find: Resolve) -> None:
        self._most = most
        self._pool = httpcore2.AsyncConnectionPool(
            max_connections=CONNECTIONS, keepalive_expiry=5.0, network_backend=_Backend(find)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request."""
        url = httpcore2.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port,
            target=request.url.raw_path,
        )  # fmt: skip
        reply = await self._pool.handle_async_request(
            httpcore2.Request(
                method=request.method, url=url, headers=request.headers.raw,
                content=request.stream, extensions=request.extensions,
            )
        )  # fmt: skip
        return httpx2.Response(
            status_code=reply.status, headers=reply.headers, stream=_Body(reply.stream, self._most),
            extensions=cast("dict[str, Any]", reply.extensions),
        )  # fmt: skip

    async def aclose(self) -> None:
        """Close what is open."""
        await self._pool.aclose()


class PublicTransport(_Transport):
    """Sends requests to public addresses only."""

    def __init__(self, *, most: int, find: Resolve = resolve, loopback: bool = False) -> None:
        """Connect to nothing yet.

        Args:
            most: Bytes that a body may have as it is sent.
            find: Resolves names.
            loopback: Whether this machine itself may be reached; for tests.
        """

        async def public(host: str, port: int) -> Sequence[str]:
            found = await find(host, port)
            for ip in found:
                # One of many that is not public is enough: nobody needs such a name by accident.
                if reason := why_not(ip, loopback=loopback):
                    raise AddressRefused(f"{host} resolves to {ip}, which {reason}")
            return found

        super().__init__(most=most, find=public)


class PinnedTransport(_Transport):
    """Sends requests to where a name led the first time, wherever it leads later.

    For servers that a person has named, in their own network too: a name that leads to another
    machine a moment later gets nothing of what was meant for the first.
    """

    def __init__(self, *, most: int, find: Resolve = resolve) -> None:
        """Connect to nothing yet; `most` and `find` are those of `PublicTransport`."""
        led: dict[str, Sequence[str]] = {}

        async def pinned(host: str, port: int) -> Sequence[str]:
            if host not in led:
                led[host] = await find(host, port)
            return led[host]

        super().__init__(most=most, find=pinned)
