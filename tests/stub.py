"""A chat completions server on loopback whose replies a test writes down: good ones and faults."""

import asyncio
import json
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from aiohttp import web

from manyminds.testing import final

Body = dict[str, Any]
Behaviour = Callable[[Body], "web.StreamResponse | str | None"]


def say(text: str) -> Behaviour:
    return lambda _body: text


def fail(status: int, body: str = "", **headers: str) -> Behaviour:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _body: web.Response(status=status, text=body, headers=sent)


def html(_body: Body) -> web.StreamResponse:
    return web.Response(text="<html><body>Bad gateway</body></html>", content_type="text/html")


def broken_json(_body: Body) -> web.StreamResponse:
    return web.Response(text='{"choices": [', content_type="application/json")


def no_choices(_body: Body) -> web.StreamResponse:
    return web.json_response({"id": "x", "object": "chat.completion", "choices": []})


def odd_shape(_body: Body) -> web.StreamResponse:
    return web.json_response({"choices": [{"message": 7}], "usage": "none"})


def nothing(_body: Body) -> web.StreamResponse:
    return web.Response(text="")


def hang(_body: Body) -> None:
    """Never answer."""


CUT = "cut"
"""Stream half a reply, then close the connection."""


class Stub:
    """The server, in a thread of its own; usable from tests, async or not, and from subprocesses."""

    def __init__(self) -> None:
        self.behaviours: list[Behaviour] = []
        """Played in order, the last one for ever."""
        self.requests: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.cut = False
        self.delay_s = 0.0
        self.piece_s = 0.0
        """Between the pieces of a stream."""
        self.until: Callable[[], bool] = lambda: True
        """What every reply waits for, half a minute at most: order is tested so, without a clock."""
        self.more: Callable[[], bool] = lambda: True
        """What every piece of a stream but the first waits for, as well."""
        self.most = self._waiting = 0
        """How many requests waited at once, at most."""
        self.replies = 0
        """How many were answered to their end."""
        self.reasoning_tokens = 0
        self.usage: Callable[[Body], tuple[int, int]] = lambda _body: (100, 20)
        """Input and output tokens that it says a request has cost."""
        self.caches = True
        """Whether the messages protocol keeps beginnings that it is told to keep."""
        self._kept: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port = 0

    def _reasoned(self, body: Body) -> int:
        """Reason, unless that is switched off as servers of open models have it."""
        off = body.get("chat_template_kwargs", {}).get("enable_thinking") is False
        return 0 if off else self.reasoning_tokens

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def model(self) -> str:
        return f"{self.url}#stub"

    def __enter__(self) -> "Stub":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main())
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _main(self) -> None:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/messages", self._messages)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _models(self, _request: web.Request) -> web.Response:
        entry = {"id": "stub", "object": "model", "max_model_len": 32_768}
        return web.json_response({"object": "list", "data": [entry]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body: Body = await request.json()
        if _is_probe(body):
            return await self._probe(request, body)
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        place = min(len(self.requests), len(self.behaviours)) - 1
        self._waiting += 1
        self.most = max(self.most, self._waiting)
        try:
            await asyncio.sleep(self.delay_s)
            await _true(self.until)
        finally:
            self._waiting -= 1
        made = self.behaviours[place](body) if self.behaviours else final("42")
        if made is None:
            await asyncio.sleep(3_600)
        if isinstance(made, web.StreamResponse):
            return made
        reply = await self._reply(request, body, str(made))
        self.replies += 1
        return reply

    async def _messages(self, request: web.Request) -> web.Response:
        """Speak Anthropic's protocol: actions are tool calls; a character counts as a token, and
        the longest beginning that was kept is read from the cache."""
        body: Body = await request.json()
        self.requests.append(body)
        made = self.behaviours[min(len(self.requests), len(self.behaviours)) - 1](body)
        turns = [json.dumps(body.get("system"))] + [json.dumps(m) for m in body["messages"]]
        beginnings = ["".join(turns[:n]) for n in range(1, len(turns) + 1)]
        read = written = 0
        if self.caches and "cache_control" in body:
            read = max((len(b) for b in beginnings if b in self._kept), default=0)
            written = len(beginnings[-1]) - read
            self._kept.update(beginnings)
        usage = {
            "input_tokens": len(beginnings[-1]) - read - written, "output_tokens": 10,
            "cache_read_input_tokens": read, "cache_creation_input_tokens": written,
        }  # fmt: skip
        action = json.loads(str(made))
        name = action.pop("action")
        said = {"type": "tool_use", "id": f"call{len(turns)}", "name": name, "input": action}
        return web.json_response(
            {
                "id": "m", "type": "message", "role": "assistant", "model": body["model"],
                "content": [said], "stop_reason": "tool_use", "stop_sequence": None, "usage": usage,
            }
        )  # fmt: skip

    async def _reply(self, request: web.Request, body: Body, text: str) -> web.StreamResponse:
        given, made = self.usage(body)
        whole = completion(text, self._reasoned(body), tokens_in=given, tokens_out=made)
        if not body.get("stream"):
            return web.json_response(whole)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        pieces = [text[i : i + 12] for i in range(0, len(text), 12)]
        for place, piece in enumerate(pieces):
            if self.cut and place == max(1, len(pieces) // 2):
                assert request.transport is not None
                request.transport.close()
                return response
            if place and not _is_probe(body):
                await _true(self.more)
            await response.write(_event({"choices": [_delta(piece)]}))
            if self.piece_s:
                await asyncio.sleep(self.piece_s)
        await response.write(_event({"choices": [_delta("", finish="stop")]}))
        if (body.get("stream_options") or {}).get("include_usage"):
            await response.write(_event({"choices": [], "usage": whole["usage"]}))
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _probe(self, request: web.Request, body: Body) -> web.StreamResponse:
        """Answer as a server with schemas and without native tools."""
        return await self._reply(request, body, '{"number": 3}')


async def _true(what: Callable[[], bool], most_s: float = 30.0) -> None:
    for _ in range(round(most_s / 0.01)):
        if what():
            return
        await asyncio.sleep(0.01)


def _is_probe(body: Body) -> bool:
    text = str(body["messages"][-1]["content"])
    return text in (
        "Write a poem of one line.",
        "Say yes.",
        "What is the weather in Oslo and in Rome? Use the weather tool.",
    )


def completion(
    text: str, reasoning_tokens: int = 0, *, tokens_in: int = 100, tokens_out: int = 20
) -> Body:
    message = {"role": "assistant", "content": text}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "stub",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
            "completion_tokens_details": {"reasoning_tokens": reasoning_tokens},
        },
    }


def _delta(text: str, finish: str | None = None) -> Body:
    return {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}


def _event(chunk: Body) -> bytes:
    whole = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "stub", **chunk}
    return b"data: " + json.dumps(whole).encode() + b"\n\n"
