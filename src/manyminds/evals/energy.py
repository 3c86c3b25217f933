"""What answers draw: by form and with or without reasoning, in grams of CO2 equivalent.

The protocol is that of Dauner and Socher 2025, Energy costs of communicating with AI (Frontiers in
Communication): questions from five MMLU subjects, once with their options and once without, and
models that reason first beside models that do not. Here one model does both. Everything is an
estimate, scaled to 1,000 questions from what was run.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from manyminds.budget.energy import GRAMS_PER_KWH
from manyminds.evals.arms import Arm
from manyminds.evals.questions import Question
from manyminds.evals.statistics import Ratio, ratio
from manyminds.evals.suites import MMLU_SUBJECTS, load_suite
from manyminds.evals.trials import Trial
from manyminds.judging.interval import share_interval
from manyminds.strategies.brief import Brief
from manyminds.strategies.majority import Majority

__all__ = ["ARMS", "FORMS", "PUBLISHED", "Drawn", "EnergyFound", "energy_of", "energy_questions"]

SCALE = 1_000
"""Questions that figures are scaled to."""
FORMS = {"choice": "mmlu", "open": "mmlu_open"}
"""The forms, each with its suite."""
ARMS = (
    Arm(name="brief", members=1, make=lambda _wallet: Brief(), thinking=False),
    Arm(
        name="reasoned", members=1, thinking=True,
        make=lambda _wallet: Majority(adaptive=False, temperature=0.0),
    ),
)  # fmt: skip
"""The answer alone, and step by step; a model with a switch for it reasons or does not."""
PUBLISHED = {
    "reasoned over brief": "4 to 6 times as much",
    "open over choice": "345.55 g against 109.52 g, 3.2 times as much",
}
"""Of the same protocol on models of 7 to 72 billion parameters and an A100."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What one form, answered in one way, draws; grams for 1,000 questions."""

    form: str
    way: str
    n: int
    tokens_out: float
    """Mean of a question."""
    grams_low: float | None
    grams_high: float | None
    """`None` where nothing is known of what the model draws."""
    graded: int
    """Questions whose answers can be graded: open ones only where the answer is short and the
    question makes sense without its options."""
    accuracy: float | None
    low: float | None
    high: float | None
    """95 % interval."""


@dataclass(frozen=True, kw_only=True)
class EnergyFound:
    """What a model draws, by form and way, and how they compare."""

    model: str
    subjects: tuple[str, ...]
    grams_per_kwh: float
    methods: tuple[str, ...]
    drawn: tuple[Drawn, ...]
    reasoned_over_brief: dict[str, Ratio]
    """Of the energy, by form."""
    open_over_choice: dict[str, Ratio]
    """Of the energy, by way."""
    dates: tuple[str, str]
    alone: tuple[str, ...]
    """The open questions that are graded: those that make sense without their options."""


def energy_questions(data: Path, per_form: int) -> dict[str, list[Question]]:
    """Read as many questions of each form; the same ones, evenly from the five subjects.

    Raises:
        UsageError: If the data is not there.
    """
    return {form: load_suite(suite, data, limit=per_form) for form, suite in FORMS.items()}


def energy_of(rows: Sequence[Trial], *, alone: Collection[str]) -> EnergyFound:
    """Measure what was played.

    Args:
        rows: Of both forms and both ways.
        alone: Names of the open questions that can be graded.

    Raises:
        ValueError: If there is a form or way without a row.
    """
    groups = {
        (form, arm.name): [row for row in rows if (row.suite, row.arm) == (suite, arm.name)]
        for form, suite in FORMS.items()
        for arm in ARMS
    }
    if not all(groups.values()):
        raise ValueError("not every form was played in every way yet")
    kwh = {key: _kwh(found) for key, found in groups.items()}
    ways = [arm.name for arm in ARMS]
    brief, reasoned = ways
    return EnergyFound(
        model=rows[0].model, subjects=MMLU_SUBJECTS, grams_per_kwh=GRAMS_PER_KWH,
        methods=tuple(sorted({by for row in rows for by in row.kwh_by})),
        drawn=tuple(_drawn(*key, found, alone) for key, found in groups.items()),
        reasoned_over_brief=_ratios({f: (kwh[f, reasoned], kwh[f, brief]) for f in FORMS}),
        open_over_choice=_ratios({w: (kwh["open", w], kwh["choice", w]) for w in ways}),
        dates=(min(row.at for row in rows), max(row.at for row in rows)),
        alone=tuple(sorted(alone)),
    )  # fmt: skip


def _kwh(rows: Sequence[Trial]) -> dict[str, float]:
    """Return the middle of each estimate by question, the form left out of its name."""
    return {row.question.removeprefix("open/"): sum(row.kwh) / 2 for row in rows if row.kwh}


def _ratios(
    pairs: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]],
) -> dict[str, Ratio]:
    """Divide where both are known of some question, and the second is not nothing."""
    found = {name: ratio(a, b) for name, (a, b) in pairs.items()}
    return {name: r for name, r in found.items() if r is not None}


def _drawn(form: str, way: str, rows: Sequence[Trial], alone: Collection[str]) -> Drawn:
    known = [row.kwh for row in rows if row.kwh is not None]
    whole = len(known) == len(rows)
    graded = [row for row in rows if form == "choice" or row.question in alone]
    right = sum(row.right for row in graded)
    low, high = share_interval(right, len(graded)) if graded else (None, None)
    return Drawn(
        form=form, way=way, n=len(rows), tokens_out=fmean(row.tokens_out for row in rows),
        grams_low=_grams(fmean(k[0] for k in known)) if whole else None,
        grams_high=_grams(fmean(k[1] for k in known)) if whole else None,
        graded=len(graded), accuracy=right / len(graded) if graded else None, low=low, high=high,
    )  # fmt: skip


def _grams(kwh: float) -> float:
    return kwh * GRAMS_PER_KWH * SCALE
