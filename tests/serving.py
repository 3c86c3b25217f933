"""Sites on loopback, for as long as a test needs them: an aiohttp application, or a handler in a thread."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from aiohttp import web


class OnLoopback:
    """A site that browsers in other threads and processes can reach until the block ends."""

    handler: type[BaseHTTPRequestHandler]
    """Answers; it finds this as its `site`."""

    def __enter__(self) -> Self:
        handler = type("Handler", (self.handler,), {"site": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


@asynccontextmanager
async def on_loopback(app: web.Application) -> AsyncIterator[str]:
    """Yield where it is served: http://127.0.0.1:PORT."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
