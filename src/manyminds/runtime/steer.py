"""Words of the person to a run that is going on: lines of a file beside its transcript.

A file, so that any process may say them: another terminal, a page, a script.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal, get_args

from manyminds.core.errors import UsageError
from manyminds.core.events import Steered
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.steering import Steering
from manyminds.transcript.store import transcript_path

__all__ = ["STEERS", "Steer", "following", "say"]

Steer = Literal["hint", "drop", "now"]
STEERS: tuple[Steer, ...] = get_args(Steer)
NOW = "answer now"
"""What ends a run that is told to answer at once."""
_FILE = "steer.jsonl"
_LOOK_EVERY_S = 0.3
_LONGEST = 2_000
"""Characters of a hint."""


def say(data: Path, run: str, what: str, text: str) -> None:
    """Say something to a run.

    Args:
        data: Folder of transcripts.
        run: Its name, a unique part of it, or `last`.
        what: hint, drop or now.
        text: The hint, or the number of the part to drop.

    Raises:
        UsageError: If it cannot be said.
        UnknownName: If there is no such run.
    """
    if what not in STEERS:
        raise UsageError(f"a run is told {', '.join(STEERS)}, not {what!r}")
    if what == "drop" and not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise UsageError("drop takes the number of a part, like: manyminds steer last drop 2")
    if what == "hint" and not 0 < len(text.strip()) <= _LONGEST:
        raise UsageError(f"hint takes some words, at most {_LONGEST} characters")
    # What a terminal could not decode no transcript can hold.
    text = text.encode("utf-8", "replace").decode()
    path = transcript_path(data, run).with_name(_FILE)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"what": what, "text": text.strip()}) + "\n")


@asynccontextmanager
async def following(run: MemoryRun, steering: Steering, folder: Path) -> AsyncGenerator[None]:
    """Pass on what is said to a run, until the block ends.

    Args:
        run: Who is told.
        steering: What its strategy listens to.
        folder: The run's own.
    """
    task = asyncio.create_task(_follow(run, steering, folder / _FILE))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _follow(run: MemoryRun, steering: Steering, path: Path) -> None:
    read = 0
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        with suppress(OSError):
            text = await asyncio.to_thread(path.read_text, encoding="utf-8")
            lines = text.split("\n")[:-1]
            for line in lines[read:]:
                # A line that `say` did not write is nobody's word.
                with suppress(ValueError, KeyError, TypeError):
                    _pass_on(run, steering, json.loads(line))
            read = len(lines)


def _pass_on(run: MemoryRun, steering: Steering, said: dict[str, str]) -> None:
    what, text = said["what"], said["text"]
    text.encode()
    if what == "hint":
        run.tell(Steered(what="hint", text=text))
        steering.hint(text)
    elif what == "drop":
        run.tell(Steered(what="drop", text=text))
        steering.drop(int(text))
    else:
        run.tell(Steered(what="now", text=""))
        run.stop(NOW)
