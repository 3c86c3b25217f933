"""Weighing answers: log-odds from votes, evidence and rulings; confidence from the same numbers.

A vote without evidence is weak: members share a model, so their mistakes go together. Evidence
that a tool returned counts more, and a ruling by somebody else's way counts most. The weights are
priors, set so that one member with a checked proof outweighs three without, and one ruling alone
does not outweigh four members who each computed the same; `manyminds` fits them to past verdicts
where it has enough of them (see `design/weighing.md`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from manyminds.core.values import Canonical, Group, Note, Ruling, Verdict
from manyminds.judging.canonical import same

__all__ = ["WEIGHTS", "Weighed", "Weights", "weigh"]


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Log-odds that each kind of support is worth."""

    vote: float = 0.4
    """One member's word. Four of them: e^1.6, five to one."""
    backed: float = 0.9
    """A member's own tool returned the answer; at most two of them count."""
    refuted: float = -1.2
    """Half or more of those who gave it are refuted by their own tools or workings; their votes do
    not count."""
    ruling: float = 1.5
    """A crux settled for, or against, the answer by an independent way."""
    unknown: float = 0.8
    """Standing of "the right answer is none of these", which takes its share of confidence."""


WEIGHTS = Weights()


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """How the answers stand, best first."""

    groups: tuple[Group, ...]
    scores: tuple[float, ...]
    """Log-odds, in the order of `groups`."""

    @property
    def margin(self) -> float:
        """By how much the leader leads; infinite when it is alone."""
        return math.inf if len(self.scores) < 2 else self.scores[0] - self.scores[1]

    def confidence(self, weights: Weights = WEIGHTS) -> float:
        """Return the leader's share of belief, 0 to 1, against the others and "none of these"."""
        if not self.scores:
            return 0.0
        total = sum(math.exp(score) for score in self.scores) + math.exp(weights.unknown)
        return math.exp(self.scores[0]) / total

    def stands(self, weights: Weights = WEIGHTS) -> bool:
        """Say whether the leader is at least as likely as "the right answer is none of these"."""
        return bool(self.scores) and self.scores[0] >= weights.unknown

    def cannot_be_caught(self, weights: Weights = WEIGHTS) -> bool:
        """Say whether even a ruling against the leader and for the next would leave it leading."""
        return bool(self.scores) and self.margin > 2 * weights.ruling


def weigh(
    groups: Sequence[Group],
    notes: Sequence[Note],
    verdicts: Mapping[str, Verdict],
    rulings: Sequence[Ruling],
    *,
    weights: Weights = WEIGHTS,
) -> Weighed:
    """Score every group and put the best first.

    Args:
        groups: From `group_notes`.
        notes: The notes they were made of.
        verdicts: Of `Backed` on each member's note, by member.
        rulings: Of all settled cruxes.
        weights: What each kind of support is worth.
    """
    scored = [(_score(group, notes, verdicts, rulings, weights), group) for group in groups]
    # Ties go to the group with more members, then to the one that stood first.
    scored.sort(key=lambda pair: (-pair[0], -len(pair[1].members)))
    return Weighed(
        groups=tuple(group for _, group in scored), scores=tuple(score for score, _ in scored)
    )


def _score(
    group: Group,
    notes: Sequence[Note],
    verdicts: Mapping[str, Verdict],
    rulings: Sequence[Ruling],
    weights: Weights,
) -> float:
    outcomes = [verdicts[m].outcome for m in group.members if m in verdicts]
    refuted = outcomes.count("rejected")
    score = weights.vote * (len(group.members) - refuted)
    # Programs that agree were often written by one model in one way: more than two say no more.
    score += weights.backed * min(2, outcomes.count("accepted"))
    if "accepted" not in outcomes and 2 * refuted >= len(group.members) and refuted:
        score += weights.refuted
    return score + _ruled(group.canonical, rulings, weights)


def _ruled(canonical: Canonical, rulings: Sequence[Ruling], weights: Weights) -> float:
    sign = {"supported": 1.0, "contradicted": -1.0, "unsure": 0.0}
    mine = [sign[r.support] for r in rulings if same(r.canonical, canonical)]
    return weights.ruling * sum(mine)
