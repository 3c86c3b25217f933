"""Asking the person something in the terminal, while a run goes on."""

import asyncio
import sys

from manyminds.cli.view import View, safe

__all__ = ["asked_in_terminal"]

_ASKING = asyncio.Lock()


async def asked_in_terminal(view: View, question: str) -> str:
    """Return what the person says, in one line; the live view is out of the way meanwhile."""
    # Two questions at once would both wait for the one line.
    async with _ASKING:
        with view.paused():
            sys.stderr.write(safe(question))
            sys.stderr.flush()
            return (await _line()).strip()


async def _line() -> str:
    """Read a line; Ctrl-C ends the waiting, which a thread that reads would not notice."""
    if sys.platform == "win32":
        return await asyncio.to_thread(sys.stdin.readline)
    ready, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline()
