"""One call that looks several things up: one a line, side by side."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio

from manyminds.core.errors import ToolError, ToolRetry

__all__ = ["MOST_AT_ONCE", "lines_of", "side_by_side"]

T = TypeVar("T")
MOST_AT_ONCE = 10
"""Things that one call looks up."""


def lines_of(text: str, *, most: int = MOST_AT_ONCE) -> list[str]:
    """Return the lines of an argument, each once: what is looked up in one call."""
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(lines) > most:
        raise ToolRetry(f"{len(lines)} at once are too many; {most} is the most")
    return lines


async def side_by_side(
    look: Callable[[str], Awaitable[T]], asked: Sequence[str]
) -> list[T | ToolError]:
    """Look several things up at once; one that fails costs the others nothing.

    Raises:
        ToolError: If none comes.
    """
    found: dict[str, T | ToolError] = {}

    async def one(what: str) -> None:
        try:
            found[what] = await look(what)
        except ToolError as error:
            found[what] = error

    async with anyio.create_task_group() as tasks:
        for what in asked:
            tasks.start_soon(one, what)
    failed = [f for f in found.values() if isinstance(f, ToolError)]
    if asked and len(failed) == len(asked):
        raise failed[0]
    return [found[what] for what in asked]
