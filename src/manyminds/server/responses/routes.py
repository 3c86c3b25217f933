"""`/v1/responses`: OpenAI's newer protocol, in the background too, its streams taken up again."""

import asyncio
import json
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from manyminds.core.messages import JsonValue
from manyminds.runtime.ask import Asked
from manyminds.runtime.kept import asked_of, state_of
from manyminds.server import sse
from manyminds.server.answers import calls_of
from manyminds.server.bodies import read_body
from manyminds.server.conversations import order_of
from manyminds.server.gate import client_of
from manyminds.server.house import House, end_unwanted, gone_away, house_of
from manyminds.server.refusals import Refused
from manyminds.server.responses.body import ResponseBody, as_chat
from manyminds.server.responses.events import streamed
from manyminds.server.responses.kept import PREFIX, Kept, lines_of, now
from manyminds.server.runs import number_in, own
from manyminds.transcript.store import new_transcript_path, read_transcript

__all__ = ["cancel", "create", "delete", "look"]


async def create(request: Request) -> Response:
    """Answer, now or in the background."""
    house, client = house_of(request), client_of(request.scope)
    body, _ = await read_body(request, ResponseBody)
    if body.previous_response_id is not None:
        before = await asyncio.to_thread(_before, request, house, body.previous_response_id)
    else:
        before = []
    chat = as_chat(body, before)
    order = await asyncio.to_thread(order_of, chat, house, client)
    run = await house.engine.begin(order, client, goes_on=body.background)
    kept = Kept(
        run=run, body=body, created=int(time.time()), led=order.conversation is not None,
        messages=[m.model_dump(exclude_none=True) for m in chat.messages if m.role not in ORDERS],
    )  # fmt: skip
    done = asyncio.create_task(house.engine.done(run))
    await asyncio.to_thread(kept.write, house)
    if body.stream:
        return sse.streamed(streamed(house, kept, -1, None if body.background else done))
    if body.background:
        done.add_done_callback(_heeded)
        return JSONResponse(kept.whole("queued", None))
    gone = asyncio.create_task(gone_away(request))
    try:
        await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            return Response(status_code=499)
        return JSONResponse(kept.over(done.result(), lines_of(house, run)))
    finally:
        gone.cancel()
        await end_unwanted(house, run, done)


ORDERS = ("system", "developer")


def _heeded(done: "asyncio.Task[Asked]") -> None:
    """Take note of how it ended: the run's own record says it."""
    if not done.cancelled():
        done.exception()


async def look(request: Request) -> Response:
    """Say what came of a response, or stream it again from after an event."""
    house, run = await own(request, PREFIX)
    kept = await asyncio.to_thread(Kept.read, house, run)
    if request.query_params.get("stream", "").lower() in ("true", "1"):
        after = number_in(request, "starting_after", -1, least=-1, most=10**9)
        return sse.streamed(streamed(house, kept, after, None))
    return JSONResponse(await asyncio.to_thread(now, house, kept))


async def cancel(request: Request) -> Response:
    """End a response that is made in the background."""
    house, run = await own(request, PREFIX)
    kept = await asyncio.to_thread(Kept.read, house, run)
    if not kept.body.background:
        raise Refused(400, "only responses in the background are cancelled", code="not_background")
    if not house.engine.is_going(run):
        return JSONResponse(await asyncio.to_thread(now, house, kept))
    await asyncio.to_thread(house.engine.cancel, run)
    return JSONResponse({**await asyncio.to_thread(now, house, kept), "status": "cancelled"})


async def delete(request: Request) -> Response:
    """Forget a response; its run stays on record."""
    house, run = await own(request, PREFIX)
    kept = await asyncio.to_thread(Kept.read, house, run)
    kept.path(house).unlink(missing_ok=True)
    return JSONResponse({"id": f"{PREFIX}{run}", "object": "response", "deleted": True})


def _before(request: Request, house: House, name: str) -> list[dict[str, JsonValue]]:
    """Return what was said up to an earlier response, its answer included."""
    run, client = name.removeprefix(PREFIX), client_of(request.scope)
    if not client.may("all") and house.engine.books.client_of(run) != client.name:
        raise Refused(403, "that is none of your responses", code="not_yours")
    kept = Kept.read(house, run)
    path = new_transcript_path(house.engine.data, run)
    if not path.exists() or state_of(read_transcript(path)) != "finished":
        raise Refused(409, f"{name} is not over", code="not_over", param="previous_response_id")
    asked = asked_of(read_transcript(path))
    if kept.led and (calls := calls_of(asked)):
        made: list[JsonValue] = [
            {
                "id": c.id, "type": "function",
                "function": {"name": c.name, "arguments": json.dumps(c.arguments)},
            }
            for c in calls
        ]  # fmt: skip
        return [*kept.messages, {"role": "assistant", "tool_calls": made}]
    return [*kept.messages, {"role": "assistant", "content": asked.answer.text or ""}]
