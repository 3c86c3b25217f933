"""A response as a stream of events, made from the run's events alone.

Whoever comes back gets the same events under the same numbers.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import cast

from manyminds.core.errors import ManymindsError
from manyminds.core.messages import JsonValue
from manyminds.runtime.ask import Asked
from manyminds.runtime.kept import asked_of, state_of
from manyminds.server import sse
from manyminds.server.house import House, end_unwanted
from manyminds.server.refusals import error_body, refused
from manyminds.server.responses.kept import Event, Kept, now
from manyminds.transcript.board import Board
from manyminds.transcript.store import new_transcript_path, read_transcript

__all__ = ["streamed"]


async def streamed(
    house: House, kept: Kept, after: int, done: "asyncio.Task[Asked] | None"
) -> AsyncIterator[bytes]:
    """Write the events after a number; with `done` whoever goes away ends the run."""
    number = -1
    try:
        async with aclosing(_events(house, kept)) as events:
            async for event in events:
                number += 1
                if number > after:
                    body: Event = {**event, "sequence_number": number}
                    yield sse.event(body, name=str(event["type"]))
    except ManymindsError as error:
        told = cast("dict[str, JsonValue]", error_body(refused(error))["error"])
        failed: Event = {**kept.whole("failed", None), "error": told}
        last: Event = {
            "type": "response.failed", "response": failed, "sequence_number": number + 1,
        }  # fmt: skip
        yield sse.event(last, name="response.failed")
    finally:
        if done is not None:
            await end_unwanted(house, kept.run, done)


async def _events(house: House, kept: Kept) -> AsyncGenerator[Event]:
    """Yield all events of a response, each the same whenever it is asked for."""
    begun = kept.whole("in_progress", None)
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    at: Event = {"item_id": f"rs_{kept.run}", "output_index": 0, "summary_index": 0}
    yield {"type": "response.output_item.added", "output_index": 0, "item": kept.thoughts("")}
    yield {"type": "response.reasoning_summary_part.added", **at, "part": _summary("")}
    board, lines = Board(), ""
    async with aclosing(house.engine.events(kept.run)) as events:
        async for recorded in events:
            line = board.take(recorded)
            if line is not None:
                lines += f"{line}\n"
                yield {"type": "response.reasoning_summary_text.delta", **at, "delta": f"{line}\n"}
    yield {"type": "response.reasoning_summary_text.done", **at, "text": lines}
    yield {"type": "response.reasoning_summary_part.done", **at, "part": _summary(lines)}
    yield {"type": "response.output_item.done", "output_index": 0, "item": kept.thoughts(lines)}
    path = new_transcript_path(house.engine.data, kept.run)
    if not path.exists() or state_of(read_transcript(path)) != "finished":
        failed = await asyncio.to_thread(now, house, kept)
        yield {"type": "response.failed", "response": {**failed, "status": "failed"}}
        return
    asked = asked_of(read_transcript(path))
    for place, item in enumerate(kept.items(asked), 1):
        for event in _item(kept, asked, cast("Event", item), place):
            yield event
    over = kept.over(asked, lines)
    yield {"type": f"response.{over['status']}", "response": over}


def _summary(text: str) -> JsonValue:
    return {"type": "summary_text", "text": text}


def _item(kept: Kept, asked: Asked, item: Event, place: int) -> Iterator[Event]:
    """Yield the events of one item of the answer."""
    at: Event = {"output_index": place, "item_id": item["id"]}
    if item["type"] == "function_call":
        empty: Event = {**item, "arguments": "", "status": "in_progress"}
        yield {"type": "response.output_item.added", "output_index": place, "item": empty}
        yield {"type": "response.function_call_arguments.delta", **at, "delta": item["arguments"]}
        yield {
            "type": "response.function_call_arguments.done", **at, "name": item["name"],
            "arguments": item["arguments"],
        }  # fmt: skip
    else:
        part, (text, _) = kept.part(asked), kept.said(asked)
        name, key = ("refusal", "refusal") if part["type"] == "refusal" else ("output_text", "text")
        at["content_index"] = 0
        logs: Event = {} if name == "refusal" else {"logprobs": []}
        first = kept.message("in_progress", [])
        yield {"type": "response.output_item.added", "output_index": place, "item": first}
        yield {"type": "response.content_part.added", **at, "part": {**part, key: ""}}
        yield {"type": f"response.{name}.delta", **at, "delta": text, **logs}
        yield {"type": f"response.{name}.done", **at, key: text, **logs}
        yield {"type": "response.content_part.done", **at, "part": part}
    yield {"type": "response.output_item.done", "output_index": place, "item": item}
