"""What is kept of a request; and the response, made of that and its run when it is asked for."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from manyminds.core.messages import JsonValue
from manyminds.runtime.ask import Asked
from manyminds.runtime.kept import asked_of, state_of
from manyminds.server.answers import annotations, calls_of, extension, said, usage
from manyminds.server.house import House
from manyminds.server.refusals import Refused
from manyminds.server.responses.body import Reasoning, ResponseBody, TextFormat
from manyminds.transcript.board import Board
from manyminds.transcript.store import new_transcript_path, read_transcript

__all__ = ["PREFIX", "Event", "Kept", "lines_of", "now"]

PREFIX, _FILE = "resp_", "response.json"
Event = dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is kept of a request beside its run."""

    run: str
    body: ResponseBody
    created: int
    led: bool
    messages: list[dict[str, JsonValue]] = field(default_factory=list[dict[str, JsonValue]])

    def path(self, house: House) -> Path:
        """Where it is kept."""
        return new_transcript_path(house.engine.data, self.run).with_name(_FILE)

    def write(self, house: House) -> None:
        """Keep it."""
        kept = {
            "body": self.body.model_dump(exclude_none=True), "created": self.created,
            "led": self.led, "messages": self.messages,
        }  # fmt: skip
        self.path(house).touch(mode=0o600)
        self.path(house).write_text(json.dumps(kept), encoding="utf-8")

    @classmethod
    def read(cls, house: House, run: str) -> "Kept":
        """Read what is kept of a run.

        Raises:
            Refused: If nothing is.
        """
        path = new_transcript_path(house.engine.data, run).with_name(_FILE)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise Refused(404, f"there is no response {run[:80]!r}", code="not_found") from None
        found["body"] = ResponseBody.model_validate(found["body"])
        return cls(run=run, **found)

    def whole(
        self, status: str, asked: Asked | None, output: list[JsonValue] | None = None
    ) -> Event:
        """Return it as an object."""
        body = self.body
        counted = None if asked is None else _usage(asked)
        cut = status == "incomplete"
        ended = None if asked is None else self.created + int(asked.cost.seconds)
        return {
            "id": f"{PREFIX}{self.run}", "object": "response", "created_at": self.created,
            "status": status, "model": body.model, "output": output or [],
            "background": body.background, "error": None, "instructions": body.instructions,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "max_output_tokens": body.max_output_tokens, "parallel_tool_calls": True,
            "previous_response_id": body.previous_response_id,
            "temperature": 1.0 if body.temperature is None else body.temperature,
            "top_p": 1.0 if body.top_p is None else body.top_p,
            "tools": [_tool(tool) for tool in body.tools], **_NOT_KNOWN_HERE,
            "tool_choice": cast("JsonValue", body.tool_choice), "usage": counted,
            "text": cast("JsonValue", (body.text or TextFormat()).model_dump()),
            "reasoning": cast("JsonValue", (body.reasoning or Reasoning()).model_dump()),
            "metadata": cast("JsonValue", body.metadata or {}), "store": True,
            "truncation": "disabled", "completed_at": ended,
            **({} if asked is None else {"manyminds": extension(asked)}),
        }  # fmt: skip

    def over(self, asked: Asked, lines: str) -> Event:
        """Return it as it is when it is over."""
        output: list[JsonValue] = [self.thoughts(lines)] if lines else []
        output += self.items(asked)
        cut = self.said(asked)[1] == "length"
        return self.whole("incomplete" if cut else "completed", asked, output)

    def thoughts(self, lines: str) -> Event:
        """Return what members did, as a reasoning item."""
        summary: list[JsonValue] = [{"type": "summary_text", "text": lines}] if lines else []
        return {"id": f"rs_{self.run}", "type": "reasoning", "summary": summary}

    def items(self, asked: Asked) -> list[JsonValue]:
        """Return the answer: calls for the client to make, or a message."""
        calls = calls_of(asked) if self.led and asked.answer.text is not None else ()
        if calls:
            return [
                {
                    "id": f"fc_{self.run}_{place}", "type": "function_call", "call_id": call.id,
                    "name": call.name, "arguments": json.dumps(call.arguments),
                    "status": "completed",
                }
                for place, call in enumerate(calls)
            ]  # fmt: skip
        return [self.message("completed", [self.part(asked)])]

    def message(self, status: str, content: list[JsonValue]) -> Event:
        """Return the message that holds the answer."""
        return {
            "id": f"msg_{self.run}", "type": "message", "status": status, "role": "assistant",
            "content": content,
        }  # fmt: skip

    def part(self, asked: Asked) -> Event:
        """Return the answer as the part of a message: a text, or that there is none."""
        text, _ = self.said(asked)
        if asked.answer.text is None:
            return {"type": "refusal", "refusal": text}
        cited: list[JsonValue] = [_flat(one) for one in annotations(asked, text)]
        return {"type": "output_text", "text": text, "annotations": cited, "logprobs": []}

    def said(self, asked: Asked) -> tuple[str, str]:
        """Return the answer as it is said, and why it ends there."""
        bare = self.led or (self.body.text or TextFormat()).format.get("type") != "text"
        return said(asked, bare=bare, stops=(), longest=self.body.max_output_tokens)


_NOT_KNOWN_HERE: Event = {
    "presence_penalty": 0.0, "frequency_penalty": 0.0, "top_logprobs": 0, "max_tool_calls": None,
    "service_tier": "default", "safety_identifier": None, "prompt_cache_key": None, "user": None,
}  # fmt: skip
"""Fields that the protocol wants to see, as it says they are where nothing is asked."""


def _tool(tool: Event) -> JsonValue:
    """Return a tool of the client as the protocol wants it said again: with every field."""
    if tool.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, "strict": None, **tool}


def _flat(annotation: JsonValue) -> JsonValue:
    """Return an annotation of a chat as one of a response."""
    cited = annotation.get("url_citation") if isinstance(annotation, dict) else None
    return {"type": "url_citation", **cited} if isinstance(cited, dict) else annotation


def _usage(asked: Asked) -> JsonValue:
    counted, spend = usage(asked), asked.cost.spend
    return {
        "input_tokens": spend.tokens_in, "output_tokens": spend.tokens_out,
        "total_tokens": spend.tokens, "input_tokens_details": counted["prompt_tokens_details"],
        "output_tokens_details": counted["completion_tokens_details"],
    }  # fmt: skip


def lines_of(house: House, run: str) -> str:
    """Return what members did, a line each."""
    board = Board()
    transcript = read_transcript(new_transcript_path(house.engine.data, run))
    lines = [board.take(recorded) for recorded in transcript.events]
    return "".join(f"{line}\n" for line in lines if line is not None)


def now(house: House, kept: Kept) -> Event:
    """Return a response as it stands."""
    path = new_transcript_path(house.engine.data, kept.run)
    why = house.engine.books.why(kept.run)
    if why is not None:
        return {**kept.whole("failed", None), "error": {"code": "server_error", "message": why}}
    if not path.exists():
        return kept.whole("cancelled", None)
    transcript = read_transcript(path)
    state = state_of(transcript)
    if state != "finished":
        return kept.whole("queued" if state == "queued" else "in_progress", None)
    asked = asked_of(transcript)
    told = kept.over(asked, lines_of(house, kept.run))
    return {**told, "status": "cancelled"} if asked.stopped_by == "cancelled" else told
