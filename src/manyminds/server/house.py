"""What all routes share: the engine, the models, and how progress is told."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from anyio import CancelScope
from starlette.requests import Request

from manyminds.core.errors import ManymindsError
from manyminds.core.messages import JsonValue
from manyminds.runtime.ask import Asked
from manyminds.runtime.doctor import Doctor
from manyminds.server.clients import Client
from manyminds.server.engine import Engine
from manyminds.server.modes import Modes
from manyminds.server.refusals import Refused

__all__ = ["House", "ReasoningField", "end_unwanted", "gone_away", "house_of"]

ReasoningField = Literal["reasoning_content", "reasoning", "both", "none"]
REASONING_FIELDS: tuple[ReasoningField, ...] = get_args(ReasoningField)
_FIELDS: dict[ReasoningField, tuple[str, ...]] = {
    "reasoning_content": ("reasoning_content",), "reasoning": ("reasoning",),
    "both": ("reasoning_content", "reasoning"), "none": (),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class House:
    """One server."""

    engine: Engine
    modes: Modes
    reasoning: ReasoningField = "reasoning_content"
    doctor: Doctor = field(default_factory=Doctor)

    def thought(self, line: str) -> dict[str, JsonValue]:
        """Return a line of progress in the fields that clients show it from."""
        return dict.fromkeys(_FIELDS[self.reasoning], line)

    def check_scope(self, client: Client, mode: str, *, web: bool) -> None:
        """Refuse what a client may not do.

        Raises:
            Refused: If it may not.
        """
        wanted = "web" if web or mode.partition("/")[0] in ("research", "wide") else "ask"
        if not client.may(wanted):
            raise Refused(403, f"this key may not use it: it lacks {wanted!r}", code="scope")


def house_of(request: Request) -> House:
    """Return the server of a request."""
    return cast("House", request.app.state.house)


async def gone_away(request: Request) -> None:
    """Wait until whoever asked has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def end_unwanted(house: House, run: str, done: "asyncio.Task[Asked]") -> None:
    """End a run that nobody waits for any more, if it is not over.

    Whoever goes away cancels us, in an anyio scope at each await again; this is not cut short.
    """
    if not done.done():
        with suppress(ManymindsError), CancelScope(shield=True):
            await asyncio.to_thread(house.engine.cancel, run)
        done.cancel()
