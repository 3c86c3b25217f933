"""The gate before every route: which hosts and origins, whose key, how much, how slowly.

Whoever comes to this machine by a name of somebody else's (DNS rebinding), from another site's
page, without a key or with one in the address is sent away before anything is read.
"""

import asyncio
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from manyminds.server.clients import Client, Clients
from manyminds.server.refusals import Refused, refusal
from manyminds.server.static import is_page

__all__ = ["LARGEST", "Gate", "Who", "client_of"]

LARGEST = 8 << 20
"""Bytes of a request's body."""
PATIENCE_S = 10.0
"""How long a request's body may take to come, and a piece of a reply to be taken."""
SLOWEST = 32_768
"""Bytes a second: a body that comes faster may take longer than that, since there is more of it."""
_SECRET_NAMES = frozenset({"key", "token", "api_key", "apikey", "access_token", "authorization"})
_OPEN = frozenset({"/health"})
"""Paths that say nothing of anybody, so that whoever looks after the server needs no key."""
_CLOSE = {"Connection": "close"}
"""What is left of a body is not waited for."""
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True, kw_only=True)
class Who:
    """Who may come, and from where."""

    clients: Clients
    hosts: frozenset[str]
    """Names by which this server is reached, without ports; addresses in figures always are where
    `by_address`."""
    by_address: bool = False
    """Whether it listens to more than this machine."""
    origins: frozenset[str] = frozenset()
    """Sites whose pages may call it, like https://chat.example."""


def client_of(scope: Mapping[str, object]) -> Client:
    """Return who is asking, as the gate found out."""
    return cast("Client", scope["client_of"])


class Gate:
    """Lets through what may pass."""

    def __init__(self, app: ASGIApp, who: Who) -> None:
        self._app, self._who = app, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers, path = Headers(scope=scope), _path(scope)
        scope = {**scope, "path": scope.get("root_path", "") + path}
        origin = headers.get("origin")
        patient = _Patient(receive, send, _allowed(origin, self._who.origins))
        try:
            self._check_place(scope, headers)
            if path == scope.get("root_path"):  # the page's files are named beside it
                await _moved(f"{path}/")(scope, receive, patient.send)
                return
            if scope["method"] == "OPTIONS" and origin is not None:
                await _preflight(patient.send)
                return
            scope["client_of"] = self._client(path, headers)
            _check_size(headers)
        except Refused as refused:
            await refusal(refused)(scope, receive, patient.send)
            return
        await self._app(scope, patient.receive, patient.send)

    def _check_place(self, scope: Scope, headers: Headers) -> None:
        """Refuse hosts and origins that are not ours."""
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or not self._is_ours(host):
            raise Refused(403, "this server has another name; --allow-host adds one", code="host")
        origin = headers.get("origin")
        own = {f"http://{host}", f"https://{host}"}
        if origin is not None and origin not in own and origin not in self._who.origins:
            raise Refused(
                403, "pages of that site may not call this server; --allow-origin adds one",
                code="origin",
            )  # fmt: skip
        if any(name.lower() in _SECRET_NAMES for name, _ in parse_qsl(_query(scope))):
            raise Refused(
                400, "keys do not belong in addresses; send `Authorization: Bearer KEY`",
                code="key_in_address",
            )  # fmt: skip

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
            # A port that is none is found out by asking for it.
            _ = urlsplit(f"//{host}").port
        except ValueError:
            return False
        if name is None or "@" in host or "/" in host:
            return False
        return name in self._who.hosts or (self._who.by_address and _is_address(name))

    def _client(self, path: str, headers: Headers) -> Client | None:
        """Return whose key came along.

        Raises:
            Refused: If none did, or nobody's.
        """
        if path in _OPEN or is_page(path):
            return None
        way, _, key = headers.get("authorization", "").partition(" ")
        client = self._who.clients.with_key(key.strip()) if way.lower() == "bearer" else None
        if client is None:
            raise Refused(
                401, "a key is needed: `Authorization: Bearer KEY`", code="invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )  # fmt: skip
        return client


def _moved(place: str) -> Response:
    return Response(status_code=308, headers={"Location": place})


def _path(scope: Scope) -> str:
    """Return the path below that of a proxy, whether the proxy takes its own away or not."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    while root and path.startswith(f"{root}/"):
        path = path.removeprefix(root)
    return path


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _query(scope: Scope) -> str:
    return bytes(scope.get("query_string", b"")).decode("latin-1")


def _check_size(headers: Headers) -> None:
    size = headers.get("content-length", "0")
    if not size.isdecimal() or int(size) > LARGEST:
        raise _too_large()


def _too_large() -> Refused:
    why = f"a request has at most {LARGEST >> 20} MiB"
    return Refused(413, why, code="too_large", headers=_CLOSE)


def _allowed(origin: str | None, origins: frozenset[str]) -> dict[str, str]:
    """Return the headers by which a browser lets a page of another site read the reply."""
    if origin is None or origin not in origins:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


async def _preflight(send: Send) -> None:
    headers = MutableHeaders()
    headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
    headers["Access-Control-Allow-Headers"] = (
        "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"
    )
    await send({"type": "http.response.start", "status": 204, "headers": headers.raw})
    await send({"type": "http.response.body", "body": b""})


class _Patient:
    """A connection whose other end has only so much time, and whose body only so much room."""

    def __init__(self, receive: Receive, send: Send, more: Mapping[str, str]) -> None:
        self._receive, self._send, self._more = receive, send, more
        self._size, self._whole = 0, False
        self._began: float | None = None

    async def receive(self) -> Message:
        """Receive a piece of the body; once that is whole, wait for the end as long as it takes.

        Raises:
            Refused: If it is too slow, or too much.
        """
        if self._whole:
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._began = now if self._began is None else self._began
        try:
            # One time for all of it: a byte now and then buys no more of it.
            async with asyncio.timeout_at(self._began + PATIENCE_S + self._size / SLOWEST):
                message = await self._receive()
        except TimeoutError:
            why = "the request came too slowly"
            raise Refused(408, why, code="too_slow", headers=_CLOSE) from None
        self._whole = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > LARGEST:
            raise _too_large()
        return message

    async def send(self, message: Message) -> None:
        """Send a piece of the reply.

        Raises:
            TimeoutError: If nobody takes it.
        """
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message.get("headers", [])))
            for name, value in {**_SAFE, **self._more}.items():
                headers.setdefault(name, value)
            message = {**message, "headers": headers.raw}
        async with asyncio.timeout(PATIENCE_S):
            await self._send(message)
