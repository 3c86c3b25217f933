"""`POST /v1/chat/completions`: a panel behind the request that every client can make.

What members do is told in the reasoning field while they work; the answer comes whole when it
stands, since nobody may say before that which one it will be.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from manyminds.agents.prompts import prompt
from manyminds.budget.parse import parse_limits
from manyminds.core.errors import ManymindsError
from manyminds.core.messages import JsonValue
from manyminds.core.values import Limits, Task
from manyminds.runtime.ask import Asked
from manyminds.runtime.orders import Order
from manyminds.server import sse
from manyminds.server.answers import annotations, extension, said, usage
from manyminds.server.bodies import checked_schema, read_body
from manyminds.server.clients import Client
from manyminds.server.gate import client_of
from manyminds.server.house import House, house_of
from manyminds.server.modes import Asking, ReasoningEffort
from manyminds.server.refusals import Refused, error_body, refused
from manyminds.transcript.board import Board

__all__ = ["ChatBody", "chat"]

_TITLES = ("### Task:",)
"""How Open WebUI begins when it wants a title, tags or follow-ups: no panel for those."""


class Part(BaseModel):
    """A part of a message."""

    type: str
    text: str | None = None


class Message(BaseModel):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


class ResponseFormat(BaseModel):
    """What the answer has to look like."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


class StreamOptions(BaseModel):
    """What a stream holds beside the answer."""

    include_usage: bool = False


class Extension(BaseModel):
    """What only this server knows of, in the field `manyminds`."""

    model_config = ConfigDict(extra="forbid")

    budget: Annotated[str, Field(max_length=100)] | None = None
    members: Annotated[int, Field(ge=1, le=100)] | None = None
    sites: Annotated[tuple[str, ...], Field(max_length=50)] = ()


class ChatBody(BaseModel):
    """A request for a chat completion; other fields of OpenAI's are passed over."""

    model: Annotated[str, Field(max_length=300)]
    messages: Annotated[list[Message], Field(min_length=1, max_length=2_000)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int | None = None
    stop: str | list[str] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: ReasoningEffort | None = None
    web_search_options: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    logprobs: bool | None = None
    modalities: list[str] | None = None
    manyminds: Extension | None = None

    @model_validator(mode="before")
    @classmethod
    def _input(cls, found: object) -> object:
        """Take Cursor's shape, too: a list of `input` where `messages` should be."""
        if not isinstance(found, dict) or "messages" in found or "input" not in found:
            return cast("object", found)
        body = cast("dict[str, object]", found)
        given = body["input"]
        said = [{"role": "user", "content": given}] if isinstance(given, str) else given
        return {**body, "messages": said}

    @property
    def stops(self) -> Sequence[str]:
        """Texts that end the answer."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def longest(self) -> int | None:
        """Tokens of the answer at most."""
        return self.max_completion_tokens or self.max_tokens

    def check(self) -> None:
        """Refuse what is not done here.

        Raises:
            Refused: Saying which, and what to do.
        """
        wrong: dict[str, tuple[bool, str]] = {
            "n": (self.n not in (None, 1), "one answer a request; ask again for another"),
            "stop": (len(self.stops) > 4 or "" in self.stops, "at most 4 texts, none empty"),
            "tools": (bool(self.tools), "tools of the client are not taken yet; leave them out"),
            "logprobs": (bool(self.logprobs), "a panel has none; leave it out"),
            "modalities": (self.modalities not in (None, ["text"]), "answers are text"),
        }
        for param, (is_wrong, why) in wrong.items():
            if is_wrong:
                raise Refused(400, f"{param}: {why}", code="unsupported_value", param=param)


def question_in(messages: Sequence[Message]) -> str:
    """Return the question of a conversation, with what was said before.

    Raises:
        Refused: If there is none, or something in it cannot be read.
    """
    said = [(m.role, _text(m, place).strip()) for place, m in enumerate(messages)]
    asked = [place for place, (role, _) in enumerate(said) if role not in _ORDERS]
    role, question = said.pop(asked[-1]) if asked else ("", "")
    if role != "user" or not question:
        why = "the last message has to be a user's"
        raise Refused(400, why, code="no_question", param="messages")
    before = "\n\n".join(f"{role}: {text}" for role, text in said if text)
    return prompt("conversation", said=before, question=question) if before else question


_ORDERS = ("system", "developer")


def _text(message: Message, place: int) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    for part in message.content:
        if part.type not in ("text", "input_text", "output_text") or part.text is None:
            raise Refused(
                400, f"a part of type {part.type!r} cannot be read here; send text",
                code="unsupported_value", param=f"messages.{place}.content",
            )  # fmt: skip
    return "\n".join(part.text or "" for part in message.content)


def order_of(body: ChatBody, house: House, client: Client) -> Order:
    """Return what a request comes to.

    Raises:
        Refused: If it cannot be met.
        ManymindsError: As `Modes.order`.
    """
    body.check()
    question, more = question_in(body.messages), body.manyminds or Extension()
    web = body.web_search_options is not None
    name = body.model
    if question.startswith(_TITLES):
        name = "brief"
    house.check_scope(client, name, web=web)
    asking = Asking(
        effort=body.reasoning_effort, members=more.members, seed=_seed(body.seed), web=web,
        sites=more.sites, limits=_limits(more.budget),
    )  # fmt: skip
    task = Task(prompt=question, schema_json=_schema(body.response_format))
    return house.modes.order(name, task, asking)


def _seed(seed: int | None) -> int | None:
    return None if seed is None else seed & 0x7FFF_FFFF


def _limits(budget: str | None) -> Limits:
    return Limits() if budget is None else parse_limits(budget)


def _schema(wanted: ResponseFormat | None) -> str | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return '{"type": "object"}'
    found: JsonValue = (wanted.json_schema or {}).get("schema")
    return checked_schema(found, "response_format.json_schema.schema")


@dataclass(frozen=True, kw_only=True)
class _Completion:
    """One completion on its way out."""

    run: str
    body: ChatBody
    created: int

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
        bare = self.body.response_format is not None
        return said(asked, bare=bare, stops=self.body.stops, longest=self.body.longest)

    def whole(self, asked: Asked) -> dict[str, JsonValue]:
        """Return all of it."""
        text, finish = self.text(asked)
        message: dict[str, JsonValue] = {
            "role": "assistant", "content": text, "annotations": annotations(asked, text),
            "refusal": text if asked.answer.text is None else None,
        }  # fmt: skip
        choice: JsonValue = {
            "index": 0, "message": message, "finish_reason": finish, "logprobs": None,
        }  # fmt: skip
        return {
            "id": f"chatcmpl-{self.run}", "object": "chat.completion", "created": self.created,
            "model": self.body.model, "choices": [choice], "usage": usage(asked),
            "manyminds": extension(asked),
        }  # fmt: skip


async def chat(request: Request) -> Response:
    """Answer a conversation."""
    house, client = house_of(request), client_of(request.scope)
    body, _ = await read_body(request, ChatBody)
    order = await asyncio.to_thread(order_of, body, house, client)
    run = await house.engine.begin(order, client, goes_on=False)
    done = asyncio.create_task(house.engine.done(run))
    completion = _Completion(run=run, body=body, created=int(time.time()))
    if body.stream:
        return sse.streamed(_stream(house, completion, done))
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({done, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not done.done():  # nobody is there any more to be answered
            return Response(status_code=499)
        return JSONResponse(completion.whole(done.result()), headers={"X-Manyminds-Run": run})
    finally:
        gone.cancel()
        await _left(house, run, done)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _left(house: House, run: str, done: "asyncio.Task[Asked]") -> None:
    """End a run that nobody waits for any more."""
    if not done.done():
        with suppress(ManymindsError):
            await asyncio.to_thread(house.engine.cancel, run)
        done.cancel()


async def _stream(
    house: House, completion: _Completion, done: "asyncio.Task[Asked]"
) -> AsyncIterator[bytes]:
    run, board = completion.run, Board()
    try:
        yield completion.chunk({"role": "assistant", "content": ""})
        yield completion.chunk(house.thought(f"run {run}\n"))
        async with aclosing(house.engine.events(run)) as events:
            async for recorded in events:
                line = board.take(recorded)
                if line is not None and (thought := house.thought(f"{line}\n")):
                    yield completion.chunk(thought)
        asked = await done
        text, finish = completion.text(asked)
        yield completion.chunk({"content": text})
        cited = annotations(asked, text)
        last: dict[str, JsonValue] = {"annotations": cited} if cited else {}
        yield completion.chunk(last, finish, manyminds=extension(asked))
        if completion.body.stream_options and completion.body.stream_options.include_usage:
            yield completion.chunk(None, usage=usage(asked))
    except ManymindsError as error:
        yield sse.event(error_body(refused(error)))
    finally:
        await _left(house, run, done)
    yield sse.DONE
