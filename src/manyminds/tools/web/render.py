"""Pages that show nothing without JavaScript: run once in the system's Chromium, then read as HTML.

The browser reaches nothing by itself: it resolves no name, and each request of a page is answered
from here, through the same fetcher as every page (public addresses, robots.txt, bounds). It has no
cookies, no environment and no files of anybody, a profile that is thrown away after each page, and
its own sandbox; without that sandbox it is not started.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio

from manyminds.core.errors import ToolFailed
from manyminds.tools.web.fetch import AGENT, Allows, Fetched, Fetcher

__all__ = ["Place", "Renderer", "find_browser", "prepared", "why_not_ready"]

SECONDS = 20.0
"""For one page: starting, its scripts, closing."""
QUIET_S = 5.0
"""Longest that a page's scripts are waited for."""
CLOSING_S = 5.0
_OUTER = "most => document.documentElement.outerHTML.slice(0, most)"
REST_S = 0.6
"""Without a request, after which a page is taken for finished."""
REQUESTS = 60
"""Of one page's scripts."""
MAX_SHOWN = 4 << 20
"""Characters of a page as its scripts leave it."""
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_KINDS = frozenset(("script", "xhr", "fetch", "stylesheet"))
"""What a page's text may depend on; pictures, fonts, frames and sounds are not loaded."""
_NOBODY = 65534
_ARGS = (
    # Nothing is resolved and nothing is dialled: what is not answered from here does not exist.
    "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=http://127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>", "--disable-gpu", "--js-flags=--max-old-space-size=256",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
)  # fmt: skip


def find_browser() -> Path | None:
    """Return the system's Chromium; `None` where there is none."""
    return next((Path(found) for name in _NAMES if (found := shutil.which(name))), None)


def why_not_ready() -> str | None:
    """Say what is missing to run a page's scripts; `None` where nothing is."""
    if find_spec("playwright") is None:
        return "the extra `browser` is not installed; pip install 'manyminds[browser]'"
    if find_browser() is None:
        return "no Chromium was found; install it with the system's packages"
    if _is_root() and shutil.which("setpriv") is None:
        return "run by root, Chromium cannot be kept apart without setpriv"
    return None


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


@dataclass(frozen=True, kw_only=True)
class Renderer:
    """Runs the scripts of pages, each in a browser of its own."""

    fetcher: Fetcher
    seconds: float = SECONDS

    async def render(self, fetched: Fetched, *, allows: Allows) -> Fetched:
        """Return a page as its scripts leave it.

        Args:
            fetched: The page as it came.
            allows: Which addresses its scripts may ask for.

        Raises:
            ToolFailed: If it takes too long, or the browser does not start.
        """
        try:
            async with asyncio.timeout(self.seconds):
                html = await self._shown(fetched, allows)
        except TimeoutError:
            raise ToolFailed(f"{fetched.address[:200]}: its scripts take too long") from None
        return replace(
            fetched, body=html[:MAX_SHOWN].encode("utf-8", "replace"), charset="utf-8",
            kind="text/html",
        )  # fmt: skip

    async def _shown(self, fetched: Fetched, allows: Allows) -> str:
        library: Any = import_module("playwright.async_api")
        try:
            async with library.async_playwright() as driver, _browser(driver) as browser:
                page = await browser.new_page()
                page.on("dialog", _dismiss)
                answers = _Answers(self.fetcher, fetched, allows)
                await browser.route("**/*", answers.answer)
                await browser.route_web_socket("**/*", _close)
                # Not until it is loaded: a page that wants to lead elsewhere never is.
                await page.goto(fetched.address, wait_until="commit")
                await answers.rest()
                return str(await page.evaluate(_OUTER, MAX_SHOWN))
        except library.Error as error:
            why = str(error).splitlines()[0][:160]
            raise ToolFailed(
                f"{fetched.address[:200]}: its scripts cannot be run ({why})"
            ) from None


async def _dismiss(dialog: Any) -> None:
    await dialog.dismiss()


async def _close(socket: Any) -> None:
    await socket.close()


@asynccontextmanager
async def _browser(driver: Any) -> AsyncGenerator[Any]:
    """Start a browser with a profile of its own; both are gone in the end."""
    with tempfile.TemporaryDirectory(prefix="manyminds-", ignore_cleanup_errors=True) as folder:
        place = await anyio.to_thread.run_sync(prepared, Path(folder))
        browser = await driver.chromium.launch_persistent_context(
            place.profile, executable_path=place.program, chromium_sandbox=True, headless=True,
            env={"HOME": str(place.profile)}, args=list(_ARGS), service_workers="block",
            accept_downloads=False, user_agent=AGENT, handle_sigint=False, handle_sigterm=False,
        )  # fmt: skip
        try:
            yield browser
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_S):
                    await browser.close()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a browser is started from."""

    profile: Path
    """Its folder, empty, and its own to write."""
    program: Path


def prepared(folder: Path) -> Place:
    """Lay out a profile and what starts the browser: never as root, whose sandbox it refuses."""
    found = find_browser()
    if found is None:
        raise ToolFailed("no Chromium was found")
    profile = folder / "profile"
    profile.mkdir()
    if not _is_root():
        return Place(profile=profile, program=found)
    words: Sequence[str] = (
        shutil.which("setpriv") or "setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}",
        "--clear-groups", "--no-new-privs", str(found),
    )  # fmt: skip
    program = folder / "chromium"
    program.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    folder.chmod(0o755)
    os.chown(profile, _NOBODY, _NOBODY)
    return Place(profile=profile, program=program)


class _Answers:
    """Answers what one page asks for."""

    def __init__(self, fetcher: Fetcher, page: Fetched, allows: Allows) -> None:
        self._fetcher = fetcher
        self._page = page
        self._allows = allows
        self._opened = False
        self._left = REQUESTS
        self._waiting = 0
        self._began = self._last = time.monotonic()

    async def rest(self) -> None:
        """Wait until the page asks for nothing more, within bounds: some pages never rest."""
        while True:
            await asyncio.sleep(0.1)
            now = time.monotonic()
            quiet = not self._waiting and now - self._last > REST_S
            if quiet or now - self._began > QUIET_S:
                return

    async def answer(self, route: Any) -> None:
        """Answer one request, or refuse it."""
        self._waiting += 1
        try:
            await self._answer(route)
        finally:
            self._waiting -= 1
            self._last = time.monotonic()

    async def _answer(self, route: Any) -> None:
        asked = route.request
        if asked.is_navigation_request():
            # The page itself, once: scripts lead nowhere else, and frames stay empty. "No content"
            # leaves the page as it is; an error would put the browser's own in its place.
            first, self._opened = not self._opened, True
            await (self._give(route, self._page) if first else route.fulfill(status=204))
            return
        self._left -= 1
        if asked.method != "GET" or asked.resource_type not in _KINDS or self._left < 0:
            await route.abort()
            return
        try:
            found = await self._fetcher.get(asked.url, allows=self._allows)
        except ToolFailed:
            await route.abort()
            return
        await self._give(route, found)

    async def _give(self, route: Any, found: Fetched) -> None:
        kind = found.kind or "text/html"
        charset = f"; charset={found.charset}" if found.charset else ""
        # Scripts and data may come from another public site, without anybody's cookies.
        headers = {"content-type": f"{kind}{charset}", "access-control-allow-origin": "*"}
        with suppress(import_module("playwright.async_api").Error):  # the page is gone already
            await route.fulfill(status=200, headers=headers, body=found.body)
