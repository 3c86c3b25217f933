"""Runs that are kept: how they stand, and what came of them, read off their transcripts."""

from pathlib import Path
from typing import Literal

from manyminds.budget.ledger import cost_of
from manyminds.core.errors import RecordError
from manyminds.core.events import PersonAsked, RunEnded, RunStarted, Steered
from manyminds.core.values import Answer
from manyminds.runtime.ask import Asked
from manyminds.runtime.elsewhere import read_standing
from manyminds.runtime.orders import read_order
from manyminds.runtime.steer import CANCELLED
from manyminds.transcript.store import Transcript, is_written

__all__ = ["State", "asked_of", "at_work", "question_of", "state_of", "waiting_for", "waits_for"]

State = Literal["queued", "working", "waiting", "unfinished", "finished"]


def state_of(transcript: Transcript) -> State:
    """Return how a run stands.

    `waiting`: for the person; `unfinished`: its process has ended, and it can be taken up.
    """
    if transcript.events and isinstance(transcript.events[-1].event, RunEnded):
        return "finished"
    if _called_off(transcript):
        return "finished"
    if not at_work(transcript.path):
        return "unfinished" if transcript.events else "queued"
    return "working" if waits_for(transcript) is None else "waiting"


def at_work(path: Path) -> bool:
    """Say whether somebody is at work on a run, here or in the fleet."""
    standing = read_standing(path.parent)
    return is_written(path) if standing is None else standing.worker is not None


def waits_for(transcript: Transcript) -> PersonAsked | None:
    """Return what a run waits for the person to say."""
    asked = waiting_for(transcript)
    return None if asked is None else asked[1]


def waiting_for(transcript: Transcript) -> tuple[int, PersonAsked] | None:
    """Return what a run waits for the person to say, with the number of the event that asked."""
    last: tuple[int, PersonAsked] | None = None
    for recorded in transcript.events:
        event = recorded.event
        if isinstance(event, PersonAsked):
            last = (recorded.number, event)
        elif last is not None and _answers(event, last[1]):
            last = None
    return last


def _answers(event: object, asked: PersonAsked) -> bool:
    if isinstance(event, Steered):
        return event.text == asked.text or event.what in ("now", "cancel")
    return getattr(event, "kind", "") in ("planned", "run_ended") and asked.what == "plan"


def _called_off(transcript: Transcript) -> bool:
    """Say whether a run of the fleet was cancelled before anybody began it."""
    standing = read_standing(transcript.path.parent)
    return standing is not None and standing.over and not transcript.events


def question_of(transcript: Transcript) -> str:
    """Return what was asked."""
    event = transcript.events[0].event if transcript.events else None
    if isinstance(event, RunStarted):
        return event.task.prompt
    return read_order(transcript.path.parent).task.prompt


def asked_of(transcript: Transcript) -> Asked:
    """Return what came of a run; one that has not ended has no answer yet.

    Raises:
        RecordError: If it has not even begun.
    """
    start = next((r.event for r in transcript.events if isinstance(r.event, RunStarted)), None)
    if start is None and _called_off(transcript):
        return _unbegun(transcript)
    if start is None:
        raise RecordError(f"{transcript.path}: the run never began")
    end = next((r.event for r in transcript.events if isinstance(r.event, RunEnded)), None)
    run = transcript.path.parent.name
    ended = "it was ended from outside before it had an answer"
    standing = read_standing(transcript.path.parent)
    why = "" if standing is None or standing.why is None else f" ({standing.why})"
    missing = {
        "unfinished": f"{ended}{why}; go on with: manyminds resume {run}",
        "waiting": f"it waits for you: manyminds attach {run}",
    }.get(state_of(transcript), f"it is at work: manyminds attach {run}")
    return Asked(
        run=run,
        answer=end.answer if end is not None else Answer(
            outcome="none", text=None, canonical=None, confidence=None, missing=(missing,)
        ),
        strategy=start.strategy,
        members=start.members,
        cost=cost_of(transcript.events),
        stopped_by=end.stopped_by if end is not None else "killed",
        transcript=transcript.path,
        prompts=start.prompts,
    )  # fmt: skip


def _unbegun(transcript: Transcript) -> Asked:
    options = read_order(transcript.path.parent).options
    return Asked(
        run=transcript.path.parent.name,
        answer=Answer(
            outcome="none", text=None, canonical=None, confidence=None,
            missing=("you cancelled it before it began",),
        ),
        strategy=options.strategy or options.effort, members=(), cost=cost_of(()),
        stopped_by=CANCELLED, transcript=transcript.path, prompts="",
    )  # fmt: skip
