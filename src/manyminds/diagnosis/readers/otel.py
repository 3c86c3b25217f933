"""Runs as OpenTelemetry spans.

So write the OpenAI Agents SDK, LangGraph, smolagents and pydantic-ai: as OTLP in JSON
(`resourceSpans`), or span by span, as exporters print them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from manyminds.core.messages import JsonValue
from manyminds.diagnosis.readers.span import Span, spans_in
from manyminds.diagnosis.trace import Act, Trace, arguments_text, stated_answer
from manyminds.judging.canonical import canonicalize

__all__ = ["NAME", "knows", "read"]

NAME = "otel"
_FINAL = "final_answer"
"""The tool with which agents of smolagents end."""


def knows(value: JsonValue) -> bool:
    """Say whether a value holds such spans."""
    return any(span.is_genai for span in spans_in(value))


def read(value: JsonValue) -> list[Trace]:
    """Read them, a trace for each trace id, spans in the order they began."""
    by_trace: dict[str, list[Span]] = defaultdict(list)
    for span in spans_in(value):
        by_trace[span.trace].append(span)
    return [
        _trace(name, sorted(spans, key=lambda span: span.began_s))
        for name, spans in by_trace.items()
    ]


def _trace(name: str, spans: Sequence[Span]) -> Trace:
    asked = filter(None, (span.task for span in spans if span.kind in ("agent", "model")))
    return Trace(name=name, source=NAME, task=next(asked, ""), acts=tuple(_acts(spans)))


def _acts(spans: Sequence[Span]) -> Iterator[Act]:
    known = {span.id: span for span in spans}
    asked: dict[str, str] = {}
    """Who called a tool last: frameworks run tools in rooms of their own."""
    for step, span in enumerate(spans):
        above = list(_above(span, known))
        if span.kind not in ("model", "tool") or any(one.kind == span.kind for one in above):
            continue  # of two records of one request, the outer one
        named = filter(None, (one.agent for one in (span, *above)))
        author, at = next(named, "agent"), span.began_s - spans[0].began_s
        if span.kind == "tool":
            yield from _tool(step, span, asked.get(span.tool or span.name, author), at)
            continue
        asked |= dict.fromkeys(span.calls, author)
        if span.said.strip():
            yield Act(
                step=step, author=author, kind="says", text=span.said, at_s=at,
                answer=stated_answer(span.said), seconds=span.took_s, tokens=span.tokens,
            )  # fmt: skip


def _above(span: Span, known: Mapping[str, Span]) -> Iterator[Span]:
    """Yield the spans around one, the nearest first."""
    seen = {span.id}
    above = known.get(span.parent or "")
    while above is not None and above.id not in seen:
        seen.add(above.id)
        yield above
        above = known.get(above.parent or "")


def _tool(step: int, span: Span, author: str, at: float) -> Iterator[Act]:
    name, told = span.tool or span.name, arguments_text(span.given)
    if name == _FINAL:
        key = canonicalize(span.gave).key if span.gave.strip() else None
        yield Act(step=step, author=author, kind="says", text=span.gave, answer=key, at_s=at)
        return
    yield Act(step=step, author=author, kind="calls", tool=name, arguments=told, text=told, at_s=at)
    yield Act(
        step=step, author=author, kind="returns", tool=name, error=span.failed, text=span.gave,
        seconds=span.took_s, at_s=None if span.took_s is None else at + span.took_s,
    )  # fmt: skip
