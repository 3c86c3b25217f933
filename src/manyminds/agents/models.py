"""One request to one model: our values in, pydantic-ai's in between, our values out.

Everything a provider can do wrong leaves here as a `ProviderError` with one line for people.
Retries, budgets and recording are not done here: the run does them.
"""

import json
from collections.abc import Callable, Sequence
from typing import cast

import aiohttp
import httpx2
from openai import OpenAIError
from pydantic import ValidationError
from pydantic_ai.exceptions import (
    AgentRunError,
    ModelAPIError,
    ModelHTTPError,
    UnexpectedModelBehavior,
    UserError,
)
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    SystemPromptPart,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from manyminds.agents.loops import is_looping
from manyminds.core.errors import ProviderError
from manyminds.core.messages import (
    Finish,
    JsonValue,
    Message,
    ModelCall,
    Picture,
    Reply,
    Said,
    ToolCall,
    ToolSpec,
    Turn,
)
from manyminds.core.values import Spend

__all__ = ["Progress", "send", "tokens_at_least", "tokens_at_most"]

Progress = Callable[[int, str], None]
"""Told how many pieces (about tokens) have come so far while a reply streams, and what is new of
its text."""

_FROM_SERVICES = (
    AgentRunError, UserError, OpenAIError, ValidationError, OSError, aiohttp.ClientError,
    httpx2.HTTPError, ValueError, LookupError, TypeError, AttributeError,
)  # fmt: skip
"""What services, their clients and the readers of their replies are seen to raise. The last four
are wide on purpose: a reply that is JSON but of no known shape surfaces as any of them."""

_CACHED = {"anthropic_cache": True, "anthropic_cache_tool_definitions": True}

LOOK_EVERY = 16
"""Pieces of a stream between two looks for loops."""

_RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


def tokens_at_least(call: ModelCall) -> int:
    """Estimate a request's input tokens from below: four characters a token of plain English."""
    return call.size // 4


def tokens_at_most(call: ModelCall) -> int:
    """Estimate what a request may cost at most: input (two and a half bytes a token) and output."""
    return int(call.size / 2.5) + 16 * len(call.messages) + call.max_tokens


async def send(model: Model, call: ModelCall, *, progress: Progress | None = None) -> Reply:
    """Send one request and return the reply, with token counts but no price.

    With `progress` the reply is streamed, and told of as it comes.

    Raises:
        ProviderError: If the service failed or what came back is no reply.
    """
    messages = _shown(_to_messages(call.messages), call.pictures)
    settings = ModelSettings(
        max_tokens=call.max_tokens, temperature=call.temperature, seed=call.seed
    )
    if call.thinking is not None:
        settings["thinking"] = call.thinking
        if isinstance(model, OpenAIChatModel) and not call.thinking:
            # Servers of open models switch it in the chat template; others pass over the field.
            settings["extra_body"] = {"chat_template_kwargs": {"enable_thinking": False}}
    if model.system == "anthropic":
        # Others cache long beginnings by themselves; here it has to be asked for.
        cast("dict[str, object]", settings).update(_CACHED)
    if not isinstance(model, OpenAIChatModel):
        # Our OpenAI clients are made without retries; to say so again copies the whole client.
        settings["max_retries"] = 0
    parameters = _to_parameters(call)
    try:
        if progress is None:
            response = await model.request(messages, settings, parameters)
            return _to_reply(response, tokens_at_least(call))
        return await _stream(
            model, messages, settings, parameters, progress, prompt_tokens=tokens_at_least(call)
        )
    except _FROM_SERVICES as error:
        # The cause is cut off: a client's error can hold headers, and with them a key.
        raise _explain(model.model_name, error) from None


def _text_of(event: PartStartEvent | PartDeltaEvent) -> str:
    if isinstance(event, PartStartEvent):
        return event.part.content if isinstance(event.part, TextPart) else ""
    return event.delta.content_delta if isinstance(event.delta, TextPartDelta) else ""


async def _stream(
    model: Model,
    messages: list[ModelMessage],
    settings: ModelSettings,
    parameters: ModelRequestParameters,
    progress: Progress,
    *,
    prompt_tokens: int,
) -> Reply:
    pieces, text = 0, ""
    async with model.request_stream(messages, settings, parameters) as stream:
        async for event in stream:
            if isinstance(event, PartStartEvent | PartDeltaEvent):
                pieces += 1
                new = _text_of(event)
                progress(pieces, new)
                text += new
            if pieces % LOOK_EVERY == 0 and is_looping(text):
                # Closing the stream ends the work at the other side; nobody counted its tokens.
                spend = Spend(tokens_in=prompt_tokens, tokens_out=pieces, estimated=True)
                return Reply(text=text, finish="length", spend=spend)
        response = stream.get()
    if response.finish_reason is None:
        raise ProviderError(f"{model.model_name}: the stream broke off; try again", retryable=True)
    return _to_reply(response, prompt_tokens)


def _explain(name: str, error: Exception) -> ProviderError:
    if isinstance(error, ModelHTTPError):
        return _explain_status(name, error)
    if isinstance(error, ModelAPIError):
        why = f"{name}: cannot be reached ({_one_line(error.message)}); is the service up?"
        return ProviderError(why, retry_after_s=error.retry_after, retryable=True)
    if isinstance(error, UserError):
        return ProviderError(f"{name}: {_one_line(str(error))}")
    if isinstance(error, OSError | aiohttp.ClientError | httpx2.HTTPError):
        kind = type(error).__name__
        return ProviderError(f"{name}: the connection broke ({kind}); try again", retryable=True)
    what = _one_line(str(error)) or type(error).__name__
    return ProviderError(f"{name}: sent something that is no reply ({what})", retryable=True)


def _explain_status(name: str, error: ModelHTTPError) -> ProviderError:
    status = error.status_code
    advice = {
        400: "it refused the request",
        401: "the key is missing or wrong; set it with `manyminds keys set`",
        402: "the account has no credit",
        403: "the key may not use this model",
        404: "no such model or address there; see `manyminds models`",
        413: "the request is too long for it",
        429: "it asks us to slow down",
    }.get(status, "it failed" if status >= 500 else "it refused the request")
    body = _message_in(error.body)
    text = f"{name}: HTTP {status}: {advice}" + (f" ({body})" if body else "")
    retryable = status in _RETRYABLE
    return ProviderError(text, status=status, retry_after_s=error.retry_after, retryable=retryable)


def _message_in(body: object) -> str:
    """Find the words for people in an error body; HTML pages and the like are left out."""
    found: object = body
    for _ in range(2):
        if isinstance(found, dict):
            parts: dict[object, object] = found  # pyright: ignore[reportUnknownVariableType]
            found = parts.get("message", parts.get("error"))
    text = found if isinstance(found, str) else ""
    return "" if text.lstrip().startswith("<") else _one_line(text)


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:199] + "…"


def _to_messages(messages: Sequence[Message]) -> list[ModelMessage]:
    """Translate; neighbouring words and tool results share one request, as providers expect."""
    done: list[ModelMessage] = []
    parts: list[ModelRequestPart] = []
    for message in messages:
        if isinstance(message, Turn):
            if parts:
                done.append(ModelRequest(parts=parts))
                parts = []
            calls = [
                ToolCallPart(tool_name=c.name, args=dict(c.arguments), tool_call_id=c.id)
                for c in message.calls
            ]
            text = [TextPart(content=message.text)] if message.text else []
            done.append(ModelResponse(parts=[*text, *calls]))
        elif isinstance(message, Said):
            kind = SystemPromptPart if message.role == "system" else UserPromptPart
            before = parts[-1] if parts else None
            if isinstance(before, UserPromptPart) and kind is UserPromptPart:
                # Many chat templates refuse two turns of a user in a row.
                parts[-1] = UserPromptPart(content=f"{before.content}\n\n{message.text}")
            else:
                parts.append(kind(content=message.text))
        else:
            parts.append(
                ToolReturnPart(
                    tool_name=message.name, content=message.text, tool_call_id=message.call_id
                )
            )
    return [*done, ModelRequest(parts=parts)] if parts else done


def _shown(messages: list[ModelMessage], pictures: Sequence[Picture]) -> list[ModelMessage]:
    """Put pictures with the first words of the user."""
    if not pictures:
        return messages
    parts = (part for m in messages if isinstance(m, ModelRequest) for part in m.parts)
    first = next((part for part in parts if isinstance(part, UserPromptPart)), None)
    if first is not None:
        seen = (BinaryContent(data=p.content, media_type=p.media_type) for p in pictures)
        first.content = [str(first.content), *seen]
    return messages


def _to_parameters(call: ModelCall) -> ModelRequestParameters:
    if call.schema is not None:
        wanted = OutputObjectDefinition(json_schema=call.schema, name="reply")
        return ModelRequestParameters(output_mode="native", output_object=wanted)
    if not call.tools:
        return _FREE_TEXT
    return ModelRequestParameters(function_tools=[_to_tool(spec) for spec in call.tools])


_FREE_TEXT = ModelRequestParameters()


def _to_tool(spec: ToolSpec) -> ToolDefinition:
    return ToolDefinition(
        name=spec.name, description=spec.description, parameters_json_schema=spec.parameters
    )


def _to_reply(response: ModelResponse, prompt_tokens: int) -> Reply:
    text = _clean("".join(p.content for p in response.parts if isinstance(p, TextPart)))
    calls = tuple(_to_call(part) for part in response.parts if isinstance(part, ToolCallPart))
    if not text and not calls and response.finish_reason != "length":
        raise UnexpectedModelBehavior("an empty reply")
    usage = response.usage
    counted = usage.input_tokens > 0 or usage.output_tokens > 0
    written = len(text) + sum(len(json.dumps(call.arguments)) for call in calls)
    return Reply(
        text=text,
        calls=calls,
        finish=_finish(response, calls),
        spend=Spend(
            tokens_in=usage.input_tokens if counted else prompt_tokens,
            tokens_cached=usage.cache_read_tokens,
            tokens_written=usage.cache_write_tokens,
            tokens_out=usage.output_tokens if counted else max(1, written // 3),
            tokens_reasoning=usage.details.get("reasoning_tokens", 0),
            estimated=not counted,
        ),
    )


def _finish(response: ModelResponse, calls: tuple[ToolCall, ...]) -> Finish:
    if response.finish_reason == "length":
        return "length"
    return "tools" if calls else "stop"


def _to_call(part: ToolCallPart) -> ToolCall:
    try:
        arguments: dict[str, JsonValue] = part.args_as_dict()
    except (ValueError, AssertionError):
        # Kept as it came: the tool's own check then tells the model what was wrong with it.
        arguments = {"unreadable": str(part.args)}
    arguments = json.loads(_clean(json.dumps(arguments, ensure_ascii=False)))
    return ToolCall(id=part.tool_call_id, name=_clean(part.tool_name), arguments=arguments)


def _clean(text: str) -> str:
    """Replace halves of surrogate pairs: some models write them, and no file can hold them."""
    return text.encode("utf-8", "replace").decode()
