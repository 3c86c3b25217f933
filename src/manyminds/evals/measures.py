"""From rows to what may be said: shares, costs, paired differences, calibration, by kind."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean, quantiles

from manyminds.evals.arms import BASE, Derived, Unit
from manyminds.evals.statistics import (
    Difference,
    Finding,
    McNemar,
    difference,
    gap_closed,
    holm,
    mcnemar,
    pareto_front,
    sign_flip_p,
)
from manyminds.evals.trials import Trial, amount_of_row
from manyminds.judging.calibrate import calibration_error
from manyminds.judging.interval import share_interval

__all__ = ["ArmMeasures", "Bin", "Comparison", "EqualCost", "Measures", "equal_cost", "measure"]

BINS = 10
LEVEL = 0.05
TOLERANCE = 0.05
"""How far a budgeted arm's spending may lie from the amount and still be called equal."""
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
    """Adjusted for all comparisons with that other arm. McNemar's p where every question stands
    alone, else that of flipping signs by cluster; `None` where a score is a mean of draws."""
    finding: Finding
    """A win or a loss where the interval leaves zero out and p, if there is one, is below 0.05."""


@dataclass(frozen=True, kw_only=True)
class EqualCost:
    """An arm beside one that was to spend as much."""

    arm: str
    budgeted: str
    spent: float
    """What the budgeted arm spent of the other one's amount, both summed over the questions."""
    within: bool
    """Whether that is within `TOLERANCE`."""


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
    equal: tuple[EqualCost, ...]
    front: tuple[str, ...]
    """Arms that no other one beats at both tokens and accuracy, cheapest first."""
    kinds: Mapping[str, int]
    """Questions of each kind."""
    prompts: tuple[str, ...]
    """Hashes of the prompts that the rows were made with."""
    code: tuple[str, ...]
    """Versions that the rows were made with."""
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
        equal=_equal(by_arm, [t.question for t in base], unit),
        front=tuple(pareto_front(points)),
        kinds=dict(Counter(t.kind for t in base)),
        prompts=tuple(sorted({t.prompts for t in played})),
        code=tuple(sorted({t.code for t in played})),
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
    low, high = interval.low, interval.high
    if name != "single" and interval.clusters == interval.n:
        low, high = share_interval(round(sum(scores.values())), interval.n)
    stated = [] if derived else [(t.confidence, t.right) for t in rows if t.confidence is not None]
    seconds = [t.seconds * part for t in rows]
    tokens_out = fmean(t.tokens_out for t in rows) * part
    kinds = sorted({t.kind for t in rows})
    first = sorted(t.first_token_s for t in rows if t.first_token_s is not None)
    purposes = sorted({p for t in rows for p in t.by_purpose})
    return ArmMeasures(
        name=name, n=len(rows), accuracy=interval.mean, low=low, high=high,
        chance=fmean(t.chance for t in rows),
        tokens=fmean(t.tokens_in + t.tokens_out for t in rows) * part,
        tokens_cached=fmean(t.tokens_cached for t in rows) * part, tokens_out=tokens_out,
        usd=_mean_known([t.usd for t in rows], part),
        joules=_mean_known([t.joules for t in rows], part),
        seconds=fmean(seconds), seconds_p50=None if derived else _quantile(seconds, 50),
        seconds_p99=None if derived else _quantile(seconds, 99),
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
        exact = [name for name in rest if "single" not in (name, other)]
        alone = len(set(clusters.values())) == len(clusters)
        tests = {name: mcnemar(scores[name], scores[other]) for name in exact}
        ps = [
            tests[name].p if alone else sign_flip_p(scores[name], scores[other], clusters)
            for name in exact
        ]
        adjusted = dict(zip(exact, holm(ps), strict=True))
        for name in rest:
            gap = difference(scores[name], scores[other], clusters=clusters)
            p = adjusted.get(name)
            found[name].append(
                Comparison(
                    other=other, difference=gap, mcnemar=tests.get(name), p_holm=p,
                    finding="not shown" if p is not None and p >= LEVEL else gap.finding,
                )
            )  # fmt: skip
    return tuple(replace(arm, comparisons=tuple(found[arm.name])) for arm in arms)


def equal_cost(found: Measures) -> list[str]:
    """Say in a line each how arms did beside those that spent as much."""
    lines: list[str] = []
    for pair in found.equal:
        arm = next(a for a in found.arms if a.name == pair.arm)
        beside = next(c for c in arm.comparisons if c.other == pair.budgeted)
        d = beside.difference
        gap = f"{100 * d.mean:+.1f} points ({100 * d.low:+.1f} to {100 * d.high:+.1f})"
        cost = f"{pair.budgeted} spent {pair.spent:.0%} of its {found.unit}"
        far = "" if pair.within else f", more than {TOLERANCE:.0%} off: not equal cost"
        lines.append(f"{pair.arm} minus {pair.budgeted}: {gap}, {beside.finding}; {cost}{far}")
    return lines


def _equal(
    by_arm: Mapping[str, Mapping[str, Trial]], ids: Sequence[str], unit: Unit
) -> tuple[EqualCost, ...]:
    """Say how near budgeted arms came to what they were to equal."""
    found: list[EqualCost] = []
    for name, rows in by_arm.items():
        other = next(iter(rows.values())).equal_to
        if other is None or other not in by_arm:
            continue
        spent = [amount_of_row(rows[i], unit) for i in ids]
        meant = [amount_of_row(by_arm[other][i], unit) for i in ids]
        known = [(s, m) for s, m in zip(spent, meant, strict=True) if s is not None and m]
        share = sum(s for s, _ in known) / sum(m for _, m in known) if known else 0.0
        within = abs(share - 1) <= TOLERANCE
        found.append(EqualCost(arm=other, budgeted=name, spent=share, within=within))
    return tuple(found)


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
