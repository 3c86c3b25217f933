"""Spans after OpenTelemetry's conventions for GenAI.

So write the OpenAI Agents SDK, LangGraph, smolagents and pydantic-ai: as OTLP in JSON
(`resourceSpans`), or span by span, as exporters print them.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.readers.messages import text_of
from manyminds.diagnosis.trace import Act, Trace, arguments_text, stated_answer

__all__ = ["NAME", "knows", "read"]

NAME = "otel"
_Span = Mapping[str, JsonValue]
_SAID = ("gen_ai.output.messages", "gen_ai.completion", "output.value", "gen_ai.response.text")
_TOLD = ("gen_ai.input.messages", "gen_ai.prompt", "input.value", "pydantic_ai.all_messages")
_GIVEN = ("gen_ai.tool.call.arguments", "tool_arguments", "input.value", "traceloop.entity.input")
_GAVE = ("gen_ai.tool.call.result", "tool_response", "output.value", "traceloop.entity.output")


def knows(value: JsonValue) -> bool:
    """Say whether a value holds such spans."""
    return any(_is_genai(attributes_of(span)) for span in _spans(value))


def _is_genai(attributes: Mapping[str, JsonValue]) -> bool:
    return any(name.startswith(("gen_ai.", "openinference.", "llm.")) for name in attributes)


def _spans(value: JsonValue) -> Iterator[_Span]:
    if isinstance(value, list):
        for one in value:
            yield from _spans(one)
    elif isinstance(value, Mapping):
        if "attributes" in value and ("name" in value or "spanId" in value):
            yield value
        for key in ("resourceSpans", "scopeSpans", "instrumentationLibrarySpans", "spans", "data"):
            if isinstance(value.get(key), list):
                yield from _spans(value[key])


def attributes_of(span: _Span) -> dict[str, JsonValue]:
    """Return a span's attributes: a mapping, or OTLP's list of keys and typed values."""
    given = span.get("attributes")
    if isinstance(given, Mapping):
        return dict(given)
    found: dict[str, JsonValue] = {}
    for one in given if isinstance(given, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("value"), Mapping):
            typed = one["value"]
            assert isinstance(typed, Mapping)
            found[str(one.get("key"))] = next(iter(typed.values()), None)
    return found


def read(value: JsonValue) -> list[Trace]:
    """Read them, a trace for each trace id, spans in the order they began."""
    by_trace: dict[str, list[_Span]] = defaultdict(list)
    for span in _spans(value):
        context = span.get("context")
        inner = context if isinstance(context, Mapping) else span
        by_trace[str(inner.get("traceId") or inner.get("trace_id") or "")].append(span)
    return [_trace(name, sorted(spans, key=_began)) for name, spans in by_trace.items()]


def _began(span: _Span) -> float:
    return _seconds(span.get("startTimeUnixNano") or span.get("start_time")) or 0.0


def _seconds(moment: JsonValue) -> float | None:
    if isinstance(moment, int | float):
        return float(moment) / (1e9 if moment > 1e14 else 1)
    if isinstance(moment, str) and moment.isdigit():
        return int(moment) / 1e9
    try:
        return None if not isinstance(moment, str) else datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return None


def _trace(name: str, spans: Sequence[_Span]) -> Trace:
    acts = [act for step, span in enumerate(spans) for act in _acts(step, span, _began(spans[0]))]
    task = next(filter(None, (_asked(attributes_of(span)) for span in spans)), "")
    return Trace(name=name, source=NAME, task=task, acts=tuple(acts))


def _first(attributes: Mapping[str, JsonValue], names: Sequence[str]) -> JsonValue:
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)


def _opened(value: JsonValue) -> JsonValue:
    """Return what a text of JSON holds; another text as it is."""
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
    except ValueError:
        return value


def _asked(attributes: Mapping[str, JsonValue]) -> str:
    told = _opened(_first(attributes, _TOLD))
    if isinstance(told, list):
        asked = (
            text_of(one.get("content") or one.get("parts"))
            for one in told
            if isinstance(one, Mapping) and one.get("role") == "user"
        )
        return next(filter(None, asked), "")
    return told if isinstance(told, str) else ""


def _acts(step: int, span: _Span, since: float) -> Iterator[Act]:
    attributes = attributes_of(span)
    operation = attributes.get("gen_ai.operation.name") or attributes.get("openinference.span.kind")
    author = str(attributes.get("gen_ai.agent.name") or attributes.get("agent_name") or "agent")
    end = _seconds(span.get("endTimeUnixNano") or span.get("end_time"))
    took = None if end is None else max(0.0, end - _began(span))
    at = _began(span) - since
    tool = attributes.get("gen_ai.tool.name") or attributes.get("tool.name")
    if str(operation).lower() in ("execute_tool", "tool") or isinstance(tool, str):
        named = str(tool or span.get("name"))
        given, gave = _first(attributes, _GIVEN), _first(attributes, _GAVE)
        told = arguments_text(given)
        yield Act(
            step=step, author=author, kind="calls", tool=named, arguments=told, text=told, at_s=at
        )
        status = span.get("status")
        bad = isinstance(status, Mapping) and status.get("code") in (
            2,
            "ERROR",
            "STATUS_CODE_ERROR",
        )
        yield Act(
            step=step, author=author, kind="returns", tool=named, error=bad, seconds=took,
            text=text_of(_opened(gave)) or str(gave or ""),
            at_s=None if took is None else at + took,
        )  # fmt: skip
    elif str(operation).lower() in ("chat", "text_completion", "generate_content", "llm"):
        said = text_of(_opened(_first(attributes, _SAID)))
        counts = [attributes.get(f"gen_ai.usage.{kind}_tokens") for kind in ("input", "output")]
        numbers = [int(str(one)) for one in counts if one is not None and str(one).isdigit()]
        if said.strip():
            yield Act(
                step=step, author=author, kind="says", text=said, answer=stated_answer(said),
                at_s=at, seconds=took, tokens=sum(numbers) if numbers else None,
            )  # fmt: skip
