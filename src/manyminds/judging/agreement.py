"""How far a judge agrees with people beyond chance, and whether that is far enough to decide."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from manyminds.core.protocols import Ranker, Verifier
from manyminds.core.values import Candidate, Ranking, Task, Verdict
from manyminds.judging.interval import share_interval

__all__ = ["LEAST", "Agreement", "Aligned", "Choices", "TrustedRanker", "agreement", "choices"]

ENOUGH = 0.6
"""Kappa from which a judge may decide: "substantial" in Landis and Koch 1977."""
LEAST = 20
"""Labels below which nothing is said of a judge."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Cohen's kappa between a judge and a person, with its 95 % interval."""

    n: int
    kappa: float
    low: float
    high: float
    same: float
    """Share of verdicts that are the same."""

    def may_decide(self, threshold: float = ENOUGH) -> bool:
        """Say whether the judge is aligned well enough to decide anything."""
        return self.n >= LEAST and self.kappa >= threshold

    def doubt(self, threshold: float = ENOUGH) -> str | None:
        """Return what is shown against a judge whose yes delivers answers; `None`: nothing is.

        Nearly all of its labelled verdicts are yes, so that kappa itself says little: it is its
        interval that has to lie below the threshold.
        """
        if self.n < LEAST or self.high >= threshold:
            return None
        how = (
            f"kappa {self.low:.2f} to {self.high:.2f} on {self.n} labels; {threshold} is the least"
        )
        return f"the judge does not agree with you well enough to decide: {how}"


def agreement(pairs: Sequence[tuple[bool, bool]]) -> Agreement | None:
    """Compare a judge's verdicts with a person's labels; `None` without any.

    Source: Cohen 1960; the standard error is that of Fleiss, Cohen and Everitt 1969, simplified
    for large samples: sqrt(p_o (1 - p_o) / (n (1 - p_e)^2)).

    Args:
        pairs: The judge's verdict (accepted or not) and the person's.
    """
    n = len(pairs)
    if n == 0:
        return None
    same = sum(a == b for a, b in pairs) / n
    yes_judge, yes_person = (sum(p[side] for p in pairs) / n for side in (0, 1))
    chance = yes_judge * yes_person + (1 - yes_judge) * (1 - yes_person)
    if chance == 1:  # both always say one thing: nothing can be told from that
        return Agreement(n=n, kappa=0.0, low=-1.0, high=1.0, same=same)
    kappa = (same - chance) / (1 - chance)
    half = 1.96 * math.sqrt(same * (1 - same) / n) / (1 - chance)
    return Agreement(
        n=n, kappa=kappa, low=max(-1.0, kappa - half), high=min(1.0, kappa + half), same=same
    )


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """A judge that does not decide once it was found to disagree with people.

    Before there are enough labels to tell, it decides and says that it is not yet compared.
    """

    verifier: Verifier
    found: Agreement | None
    """How it agreed so far; `None` where nobody has labelled anything."""
    threshold: float = ENOUGH

    @property
    def name(self) -> str:
        """Of the verifier behind it."""
        return self.verifier.name

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Pass its verdict on, or say why it does not count."""
        if self.found is None or self.found.n < LEAST:
            verdict = await self.verifier.verify(task, candidate)
            labels = 0 if self.found is None else self.found.n
            return replace(
                verdict, reason=f"{verdict.reason} (a judge with {labels} of your labels)"
            )
        if self.found.may_decide(self.threshold):
            return await self.verifier.verify(task, candidate)
        how = (
            f"kappa {self.found.kappa:.2f} on {self.found.n} labels; {self.threshold} is the least"
        )
        why = f"this judge does not agree with you well enough to decide: {how}"
        return Verdict(outcome="unsure", reason=why, verifier=self.name)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How often the answer that a ranker chose was right, with the 95 % interval of that share."""

    n: int
    right: int
    low: float
    high: float

    def may_decide(self) -> bool:
        """Say whether it is not shown that the ranker chooses wrong more often than right."""
        return self.n < LEAST or self.high >= 0.5

    def doubt(self, who: str) -> str | None:
        """Return why it may not decide; `None` where it may."""
        if self.may_decide():
            return None
        worth = f"you found {self.right} of the {self.n} answers right that it chose"
        return f"the {who} may not decide: {worth}"


def choices(rights: Sequence[bool]) -> Choices | None:
    """Count a ranker's choices by a person's labels; `None` without any.

    Only the answer that was delivered has a label, so there is no kappa here.
    """
    n, right = len(rights), sum(rights)
    if n == 0:
        return None
    low, high = share_interval(right, n)
    return Choices(n=n, right=right, low=low, high=high)


@dataclass(frozen=True, kw_only=True)
class TrustedRanker:
    """A ranker that does not decide once its choices were found to be wrong more often than right.

    The candidates then stay in the order they were given in.
    """

    ranker: Ranker
    found: Choices | None
    """What its choices were worth so far; `None` where nobody has labelled any."""

    @property
    def name(self) -> str:
        """Of the ranker behind it."""
        return self.ranker.name

    async def rank(self, task: Task, candidates: Sequence[Candidate]) -> Ranking:
        """Pass its ranking on, or say why it does not count."""
        why = None if self.found is None else self.found.doubt("ranker")
        if why is None:
            return await self.ranker.rank(task, candidates)
        count = len(candidates)
        return Ranking(
            order=tuple(range(count)), scores=(0.0,) * count, reason=why, ranker=self.name
        )
