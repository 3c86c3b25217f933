"""What can the model behind this endpoint really do? Asked once per endpoint, then cached.

A few very short requests: servers say they support what their model cannot do, and small models
write tool calls as text.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import TypeVar

import openai
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from manyminds.core.errors import ProviderError
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Abilities

__all__ = ["forget_abilities", "known_abilities", "probe"]

T = TypeVar("T")

_TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather of one city now.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
_TWO_CITIES: list[ChatCompletionMessageParam] = [
    {"role": "user", "content": "What is the weather in Oslo and in Rome? Use the weather tool."}
]
_REASONING_FIELDS = ("reasoning_content", "reasoning")
_PROBE_S = 60.0
HOSTED_OUTPUT_TOKENS = 4_096


def _path(cache: Path) -> Path:
    return cache / "probes.json"


def _read(cache: Path) -> dict[str, dict[str, JsonValue]]:
    try:
        found: dict[str, dict[str, JsonValue]] = json.loads(_path(cache).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def known_abilities(cache: Path, mark: str) -> Abilities | None:
    """Return what was found out before about this endpoint and model, if anything."""
    found = _read(cache).get(mark)
    known = {field.name for field in fields(Abilities)}
    if found is None or set(found) != known:
        return None
    return Abilities(**found)  # pyright: ignore[reportArgumentType]


def forget_abilities(cache: Path) -> None:
    """Forget every probe, so that the next run asks again."""
    _path(cache).unlink(missing_ok=True)


async def probe(client: openai.AsyncOpenAI, model: str, *, cache: Path, mark: str) -> Abilities:
    """Ask the endpoint, and keep what was found under `mark`.

    Raises:
        ProviderError: If it cannot be reached at all, refuses the key or lacks the model.
    """
    try:
        schema = await asyncio.wait_for(_obeys_schema(client, model), _PROBE_S)
    except (openai.APIConnectionError, TimeoutError):
        raise ProviderError(f"{model}: nothing answers at {client.base_url}; is it up?") from None
    except (openai.AuthenticationError, openai.PermissionDeniedError):
        raise ProviderError(
            f"{model}: HTTP 401: the key is missing or wrong; set it with `manyminds keys set`",
            status=401,
        ) from None
    except openai.NotFoundError:
        raise ProviderError(
            f"{model}: no such model or address there; see `manyminds models`", status=404
        ) from None
    except (openai.APIError, ValueError, TypeError, IndexError, AttributeError):
        schema = None  # it may be busy or odd: the run will see, and say so
    tools = await _try(lambda: _calls_tools(client, model))
    usage, reasoning = await _try(lambda: _streams(client, model)) or (None, None)
    abilities = Abilities(
        json_schema=schema,
        tools=None if tools is None else tools > 0,
        parallel_tools=None if tools is None else tools > 1,
        stream_usage=usage,
        reasoning_field=reasoning,
        context_tokens=await _try(lambda: _context(client, model)),
        output_tokens=HOSTED_OUTPUT_TOKENS,
    )
    if schema is not None:
        _keep(cache, mark, abilities)
    return abilities


async def _try(ask: Callable[[], Awaitable[T]]) -> T | None:
    """Return what was found; `None` where the endpoint would not say."""
    try:
        return await asyncio.wait_for(ask(), _PROBE_S)
    except (openai.APIError, TimeoutError, ValueError, TypeError, IndexError, AttributeError):
        return None


def _keep(cache: Path, mark: str, abilities: Abilities) -> None:
    known = _read(cache)
    known[mark] = asdict(abilities)
    cache.mkdir(parents=True, exist_ok=True)
    new = _path(cache).with_suffix(f".{os.getpid()}.new")  # other processes write, too
    new.write_text(json.dumps(known, indent=1), encoding="utf-8")
    new.replace(_path(cache))


async def _obeys_schema(client: openai.AsyncOpenAI, model: str) -> bool:
    reply = await client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "Write a poem of one line."}],
        max_tokens=40,
        temperature=0,
        response_format={
            "type": "json_schema",
            "json_schema": {
                "name": "number",
                "schema": {
                    "type": "object",
                    "properties": {"number": {"type": "integer", "minimum": 1, "maximum": 9}},
                    "required": ["number"],
                    "additionalProperties": False,
                },
            },
        },
    )
    try:
        found: JsonValue = json.loads(reply.choices[0].message.content or "")
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("number"), int)


async def _calls_tools(client: openai.AsyncOpenAI, model: str) -> int:
    """Return how many well-formed calls come back where two are wanted."""
    reply = await client.chat.completions.create(
        model=model, messages=_TWO_CITIES, tools=[_TOOL], max_tokens=120, temperature=0
    )
    good = 0
    for call in reply.choices[0].message.tool_calls or []:
        if call.type == "function" and call.function.name == "weather":
            found: JsonValue = json.loads(call.function.arguments)
            good += isinstance(found, dict) and isinstance(found.get("city"), str)
    return good


async def _streams(client: openai.AsyncOpenAI, model: str) -> tuple[bool, str | None]:
    """Return whether usage comes with a stream, and the name of the reasoning field."""
    stream = await client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "Say yes."}],
        max_tokens=4,
        stream=True,
        stream_options={"include_usage": True},
    )
    usage, reasoning = False, None
    async for chunk in stream:
        usage = usage or chunk.usage is not None
        for choice in chunk.choices:
            extra = choice.delta.model_extra or {}
            reasoning = next((name for name in _REASONING_FIELDS if extra.get(name)), reasoning)
    return usage, reasoning


async def _context(client: openai.AsyncOpenAI, model: str) -> int | None:
    """Return the context length where the model list tells it: llama.cpp, vLLM, OpenRouter."""
    listed = await client.models.list()
    for entry in listed.data:
        if entry.id == model or len(listed.data) == 1:
            extra = entry.model_extra or {}
            meta = extra.get("meta")
            places: list[object] = [
                meta.get("n_ctx") if isinstance(meta, dict) else None,  # pyright: ignore[reportUnknownMemberType]
                extra.get("max_model_len"),
                extra.get("context_length"),
            ]
            return next((p for p in places if isinstance(p, int)), None)
    return None
