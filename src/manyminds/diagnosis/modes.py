"""The failures that are looked for: MAST's fourteen modes, and five kinds of waste it leaves out.

Source: Cemri et al. 2025, Why Do Multi-Agent LLM Systems Fail?, version 3 of the paper, whose
numbers and names these are; definitions are in our own words.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["MODES", "WASTES", "Mode"]


@dataclass(frozen=True, kw_only=True)
class Mode:
    """One way to fail."""

    code: str
    name: str
    means: str
    not_this: str
    """What looks like it and is none."""
    prevents: str
    """What would have prevented it."""
    fix: str | None = None
    """Name of the repair that answers it; `None` where there is none."""


_ALL = (
    Mode(code="1.1", name="disobey task specification",
         means="a condition that the task states is broken by what was delivered",
         not_this="a wrong answer in the form that was asked for",
         prevents="check the stated conditions before ending", fix="verification"),
    Mode(code="1.2", name="disobey role specification",
         means="a member does another's part: it speaks as another, or approves its own work",
         not_this="a member that helps with another's part when it was asked to",
         prevents="give each role its own rights; let only the verifier end", fix="topology"),
    Mode(code="1.3", name="step repetition",
         means="a step that was done is done again, with the same result",
         not_this="a second look after something has changed, or a check by another member",
         prevents="break loops: show that it was done, and with what result", fix="stop_rule"),
    Mode(code="1.4", name="loss of conversation history",
         means="a member goes back to a state that the conversation had left behind",
         not_this="an answer that is taken back for a stated reason",
         prevents="pin what was decided into the context", fix="share"),
    Mode(code="1.5", name="unaware of termination conditions",
         means="the work goes on though it was done, or ends only at a limit",
         not_this="a check of the result before it is delivered",
         prevents="state when the work is over, and cap the rounds", fix="stop_rule"),
    Mode(code="2.1", name="conversation reset",
         means="the conversation begins again without a reason",
         not_this="a new plan after a result that refuted the old one",
         prevents="keep one history for all members", fix="share"),
    Mode(code="2.2", name="fail to ask for clarification",
         means="what the task leaves open is assumed, and nobody is asked",
         not_this="an assumption that changes nothing, or that the answer states as its condition",
         prevents="ask the person, or say what is missing", fix="ask"),
    Mode(code="2.3", name="task derailment",
         means="the work is about something else than the task",
         not_this="a detour that the task needs",
         prevents="hold each step against the task", fix="verification"),
    Mode(code="2.4", name="information withholding",
         means="a member knows what another needs, and does not say it",
         not_this="something that all can see anyway",
         prevents="let members compare notes", fix="share"),
    Mode(code="2.5", name="ignored other agent's input",
         means="what a peer said against an answer has no effect on it",
         not_this="an objection that is answered with evidence",
         prevents="let an objection be answered before ending", fix="share"),
    Mode(code="2.6", name="reasoning-action mismatch",
         means="what a member does contradicts what it has just said it would do",
         not_this="a plan that changes after a new result",
         prevents="hold each act against the stated next step", fix="verification"),
    Mode(code="3.1", name="premature termination",
         means="the run ends before what the task asks for is there",
         not_this="an honest 'cannot be determined'",
         prevents="let only a verifier end; raise the cap on rounds", fix="rounds"),
    Mode(code="3.2", name="no or incomplete verification",
         means="the result, or a part of it, is delivered without a check",
         not_this="a result that a tool computed and a member compared with the task",
         prevents="add a verification section, and a verifier that runs what it checks",
         fix="verification"),
    Mode(code="3.3", name="incorrect verification",
         means="a check passes what it should have caught",
         not_this="no check at all",
         prevents="give the verifier tools; let it name what it checked", fix="topology"),
    Mode(code="repeated_call", name="redundant call",
         means="a tool is called again with the same arguments, and returns the same",
         not_this="a call after something has changed",
         prevents="keep results, and show that they are there", fix="stop_rule"),
    Mode(code="unbatched_calls", name="unbatched calls",
         means="many look-ups of one kind are made one by one",
         not_this="calls of which each needs what the one before returned",
         prevents="give the tool a batch form, and tell of it", fix="batch"),
    Mode(code="unread_result", name="unread result",
         means="what a tool returned has no trace in anything said afterwards",
         not_this="a search that found nothing, and was said to",
         prevents="ask for less, or read it", fix=None),
    Mode(code="unused_work", name="unused work",
         means="a member's work had no part in the result, not even as an answer that lost",
         not_this="an answer that was weighed and lost",
         prevents="stop members whose work can change nothing any more", fix=None),
    Mode(code="straggler", name="straggler",
         means="all wait for one member, whose work then changes nothing",
         not_this="a late answer that decided",
         prevents="stop waiting when the rest cannot be overturned", fix="stop_rule"),
)  # fmt: skip

MODES: Mapping[str, Mode] = {mode.code: mode for mode in _ALL}
WASTES = frozenset(code for code in MODES if not code[0].isdigit())
"""Codes that say what was wasted, not what went wrong."""
