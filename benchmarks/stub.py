"""A chat completions server that costs next to nothing: what is measured is the client.

Answers a request that offers tools with one call of the first tool, and a request that holds a
tool's result with a text (or with the call of `final_answer`, where it is offered). `python benchmarks/stub.py LATENCY_MS` prints its port.
"""

import asyncio
import sys
from typing import cast

import orjson
import uvloop

CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {
            "id": "c1",
            "type": "function",
            "function": {"name": "python", "arguments": '{"code":"6*7"}'},
        }
    ],
}
FINAL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {
            "id": "c2",
            "type": "function",
            "function": {"name": "final_answer", "arguments": '{"answer":"42"}'},
        }
    ],
}
"""How smolagents wants to be answered: it gives every agent this tool."""
TEXT = {"role": "assistant", "content": "The answer is 42."}


def reply(body: bytes) -> bytes:
    """Return the body of a reply."""
    asked = orjson.loads(body)
    messages, tools = asked["messages"], asked.get("tools") or []
    done = any(message["role"] == "tool" for message in messages)
    message, why = (TEXT, "stop") if done or not tools else (CALL, "tool_calls")
    if any(tool["function"]["name"] == "final_answer" for tool in tools):
        # It tells of tool results as the user, not in a message of the tool's.
        done = any("Observation" in str(m["content"]) for m in messages if m["role"] != "system")
        message, why = (FINAL if done else CALL), "tool_calls"
    return orjson.dumps(
        {
            "id": "x", "object": "chat.completion", "created": 1, "model": "stub",
            "choices": [{"index": 0, "message": message, "finish_reason": why}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }
    )  # fmt: skip


class Connection(asyncio.Protocol):
    """One client connection; requests are told apart by their Content-Length."""

    latency_s = 0.0

    def __init__(self) -> None:
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop has classes of its own

    def data_received(self, data: bytes) -> None:
        """Answer every whole request that has come."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._data) < end + 4 + size:
                return
            body, self._data = self._data[end + 4 : end + 4 + size], self._data[end + 4 + size :]
            if self.latency_s:
                asyncio.get_running_loop().call_later(self.latency_s, self._send, reply(body))
            else:
                self._send(reply(body))

    def _send(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            head = (
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            )
            self._transport.write(head % len(body) + body)


async def main(latency_ms: float) -> None:
    """Serve until killed."""
    Connection.latency_s = latency_ms / 1000
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
