"""The `openai` client, without its walk over every request.

`chat.completions.create` compares each message with each type it could be before it sends it: over
a third of the client's CPU time, for requests that are plain JSON already. `post`, the client's own
door for requests it has no method for, sends the same bytes; transport, errors, streaming and typed
replies stay the client's. Measured in `benchmarks/RESULTS.md`.
"""

from functools import cached_property
from typing import cast

import openai
from openai import AsyncStream, NotGiven, Omit, Timeout
from openai._types import RequestOptions  # its own `post` takes it, and lists it nowhere else
from openai.resources.chat import AsyncChat
from openai.resources.chat.completions import AsyncCompletions
from openai.types.chat import ChatCompletion, ChatCompletionChunk

__all__ = ["LeanOpenAI"]

_PATH = "/chat/completions"


class LeanOpenAI(openai.AsyncOpenAI):
    """An `AsyncOpenAI` whose chat completions take plain JSON as it is."""

    @cached_property
    def chat(self) -> AsyncChat:  # pyright: ignore[reportIncompatibleMethodOverride] (theirs is cached too)
        """Chat completions."""
        return _Chat(self)


class _Chat(AsyncChat):
    @cached_property
    def completions(self) -> AsyncCompletions:  # pyright: ignore[reportIncompatibleMethodOverride] (as above)
        return _Completions(self._client)


class _Completions(AsyncCompletions):
    async def create(  # pyright: ignore[reportIncompatibleMethodOverride] (the same call, unlisted)
        self,
        *,
        stream: bool | None = False,
        extra_headers: dict[str, str] | None = None,
        extra_body: object = None,
        **parameters: object,
    ) -> ChatCompletion | AsyncStream[ChatCompletionChunk]:
        given = {k: v for k, v in parameters.items() if not isinstance(v, Omit | NotGiven)}
        options = RequestOptions()
        if extra_headers is not None:
            options["headers"] = extra_headers
        if extra_body is not None:
            options["extra_json"] = cast("dict[str, object]", extra_body)
        timeout = given.pop("timeout", None)
        if isinstance(timeout, float | int | Timeout):
            options["timeout"] = timeout
        if stream:
            return await self._client.post(
                _PATH,
                body={**given, "stream": True},
                cast_to=ChatCompletion,
                options=options,
                stream=True,
                stream_cls=AsyncStream[ChatCompletionChunk],
            )
        return await self._client.post(_PATH, body=given, cast_to=ChatCompletion, options=options)
