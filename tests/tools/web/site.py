"""A site on loopback whose pages a test writes down."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answer = str | bytes | web.StreamResponse | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Site:
    """What it serves by path, and what was asked of it."""

    port: int = 0
    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)
    """Headers of each request."""
    now: int = 0
    most: int = 0
    """Requests under way at once."""

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def counted(self) -> Counter[str]:
        return Counter(self.asked)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path_qs
        self.asked.append(path)
        self.sent.append({k.lower(): v for k, v in request.headers.items()})
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            page = self.pages.get(path)
            if page is None:
                return web.Response(status=404, text="there is no such page")
            if isinstance(page, str):
                return web.Response(text=page, content_type="text/html")
            if isinstance(page, bytes):
                return web.Response(body=page, content_type="application/octet-stream")
            return page if isinstance(page, web.StreamResponse) else await page(request)
        finally:
            self.now -= 1


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", site.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    site.port = runner.addresses[0][1]
    try:
        yield site
    finally:
        await runner.cleanup()
