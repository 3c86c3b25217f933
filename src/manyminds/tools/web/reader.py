"""Who has pages read: `reading` in a process of its own, with a time to do it in."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import anyio

from manyminds.core.errors import ToolFailed
from manyminds.tools.bounds import TOO_LONG
from manyminds.tools.web.fetch import Fetched
from manyminds.tools.web.pages import Part, Read

__all__ = ["Reader"]

SECONDS = 20.0
"""For one page, however busy the machine is; of computing `reading` allows less."""
MAX_LINE = 32 << 20
"""Of what a page says: its text is bounded by `reading`, each letter takes six bytes at most."""
_ROOT = str(Path(__file__).parents[3])
_CHILD = f"""import sys
sys.path.append({_ROOT!r})
from manyminds.tools.web.reading import main
main()"""


class Reader:
    """Reads pages one after the other; a process that fails is replaced."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._child: asyncio.subprocess.Process | None = None
        self._turn = anyio.Lock()

    async def read(self, fetched: Fetched) -> Read:
        """Read what was fetched.

        Raises:
            ToolFailed: If it says nothing that can be read; the message says why.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(self._seconds):
                    told = await self._ask(fetched)
            except (TimeoutError, OSError, ValueError) as error:
                late = await self._end() == TOO_LONG or isinstance(error, TimeoutError)
                why = "takes too long to read" if late else "takes too much to read"
                raise ToolFailed(f"{fetched.address[:200]} {why}") from None
            except BaseException:
                await self._end()  # cancelled in the middle of an answer: the next would get it
                raise
        if not told["read"]:
            raise ToolFailed(f"{fetched.address[:200]}: {told['why']}")
        return Read(
            title=told["title"], author=told["author"], date=told["date"],
            parts=tuple(Part(**part) for part in told["parts"]), credits=tuple(told["credits"]),
        )  # fmt: skip

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._end()

    async def _ask(self, fetched: Fetched) -> Any:
        child = self._child
        if child is None:
            # It gets nothing of the environment: no key is near what reads hostile pages.
            child = self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-c", _CHILD, env={}, limit=MAX_LINE,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # an interrupt is for who waits
            )  # fmt: skip
        if child.stdin is None or child.stdout is None:
            raise OSError
        head = {
            "kind": fetched.kind, "charset": fetched.charset, "address": fetched.address,
            "size": len(fetched.body),
        }  # fmt: skip
        child.stdin.write(json.dumps(head).encode() + b"\n" + fetched.body)
        await child.stdin.drain()
        return json.loads(await child.stdout.readline())

    async def _end(self) -> int | None:
        """End the process, and return how it ended; `None` where there was none."""
        child, self._child = self._child, None
        if child is None:
            return None
        # That it has ended may not be known yet: a turn of the loop lets it be told.
        await asyncio.sleep(0)
        if child.returncode is None:
            child.kill()
        return await child.wait()
