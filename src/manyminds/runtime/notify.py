"""Tells the person, wherever they are, that a run is over or needs them."""

import asyncio
import json
import shutil
import subprocess
import sys
from urllib.parse import urlsplit

import httpx2

from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue

__all__ = ["check_notify", "notify"]

DESKTOP = "desktop"
_TRIES = 4
_TIMEOUT_S = 10.0


def check_notify(how: str) -> str:
    """Return how to tell the person, where it can be done here.

    Raises:
        UsageError: If not.
    """
    if how == DESKTOP:
        if _desktop("", "") is None:
            raise UsageError("--notify desktop: this machine has no notify-send; give an address")
        return how
    if urlsplit(how).scheme not in ("http", "https") or not urlsplit(how).hostname:
        raise UsageError(f"--notify takes desktop, or the address of a webhook, not {how!r}")
    return how


async def notify(
    how: str, key: str, told: dict[str, JsonValue], *, first_wait_s: float = 2.0
) -> str | None:
    """Tell the person; return why it could not be done, or `None`.

    A webhook is posted one JSON object, with a key by which it knows one that it has had already.

    Args:
        how: `desktop`, or the address of a webhook.
        key: Names what is told: the run and its event.
        told: What is told.
        first_wait_s: Before a webhook is tried again; it doubles.
    """
    if how == DESKTOP:
        command = _desktop("manyminds", str(told.get("line", "")))
        if command is None:
            return "no notify-send here"
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
        return None if done.returncode == 0 else "the desktop took no notification"
    why = ""
    async with httpx2.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False) as client:
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(first_wait_s * 2 ** (attempt - 1))
            try:
                reply = await client.post(
                    how, content=json.dumps(told),
                    headers={"Idempotency-Key": key, "Content-Type": "application/json"},
                )  # fmt: skip
            except httpx2.HTTPError as error:
                why = type(error).__name__
                continue
            if reply.is_success:
                return None
            why = f"status {reply.status_code}"
            if reply.status_code < 500 and reply.status_code != 429:
                break
    return f"the webhook failed: {why}"


_APPLE = """on run argv
display notification (item 2 of argv) with title (item 1 of argv)
end run"""


def _desktop(title: str, line: str) -> list[str] | None:
    """Return the command that shows a notification; words are arguments, never a program's text."""
    if sys.platform == "darwin" and shutil.which("osascript"):
        return ["osascript", "-e", _APPLE, title, line]
    found = shutil.which("notify-send")
    return None if found is None else [found, "--app-name", "manyminds", "--", title, line]
