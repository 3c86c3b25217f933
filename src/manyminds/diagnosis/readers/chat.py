"""Plain chats: a list of messages, alone or under `messages`, `conversation` and the like."""

from collections.abc import Mapping, Sequence

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.readers.messages import acts_of, is_message, text_of
from manyminds.diagnosis.trace import Trace

__all__ = ["NAME", "knows", "read"]

NAME = "chat"
_KEYS = ("messages", "conversation", "history", "chat_history", "trajectory", "input", "steps")


def knows(value: JsonValue) -> bool:
    """Say whether a value is such a chat."""
    return bool(_messages(value))


def _messages(value: JsonValue) -> Sequence[JsonValue]:
    if isinstance(value, Mapping):
        return next((found for key in _KEYS if (found := _messages(value.get(key)))), ())
    if isinstance(value, list) and value and all(map(is_message, value)):
        return value
    return ()


def read(value: JsonValue) -> list[Trace]:
    """Read it; the first words of the person, or of whoever speaks first, are the task.

    What is said before them, a greeting, is kept.
    """
    messages = _messages(value)
    first = next((n for n, one in enumerate(messages) if _is_task(one)), 0)
    one = messages[first]
    task = text_of(one.get("content")) if isinstance(one, Mapping) else ""
    named = value.get("id") if isinstance(value, Mapping) else None
    return [
        Trace(
            name=named if isinstance(named, str) else "", source=NAME, task=task,
            acts=tuple(acts_of(messages, task=first)),
        )
    ]  # fmt: skip


def _is_task(message: JsonValue) -> bool:
    return isinstance(message, Mapping) and message.get("role") == "user"
