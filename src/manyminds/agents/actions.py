"""The action protocol: one JSON object a turn, for models whose native tool calls do not work.

A schema makes the model choose one action (a tool, or `answer`) with its arguments. The same
final fields are offered as an `answer` tool where native calls do work, so the member's loop
sees one thing: a tool call or a `Final`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.agents.schemas import violation
from manyminds.core.messages import JsonSchema, JsonValue, Reply, ToolCall, ToolSpec

__all__ = ["ANSWER", "Final", "Unreadable", "action_schema", "answer_tool", "read_reply"]

_TEXT: JsonSchema = {"type": "string"}

ANSWER = "answer"
"""Name of the action that ends a member's work."""


@dataclass(frozen=True, kw_only=True)
class Final:
    """A member's final word of a round."""

    answer: str
    reason: str
    confidence: float | None = None
    claims: tuple[str, ...] = ()
    would_change: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A reply that is neither a call nor an answer; `why` is told to the model."""

    why: str


def _with_definitions(schema: JsonSchema, answer: JsonSchema) -> JsonSchema:
    """Put the answer's own definitions where its references look for them: at the root."""
    found = {key: answer[key] for key in ("$defs", "definitions") if key in answer}
    return {**schema, **found}


def _answer_properties(answer: JsonSchema, *, claims: bool = False) -> dict[str, JsonValue]:
    answer = {k: v for k, v in answer.items() if k not in ("$defs", "definitions", "$schema")}
    # Reasons come before the answer: what is written later can rest on what stands before.
    statements: dict[str, JsonValue] = {
        "claims": {"type": "array", "items": {"type": "string"}, "maxItems": 4}
    }
    return {
        **(statements if claims else {}),
        "reason": {"type": "string"},
        "answer": answer,
        "confidence": {"type": "integer", "minimum": 0, "maximum": 100},
    }


def action_schema(
    tools: Sequence[ToolSpec],
    *,
    answer: JsonSchema,
    must_answer: bool = False,
    with_claims: bool = False,
) -> JsonSchema:
    """Return the schema of one turn.

    Args:
        tools: What may be called.
        answer: Schema of the answer itself: a string, or what the task asks for.
        must_answer: Offer the answer only: the end of the work.
        with_claims: Ask for the statements that the answer rests on, too.
    """
    final = _action(ANSWER, _answer_properties(answer, claims=with_claims))
    if must_answer or not tools:
        return _with_definitions(final, answer)
    calls = [_action(tool.name, _properties(tool)) for tool in tools]
    return _with_definitions({"anyOf": [*calls, final]}, answer)


def _properties(tool: ToolSpec) -> dict[str, JsonValue]:
    found = tool.parameters.get("properties")
    return found if isinstance(found, dict) else {}


def _action(name: str, properties: dict[str, JsonValue]) -> JsonSchema:
    mine: dict[str, JsonValue] = {"action": {"const": name}, **properties}
    required: list[JsonValue] = list(mine)
    return {
        "type": "object",
        "properties": mine,
        "required": required,
        "additionalProperties": False,
    }


def answer_tool(answer: JsonSchema) -> ToolSpec:
    """Return the final fields as a native tool; it also asks for claims and doubts."""
    properties = _answer_properties(answer)
    properties["claims"] = {
        "type": "array",
        "items": {"type": "string"},
        "description": "Key statements the answer rests on, each checkable on its own.",
    }
    properties["would_change"] = {
        "type": "string",
        "description": "What finding would change your mind.",
    }
    return ToolSpec(
        name=ANSWER,
        description="Give your final answer. Call it alone, once, at the end.",
        parameters=_with_definitions(
            {
                "type": "object",
                "properties": properties,
                "required": ["reason", "answer", "confidence"],
            },
            answer,
        ),
    )


def read_reply(
    reply: Reply, *, protocol: bool, answer: JsonSchema
) -> tuple[ToolCall, ...] | Final | Unreadable:
    """Read what a member wants: tool calls, or its final word.

    Args:
        reply: What came back.
        protocol: Whether the reply is an action object rather than native calls and text.
        answer: Schema of the answer. Not every service that takes a schema keeps to it, so it is
            checked here.
    """
    said = _read(reply, protocol=protocol)
    if isinstance(said, Final) and answer != _TEXT:
        return _obeying(said, answer)
    return said


def _obeying(final: Final, answer: JsonSchema) -> Final | Unreadable:
    try:
        found: JsonValue = json.loads(final.answer)
    except (ValueError, RecursionError):
        return Unreadable(why='The "answer" must be JSON of the schema that was asked for.')
    why = violation(found, answer)
    return final if why is None else Unreadable(why=f'The "answer" does not obey the schema: {why}')


def _read(reply: Reply, *, protocol: bool) -> tuple[ToolCall, ...] | Final | Unreadable:
    if reply.finish == "length":
        return Unreadable(why="The reply was cut off. Be much shorter.")
    if protocol:
        return _read_action(reply.text)
    finals = [call for call in reply.calls if call.name == ANSWER]
    if finals:
        return _read_final(finals[0].arguments)
    if reply.calls:
        return reply.calls
    return Final(answer=reply.text.strip(), reason="")


def _read_action(text: str) -> tuple[ToolCall, ...] | Final | Unreadable:
    try:
        found: JsonValue = json.loads(_without_fence(text))
        # A half surrogate pair may hide behind an escape; it cannot be written down.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return Unreadable(why="That was not one JSON object. Reply with one JSON object only.")
    if not isinstance(found, dict) or not isinstance(found.get("action"), str):
        return Unreadable(why='The object needs an "action".')
    name = str(found.pop("action"))
    if name == ANSWER:
        return _read_final(found)
    return (ToolCall(id=f"call-{name}", name=name, arguments=found),)


def _without_fence(text: str) -> str:
    """Drop the Markdown fence that some models put around JSON."""
    inner = text.strip()
    if inner.startswith("```") and inner.endswith("```"):
        return inner[3:-3].removeprefix("json")
    return inner


def _read_final(fields: dict[str, JsonValue]) -> Final | Unreadable:
    answer = fields.get("answer")
    if answer is None or answer == "":
        return Unreadable(why='The "answer" is empty. Give the answer itself.')
    claims = fields.get("claims")
    confidence = fields.get("confidence")
    share = confidence / 100 if isinstance(confidence, int | float) else None
    doubt = fields.get("would_change")
    return Final(
        answer=answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False),
        reason=str(fields.get("reason") or ""),
        confidence=share if share is not None and 0 <= share <= 1 else None,
        claims=tuple(str(c) for c in claims) if isinstance(claims, list) else (),
        would_change=doubt if isinstance(doubt, str) and doubt else None,
    )
