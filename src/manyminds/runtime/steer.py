"""Words of the person to a run that is going on: lines of a file beside its transcript.

A file, so that any process may say them: another terminal, a page, a script. Each line has a name,
and a run that was taken up again hears it once.
"""

import asyncio
import json
import os
import re
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal, get_args

from manyminds.core.errors import UsageError
from manyminds.core.events import Agreed, Recorded, Steered
from manyminds.runtime.run import MemoryRun
from manyminds.transcript.store import transcript_path

__all__ = ["CANCELLED", "NOW", "STEERS", "Steer", "following", "relay", "say", "word"]

Steer = Literal["hint", "drop", "now", "pause", "go", "add", "cancel", "plan", Agreed]
STEERS: tuple[Steer, ...] = get_args(Steer)
NOW = "answer now"
"""What ends a run that is told to answer at once."""
CANCELLED = "cancelled"
"""What ends a run of which nothing is wanted any more."""
_FILE = "steer.jsonl"
_LOOK_EVERY_S = 0.3
_SAYABLE = STEERS[:6]
"""What a person says by these words; the others are answers, and commands of their own."""
_ANSWERS = (*get_args(Agreed), "plan")
_NAME = re.compile(r"[1-9][0-9]{0,3}|[a-z]+[1-9][0-9]{0,3}")
"""Of a part, or of a member."""
_LONGEST = 2_000
"""Characters of a hint."""


def say(data: Path, run: str, what: str, text: str) -> None:
    """Say something to a run that is worked on this machine.

    Args:
        data: Folder of transcripts.
        run: Its name, a unique part of it, or `last`.
        what: One of `STEERS`.
        text: The hint, or the part or member to drop.

    Raises:
        UsageError: If it cannot be said.
        UnknownName: If there is no such run.
    """
    line = word(what, text)
    with transcript_path(data, run).with_name(_FILE).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def word(what: str, text: str) -> str:
    """Return a line that says something to a run, under a name of its own.

    Raises:
        UsageError: If it cannot be said.
    """
    if what not in STEERS:
        raise UsageError(f"a run is told {', '.join(_SAYABLE)}, not {what!r}")
    if what == "drop" and not _NAME.fullmatch(text):
        raise UsageError(
            "drop takes the number of a part or the name of a member, like: "
            "manyminds steer last drop 2, manyminds steer last drop m3"
        )
    if what == "hint" and not 0 < len(text.strip()) <= _LONGEST:
        raise UsageError(f"hint takes some words, at most {_LONGEST} characters")
    # What a terminal could not decode no transcript can hold.
    text = text.encode("utf-8", "replace").decode()
    return json.dumps({"id": secrets.token_hex(4), "what": what, "text": text.strip()})


def relay(folder: Path, lines: Sequence[str]) -> None:
    """Let a run hear what was said to it elsewhere; what it was told already changes nothing."""
    path = folder / _FILE
    there = set(path.read_text(encoding="utf-8").splitlines()) if path.exists() else set[str]()
    if new := [line for line in lines if line not in there]:
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in new)


@asynccontextmanager
async def following(
    run: MemoryRun, folder: Path, past: Sequence[Recorded] = ()
) -> AsyncGenerator[None]:
    """Pass on what is said to a run, until the block ends.

    Args:
        run: Who is told.
        folder: The run's own.
        past: What is on record already.
    """
    heard = {r.event.id for r in past if isinstance(r.event, Steered)}
    path, size = folder / _FILE, 0
    with suppress(OSError):
        # What was said before it goes on is heard before its first step.
        text = path.read_text(encoding="utf-8")
        size = len(text.encode())
        _hear(run, text.split("\n")[:-1], heard)
    task = asyncio.create_task(_follow(run, path, heard, size))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _follow(run: MemoryRun, path: Path, heard: set[str], size: int) -> None:
    while True:
        with suppress(OSError):
            now = os.stat(path).st_size
            if now != size:
                size = now
                text = await asyncio.to_thread(path.read_text, encoding="utf-8")
                _hear(run, text.split("\n")[:-1], heard)
        await asyncio.sleep(_LOOK_EVERY_S)


def _hear(run: MemoryRun, lines: Sequence[str], heard: set[str]) -> None:
    for line in lines:
        # A line that `say` did not write is nobody's word.
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(line)
            name, what, text = str(said["id"]), said["what"], str(said["text"])
            text.encode()
            if name not in heard and what in STEERS:
                heard.add(name)
                ending = {"now": NOW, "cancel": CANCELLED}.get(what)
                steered = Steered(what=what, text=ending or text, id=name)
                if what in _ANSWERS:
                    run.pass_on(steered)
                else:
                    run.hear(steered)
