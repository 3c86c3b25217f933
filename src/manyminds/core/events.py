"""Everything that can happen in a run, as plain values: the one vocabulary of all readers.

Panes, JSON lines, ledger, replay and diagnosis read these; only a run writes them.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from manyminds.core.messages import Finish, JsonValue, Purpose, ToolCall, ToolFailure
from manyminds.core.values import (
    Answer,
    Citation,
    Crux,
    Evidence,
    Group,
    Limits,
    Member,
    Note,
    Plan,
    Ranking,
    Remark,
    Ruling,
    Spend,
    Support,
    Task,
    Verdict,
)

__all__ = [
    "Checked",
    "Cited",
    "Clarified",
    "Compared",
    "CruxNamed",
    "CruxSettled",
    "Event",
    "HeldBack",
    "MemberEnded",
    "MemberStarted",
    "NoteShared",
    "Nudged",
    "PersonAsked",
    "PhaseStarted",
    "Planned",
    "Ranked",
    "Recorded",
    "RemarkMade",
    "RemarkRejected",
    "Replied",
    "RequestFailed",
    "Requested",
    "Resumed",
    "Revised",
    "Routed",
    "RunEnded",
    "RunStarted",
    "Selected",
    "Steered",
    "StepRefused",
    "ToolCalled",
    "ToolReturned",
]


@dataclass(frozen=True, kw_only=True)
class RunStarted:
    """A run begins."""

    kind: Literal["run_started"] = "run_started"
    task: Task
    strategy: str
    members: tuple[Member, ...]
    limits: Limits
    seed: int
    version: str
    """Version of the package."""
    prompts: str
    """Hash over all prompt files, so that an answer names the words that made it."""
    tools: tuple[str, ...] = ()
    """Names of the tools there are."""
    stays_here: bool = False
    """Whether nothing may leave this machine: checked before the run began."""
    doubt: str | None = None
    """Why the model that judges in the strategy may not decide, by the labels there were."""


@dataclass(frozen=True, kw_only=True)
class MemberStarted:
    """A member takes up work."""

    kind: Literal["member_started"] = "member_started"
    member: Member
    round: int


@dataclass(frozen=True, kw_only=True)
class MemberEnded:
    """A member is done with its work; every start is followed by exactly one of these."""

    kind: Literal["member_ended"] = "member_ended"
    member: str
    state: Literal["finished", "failed", "cancelled"]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class PhaseStarted:
    """The strategy enters one of its steps: gate, work, compare, cruxes, settle, revise."""

    kind: Literal["phase_started"] = "phase_started"
    phase: str
    round: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Requested:
    """A model request was sent; its tokens are set aside."""

    kind: Literal["requested"] = "requested"
    step: int
    member: str
    model: str
    purpose: Purpose
    prompt_hash: str
    seed: int
    reserved_tokens: int


@dataclass(frozen=True, kw_only=True)
class Replied:
    """A model request came back."""

    kind: Literal["replied"] = "replied"
    step: int
    member: str
    model: str
    purpose: Purpose
    prompt_hash: str
    seed: int
    text: str
    calls: tuple[ToolCall, ...]
    finish: Finish
    spend: Spend
    seconds: float
    first_token_s: float | None


@dataclass(frozen=True, kw_only=True)
class RequestFailed:
    """A model request gave no reply; `retry_in_s` says when it is tried again."""

    kind: Literal["request_failed"] = "request_failed"
    step: int
    member: str
    model: str
    error: str
    message: str
    retry_in_s: float | None
    """Seconds until the next try; `None` when there is none."""
    spend: Spend
    """Tokens known or estimated to be lost with it."""
    seconds: float


@dataclass(frozen=True, kw_only=True)
class StepRefused:
    """A request was not sent, since the budget does not hold it."""

    kind: Literal["step_refused"] = "step_refused"
    member: str
    seed: int
    limit: Literal["usd", "tokens", "seconds"]
    allowed: Decimal
    spent: Decimal


@dataclass(frozen=True, kw_only=True)
class ToolCalled:
    """A tool was called."""

    kind: Literal["tool_called"] = "tool_called"
    step: int
    member: str
    tool: str
    arguments: dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True)
class ToolReturned:
    """A tool came back."""

    kind: Literal["tool_returned"] = "tool_returned"
    step: int
    member: str
    tool: str
    evidence: tuple[Evidence, ...]
    error: str | None
    failure: ToolFailure | None = None
    """What kind of error it was; `None` where there was none."""
    seconds: float


@dataclass(frozen=True, kw_only=True)
class NoteShared:
    """A member shared a note."""

    kind: Literal["note_shared"] = "note_shared"
    note: Note


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A verifier judged a candidate."""

    kind: Literal["checked"] = "checked"
    author: str
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Planned:
    """Research was planned, and the plan approved."""

    kind: Literal["planned"] = "planned"
    plan: Plan
    changed: bool
    """Whether the person changed what the lead had planned."""


@dataclass(frozen=True, kw_only=True)
class PersonAsked:
    """The run waits for the person, who is not at a prompt: `approve` or `deny` answers."""

    kind: Literal["person_asked"] = "person_asked"
    what: Literal["plan", "address", "act"]
    text: str
    """The address, the plan in words, or the call: the tool, and each value in a line."""
    plan: Plan | None = None
    """The plan, to be changed; `None` where something else is asked about."""


Agreed = Literal["page", "site", "run", "no", "never"]
"""What the person says of an address that nobody named: read this page, all of its site, whatever
this run asks for; or do not read it, or nothing of its site. Of an act: do this one, all that this
tool is to do, all that this run is; or do not, or nothing with this tool."""


@dataclass(frozen=True, kw_only=True)
class Steered:
    """The person said something to the run while it went on."""

    kind: Literal["steered"] = "steered"
    what: Literal[
        "hint", "drop", "now", "cancel", "page", "site", "run", "no", "never", "pause", "go", "add",
        "plan",
    ]  # fmt: skip
    """A hint for all who work on; a part or a member to drop; the wish for an answer at once, or
    for none; of an address that nobody named: what `Agreed` says; that no new step begins, or that
    they do again; one more member; and a plan to go by."""
    text: str
    id: str = ""
    """Name of the line that said it, where another process did: it is heard once."""


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """The run was taken up again after its process had ended."""

    kind: Literal["resumed"] = "resumed"
    elapsed_s: float
    """Seconds the run had worked before; the time in between counts against no limit."""
    version: str
    """Version of the package that goes on."""
    prompts: str
    """Hash over its prompt files."""


@dataclass(frozen=True, kw_only=True)
class Cited:
    """A claim was held against what was read."""

    kind: Literal["cited"] = "cited"
    member: str
    claim: str
    support: Support
    citations: tuple[Citation, ...]


@dataclass(frozen=True, kw_only=True)
class Clarified:
    """The person was asked back before the work began."""

    kind: Literal["clarified"] = "clarified"
    question: str
    answer: str | None
    """`None` where the person said nothing."""


@dataclass(frozen=True, kw_only=True)
class Nudged:
    """A member is told, before its next request, what would go wrong: a rule saw it come."""

    kind: Literal["nudged"] = "nudged"
    member: str
    code: str
    """Of the failure: `diagnosis.modes.MODES` has its name."""
    text: str


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """A rule saw what a member's answer lacks, and the member was told; its next one is taken.

    Told right after the answer was shared, once for a member. The answer stands till the next one.
    """

    kind: Literal["held_back"] = "held_back"
    member: str
    code: str
    """Of the failure: `diagnosis.modes.MODES` has its name."""
    text: str
    """What the member was told."""
    answer: str
    """What it would have answered."""
    question: str | None = None
    """What the person could settle, in words for them."""


@dataclass(frozen=True, kw_only=True)
class RemarkMade:
    """A member said something to the others."""

    kind: Literal["remark_made"] = "remark_made"
    remark: Remark


@dataclass(frozen=True, kw_only=True)
class RemarkRejected:
    """A message was malformed or forged, and nobody heard it."""

    kind: Literal["remark_rejected"] = "remark_rejected"
    author: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A ranker ordered the answers that stood level."""

    kind: Literal["ranked"] = "ranked"
    authors: tuple[str, ...]
    """Of the candidates, in the order they were given."""
    ranking: Ranking


@dataclass(frozen=True, kw_only=True)
class Routed:
    """A router chose how much to spend, and on what."""

    kind: Literal["routed"] = "routed"
    route: str
    effort: str
    confidence: float
    why: str


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Notes were compared: who stands together."""

    kind: Literal["compared"] = "compared"
    round: int
    groups: tuple[Group, ...]


@dataclass(frozen=True, kw_only=True)
class CruxNamed:
    """The lead named a crux."""

    kind: Literal["crux_named"] = "crux_named"
    crux: Crux


@dataclass(frozen=True, kw_only=True)
class CruxSettled:
    """A crux was worked with tools; one ruling for each answer in question."""

    kind: Literal["crux_settled"] = "crux_settled"
    crux: str
    rulings: tuple[Ruling, ...]


@dataclass(frozen=True, kw_only=True)
class Revised:
    """A member looked at the others' notes."""

    kind: Literal["revised"] = "revised"
    member: str
    result: Literal["kept", "changed", "refused"]
    """`refused`: it wanted to change without new evidence, so its old note stands."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class Selected:
    """A candidate was chosen, verbatim."""

    kind: Literal["selected"] = "selected"
    author: str
    canonical: str
    scores: dict[str, float]
    """Log-odds of each answer in question, by canonical key."""
    why: str


@dataclass(frozen=True, kw_only=True)
class RunEnded:
    """A run is over."""

    kind: Literal["run_ended"] = "run_ended"
    answer: Answer
    stopped_by: str | None
    """What ended it early: "tokens", "usd", "seconds", "interrupted", "provider"."""
    seconds: float


Event = (
    RunStarted
    | MemberStarted
    | MemberEnded
    | PhaseStarted
    | Requested
    | Replied
    | RequestFailed
    | StepRefused
    | ToolCalled
    | ToolReturned
    | NoteShared
    | Checked
    | Cited
    | Planned
    | PersonAsked
    | Steered
    | Resumed
    | Clarified
    | Nudged
    | HeldBack
    | RemarkMade
    | RemarkRejected
    | Ranked
    | Routed
    | Compared
    | CruxNamed
    | CruxSettled
    | Revised
    | Selected
    | RunEnded
)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """An event in its place: which run, which number, when."""

    run: str
    number: int
    at: datetime
    event: Event
