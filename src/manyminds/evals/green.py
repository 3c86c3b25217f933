"""What benches teach the green route, and what it saves: measured on questions it has not seen."""

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from manyminds.agents.roster import MAX_MEMBERS
from manyminds.core.errors import RecordError, UnknownName
from manyminds.core.events import RunStarted
from manyminds.evals.statistics import Difference, Ratio, difference, ratio
from manyminds.evals.trials import PLAN, Trial, read_trials
from manyminds.runtime.green import LEAST, Way, greenest
from manyminds.strategies.question import Family, family_of
from manyminds.strategies.registry import ALONE, strategy_names
from manyminds.transcript.store import read_transcript, transcript_path

__all__ = ["Played", "Saving", "learn_ways", "played_below", "saving"]

_AS_STRATEGY = {"tools": "single", "majority_adaptive": "majority"}
"""Arms that have another name as a strategy; the arm `majority` is not what the strategy does."""
_UNGRADED = frozenset({"mmlu_open"})
"""Suites most of whose answers cannot be graded."""
FOLDS = 2

Asked = tuple[str, str]
"""A question and the model that was asked."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """A row that teaches something: which way was taken, on what kind of question."""

    family: Family
    strategy: str
    members: int
    row: Trial

    @property
    def asked(self) -> Asked:
        """The question and the model."""
        return self.row.question, self.row.model

    @property
    def joules(self) -> float:
        """The middle of the estimate."""
        return self.row.joules or 0.0


@dataclass(frozen=True, kw_only=True)
class Saving:
    """What the green route spends and reaches beside the most accurate way."""

    n: int
    joules: Ratio | None
    """Of the route, over those of the most accurate way."""
    accuracy: Difference
    """Of the route, less that of the most accurate way."""
    chosen: Mapping[str, int]
    """Questions by the way that was chosen."""


def played_below(folder: Path) -> tuple[list[Played], int]:
    """Read all benches below a folder; of rows, those of known energy and of arms that `ask` knows.

    Returns:
        The rows that teach, and how many had lost their transcript, which holds the question.
    """
    families: dict[Asked, Family | None] = {}
    found: list[Played] = []
    lost = 0
    for file in sorted(folder.glob("**/rows.jsonl")):
        members = _members(file.parent)
        for row in read_trials(file):
            way = _way(row, members)
            if way is None or row.joules is None or row.suite in _UNGRADED:
                continue
            asked = (row.question, row.model)
            if families.get(asked) is None:
                families[asked] = _family(file.parent, row)
            family = families[asked]
            lost += family is None
            if family is not None:
                found.append(Played(family=family, strategy=way[0], members=way[1], row=row))
    return found, lost


def _members(bench: Path) -> int:
    """Return the size of a bench's panels."""
    return int(json.loads((bench / PLAN).read_text(encoding="utf-8"))["members"])


def _family(bench: Path, row: Trial) -> Family | None:
    """Read a question's kind off its transcript: rows hold no questions."""
    try:
        events = read_transcript(transcript_path(bench, row.run)).events
    except (RecordError, UnknownName, OSError):
        return None
    start = next(e.event for e in events if isinstance(e.event, RunStarted))
    return family_of(start.task.prompt)


def _way(row: Trial, members: int) -> tuple[str, int] | None:
    """Return an arm's strategy and members; `None` where `ask` cannot do the same."""
    base, at, size = row.arm.partition("@")
    name = _AS_STRATEGY.get(base, base)
    if not row.run or base == "majority" or name not in strategy_names():
        return None
    if at and not size.isdigit():
        return None
    count = 1 if name in ALONE else int(size or members)
    return (name, count) if count <= MAX_MEMBERS else None


def learn_ways(played: Sequence[Played]) -> list[Way]:
    """Return what each strategy reached with each model on each kind of question.

    Ways of a kind are measured on the same questions: those that all of them have played. A way
    that would leave fewer than `LEAST` is left out.
    """
    groups: dict[Family, dict[tuple[str, str, int], dict[str, Played]]] = defaultdict(dict)
    for one in played:
        key = (one.row.model, one.strategy, one.members)
        groups[one.family].setdefault(key, {})[one.row.question] = one
    return [way for family, ways in sorted(groups.items()) for way in _on_shared(family, ways)]


def _on_shared(
    family: Family, ways: Mapping[tuple[str, str, int], Mapping[str, Played]]
) -> list[Way]:
    shared: set[str] = set()
    kept: list[tuple[str, str, int]] = []
    for key in sorted(ways, key=lambda key: (-len(ways[key]), key)):
        left = shared & ways[key].keys() if kept else set(ways[key])
        if len(left) >= LEAST:
            kept.append(key)
            shared = left
    return [
        Way(
            family=family, model=key[0], strategy=key[1], members=key[2], n=len(shared),
            accuracy=fmean(ways[key][question].row.right for question in shared),
            joules=fmean(ways[key][question].joules for question in shared),
        )
        for key in kept
    ]  # fmt: skip


def saving(played: Sequence[Played]) -> Saving | None:
    """Measure the green route by cross-fitting: learned on one half, played on the other, and back.

    What it is compared with is learned on the same half: the most accurate way there.

    Returns:
        `None` where too little was played by the same ways on the same questions.
    """
    green: dict[Asked, Played] = {}
    best: dict[Asked, Played] = {}
    for fold in range(FOLDS):
        ways = learn_ways([one for one in played if _fold(one) != fold])
        held = [one for one in played if _fold(one) == fold]
        by_way = {(one.asked, one.strategy, one.members): one for one in held}
        families: dict[Asked, Family] = {one.asked: one.family for one in held}
        for asked, family in families.items():
            found = greenest(ways, family, [asked[1]])
            if found is None:
                continue
            a, b = (by_way.get((asked, way.strategy, way.members)) for way in found)
            if a is not None and b is not None:
                green[asked], best[asked] = a, b
    if not green:
        return None
    clusters = {str(asked): one.row.cluster for asked, one in green.items()}
    joules = [{str(k): one.joules for k, one in half.items()} for half in (green, best)]
    right = [{str(k): float(one.row.right) for k, one in half.items()} for half in (green, best)]
    return Saving(
        n=len(green), joules=ratio(*joules, clusters=clusters),
        accuracy=difference(*right, clusters=clusters),
        chosen=dict(Counter(one.strategy for one in green.values())),
    )  # fmt: skip


def _fold(one: Played) -> int:
    """Return the half that a question is in; those made from one seed are in the same."""
    return zlib.crc32(one.row.cluster.encode()) % FOLDS
