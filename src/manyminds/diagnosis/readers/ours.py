"""Our own transcripts: every event that says who did what."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from manyminds.core.errors import RecordError
from manyminds.core.events import (
    Checked,
    Clarified,
    CruxSettled,
    HeldBack,
    NoteShared,
    Nudged,
    Recorded,
    RemarkMade,
    Replied,
    RunEnded,
    RunStarted,
    Selected,
    ToolCalled,
    ToolReturned,
)
from manyminds.core.messages import JsonValue
from manyminds.core.values import RemarkKind, Support
from manyminds.diagnosis.trace import Act, ActKind, Outcome, Trace, arguments_text
from manyminds.judging.canonical import canonicalize
from manyminds.transcript.store import read_transcript

__all__ = ["knows", "read_events", "read_lines"]


def knows(text: str) -> bool:
    """Say whether a text is a transcript of ours."""
    first = text[: text.find("\n")] if "\n" in text else text
    return '"run_started"' in first and '"event"' in first


def read_lines(path: Path) -> Trace:
    """Read a transcript's file; its chain of hashes is checked.

    Raises:
        TranscriptDamaged: If it is not as it was written.
    """
    return read_events(read_transcript(path).events)


def read_events(events: Sequence[Recorded]) -> Trace:
    """Make a trace of a run's events; a step is an event's number."""
    started = next((r.event for r in events if isinstance(r.event, RunStarted)), None)
    if started is None:
        raise RecordError("the record ends before its run had begun")
    ended = next((r.event for r in reversed(events) if isinstance(r.event, RunEnded)), None)
    began = events[0].at
    return Trace(
        name=events[0].run, source="manyminds", task=started.task.prompt,
        acts=tuple(act for recorded in events for act in _acts(recorded, began)),
        stopped_by=None if ended is None else ended.stopped_by,
        outcome=None if ended is None else ended.answer.outcome,
        began=began.isoformat(timespec="seconds"),
    )  # fmt: skip


def _acts(recorded: Recorded, began: datetime) -> Iterator[Act]:
    """Yield what an event says of who did what; most events say nothing of it."""
    make = _MAKERS.get(type(recorded.event))
    if make is not None:
        at = (recorded.at - began).total_seconds()
        yield from (replace(act, step=recorded.number, at_s=at) for act in make(recorded.event))


def _said(event: Replied) -> Iterator[Act]:
    if event.text.strip():
        yield Act(
            step=0, author=event.member, kind="says", text=_in_words(event.text),
            seconds=event.seconds, tokens=event.spend.tokens, usd=event.spend.usd,
        )  # fmt: skip


def _in_words(text: str) -> str:
    """Return an answer of the action protocol as its reasons and the answer."""
    try:
        found: JsonValue = json.loads(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return text
    if not isinstance(found, dict) or found.get("action") != "answer":
        return text
    return f"{found.get('reason', '')}\nAnswer: {found.get('answer', '')}".strip()


def _called(event: ToolCalled) -> Iterator[Act]:
    told = arguments_text(event.arguments)
    yield Act(step=0, author=event.member, kind="calls", tool=event.tool, arguments=told, text=told)


def _returned(event: ToolReturned) -> Iterator[Act]:
    output = "\n".join(one.output for one in event.evidence)
    yield Act(
        step=0, author=event.member, kind="returns", tool=event.tool, text=event.error or output,
        error=event.error is not None, seconds=event.seconds,
    )  # fmt: skip


def _shared(event: NoteShared) -> Iterator[Act]:
    note = event.note
    text = f"{note.answer}\n{note.reason}".strip()
    wording = canonicalize(note.answer).key
    yield Act(
        step=0, author=note.member, kind="proposes", answer=note.canonical.key, text=text,
        wording=wording,
    )  # fmt: skip


def _checked(event: Checked) -> Iterator[Act]:
    verdict = event.verdict
    yield Act(
        step=0, author=verdict.verifier, kind="checks", about=event.author,
        verdict=verdict.outcome, text=verdict.reason,
    )  # fmt: skip


def _settled(event: CruxSettled) -> Iterator[Act]:
    for ruling in event.rulings:
        yield Act(
            step=0, author="crux", kind="checks", answer=ruling.canonical.key,
            verdict=_RULED[ruling.support], text=ruling.reason,
        )  # fmt: skip


def _remarked(event: RemarkMade) -> Iterator[Act]:
    remark = event.remark
    verdict = _REMARKED.get(remark.kind)
    kind: ActKind = "checks" if verdict else "asks" if remark.kind == "clarify" else "says"
    yield Act(step=0, author=remark.author, text=remark.text, kind=kind, verdict=verdict)


def _clarified(event: Clarified) -> Iterator[Act]:
    yield Act(step=0, author="lead", kind="asks", text=event.question)


def _told(event: Nudged | HeldBack) -> Iterator[Act]:
    held = canonicalize(event.answer).key if isinstance(event, HeldBack) else None
    yield Act(
        step=0, author=event.member, kind="told", text=event.text, about=event.code, wording=held
    )


def _selected(event: Selected) -> Iterator[Act]:
    yield Act(step=0, author=event.author, kind="proposes", answer=event.canonical, text=event.why)


def _ended(event: RunEnded) -> Iterator[Act]:
    answer = event.answer
    text = answer.text or "; ".join(answer.missing)
    yield Act(step=0, author="run", kind="ends", answer=answer.canonical, text=text)


_RULED: Mapping[Support, Outcome] = {
    "supported": "accepted", "contradicted": "rejected", "unsure": "unsure",
}  # fmt: skip
_REMARKED: Mapping[RemarkKind, Outcome] = {"approval": "accepted", "objection": "rejected"}
_MAKERS: Mapping[type, Callable[[Any], Iterator[Act]]] = {
    Replied: _said, ToolCalled: _called, ToolReturned: _returned, NoteShared: _shared,
    Checked: _checked, CruxSettled: _settled, RemarkMade: _remarked, Clarified: _clarified,
    Selected: _selected, Nudged: _told, HeldBack: _told, RunEnded: _ended,
}  # fmt: skip
