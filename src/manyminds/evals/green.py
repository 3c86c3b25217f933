"""What benches teach the green route, and what it saves: measured on questions it has not seen."""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from manyminds.core.events import RunStarted
from manyminds.evals.statistics import Difference, Ratio, difference, ratio
from manyminds.evals.trials import Trial, read_trials
from manyminds.runtime.green import Way, greenest
from manyminds.strategies.question import Family, family_of
from manyminds.strategies.registry import strategy_names
from manyminds.transcript.store import read_transcript, transcript_path

__all__ = ["Saving", "learn_ways", "rows_below", "saving"]

_AS_STRATEGY = {"tools": "single", "majority_adaptive": "majority"}
"""Arms that have another name as a strategy; the arm `majority` is not what the strategy does."""
ALONE = frozenset({"single", "brief"})
"""Strategies of one member, whatever the bench's panel."""
FOLDS = 2

Asked = tuple[Trial, Family]
"""A row and the kind of its question."""


@dataclass(frozen=True, kw_only=True)
class Saving:
    """What the green route spends and reaches beside the most accurate way."""

    n: int
    joules: Ratio
    """Of the route, over those of the most accurate way."""
    accuracy: Difference
    """Of the route, less that of the most accurate way."""
    chosen: Mapping[str, int]
    """Questions by the way that was chosen."""


def rows_below(folder: Path) -> Iterator[Asked]:
    """Read the rows of all benches below a folder, each with the kind of its question."""
    families: dict[str, Family] = {}
    for file in sorted(folder.glob("**/rows.jsonl")):
        for row in read_trials(file):
            if row.joules is None or not row.run:
                continue
            if row.question not in families:
                families[row.question] = _family(file.parent, row)
            yield row, families[row.question]


def _family(bench: Path, row: Trial) -> Family:
    """Read a question's kind off its transcript: rows hold no questions."""
    events = read_transcript(transcript_path(bench, row.run)).events
    start = next(e.event for e in events if isinstance(e.event, RunStarted))
    return family_of(start.task.prompt)


def learn_ways(asked: Sequence[Asked], *, members: int) -> list[Way]:
    """Return what each strategy reached with each model on each kind of question.

    Args:
        asked: The rows.
        members: Of arms that do not say how many they have.
    """
    groups: dict[tuple[Family, str, str, int], dict[str, Trial]] = defaultdict(dict)
    for row, family in asked:
        named = _strategy(row.arm, members)
        if named is not None:
            groups[family, row.model, *named][row.question] = row
    return [
        Way(
            family=family, model=model, strategy=strategy, members=size, n=len(rows),
            accuracy=fmean(row.right for row in rows.values()),
            joules=fmean(row.joules or 0.0 for row in rows.values()),
        )
        for (family, model, strategy, size), rows in sorted(groups.items())
    ]  # fmt: skip


def _strategy(arm: str, members: int) -> tuple[str, int] | None:
    """Return the strategy that an arm is, and its members; `None` where it is none."""
    base, _, size = arm.partition("@")
    name = _AS_STRATEGY.get(base, base)
    if base == "majority" or name not in strategy_names() or not (size or members):
        return None
    if size and not size.isdigit():
        return None
    return name, 1 if name in ALONE else int(size or members)


def saving(asked: Sequence[Asked], *, members: int) -> Saving | None:
    """Measure the green route by cross-fitting: learned on one half, played on the other, and back.

    What it is compared with is learned on the same half: the most accurate way there.

    Returns:
        `None` where too little was played by the same ways on the same questions.
    """
    green: dict[str, Trial] = {}
    best: dict[str, Trial] = {}
    chosen: dict[str, int] = defaultdict(int)
    for fold in range(FOLDS):
        held = [pair for pair in asked if _fold(pair[0]) == fold]
        seen = [pair for pair in asked if _fold(pair[0]) != fold]
        ways = learn_ways(seen, members=members)
        by_way = {(r.question, r.model, _strategy(r.arm, members)): r for r, _ in held}
        questions: dict[tuple[str, str], Family] = {(r.question, r.model): f for r, f in held}
        for (question, model), family in questions.items():
            found = greenest(ways, family, [model])
            if found is None:
                continue
            rows = [by_way.get((question, model, (w.strategy, w.members))) for w in found]
            if rows[0] is not None and rows[1] is not None:
                green[question], best[question] = rows[0], rows[1]
                chosen[found[0].strategy] += 1
    if not green:
        return None
    return Saving(
        n=len(green), joules=ratio(_joules(green), _joules(best)),
        accuracy=difference(
            {q: float(row.right) for q, row in green.items()},
            {q: float(row.right) for q, row in best.items()},
            clusters={q: row.cluster for q, row in green.items()},
        ),
        chosen=dict(chosen),
    )  # fmt: skip


def _fold(row: Trial) -> int:
    """Return the half that a question is in; those made from one seed are in the same."""
    return zlib.crc32(row.cluster.encode()) % FOLDS


def _joules(rows: Mapping[str, Trial]) -> dict[str, float]:
    return {question: row.joules or 0.0 for question, row in rows.items()}
