"""The system's real Chromium, as a person would use the page: with the keyboard, reloading, on a phone."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os import geteuid

from playwright.sync_api import Browser, Page, expect, sync_playwright

# The machine may be busy with the tests beside this one.
expect.set_options(timeout=20_000)
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return where Chromium is; as root on Debian it is put in."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None and sys.platform == "linux" and geteuid() == 0 and shutil.which("apt-get"):
        # Fonts, as a machine without any shows boxes.
        packages = ["chromium", "fonts-dejavu-core"]
        for words in (["update", "-q"], ["install", "-y", "-q", *packages]):
            subprocess.run(["apt-get", *words], check=False, timeout=900, capture_output=True)
        found = shutil.which("chromium")
    if found is None:
        raise RuntimeError("the page's tests need Chromium: apt-get install chromium")
    return found


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser of our own, gone afterwards."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
    with sync_playwright() as play:
        root = ["--no-sandbox"] if geteuid() == 0 else []
        browser = play.chromium.launch(executable_path=chromium(), args=[*quiet, *root])
        try:
            yield browser
        finally:
            browser.close()


def watched(page: Page) -> list[str]:
    """Note whatever a page complains about, or reaches beside this machine."""
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    # A connection that a test breaks is no trouble of the page's.
    page.on("console", lambda m: troubles.append(f"console: {m.text}") if m.type == "error" and "net::ERR" not in m.text else None)  # fmt: skip
    page.on("dialog", lambda d: (troubles.append(f"dialog: {d.message}"), d.dismiss()))

    def asked(url: str) -> None:
        if not url.startswith(("http://127.0.0.1", "data:", "blob:", "file:")):
            troubles.append(f"request: {url}")

    page.on("request", lambda request: asked(request.url))
    return troubles
