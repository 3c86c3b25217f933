"""The `python` tool: a member's programs, each member in a jail of its own."""

from collections.abc import Sequence

import anyio

from manyminds.core.errors import ToolRetry
from manyminds.core.messages import ToolCall, ToolSpec
from manyminds.core.values import Evidence
from manyminds.tools.sandbox.box import Box, Ran
from manyminds.tools.sandbox.choose import Isolation
from manyminds.tools.sandbox.jail import Limits

__all__ = ["Python"]

PROGRAM_SECONDS = 10.0
MAX_CODE = 50_000


class Python:
    """Runs programs; names persist within one member's work, until a limit kills its worker."""

    def __init__(self, isolation: Isolation, *, limits: Limits | None = None) -> None:
        packages = "" if isolation.jailer is None else isolation.jailer.packages
        self.spec = ToolSpec(
            name="python",
            description=(
                f"run a Python 3 program ({packages}; no network, no files); print the result"
            ),
            parameters={
                "type": "object",
                "properties": {"code": {"type": "string"}},
                "required": ["code"],
            },
        )
        self._isolation = isolation
        self._limits = Limits() if limits is None else limits
        self._boxes: dict[str, Box] = {}
        self._starting: dict[str, anyio.Lock] = {}
        self._before: dict[str, list[str]] = {}
        """What members ran in a process that has ended since."""

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Run `code` for one member and return what it printed.

        With `fresh`, which models are not told of, the jail is new and ends with the program.
        """
        code = call.arguments.get("code")
        if not isinstance(code, str) or not code.strip():
            raise ToolRetry('python needs "code", a program that prints its result')
        if len(code) > MAX_CODE:
            raise ToolRetry(f"the program is longer than {MAX_CODE} characters")
        fresh = call.arguments.get("fresh") is True
        if fresh:
            await self.end(member)
        try:
            ran = await self.run(member, _unfenced(code))
        finally:
            if fresh:
                await self.end(member)
        if ran.error is not None:
            raise ToolRetry(_failure(ran))
        if not ran.stdout.strip():
            raise ToolRetry("the program ran but printed nothing; print the result")
        return (Evidence(id="", tool="python", request=code, output=ran.stdout),)

    def recall(self, member: str, call: ToolCall, evidence: Sequence[Evidence]) -> None:
        """Take in a program that ran before: it is run again once its names are needed."""
        code = call.arguments.get("code")
        if call.arguments.get("fresh") is True:
            self._before.pop(member, None)
        elif isinstance(code, str):
            self._before.setdefault(member, []).append(_unfenced(code))

    async def run(self, member: str, code: str, *, seconds: float = PROGRAM_SECONDS) -> Ran:
        """Run a program in the member's jail; a fresh one where there is none.

        Raises:
            ToolFailed: If nothing isolates here.
        """
        lock = self._starting.setdefault(member, anyio.Lock())
        async with lock:  # one program at a time in one worker
            for earlier in self._before.pop(member, []):
                await self._run(member, earlier, seconds)
            return await self._run(member, code, seconds)

    async def _run(self, member: str, code: str, seconds: float) -> Ran:
        box = self._boxes.get(member)
        if box is None:
            box = await Box.start(self._isolation.jail(self._limits))
            self._boxes[member] = box
        try:
            ran = await box.run(code, seconds=seconds)
        except BaseException:
            self._boxes.pop(member, None)
            raise
        if not ran.alive:
            del self._boxes[member]
        return ran

    async def end(self, member: str) -> None:
        """Kill one member's jail, if there is one."""
        self._before.pop(member, None)
        box = self._boxes.pop(member, None)
        if box is not None:
            await box.kill()

    async def close(self) -> None:
        """Kill every jail."""
        boxes, self._boxes = list(self._boxes.values()), {}
        for box in boxes:
            await box.kill()


def _unfenced(code: str) -> str:
    """Drop the Markdown fence that some models put around a program."""
    inner = code.strip()
    if not (inner.startswith("```") and inner.endswith("```") and "\n" in inner):
        return code
    return inner[3:-3].partition("\n")[2]


def _failure(ran: Ran) -> str:
    printed = f"printed before it failed:\n{ran.stdout}\n" if ran.stdout.strip() else ""
    hint = "\nPrograms see no files; documents are read with other tools, if there are any."
    opened = hint if "FileNotFoundError" in (ran.error or "") else ""
    return f"the program failed.\n{printed}{ran.error}{opened}"
