"""One span of an agent's run, whichever convention names its attributes.

OpenTelemetry's for GenAI (`gen_ai.…`), OpenInference's (`llm.…`, `tool.…`, messages numbered in
the names), OpenLLMetry's (`traceloop.…`).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.readers.messages import text_of

__all__ = ["Span", "spans_in"]

_Values = Mapping[str, JsonValue]
_Kind = Literal["model", "tool", "agent"]
_KINDS: Mapping[str, _Kind] = {
    "chat": "model", "text_completion": "model", "generate_content": "model", "llm": "model",
    "execute_tool": "tool", "tool": "tool", "invoke_agent": "agent", "agent": "agent",
}  # fmt: skip
_TOLD = (
    "gen_ai.input.messages", "gen_ai.prompt", "llm.input_messages", "pydantic_ai.all_messages",
    "input.value", "traceloop.entity.input",
)  # fmt: skip
_SAID = (
    "gen_ai.output.messages", "gen_ai.completion", "llm.output_messages", "gen_ai.response.text",
    "output.value", "traceloop.entity.output",
)  # fmt: skip
_GIVEN = ("gen_ai.tool.call.arguments", "tool_arguments", "input.value", "traceloop.entity.input")
_GAVE = ("gen_ai.tool.call.result", "tool_response", "output.value", "traceloop.entity.output")
_AGENT = ("gen_ai.agent.name", "agent.name", "agent_name", "graph.node.id")
_NODE = ("traceloop.association.properties.langgraph_node", "langgraph_node")
_NUMBERED = re.compile(r"^(gen_ai\.prompt|gen_ai\.completion|llm\.(?:in|out)put_messages)\.\d+\.")


def spans_in(value: JsonValue) -> Iterator["Span"]:
    """Yield the spans that a value holds: OTLP in JSON, lists of spans, or one."""
    if isinstance(value, list):
        for one in value:
            yield from spans_in(one)
    elif isinstance(value, Mapping):
        if "attributes" in value and ("name" in value or "spanId" in value):
            yield _span(value)
        for key in ("resourceSpans", "scopeSpans", "instrumentationLibrarySpans", "spans", "data"):
            if isinstance(value.get(key), list):
                yield from spans_in(value[key])


def _span(value: _Values) -> "Span":
    context = value.get("context")
    ids = context if isinstance(context, Mapping) else value
    parent = value.get("parentSpanId") or value.get("parent_id") or value.get("parent_span_id")
    status = value.get("status")
    said = (
        (status.get("code") or status.get("status_code")) if isinstance(status, Mapping) else status
    )
    return Span(
        trace=str(ids.get("traceId") or ids.get("trace_id") or ""),
        id=str(ids.get("spanId") or ids.get("span_id") or ""),
        parent=str(parent) if parent else None,
        name=str(value.get("name") or ""),
        attributes=_gathered(_attributes(value.get("attributes"))),
        began_s=_seconds(value.get("startTimeUnixNano") or value.get("start_time")) or 0.0,
        ended_s=_seconds(value.get("endTimeUnixNano") or value.get("end_time")),
        failed=said in (2, "ERROR", "STATUS_CODE_ERROR"),
    )


@dataclass(frozen=True, kw_only=True)
class Span:
    """One thing that a system did."""

    trace: str
    id: str
    parent: str | None
    name: str
    attributes: _Values
    """Numbered ones gathered: `llm.input_messages.0.message.role` is in a list of messages."""
    began_s: float
    """Since 1970."""
    ended_s: float | None
    failed: bool

    @property
    def is_genai(self) -> bool:
        """Whether it says anything of a model, a tool or an agent."""
        marks = ("gen_ai.", "openinference.", "llm.", "traceloop.")
        return any(name.startswith(marks) for name in self.attributes)

    @cached_property
    def kind(self) -> _Kind | None:
        """What did it; `None`: something of the system's own, or another agent was called."""
        names = ("gen_ai.operation.name", "openinference.span.kind", "traceloop.span.kind")
        said = [str(self.attributes.get(name)).lower() for name in names]
        if "tool" in said and self.name.startswith("handoff"):
            return None
        for one in said:
            if one in _KINDS:
                return _KINDS[one]
        return "tool" if self.tool is not None else None

    @property
    def took_s(self) -> float | None:
        """How long it took."""
        return None if self.ended_s is None else max(0.0, self.ended_s - self.began_s)

    @property
    def tool(self) -> str | None:
        """Name of the tool that was called, where it says so."""
        named = self._first(("gen_ai.tool.name", "tool.name"))
        return named if isinstance(named, str) else None

    @property
    def agent(self) -> str | None:
        """Whose it is, as far as it says so itself."""
        held = _opened(self.attributes.get("metadata"))
        noted = held if isinstance(held, Mapping) else {}
        named = self._first(_AGENT) or self._first(_NODE) or noted.get("langgraph_node")
        if named is None and self.kind == "agent" and self.name.endswith(".run"):
            named = self.name.removesuffix(".run")
        return str(named) if named else None

    @property
    def said(self) -> str:
        """What the model said."""
        return text_of(_opened(self._first(_SAID)))

    @property
    def calls(self) -> frozenset[str]:
        """Names of the tools that the model called."""
        return frozenset(_called(_opened(self._first(_SAID))))

    @property
    def task(self) -> str:
        """What the person asked, where it stands in what went in."""
        told = _opened(self._first(_TOLD))
        if isinstance(told, Mapping):
            stated = told.get("task")
            told = stated if isinstance(stated, str) else told.get("messages")
        if isinstance(told, list):
            asked = (
                text_of(one.get("content") or one.get("parts") or one.get("contents"))
                for one in told
                if isinstance(one, Mapping) and one.get("role") == "user"
            )
            return next(filter(None, asked), "")
        return told if isinstance(told, str) else ""

    @property
    def given(self) -> JsonValue:
        """What the tool was given, without what a framework wraps around it."""
        value = _opened(self._first(_GIVEN))
        for key in ("inputs", "kwargs"):
            if isinstance(value, Mapping) and isinstance(value.get(key), Mapping):
                return value[key]
        return value

    @property
    def gave(self) -> str:
        """What the tool gave back."""
        value = raw = _opened(self._first(_GAVE))
        for key in ("output", "kwargs", "data"):
            inner = value.get(key) if isinstance(value, Mapping) else None
            held = isinstance(inner, Mapping) and "content" in inner
            value = inner if held or (key == "output" and inner is not None) else value
        return text_of(value) or ("" if raw is None else _written(raw))

    @property
    def tokens(self) -> int | None:
        """In and out; `None` where it does not say."""
        names = (
            "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens",
            "llm.token_count.prompt", "llm.token_count.completion",
        )  # fmt: skip
        counts = [str(self.attributes[name]) for name in names if name in self.attributes]
        numbers = [int(one) for one in counts[:2] if _is_number(one)]
        return sum(numbers) if numbers else None

    def _first(self, names: Sequence[str]) -> JsonValue:
        found = (self.attributes.get(name) for name in names)
        return next((one for one in found if one is not None), None)


def _seconds(moment: JsonValue) -> float | None:
    try:
        if isinstance(moment, str) and moment.isascii() and moment.isdecimal():
            return int(moment[:30]) / 1e9
        if isinstance(moment, str):
            return datetime.fromisoformat(moment).timestamp()
        if isinstance(moment, int | float):
            return float(moment) / (1e9 if moment > 1e14 else 1)
    except (ValueError, OverflowError):
        pass
    return None


def _attributes(given: JsonValue) -> dict[str, JsonValue]:
    """Return attributes: a mapping, or OTLP's list of keys and typed values."""
    if isinstance(given, Mapping):
        return dict(given)
    pairs = [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []
    return {str(one.get("key")): _typed(one.get("value")) for one in pairs}


def _typed(value: JsonValue) -> JsonValue:
    """Return what OTLP wraps with the name of its type."""
    if not isinstance(value, Mapping) or not value:
        return None
    name, inner = next(iter(value.items()))
    if name == "arrayValue" and isinstance(inner, Mapping):
        values = inner.get("values")
        return [_typed(one) for one in values] if isinstance(values, list) else []
    if name == "kvlistValue" and isinstance(inner, Mapping):
        return _attributes(inner.get("values"))
    return inner


def _gathered(flat: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return attributes with messages whose parts are numbered in their names made into lists."""
    made: dict[str, JsonValue] = {}
    trees: dict[str, dict[str, JsonValue]] = {}
    for name, value in flat.items():
        numbered = _NUMBERED.match(name)
        if numbered is None:
            made[name] = value
            continue
        place = trees.setdefault(numbered[1], {})
        *path, last = name.removeprefix(numbered[1] + ".").split(".")
        for key in path:
            inner = place.setdefault(key, dict[str, JsonValue]())
            place = inner if isinstance(inner, dict) else {}
        place[last] = value
    return made | {name: _plain(tree) for name, tree in trees.items()}


def _plain(value: JsonValue) -> JsonValue:
    """Return a tree of numbered parts as lists, without the words that say what each part is."""
    if not isinstance(value, dict):
        return value
    if value and all(map(_is_number, value)):
        return [_plain(value[key]) for key in sorted(value, key=int)]
    if len(value) == 1 and next(iter(value)) in ("message", "message_content", "tool_call"):
        return _plain(next(iter(value.values())))
    return {key: _plain(one) for key, one in value.items()}


def _is_number(text: str) -> bool:
    return len(text) < 16 and text.isascii() and text.isdecimal()


def _called(value: JsonValue) -> Iterator[str]:
    """Yield the names of tools that messages call, in any of the forms."""
    if isinstance(value, list):
        for one in value:
            yield from _called(one)
    elif isinstance(value, Mapping):
        inner = value.get("function")
        if isinstance(inner, Mapping) and isinstance(inner.get("name"), str):
            yield str(inner["name"])
        elif value.get("type") in ("tool_call", "tool_use", "function_call", "function"):
            yield str(value.get("name"))
        for key in ("parts", "content", "tool_calls", "message", "choices"):
            yield from _called(value.get(key))


def _opened(value: JsonValue) -> JsonValue:
    """Return what a text of JSON holds; another text as it is."""
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
    except ValueError:
        return value


def _written(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
