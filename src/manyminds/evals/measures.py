"""From rows to what may be said: shares, costs, paired differences, calibration, by kind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean, quantiles

from manyminds.evals.arms import BASE, Derived, Unit
from manyminds.evals.statistics import (
    Difference,
    McNemar,
    difference,
    gap_closed,
    holm,
    mcnemar,
    pareto_front,
)
from manyminds.evals.trials import Trial
from manyminds.judging.calibrate import calibration_error

__all__ = ["ArmMeasures", "Bin", "Comparison", "Measures", "measure"]

BINS = 10
DERIVED: tuple[Derived, ...] = ("single", "oracle")


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Answers of like confidence."""

    low: float
    high: float
    n: int
    confidence: float
    """Their mean confidence."""
    accuracy: float
    """The share of them that is right."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One arm beside another on the same questions."""

    other: str
    difference: Difference
    mcnemar: McNemar | None
    """What only one of them had right; `None` where a score is a mean of draws."""
    p_holm: float | None
    """McNemar's p, adjusted for all comparisons with that other arm."""


@dataclass(frozen=True, kw_only=True)
class ArmMeasures:
    """What one arm reached, and at what cost; costs are means over its questions."""

    name: str
    n: int
    accuracy: float
    low: float
    high: float
    """95 % interval, by clusters of questions."""
    chance: float
    """Share that guessing gets right."""
    tokens: float
    tokens_cached: float
    tokens_out: float
    usd: float | None
    joules: float | None
    seconds: float
    """Of its requests added up."""
    seconds_p50: float | None
    seconds_p99: float | None
    first_token_s: float | None
    """Median."""
    tokens_per_second: float | None
    """Of output, while a request was under way."""
    requests: float
    answered: float
    """Share of questions with an answer that stands."""
    calibration_error: float | None
    """`None` where the arm states no confidence."""
    bins: tuple[Bin, ...]
    by_kind: Mapping[str, float]
    by_purpose: Mapping[str, float]
    """Tokens by what requests were for."""
    gap_closed: float | None
    """Share of the way from one draw to the oracle of the draws."""
    comparisons: tuple[Comparison, ...] = ()
    derived: bool = False
    """Whether it was read off the base arm's draws."""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """All arms of one bench, over the questions that every one of them has played."""

    suite: str
    model: str
    n: int
    left_out: int
    """Questions that some arm has not played yet."""
    unit: Unit
    arms: tuple[ArmMeasures, ...]
    front: tuple[str, ...]
    """Arms that no other one beats at both tokens and accuracy, cheapest first."""
    kinds: Mapping[str, int]
    """Questions of each kind."""
    prompts: tuple[str, ...]
    """Hashes of the prompts that the rows were made with."""
    dates: tuple[str, str]
    """When the first and the last row was made."""


def measure(
    trials: Sequence[Trial],
    *,
    members: int,
    unit: Unit = "tokens",
    derived: Sequence[Derived] = DERIVED,
) -> Measures:
    """Measure the arms of a bench.

    Args:
        trials: Its rows.
        members: Draws of the base arm.
        unit: That budgeted arms counted.
        derived: What to read off the base arm's draws.

    Raises:
        ValueError: If no question was played by every arm.
    """
    by_arm: dict[str, dict[str, Trial]] = {}
    for trial in trials:
        by_arm.setdefault(trial.arm, {})[trial.question] = trial
    every = [set(rows) for rows in by_arm.values()]
    shared = every[0].intersection(*every[1:]) if every else set[str]()
    if not shared:
        raise ValueError("no question was played by every arm yet")
    base = [row for question, row in by_arm[BASE].items() if question in shared]
    scores = {name: {t.question: _derived(name, t, members) for t in base} for name in DERIVED}
    scores |= {
        arm: {t.question: float(rows[t.question].right) for t in base}
        for arm, rows in by_arm.items()
    }
    ends = fmean(scores["single"].values()), fmean(scores["oracle"].values())
    clusters = {t.question: t.cluster for t in base}
    arms = [
        _arm(
            name,
            [by_arm.get(name, by_arm[BASE])[t.question] for t in base],
            scores[name],
            clusters,
            part=1 / members if name == "single" else 1.0,
            ends=ends,
        )
        for name in [*derived, *by_arm]
    ]
    played = [rows[question] for rows in by_arm.values() for question in shared]
    points = {a.name: (a.tokens, a.accuracy) for a in arms if a.name != "oracle"}
    return Measures(
        suite=trials[0].suite,
        model=trials[0].model,
        n=len(base),
        left_out=len(set[str]().union(*every)) - len(base),
        unit=unit,
        arms=_compared(arms, scores, clusters),
        front=tuple(pareto_front(points)),
        kinds=dict(Counter(t.kind for t in base)),
        prompts=tuple(sorted({t.prompts for t in played})),
        dates=(min(t.at for t in played), max(t.at for t in played)),
    )


def _derived(name: Derived, trial: Trial, members: int) -> float:
    """Return the mean score of one draw, or whether any was right; no answer is a wrong one."""
    return sum(trial.drafts) / members if name == "single" else float(any(trial.drafts))


def _arm(
    name: str,
    rows: Sequence[Trial],
    scores: Mapping[str, float],
    clusters: Mapping[str, str],
    *,
    part: float,
    ends: tuple[float, float],
) -> ArmMeasures:
    """Measure one arm.

    Args:
        name: Of the arm.
        rows: Its rows; the base arm's for what is read off its draws.
        scores: By question.
        clusters: By question.
        part: Of the rows' cost that is this arm's.
        ends: Score of a single draw, and of the oracle.
    """
    derived = name in DERIVED
    interval = difference(scores, dict.fromkeys(scores, 0.0), clusters=clusters)
    stated = [] if derived else [(t.confidence, t.right) for t in rows if t.confidence is not None]
    seconds = [t.seconds * part for t in rows]
    tokens_out = fmean(t.tokens_out for t in rows) * part
    kinds = sorted({t.kind for t in rows})
    first = sorted(t.first_token_s for t in rows if t.first_token_s is not None)
    purposes = sorted({p for t in rows for p in t.by_purpose})
    return ArmMeasures(
        name=name, n=len(rows), accuracy=interval.mean, low=interval.low, high=interval.high,
        chance=fmean(t.chance for t in rows),
        tokens=fmean(t.tokens_in + t.tokens_out for t in rows) * part,
        tokens_cached=fmean(t.tokens_cached for t in rows) * part, tokens_out=tokens_out,
        usd=_mean_known([t.usd for t in rows], part),
        joules=_mean_known([t.joules for t in rows], part),
        seconds=fmean(seconds), seconds_p50=_quantile(seconds, 50),
        seconds_p99=_quantile(seconds, 99),
        first_token_s=first[len(first) // 2] if first else None,
        tokens_per_second=tokens_out / fmean(seconds) if fmean(seconds) > 0 else None,
        requests=fmean(t.requests for t in rows) * part,
        answered=fmean(t.outcome == "answered" for t in rows),
        calibration_error=calibration_error(stated) if stated else None, bins=_bins(stated),
        by_kind={k: fmean(scores[t.question] for t in rows if t.kind == k) for k in kinds},
        by_purpose={p: fmean(t.by_purpose.get(p, 0) for t in rows) * part for p in purposes},
        gap_closed=gap_closed(interval.mean, *ends), derived=derived,
    )  # fmt: skip


def _compared(
    arms: Sequence[ArmMeasures],
    scores: Mapping[str, Mapping[str, float]],
    clusters: Mapping[str, str],
) -> tuple[ArmMeasures, ...]:
    """Put every arm beside every other one; p values are adjusted among those with one other."""
    found: dict[str, list[Comparison]] = {arm.name: [] for arm in arms}
    for other in found:
        rest = [arm.name for arm in arms if arm.name != other]
        tests = [
            None if "single" in (name, other) else mcnemar(scores[name], scores[other])
            for name in rest
        ]
        adjusted = iter(holm([test.p for test in tests if test is not None]))
        for name, test in zip(rest, tests, strict=True):
            found[name].append(
                Comparison(
                    other=other,
                    difference=difference(scores[name], scores[other], clusters=clusters),
                    mcnemar=test,
                    p_holm=None if test is None else next(adjusted),
                )
            )
    return tuple(replace(arm, comparisons=tuple(found[arm.name])) for arm in arms)


def _mean_known(values: Sequence[float | None], part: float) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) * part if known and len(known) == len(values) else None


def _quantile(values: Sequence[float], percent: int) -> float | None:
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else None


def _bins(stated: Sequence[tuple[float, bool]]) -> tuple[Bin, ...]:
    edges = [n / BINS for n in range(BINS + 1)]
    found: list[Bin] = []
    for low, high in pairwise(edges):
        mine = [(c, r) for c, r in stated if low <= c < high or (high == 1 and c == 1)]
        if mine:
            found.append(
                Bin(
                    low=low, high=high, n=len(mine), confidence=fmean(c for c, _ in mine),
                    accuracy=fmean(r for _, r in mine),
                )
            )  # fmt: skip
    return tuple(found)
