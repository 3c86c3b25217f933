"""Chat messages, as most systems keep them: who said what, which tools were called."""

from collections.abc import Iterator, Mapping, Sequence

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.trace import Act, arguments_text, stated_answer

__all__ = ["acts_of", "has_failed", "is_message", "text_of"]


def is_message(value: JsonValue) -> bool:
    """Say whether a value is one message."""
    return (
        isinstance(value, Mapping)
        and any(isinstance(value.get(key), str) for key in ("role", "name", "author", "type"))
        and any(key in value for key in ("content", "tool_calls", "parts", "arguments", "output"))
    )


def text_of(content: JsonValue) -> str:
    """Return the words of a message's content: a text, lines, or parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        keys = ("text", "content", "contents", "parts", "result")
        return text_of(next((content[key] for key in keys if content.get(key)), None))
    if isinstance(content, Sequence):
        return (
            "\n".join(filter(None, map(text_of, content)))
            if _parts(content)
            else "\n".join(map(str, content))
        )
    return ""


def _parts(content: Sequence[JsonValue]) -> bool:
    return any(isinstance(part, Mapping) for part in content)


def acts_of(messages: Sequence[JsonValue], *, task: int | None = None) -> Iterator[Act]:
    """Make acts of messages; a step is a message's place.

    Args:
        messages: In their order.
        task: Place of the message that is the task, and no act.
    """
    made: dict[str, tuple[str, str]] = {}  # author and tool of each call
    for step, message in enumerate(messages):
        if step == task or not isinstance(message, Mapping):
            continue
        role = str(message.get("role") or message.get("type") or "")
        author = str(message.get("name") or message.get("author") or role or "somebody")
        text = text_of(message.get("content") if "content" in message else message.get("parts"))
        if role in ("tool", "function", "function_call_output"):
            mark = str(message.get("tool_call_id") or message.get("call_id"))
            caller, name = made.get(mark, (author, str(message.get("name") or "tool")))
            said = text or text_of(message.get("output"))
            yield Act(
                step=step, author=caller, kind="returns", text=said, tool=name,
                error=has_failed(said),
            )  # fmt: skip
            continue
        if text.strip() and role not in ("system", "developer"):
            yield Act(step=step, author=author, kind="says", text=text, answer=stated_answer(text))
        for name, arguments, mark in _calls(message):
            made[mark] = (author, name)
            yield Act(
                step=step, author=author, kind="calls", tool=name, arguments=arguments,
                text=arguments,
            )  # fmt: skip


def _calls(message: Mapping[str, JsonValue]) -> Iterator[tuple[str, str, str]]:
    """Yield name, arguments and id of each call: OpenAI's two forms, and Anthropic's parts."""
    if message.get("type") == "function_call":
        yield (
            str(message.get("name")),
            arguments_text(message.get("arguments")),
            str(message.get("call_id")),
        )
    for key in ("tool_calls", "content", "parts"):
        calls = message.get(key)
        for call in calls if isinstance(calls, list) else ():
            if not isinstance(call, Mapping):
                continue
            if key != "tool_calls" and call.get("type") not in ("tool_use", "tool_call"):
                continue
            inner = call.get("function")
            named = inner if isinstance(inner, Mapping) else call
            given = named.get("arguments", named.get("input", named.get("args")))
            name = str(named.get("name") or inner or "tool")
            yield name, arguments_text(given), str(call.get("id") or call.get("tool_call_id"))


_SIGNS = ("traceback (most recent call last)", "error:", "exception:", "failed:")


def has_failed(text: str) -> bool:
    """Say whether what a tool returned is an error."""
    start = text.lstrip().lower()[:2_000]
    return start.startswith(("error", "exception", "traceback")) or any(s in start for s in _SIGNS)
