"""What people said of past answers, and what follows from it: agreement of judges, calibration.

Labels stand in `labels.jsonl`, one a line, the latest of a run counting; the fitted map in
`calibration.json`. Both in the data folder, both plain text.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from manyminds.agents.roles import PRESETS
from manyminds.core.errors import RecordError, UsageError
from manyminds.core.events import (
    Checked,
    NoteShared,
    Ranked,
    Recorded,
    RunEnded,
    RunStarted,
    Selected,
)
from manyminds.core.values import Answer, Candidate, Note
from manyminds.judging.agreement import LEAST, Agreement, Choices, agreement, choices
from manyminds.judging.calibrate import Calibration, fit
from manyminds.judging.canonical import same
from manyminds.judging.rankers.features import FEATURES, features_of, fit_weights
from manyminds.strategies.debate import MODERATED
from manyminds.transcript.store import read_transcript, run_names, transcript_path

__all__ = [
    "MODERATOR",
    "Report",
    "abstaining",
    "calibrated",
    "decides",
    "fit_labels",
    "label",
    "labels",
    "learned_weights",
    "report",
]

MODERATOR = "moderator"
"""Who decides debates that end without one answer."""
_LABELS, _FITTED, _WEIGHTS = "labels.jsonl", "calibration.json", "features.json"


@dataclass(frozen=True, kw_only=True)
class Report:
    """How judges, rankers and stated confidence did against people's labels."""

    labels: int
    judges: Mapping[str, Agreement]
    rankers: Mapping[str, Choices]
    calibration: Calibration | None
    weights: Mapping[str, float] | None = None
    """Of the features that a ranker goes by; `None`: too few answers were preferred to others."""


def label(home: Path, run: str, *, right: bool) -> str:
    """Keep what a person says of a run's answer; return the run's whole name.

    Raises:
        UsageError: If there is no such run, or it gave no answer.
    """
    path = transcript_path(home, run)
    if _answer(read_transcript(path).events) is None:
        raise UsageError(f"run {path.parent.name} gave no answer to label")
    with (home / _LABELS).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"run": path.parent.name, "right": right}) + "\n")
    return path.parent.name


def labels(home: Path) -> dict[str, bool]:
    """Return the latest label of each run."""
    try:
        lines = (home / _LABELS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    try:
        rows = [json.loads(line) for line in lines if line.strip()]
        return {str(row["run"]): row["right"] is True for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{home / _LABELS} holds a line that is no label: {error}") from None


def report(home: Path) -> Report:
    """Compare every judge, and the stated confidence, with the labels there are."""
    verdicts: dict[str, list[tuple[bool, bool]]] = {}
    chosen: dict[str, list[bool]] = {}
    stated: list[tuple[float, bool]] = []
    preferred: list[Preferred] = []
    for events, right in _labelled(home):
        answer = _answer(events)
        if answer is None:
            continue
        known = answer.confidence if answer.stated is None else answer.stated
        if known is not None:
            stated.append((known, right))
        if right:
            preferred += _preferred(answer, events)
        for verifier, accepted in _verdicts_on(answer, events).items():
            verdicts.setdefault(verifier, []).append((accepted, right))
        for ranker in _choosers_of(answer, events):
            chosen.setdefault(ranker, []).append(right)
    found = {name: agreement(pairs) for name, pairs in sorted(verdicts.items())}
    judges = {name: one for name, one in found.items() if one is not None}
    counted = {name: choices(rights) for name, rights in sorted(chosen.items())}
    rankers = {name: one for name, one in counted.items() if one is not None}
    return Report(
        labels=len(labels(home)), judges=judges, rankers=rankers, calibration=fit(stated),
        weights=fit_weights(preferred) if len(preferred) >= LEAST else None,
    )  # fmt: skip


Preferred = tuple[tuple[float, ...], tuple[float, ...]]
"""Features of an answer that a person called right, and of one that it was chosen over."""


def _preferred(answer: Answer, events: tuple[Recorded, ...]) -> Iterator[Preferred]:
    """Yield what a right answer had, and what each other one had that a member stood by."""
    notes = {e.event.note.member: e.event.note for e in events if isinstance(e.event, NoteShared)}
    began = next((e.event for e in events if isinstance(e.event, RunStarted)), None)
    if began is None or answer.author not in notes:
        return
    winner = notes[answer.author]
    others = [n for n in notes.values() if not same(n.canonical, winner.canonical)]
    for other in others:
        a, b = (features_of(began.task, _candidate(note)) for note in (winner, other))
        yield a, b


def _candidate(note: Note) -> Candidate:
    return Candidate(
        text=note.answer, author=note.member, canonical=note.canonical, evidence=note.evidence,
        working=note.reason,
    )  # fmt: skip


def decides(judge: str, found: Agreement) -> bool:
    """Say whether a judge may decide: one that ends crews, while nothing is shown against it."""
    ending = {role.name for roles in PRESETS.values() for role in roles if role.may_end}
    return found.doubt() is None if judge in ending else found.may_decide()


def fit_labels(home: Path) -> Report:
    """Fit the confidence, and a ranker's weights, on the labels and keep the result.

    Raises:
        UsageError: If there are too few labels to fit anything.
    """
    found = report(home)
    if found.weights is not None:
        (home / _WEIGHTS).write_text(json.dumps(found.weights, indent=1), encoding="utf-8")
    if found.calibration is None and found.weights is None:
        raise UsageError(
            f"{found.labels} labels are too few, or all alike; 20 with right and wrong ones among "
            "them are the least: manyminds judge label RUN right|wrong"
        )
    if found.calibration is not None:
        text = json.dumps(asdict(found.calibration), indent=1)
        (home / _FITTED).write_text(text, encoding="utf-8")
    return found


def learned_weights(home: Path) -> dict[str, float] | None:
    """Return a ranker's weights as `fit_labels` kept them; `None` before that.

    Raises:
        RecordError: If they cannot be read.
    """
    path = home / _WEIGHTS
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: float(found[name]) for name in FEATURES}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        why = f"{path} cannot be read ({error}); `manyminds judge fit` writes it anew"
        raise RecordError(why) from None


def calibrated(home: Path, answer: Answer) -> Answer:
    """Give an answer the fitted confidence, where one was fitted; what was stated is kept."""
    if answer.confidence is None:
        return answer
    try:
        kept = json.loads((home / _FITTED).read_text(encoding="utf-8"))
        points = tuple((float(x), float(y)) for x, y in kept.pop("points"))
        calibration = Calibration(points=points, **kept)
    except FileNotFoundError:
        return answer
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(
            f"{home / _FITTED} cannot be read ({error}); `manyminds judge fit` writes it anew"
        ) from None
    stated = answer.confidence
    return replace(answer, confidence=round(calibration(stated), 3), stated=stated)


def abstaining(answer: Answer, threshold: float | None) -> Answer:
    """Turn an answer that is too unsure into a partial one that says so."""
    if threshold is None or answer.confidence is None or answer.outcome != "answered":
        return answer
    if answer.confidence >= threshold:
        return answer
    why = f"its confidence of {answer.confidence:.0%} is below the {threshold:.0%} you asked for"
    return replace(answer, outcome="partial", missing=(*answer.missing, why))


def _labelled(home: Path) -> Iterator[tuple[tuple[Recorded, ...], bool]]:
    known = labels(home)
    for name in run_names(home) if known else ():
        if name not in known:
            continue
        try:
            yield read_transcript(transcript_path(home, name)).events, known[name]
        except RecordError:
            continue  # one damaged run says nothing, and does not silence the others


def _answer(events: tuple[Recorded, ...]) -> Answer | None:
    found = next((r.event.answer for r in events if isinstance(r.event, RunEnded)), None)
    return None if found is None or found.text is None else found


def _verdicts_on(answer: Answer, events: tuple[Recorded, ...]) -> dict[str, bool]:
    """Return what each verifier said last of the answer's author, where it was sure."""
    said: dict[str, bool] = {}
    for recorded in events:
        event = recorded.event
        note = event.note if isinstance(event, NoteShared) else None
        if note is not None and note.member == answer.author and note.answer != answer.text:
            said.clear()  # what was judged so far was given up since
        if not isinstance(event, Checked) or event.author != answer.author:
            continue
        if event.verdict.outcome != "unsure":
            said[event.verdict.verifier] = event.verdict.outcome == "accepted"
    return said


def _choosers_of(answer: Answer, events: tuple[Recorded, ...]) -> set[str]:
    """Return the rankers, and the moderator of a debate, whose first choice was delivered."""
    found = set[str]()
    for event in (recorded.event for recorded in events):
        if isinstance(event, Selected) and event.why == MODERATED:
            found.add(MODERATOR)
        elif isinstance(event, Ranked) and any(event.ranking.scores):
            first = event.authors[event.ranking.order[0]]
            found |= {event.ranking.ranker} if first == answer.author else set()
    return found
