"""Server-sent events: written as they come, with a sign of life in between."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

from anyio import CancelScope
from starlette.responses import StreamingResponse

from manyminds.core.messages import JsonValue

__all__ = ["DONE", "event", "streamed"]

DONE = b"data: [DONE]\n\n"
_ALIVE = b": keep-alive\n\n"
KEEP_ALIVE_S = 10.0
"""Proxies and clients give up connections that say nothing for half a minute."""
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


def event(data: JsonValue, *, name: str | None = None, id_: int | None = None) -> bytes:
    """Write one event."""
    head = "" if name is None else f"event: {name}\n"
    head += "" if id_ is None else f"id: {id_}\n"
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def streamed(pieces: AsyncIterator[bytes]) -> StreamingResponse:
    """Return a reply that sends pieces as they come, and signs of life while none do."""
    return StreamingResponse(
        _kept_alive(pieces), media_type="text/event-stream", headers=dict(_HEADERS)
    )


async def _kept_alive(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces; the next one is not given up because it takes long."""
    coming: asyncio.Task[bytes | None] = asyncio.create_task(_next(pieces))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=KEEP_ALIVE_S)
            if not done:
                yield _ALIVE
                continue
            piece = coming.result()
            if piece is None:
                return
            coming = asyncio.create_task(_next(pieces))
            yield piece
    finally:
        # Whoever goes away cancels us at each await again; the pieces are ended all the same.
        with CancelScope(shield=True):
            coming.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await coming
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)
