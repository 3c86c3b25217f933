"""What past runs teach the router: whether one member's own answer would have stood."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from manyminds.core.errors import RecordError, UsageError
from manyminds.core.events import NoteShared, Recorded, RunEnded, RunStarted
from manyminds.judging.canonical import canonicalize, same
from manyminds.strategies.route import Router, fit_router
from manyminds.transcript.store import read_transcript, run_names, transcript_path

__all__ = ["fit_from_runs", "load_router"]

_FILE = "router.json"
_PANELS = frozenset({"heavy", "self_consistency", "majority", "best_of_n", "debate", "mixture"})
"""Strategies whose answer is better founded than one member's, so that it can be compared with."""


def fit_from_runs(home: Path) -> Router:
    """Learn from the panels that are kept, and keep what was learned.

    Raises:
        UsageError: If there are too few runs to learn from.
    """
    lessons: list[tuple[str, bool]] = []
    for name in run_names(home):
        try:
            lesson = _lesson(read_transcript(transcript_path(home, name)).events)
        except RecordError:
            continue  # one unreadable run does not keep the others from teaching
        if lesson is not None:
            lessons.append(lesson)
    router = fit_router(lessons)
    if router is None:
        raise UsageError(
            f"{len(lessons)} panel runs are too few to learn from, or all alike; 40 are the least"
        )
    (home / _FILE).write_text(json.dumps(asdict(router), indent=1), encoding="utf-8")
    return router


def load_router(home: Path) -> Router:
    """Return the router that was learned; one that goes by rules where none was."""
    try:
        return Router(**json.loads((home / _FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Router()
    except (ValueError, TypeError) as error:
        raise RecordError(
            f"{home / _FILE} cannot be read ({error}); `manyminds route fit` writes it anew"
        ) from None


def _lesson(events: Sequence[Recorded]) -> tuple[str, bool] | None:
    """Return a panel's question, and whether its first member alone would have said the same."""
    start = next((r.event for r in events if isinstance(r.event, RunStarted)), None)
    end = next((r.event for r in events if isinstance(r.event, RunEnded)), None)
    if start is None or end is None or start.strategy not in _PANELS:
        return None
    notes = [r.event.note for r in events if isinstance(r.event, NoteShared)]
    mine = [n for n in notes if n.round == 1 and n.member == start.members[0].name]
    first = mine[-1] if mine else None  # what it came to by itself, objections heard
    if first is None or end.answer.text is None or end.answer.outcome != "answered":
        return None
    if len({n.member for n in notes}) < 2:
        return None
    final = canonicalize(end.answer.text, question=start.task.prompt)
    stood = end.answer.canonical == first.canonical.key or same(first.canonical, final)
    return start.task.prompt, stood
