"""What a member keeps of long work: the beginning, its notes, and the last turns.

When a conversation outgrows its room, what stands between is replaced by one message: the notes the
member made, to the letter, and a line for each call that was left out. Passages that were read stay
in the thread's evidence, so citations lose nothing.
"""

import json
from collections.abc import Collection, Sequence

from manyminds.agents.prompts import prompt
from manyminds.core.messages import JsonValue, Message, Said, ToolCall, ToolResult, ToolSpec, Turn
from manyminds.tools.fence import fence

__all__ = ["NOTE", "compacted", "note_of", "size_of"]

NOTE = ToolSpec(
    name="note",
    description="keep a fact: it stays before you, however long the work gets",
    parameters={
        "type": "object", "properties": {"fact": {"type": "string"}}, "required": ["fact"],
    },
)  # fmt: skip
KEPT = 6
"""Latest messages that are never left out."""
LONGEST = 500
"""Characters of a note."""
NOTES = 60_000
"""Characters of all notes together."""
_LINE = 120


def note_of(call: ToolCall) -> str | None:
    """Return the fact that a call of `note` keeps; `None` where it names none."""
    fact = call.arguments.get("fact")
    return " ".join(fact.split())[:LONGEST] if isinstance(fact, str) and fact.strip() else None


def size_of(messages: Sequence[Message]) -> int:
    """Return the characters of a conversation, calls included."""
    return sum(len(_text(message)) + len(_arguments(message)) for message in messages)


def compacted(
    messages: Sequence[Message],
    notes: Sequence[str],
    *,
    begins: int,
    room: int,
    stays: Collection[str] = (),
) -> list[Message] | None:
    """Return a conversation that fits its room better; `None` where nothing can be left out.

    Args:
        messages: All of it.
        notes: Facts that the member keeps.
        begins: Messages at its beginning that stay: the words of the system, the question.
        room: Characters that it should fit in.
        stays: Texts of the user that are never left out.
    """
    if size_of(messages) <= room:
        return None
    last = max(begins, len(messages) - KEPT)
    # A result never stands without the call that it answers.
    while last > begins and isinstance(messages[last], ToolResult):
        last -= 1
    between = messages[begins:last]
    kept = [m for m in between if isinstance(m, Said) and m.text in stays]
    left_out = [m for m in between if m not in kept]
    if len(left_out) < 2:
        return None
    told = prompt(
        "so_far",
        notes=fence("\n".join(f"- {n}" for n in notes) or "none", source="notes", limit=NOTES),
        calls="\n".join(_lines(left_out)) or "none",
    )  # fmt: skip
    return [*messages[:begins], *kept, Said(role="user", text=told), *messages[last:]]


def _lines(messages: Sequence[Message]) -> list[str]:
    """Return a line for each call that is left out; those left out before keep theirs."""
    lines: list[str] = []
    for message in messages:
        if isinstance(message, Turn):
            made = [
                f"{c.name} {json.dumps(c.arguments, ensure_ascii=False)}" for c in message.calls
            ]
            said = made or [" ".join(message.text.split())]
            lines += [f"- {line[:_LINE]}" for line in said if not line.startswith(NOTE.name)]
        elif isinstance(message, Said) and message.text.startswith(_BEGINS):
            lines += [
                line for line in message.text.split(_CALLS)[-1].splitlines() if line[:2] == "- "
            ]
    return lines[-40:]


_BEGINS, _CALLS = "Your notes so far", "What you did before"


def _text(message: Message) -> str:
    return message.text


def _arguments(message: Message) -> str:
    calls: Sequence[ToolCall] = message.calls if isinstance(message, Turn) else ()
    made: list[JsonValue] = [call.arguments for call in calls]
    return json.dumps(made) if made else ""
