"""Look for failures in a run by rules: each finding names a step and quotes what stands there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from manyminds.diagnosis.disagreement import Disagreement, disagreement_in
from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.interventions import Intervention, interventions
from manyminds.diagnosis.modes import WASTES
from manyminds.diagnosis.rules import (
    checking,
    constraints,
    ending,
    peers,
    repetition,
    waste,
)
from manyminds.diagnosis.trace import Trace

__all__ = ["RULES", "Diagnosis", "by_rules", "diagnosed"]

Rule = Callable[[Trace], Iterable[Finding]]

RULES: Mapping[str, Rule] = {
    "broken": constraints.broken,
    "beside_role": peers.beside_role,
    "repeated_steps": repetition.repeated_steps,
    "lost_history": repetition.lost_history,
    "late_ends": ending.late_ends,
    "resets": repetition.resets,
    "assumed": peers.assumed,
    "ignored": peers.ignored,
    "mismatched": peers.mismatched,
    "premature_ends": ending.premature_ends,
    "unverified": checking.unverified,
    "wrongly_verified": checking.wrongly_verified,
    "repeated_calls": repetition.repeated_calls,
    "unbatched": waste.unbatched,
    "unread": waste.unread,
    "unused": waste.unused,
    "stragglers": waste.stragglers,
}
SURE_ENOUGH = 0.5


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All that was found in one run."""

    name: str
    source: str
    acts: int
    findings: tuple[Finding, ...]
    decisive: Finding | None
    """The first mistake that what went wrong later rests on; `None` where none was found."""
    disagreement: Disagreement | None = None
    """How far members differed; `None` where fewer than two stated an answer."""
    told: tuple[Intervention, ...] = ()
    """What members were told while it went on."""


def by_rules(trace: Trace) -> list[Finding]:
    """Return what the rules find, in the order of its steps; what quotes nothing is left out."""
    found = [finding for rule in RULES.values() for finding in rule(trace)]
    return sorted((f for f in found if f.evidence.strip()), key=lambda f: (f.step, f.code))


def diagnosed(trace: Trace, findings: Iterable[Finding] | None = None) -> Diagnosis:
    """Return what was found in a run, the decisive mistake marked.

    Args:
        trace: Of the run.
        findings: What was found; `None`: what the rules find.
    """
    told = by_rules(trace) if findings is None else list(findings)
    return Diagnosis(
        name=trace.name, source=trace.source, acts=len(trace.acts), findings=tuple(told),
        decisive=_decisive(told), told=tuple(interventions(trace)),
        disagreement=disagreement_in(trace),
    )  # fmt: skip


def _decisive(findings: Iterable[Finding]) -> Finding | None:
    """Return the first mistake: not knowing when to stop, and waste, spoil no result."""
    spoils = (f for f in findings if f.code not in WASTES and f.code != "1.5")
    return min(
        (f for f in spoils if f.confidence >= SURE_ENOUGH), key=lambda f: f.step, default=None
    )
