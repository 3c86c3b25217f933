"""The page and its files: static, made by `web/`, the same for everybody, so no key is asked for.

A strict policy goes with them: nothing is loaded from, or sent, elsewhere.
"""

from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from manyminds.server.refusals import Refused

__all__ = ["is_page", "page_file", "page_routes"]

_KINDS: dict[str, str] = {
    "index.html": "text/html; charset=utf-8", "page.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml",
}  # fmt: skip
_POLICY = "; ".join(
    [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
        "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ]
)  # fmt: skip


def is_page(path: str) -> bool:
    """Say whether a path is the page's: it says nothing of anybody."""
    return path == "/" or path.removeprefix("/") in _KINDS


@cache
def page_file(name: str) -> bytes:
    """Return one of the page's files.

    Raises:
        Refused: If it is not here.
    """
    place = files("manyminds.server") / "page" / name
    if name not in _KINDS or not place.is_file():
        raise Refused(404, "the page was not built here; do: make page", code="not_found")
    return place.read_bytes()


async def _served(request: Request) -> Response:
    # A proxy may put a path of its own before ours.
    name = request.url.path.rpartition("/")[2] or "index.html"
    # The files of one release belong together: none is used without asking for it again.
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
    return Response(page_file(name), media_type=_KINDS[name], headers=headers)


def page_routes() -> list[BaseRoute]:
    """Return the page's routes."""
    return [Route(path, _served, methods=["GET"]) for path in ("/", *(f"/{n}" for n in _KINDS))]
