"""The system's real Chromium, as a person would use the page: with the keyboard, reloading, on a phone."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import geteuid

from playwright.sync_api import Browser, Page, expect, sync_playwright

# The machine may be busy with the tests beside this one.
expect.set_options(timeout=20_000)
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return where Chromium is; as root on Debian it is put in."""
    # Fonts, as a machine without any shows boxes.
    return _found(_NAMES, "chromium", "fonts-dejavu-core")


def _found(names: Sequence[str], *packages: str) -> str:
    """Return where a program is; as root on Debian its packages are put in."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None and sys.platform == "linux" and geteuid() == 0 and shutil.which("apt-get"):
        for words in (["update", "-q"], ["install", "-y", "-q", *packages]):
            subprocess.run(["apt-get", *words], check=False, timeout=900, capture_output=True)
        found = shutil.which(names[0])
    if found is None:
        raise RuntimeError(f"this test needs {packages[0]}: apt-get install {' '.join(packages)}")
    return found


@contextmanager
def display() -> Iterator[str]:
    """A screen that nobody sees, for a browser with a window; gone afterwards."""
    server = _found(["Xvfb"], "xvfb")
    mine, theirs = os.pipe()
    words = [server, "-displayfd", str(theirs), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, pass_fds=[theirs], **quiet) as process, os.fdopen(mine) as told:  # type: ignore[call-overload]
        os.close(theirs)
        try:
            yield f":{told.readline().strip()}"
        finally:
            process.terminate()


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
