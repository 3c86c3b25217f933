"""Items and tools as the Responses API has them, in the words of a chat."""

from collections.abc import Iterator, Sequence
from typing import Any

from manyminds.core.messages import JsonValue
from manyminds.server.refusals import Refused

__all__ = ["messages_of", "tool_of"]


def tool_of(tool: dict[str, Any], place: int) -> JsonValue:
    """Translate a tool of a client.

    Raises:
        Refused: If it is of a type that is not known here.
    """
    if tool.get("type") != "function":
        why = f"tools.{place}: tools of type {str(tool.get('type'))[:40]!r} are not known here"
        raise Refused(400, why, code="unsupported_value", param=f"tools.{place}.type")
    function = {name: value for name, value in tool.items() if name not in ("type", "strict")}
    return {"type": "function", "function": function}


def messages_of(items: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Translate items; calls that stand side by side are one turn.

    Raises:
        Refused: If one is of a type that is not known here.
    """
    calls: list[JsonValue] = []
    for item in items:
        kind = item.get("type", "message")
        if kind == "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            calls.append({"type": "function", "id": item.get("call_id"), "function": function})
            continue
        if calls:
            yield {"role": "assistant", "tool_calls": calls}
            calls = []
        if kind == "function_call_output":
            yield {
                "role": "tool",
                "tool_call_id": item.get("call_id"),
                "content": item.get("output"),
            }
        elif "type" not in item:  # a message of a chat, with its calls
            yield item
        elif kind == "message":
            yield {"role": item.get("role"), "content": item.get("content")}
        elif kind != "reasoning":  # our own thoughts, sent back to us
            raise Refused(
                400, f"input: items of type {str(kind)[:40]!r} are not known here",
                code="unsupported_value", param="input",
            )  # fmt: skip
    if calls:
        yield {"role": "assistant", "tool_calls": calls}
