"""The smallest change that answers a finding: a word to those who work, or another way of working.

Source: a verification section and a crew whose verifier alone ends were tried by Cemri et al. 2025;
the others answer one mode each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from manyminds.agents.prompts import prompt
from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.modes import MODES
from manyminds.diagnosis.trace import Trace

__all__ = ["Repair", "proposed"]

_QUOTED = 300


@dataclass(frozen=True, kw_only=True)
class Repair:
    """What is changed, and from where the run is played anew."""

    name: str
    says: str
    """One sentence for people: what it changes."""
    at: int | None = None
    """How many events the new run begins with; `None`: it begins from the start."""
    hint: str | None = None
    """What all who work are told from there on."""
    strategy: str | None = None
    """Another strategy; only from the start."""
    more: bool = False
    """Whether its limits are doubled."""


def proposed(trace: Trace, finding: Finding) -> Repair | None:
    """Return the repair of a finding; `None` where none is known."""
    fix = MODES[finding.code].fix
    return None if fix is None else _REPAIRS[fix](trace, finding)


def _hinted(name: str, file: str, says: str) -> Callable[[Trace, Finding], Repair]:
    def make(trace: Trace, finding: Finding) -> Repair:
        also = next((a.text for a in trace.acts if a.step in finding.also and a.text.strip()), "")
        told = {
            "why": finding.why, "evidence": finding.evidence[:_QUOTED],
            "also": " ".join(also[:_QUOTED].split()),
        }  # fmt: skip
        wanted = {key: told[key] for key in _VARIABLES[file]}
        return Repair(name=name, says=says, at=max(1, finding.step), hint=prompt(file, **wanted))

    return make


_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "fix_verification": ("why",), "fix_stop": ("evidence",), "fix_share": ("also", "why"),
    "fix_ask": ("why",), "fix_batch": (), "fix_rounds": ("evidence",),
}  # fmt: skip


def _anew(_trace: Trace, _finding: Finding) -> Repair:
    return Repair(
        name="topology", strategy="crew",
        says="a crew of solver, coder and verifier works it anew; only its verifier may end",
    )  # fmt: skip


def _more(trace: Trace, finding: Finding) -> Repair:
    if trace.stopped_by is not None:
        return Repair(
            name="rounds", at=max(1, finding.step), more=True,
            says="it goes on from there within twice its limits",
        )  # fmt: skip
    return _ENDED(trace, finding)


_ENDED = _hinted(
    "rounds", "fix_rounds", "who works is told that it ended too early, and what was left"
)
_REPAIRS: Mapping[str, Callable[[Trace, Finding], Repair]] = {
    "verification": _hinted(
        "verification", "fix_verification",
        "who works is told to hold the result against the task before ending",
    ),
    "topology": _anew,
    "stop_rule": _hinted(
        "stop_rule", "fix_stop", "who works is told what was done already, and to go on or end"
    ),
    "share": _hinted("share", "fix_share", "what was lost or not heard is told to all"),
    "ask": _hinted(
        "ask", "fix_ask", "who works is told to say what is missing, and not to assume it"
    ),
    "batch": _hinted(
        "batch", "fix_batch", "who works is told to look several things up at once"
    ),
    "rounds": _more,
}  # fmt: skip
