"""Listening: one socket, and connections that have only so much time to say what they want."""

import asyncio
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from manyminds.core.errors import UsageError

__all__ = ["Listening", "bound"]

SAYS_WITHIN_S = 10.0
"""From the beginning of a request to the end of its headers."""
TAKES_WITHIN_S = 10.0
"""What is ready for a connection that reads nothing."""
_IDLE_S = 10
_BACKLOG = 512
_ENDS_WITHIN_S = 3


class Patient(H11Protocol):
    """A connection that is closed where headers take too long to come, or a reply to be taken.

    uvicorn has a time limit between requests, and none within one; and what it closes stays open
    until the other end has read all that was written.
    """

    _late: asyncio.TimerHandle | None = None
    _full: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; once the headers are whole nobody waits for them any more."""
        if self._late is None and not self._is_asked:
            self._wait()
        super().data_received(data)
        if self._is_asked:
            self._heard()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._heard()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the other end to read on, and no longer than that."""
        super().pause_writing()
        self._wait_for_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Go on: it reads."""
        super().resume_writing()
        if self._full is not None:
            self._full.cancel()
            self._full = None

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing more was asked, whether it has read all or not."""
        super().timeout_keep_alive_handler()
        if self._full is None:
            self._wait_for_reader(self.transport.get_write_buffer_size())

    def _wait_for_reader(self, left: int) -> None:
        """Give the other end its time to read some of it, and then for the rest."""
        self._full = self.loop.call_later(TAKES_WITHIN_S, self._look_again, left)

    def _look_again(self, left: int) -> None:
        self._full = None
        now = self.transport.get_write_buffer_size()
        if 0 < now < left:
            self._wait_for_reader(now)
        else:
            self.transport.abort()

    @property
    def _is_asked(self) -> bool:
        """Whether a request's headers have come, and it is not answered yet."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        self._late = self.loop.call_later(SAYS_WITHIN_S, self._close)

    def _heard(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close(self) -> None:
        self._late = None
        if not self._is_asked:
            self.transport.abort()


class _Server(uvicorn.Server):
    """A server that ends well when it is told to; its own class dies of the signal after that."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen; a TLS handshake has as much time as a request's headers."""
        loop = asyncio.get_running_loop()
        if self.config.is_ssl:  # uvicorn has no setting for it, and Python's own is a minute
            patient = partial(loop.create_server, ssl_handshake_timeout=SAYS_WITHIN_S)
            vars(loop)["create_server"] = patient
        try:
            await super().startup(sockets)
        finally:
            vars(loop).pop("create_server", None)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Let Ctrl-C and SIGTERM end it; a second one does not wait for clients."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError, RuntimeError):  # Windows; a thread
                loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


@dataclass(frozen=True, kw_only=True)
class Listening:
    """Where and how a server listens."""

    at: socket.socket
    root_path: str = ""
    """The path that a proxy puts before ours."""
    certificate: Path | None = None
    key: Path | None = None

    @property
    def scheme(self) -> str:
        """What its addresses begin with."""
        return "http" if self.certificate is None else "https"

    def server(self, app: ASGIApp) -> uvicorn.Server:
        """Return the server, ready to serve."""
        secured: dict[str, Any] = {}
        if self.certificate is not None:
            secured = {"ssl_certfile": self.certificate, "ssl_keyfile": self.key}
        return _Server(
            uvicorn.Config(
                app, http=Patient, ws="none", lifespan="on", log_level="error", access_log=False,
                server_header=False, timeout_keep_alive=_IDLE_S, root_path=self.root_path,
                timeout_graceful_shutdown=_ENDS_WITHIN_S, **secured,
            )
        )  # fmt: skip


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens there.

    Raises:
        UsageError: If it cannot.
    """
    try:
        family, kind, number, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind, number)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(place)
        # Whoever comes as soon as the address is told waits until they are served.
        found.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "ports are 0 to 65535"
        raise UsageError(
            f"cannot listen at {host}:{port}: {why}; take another --port, or 0 for any free one"
        ) from None
    return found
