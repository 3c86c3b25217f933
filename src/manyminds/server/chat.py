"""`POST /v1/chat/completions`: a panel behind the request that every client can make.

What members do is told in the reasoning field while they work; the answer comes whole when it
stands, since nobody may say before that which one it will be.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from manyminds.core.errors import ManymindsError
from manyminds.core.messages import JsonValue
from manyminds.core.values import Citation
from manyminds.runtime.ask import Asked
from manyminds.server import sse
from manyminds.server.answers import annotations, calls_of, extension, said, until, usage
from manyminds.server.bodies import read_body
from manyminds.server.conversations import ChatBody, order_of
from manyminds.server.gate import client_of
from manyminds.server.house import House, end_unwanted, gone_away, house_of
from manyminds.server.refusals import Refused, error_body, refused
from manyminds.strategies.relay import CUT
from manyminds.transcript.board import Board

__all__ = ["chat"]

_OPEN_WEBUI = "x-openwebui-"
"""How the headers begin that Open WebUI sends where ENABLE_FORWARD_USER_INFO_HEADERS is set. Other
clients may be strict about lines that they do not know, and get none."""


@dataclass(frozen=True, kw_only=True)
class _Completion:
    """One completion on its way out."""

    run: str
    body: ChatBody
    created: int
    led: bool
    """Whether the client leads the conversation."""
    statuses: bool = False
    """Whether the client shows lines of its own kind: Open WebUI does."""

    def chunk(
        self, delta: dict[str, JsonValue] | None, finish: str | None = None, **more: JsonValue
    ) -> bytes:
        """Write a piece of it; without a delta, one that holds no choice."""
        choice: JsonValue = {"index": 0, "delta": delta, "finish_reason": finish}
        return sse.event(
            {
                "id": f"chatcmpl-{self.run}", "object": "chat.completion.chunk",
                "created": self.created, "model": self.body.model,
                "choices": [] if delta is None else [choice], **more,
            }
        )  # fmt: skip

    def text(self, asked: Asked) -> tuple[str, str]:
        """Return the answer as it is said, and why it ends there."""
        if self.led and asked.answer.text is not None:
            cut = CUT in asked.answer.missing
            return until(asked.answer.text, self.body.stops), "length" if cut else "stop"
        bare = self.body.response_format is not None
        return said(asked, bare=bare, stops=self.body.stops, longest=self.body.longest)

    def calls(self, asked: Asked) -> list[JsonValue]:
        """Return the calls that the client is to make; none where the answer is text."""
        if not self.led or asked.answer.text is None:
            return []
        return [
            {
                "index": place, "id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for place, call in enumerate(calls_of(asked))
        ]  # fmt: skip

    def whole(self, asked: Asked) -> dict[str, JsonValue]:
        """Return all of it."""
        (text, finish), calls = self.text(asked), self.calls(asked)
        message: dict[str, JsonValue] = {
            "role": "assistant", "content": None if calls else text,
            "annotations": annotations(asked, text),
            "refusal": text if asked.answer.text is None else None,
        }  # fmt: skip
        if calls:
            message["tool_calls"], finish = calls, "tool_calls"
        choice: JsonValue = {
            "index": 0, "message": message, "finish_reason": finish, "logprobs": None,
        }  # fmt: skip
        return {
            "id": f"chatcmpl-{self.run}", "object": "chat.completion", "created": self.created,
            "model": self.body.model, "choices": [choice], "usage": usage(asked),
            "manyminds": extension(asked),
        }  # fmt: skip

    def status(self, line: str, *, done: bool = False) -> bytes:
        """Write a line that Open WebUI shows over the answer."""
        data: JsonValue = {"description": line, "done": done}
        return sse.event({"event": {"type": "status", "data": data}})

    def end(self, asked: Asked, sent: str) -> Iterator[bytes]:
        """Write what is left of it once the first part was sent.

        Raises:
            Refused: If what was sent is not its beginning: the model was asked anew meanwhile.
        """
        (text, finish), calls = self.text(asked), self.calls(asked)
        if calls:
            yield self.chunk({"tool_calls": calls})
            finish = "tool_calls"
        elif not text.startswith(sent):
            raise Refused(502, "the model broke off and was asked anew", code="provider_error")
        elif len(text) > len(sent):
            yield self.chunk({"content": text.removeprefix(sent)})
        cited = annotations(asked, text)
        if self.statuses:
            yield self.status(asked.answer.how or asked.answer.outcome, done=True)
            for citation in asked.answer.citations:
                yield _source(citation)
        last: dict[str, JsonValue] = {"annotations": cited} if cited else {}
        yield self.chunk(last, finish, manyminds=extension(asked))
        if self.body.stream_options and self.body.stream_options.include_usage:
            yield self.chunk(None, usage=usage(asked))


def _source(citation: Citation) -> bytes:
    """Write a citation as Open WebUI shows it: a passage with where it stands."""
    place = {"name": citation.source, "url": citation.source}
    data: JsonValue = {
        "source": {**place}, "document": [citation.quote],
        "metadata": [{"source": citation.source}],
    }  # fmt: skip
    return sse.event({"event": {"type": "source", "data": data}})


async def chat(request: Request) -> Response:
    """Answer a conversation."""
    house, client = house_of(request), client_of(request.scope)
    body, _ = await read_body(request, ChatBody)
    order = await asyncio.to_thread(order_of, body, house, client)
    led = order.conversation is not None
    # The words of one member are the answer, so they can be passed on as they come; where they may
    # end early, only what comes of it is told.
    as_written = body.stream and led and order.options.members == 1 and not body.stops
    heard = asyncio.Queue[str]() if as_written else None
    run = await house.engine.begin(
        order, client, goes_on=False, on_text=None if heard is None else heard.put_nowait
    )
    done = asyncio.create_task(house.engine.done(run))
    completion = _Completion(
        run=run, body=body, created=int(time.time()), led=led,
        statuses=any(name.startswith(_OPEN_WEBUI) for name in request.headers),
    )  # fmt: skip
    if body.stream:
        return sse.streamed(_stream(house, completion, done, heard))
    gone = asyncio.create_task(gone_away(request))
    try:
        await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not done.done():  # nobody is there any more to be answered
            return Response(status_code=499)
        return JSONResponse(completion.whole(done.result()), headers={"X-Manyminds-Run": run})
    finally:
        gone.cancel()
        await end_unwanted(house, run, done)


async def _stream(
    house: House, completion: _Completion, done: "asyncio.Task[Asked]",
    heard: "asyncio.Queue[str] | None",
) -> AsyncIterator[bytes]:  # fmt: skip
    run, sent = completion.run, ""
    try:
        yield completion.chunk({"role": "assistant", "content": ""})
        if heard is None:
            async for piece in _progress(house, completion):
                yield piece
        else:
            async for text in _words(heard, done):
                sent += text
                yield completion.chunk({"content": text})
        for piece in completion.end(await done, sent):
            yield piece
    except ManymindsError as error:
        yield sse.event(error_body(refused(error)))
    except Refused as error:
        yield sse.event(error_body(error))
    finally:
        await end_unwanted(house, run, done)
    yield sse.DONE


async def _progress(house: House, completion: _Completion) -> AsyncIterator[bytes]:
    """Tell what members do, a line each."""
    board = Board()
    yield completion.chunk(house.thought(f"run {completion.run}\n"))
    async with aclosing(house.engine.events(completion.run)) as events:
        async for recorded in events:
            line = board.take(recorded)
            if line is not None and (thought := house.thought(f"{line}\n")):
                yield completion.chunk(thought)
            if line is not None and completion.statuses:
                yield completion.status(line)


async def _words(heard: "asyncio.Queue[str]", done: "asyncio.Task[Asked]") -> AsyncIterator[str]:
    """Yield words as they come, until the run is over."""
    while not (done.done() and heard.empty()):
        coming = asyncio.create_task(heard.get())
        await asyncio.wait({coming, done}, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            yield coming.result()
        else:
            coming.cancel()
