"""One jailed worker as seen from outside: start it, call it, kill it."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
from dataclasses import dataclass

from manyminds.core.errors import ToolFailed
from manyminds.core.messages import JsonValue
from manyminds.tools.sandbox.jail import Jail

__all__ = ["Box", "Ran"]

_LINE_BYTES = 1 << 20
_READY_S = 20.0
_GRACE_S = 1.0
"""Time the worker has to report that its code ran over, before it is killed."""

_WATCH_S = 0.25
"""How often memory is looked at that the system cannot limit."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What running one program gave."""

    stdout: str
    error: str | None
    """Traceback, or why the worker ended; `None` where the program ran through."""
    seconds: float
    alive: bool
    """Whether the worker, and with it its names, is still there."""


class Box:
    """A running jail; its names stay from call to call until it is killed."""

    def __init__(self, process: asyncio.subprocess.Process, jail: Jail) -> None:
        self._process = process
        # For the whole life: what a program leaves running takes memory after its answer too.
        most_mb = jail.resident_mb
        self._watching = None if most_mb is None else asyncio.create_task(self._watch(most_mb))

    @classmethod
    async def start(cls, jail: Jail) -> "Box":
        """Start a jail and wait until its worker is ready.

        Raises:
            ToolFailed: If it does not come up; the message holds what the jailer said.
        """
        try:
            process = await _spawned(jail)
        except OSError as error:
            raise ToolFailed(f"the sandbox cannot be started: {error.strerror}") from error
        finally:
            for descriptor in jail.pass_fds:
                os.close(descriptor)
        box = cls(process, jail)
        try:
            hello = await asyncio.wait_for(box._line(), _READY_S)
        except (TimeoutError, EOFError) as error:
            said = await box._last_words()
            raise ToolFailed(f"the sandbox did not come up: {said}") from error
        except asyncio.CancelledError:
            await box.kill()
            raise
        if hello.get("ready") is not True:
            await box.kill()
            raise ToolFailed("the sandbox did not come up: its first word was not understood")
        return box

    async def run(self, code: str, *, seconds: float) -> Ran:
        """Run a program; a worker that does not answer in time is killed, names and all."""
        stdin = self._process.stdin
        if stdin is None:
            raise ToolFailed("the sandbox has no input")
        mark = secrets.token_hex(8)
        request = {"id": mark, "code": code, "seconds": seconds}
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            await stdin.drain()
            answer = await asyncio.wait_for(self._answer(mark), seconds + _GRACE_S)
        except TimeoutError:
            await self.kill()
            return Ran(stdout="", error="killed: it ran too long", seconds=seconds, alive=False)
        except (EOFError, ConnectionError):
            await self.kill()
            why = "killed: the program ended its process or passed the memory or CPU limit"
            return Ran(stdout="", error=why, seconds=seconds, alive=False)
        except asyncio.CancelledError:
            await self.kill()
            raise
        if answer.get("full") is True:
            await self.kill()
        return _read(answer)

    async def kill(self) -> None:
        """End the jail; its process namespace goes with its first process."""
        if self._watching is not None:
            self._watching.cancel()
        self._end()
        if self._process.stdin is not None:
            # Killed while it makes the jail, the jailer leaves a first process that does not go
            # with it: that one ends when there is nobody to hear from any more.
            self._process.stdin.close()
        await self._process.wait()

    def _end(self) -> None:
        """Kill the jailer's process group: a first process that it is still making is in it.

        Bubblewrap's waits there for a word from the jailer; from a dead one it would wait for good.
        """
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self._process.pid, signal.SIGKILL)

    async def _watch(self, most_mb: int) -> None:
        """End the jail once it holds more memory than it may, where only we can see it.

        A jail whose memory cannot be seen is ended as well: isolation that is missing is refused.
        """
        held: int | None = 0
        while held is not None and held <= most_mb * 1024:
            await asyncio.sleep(_WATCH_S)
            held = await self._held_kb()
        self._end()

    async def _held_kb(self) -> int | None:
        """Return the resident memory in KiB; `None` where it cannot be told."""
        command = ("ps", "-o", "rss=", "-p", str(self._process.pid))
        try:
            ps = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        except OSError:
            return None
        told, _ = await ps.communicate()
        return int(told) if told.strip().isdigit() else None

    async def _answer(self, mark: str) -> dict[str, JsonValue]:
        while True:
            line = await self._line()
            # Lines with another mark were written by the model's code, or are late.
            if line.get("id") == mark:
                return line

    async def _line(self) -> dict[str, JsonValue]:
        stdout = self._process.stdout
        if stdout is None:
            raise EOFError
        try:
            data = await stdout.readline()
        except ValueError as error:  # longer than `_LINE_BYTES`
            raise EOFError from error
        if not data.endswith(b"\n"):
            raise EOFError
        try:
            value: JsonValue = json.loads(data)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    async def _last_words(self) -> str:
        await self.kill()
        stderr = self._process.stderr
        said = b"" if stderr is None else await stderr.read(4_000)
        lines = said.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else "it said nothing"


async def _spawned(jail: Jail) -> asyncio.subprocess.Process:
    """Start the jailer. Cancelled meanwhile, asyncio would kill it alone and wait for its pipes.

    They are held by the jail's first process; so it is let begin, and then killed with the jailer.
    """
    making = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *jail.argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={},
            cwd="/",
            pass_fds=jail.pass_fds,
            start_new_session=True,
            limit=_LINE_BYTES,
        )
    )
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        while not making.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([making])
        if making.exception() is None:
            await Box(making.result(), jail).kill()
        raise


def _read(answer: dict[str, JsonValue]) -> Ran:
    error, seconds = answer.get("error"), answer.get("seconds")
    return Ran(
        stdout=str(answer.get("stdout") or ""),
        error=None if error is None else str(error),
        seconds=float(seconds) if isinstance(seconds, int | float) else 0.0,
        alive=answer.get("full") is not True,
    )
