"""The nouns of the project, as immutable values."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

__all__ = [
    "VERSION",
    "AgentEffort",
    "Answer",
    "AnswerOutcome",
    "Candidate",
    "Canonical",
    "CanonicalKind",
    "Cell",
    "Citation",
    "Claim",
    "Completeness",
    "Cost",
    "Crux",
    "Dispute",
    "Dissent",
    "Evidence",
    "Failure",
    "Group",
    "Image",
    "ImageType",
    "Limits",
    "Looked",
    "Member",
    "Note",
    "Part",
    "Plan",
    "Ranking",
    "Remark",
    "RemarkKind",
    "Report",
    "Ruling",
    "Section",
    "Spend",
    "Statement",
    "Support",
    "Table",
    "Task",
    "Verdict",
]

VERSION = "0.1.0"
"""Of the package, as every record names it."""

AgentEffort = Literal["low", "medium", "high"]
"""How much one member may think and try. `low`: it answers at once; `medium`: half as often with
tools as `high`. Models that can reason are asked for that much of it."""

RemarkKind = Literal["claim", "evidence", "question", "objection", "clarify", "approval"]
"""What a message between members is. `clarify` asks the person, not a member; `approval` is said
only by a role that may end the work."""

Support = Literal["supported", "contradicted", "unsure"]
"""What evidence says of a claim. `unsure` is never counted as either."""

AnswerOutcome = Literal["answered", "partial", "none"]

CanonicalKind = Literal[
    "number", "quantity", "expression", "date", "set", "list", "yes_no", "choice", "code", "json",
    "text", "prose", "none",
]  # fmt: skip
"""`prose` is a text that somebody wrote: two of them are never the same answer in other words."""


ImageType = Literal["image/png", "image/jpeg", "image/webp", "image/gif"]


@dataclass(frozen=True, kw_only=True)
class Image:
    """A picture, by its hash: what it holds is kept once, beside the runs."""

    sha256: str
    media_type: ImageType


@dataclass(frozen=True, kw_only=True)
class Task:
    """One piece of work, as the user asked for it."""

    prompt: str
    """The user's words, unchanged."""
    schema_json: str | None = None
    """JSON Schema, as text, that the answer must obey; `None` for a free answer."""
    has_docs: bool = False
    """Whether a folder of documents stands behind `search_docs` and `read_doc`."""
    sites: tuple[str, ...] = ()
    """Sites that the person named: what they say is nearer to the origin than copies of it."""
    images: tuple[Image, ...] = ()
    """Pictures that the question is about."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a run may spend at most. `None` means no limit of that kind."""

    tokens: int | None = None
    """Input and output tokens, cached ones included."""
    usd: Decimal | None = None
    seconds: float | None = None
    """Wall time."""


@dataclass(frozen=True, kw_only=True)
class Spend:
    """What a piece of work has cost."""

    tokens_in: int = 0
    """Input tokens, cached ones included."""
    tokens_cached: int = 0
    """Those of `tokens_in` that the provider read from its cache."""
    tokens_written: int = 0
    """Those of `tokens_in` that it wrote to its cache, for which some charge more."""
    tokens_out: int = 0
    tokens_reasoning: int = 0
    """Those of `tokens_out` that the model reasoned with before it answered, where it says."""
    usd: Decimal | None = None
    """US dollars; `None` where no price is known. Unknown is not zero."""
    kwh_low: float | None = None
    """Low end of the energy estimate, in kWh; `None` where there is no basis for one."""
    kwh_high: float | None = None
    kwh_by: tuple[str, ...] = ()
    """Methods of that estimate."""
    estimated: bool = False
    """Whether a part of the tokens was counted by us, as the provider did not say."""

    @property
    def tokens(self) -> int:
        """Input and output tokens together."""
        return self.tokens_in + self.tokens_out

    def __add__(self, other: "Spend") -> "Spend":
        return Spend(
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_cached=self.tokens_cached + other.tokens_cached,
            tokens_written=self.tokens_written + other.tokens_written,
            tokens_out=self.tokens_out + other.tokens_out,
            tokens_reasoning=self.tokens_reasoning + other.tokens_reasoning,
            usd=None if self.usd is None or other.usd is None else self.usd + other.usd,
            kwh_low=_add(self.kwh_low, other.kwh_low),
            kwh_high=_add(self.kwh_high, other.kwh_high),
            kwh_by=tuple(sorted({*self.kwh_by, *other.kwh_by})),
            estimated=self.estimated or other.estimated,
        )


def _add(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


NOTHING_SPENT = Spend(usd=Decimal(0), kwh_low=0.0, kwh_high=0.0)
"""The sum over no steps: known to be nothing, unlike `Spend()`, whose price is unknown."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The receipt of a run."""

    spend: Spend
    seconds: float
    by_member: dict[str, Spend] = field(default_factory=dict[str, Spend])


@dataclass(frozen=True, kw_only=True)
class Member:
    """One worker of a panel: a way of working on one model."""

    name: str
    way: str
    """Name of the way of working, as in `agents/prompts/ways`."""
    model: str
    """`provider:name` or `http(s)://host:port/v1#name`."""
    effort: AgentEffort | None = None
    """How much it may think and try; `None`: as the strategy has it."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One thing a tool really returned during the run."""

    id: str
    tool: str
    request: str
    """The code that was run, the expression, the query: what the tool was given."""
    output: str
    """What it returned, as shown to the model, without the fence."""
    source: str | None = None
    """File the passage stands in; `None` for computations."""
    start: int | None = None
    """Offset of the passage's first character in the stored text of `source`."""
    end: int | None = None
    line_start: int | None = None
    """First line of the passage, counted from 1."""
    line_end: int | None = None
    title: str | None = None
    """Of a page of the web, as its `date` and `author` are, where it tells them."""
    author: str | None = None
    date: str | None = None
    read_at: str | None = None
    """When the page was read, ISO 8601."""
    credits: str | None = None
    """Where the page says that it has its words from, a line each."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One statement an answer rests on."""

    text: str
    support: Support
    evidence: tuple[str, ...] = ()
    """Ids of the evidence that decides `support`."""


@dataclass(frozen=True, kw_only=True)
class Canonical:
    """The one form that equal answers share."""

    kind: CanonicalKind
    key: str
    """Equal keys of one kind are equal answers; short enough to be shown."""
    unit: str | None = None
    """For quantities: the unit as written. `None` where there was none."""
    written: str | None = None
    """For quantities: the bare number as written, so "120" can equal "120 m"."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a member shares with the panel after a round of work."""

    member: str
    round: int
    answer: str
    """Verbatim, as the member wrote it."""
    canonical: Canonical
    reason: str
    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    confidence: float | None = None
    """The member's own word, 0 to 1; `None` where it gave none. Shown, never trusted."""
    would_change: str | None = None
    """What would change its mind, in its own words."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An answer that one member proposes; not yet checked."""

    text: str
    author: str
    canonical: Canonical
    evidence: tuple[Evidence, ...] = ()
    working: str = ""
    """How its author came to it, in its own words; empty where it is not known."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one verifier says of one candidate."""

    outcome: Literal["accepted", "rejected", "unsure"]
    """`unsure` means the check could not be made. It is never counted as a rejection."""
    reason: str
    """One sentence a person can check."""
    verifier: str
    evidence: tuple[str, ...] = ()
    """Ids of the evidence that decided it."""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How one ranker orders candidates."""

    order: tuple[int, ...]
    """Places of the candidates as they were given, best first."""
    scores: tuple[float, ...]
    """By place; on the ranker's own scale, higher is better."""
    reason: str
    """One sentence a person can check."""
    ranker: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """Members whose answers are the same."""

    label: str
    """Anonymous name, as other members see it: "A", "B"."""
    canonical: Canonical
    members: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Crux:
    """One question on which the groups part and which a tool can decide."""

    id: str
    question: str


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What a settled crux says of one group's answer."""

    crux: str
    canonical: Canonical
    """The answer ruled on."""
    support: Support
    reason: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A step or a member that did not deliver: a recorded value, never text in an answer."""

    kind: str
    """Class name of the error."""
    message: str
    fatal: bool = False
    """Whether nothing after it can succeed either: budget spent, run cancelled."""


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One typed message from one member to the others, its provenance checked."""

    id: str
    author: str
    kind: RemarkKind
    text: str
    evidence: tuple[str, ...] = ()
    """Ids of evidence that the author's own tools returned."""


@dataclass(frozen=True, kw_only=True)
class Dissent:
    """An answer that was not delivered, and what speaks for it."""

    member: str
    answer: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Citation:
    """A passage that really stands in a stored source."""

    source: str
    quote: str
    start: int
    """Offset of the quote's first character in the stored text of `source`."""
    end: int
    support: Support
    line_start: int | None = None
    line_end: int | None = None
    title: str | None = None
    """Of a page of the web, as its `date` and `author` are, where it tells them."""
    author: str | None = None
    date: str | None = None
    read_at: str | None = None
    """When the page was read, ISO 8601."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One sub-task of a plan: what one worker finds out."""

    question: str
    """To be understood without the others."""
    query: str
    """What is searched for first."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How research goes about a question; shown to the person, who may change it."""

    goal: str
    parts: tuple[Part, ...]
    sites: tuple[str, ...] = ()
    """Sites of which everything may be read."""
    no_sites: tuple[str, ...] = ()
    """Sites that nothing is read from."""
    pages: int = 3
    """Pages read for each part before its worker is asked."""
    depth: int = 4
    """Requests that one worker may make, beside the look-up that it begins with."""
    rounds: int = 2
    """Times that gaps are looked for and worked on, the first work included."""
    experiment: bool = False
    """Whether workers settle by programs of theirs what no page does."""
    item: str = ""
    """For a table of all there are of something: what one of them is."""
    columns: tuple[str, ...] = ()
    """What is told of each item, its name first."""
    order: str = ""
    """The column that rows are ranked by; none: as they are listed."""
    descending: bool = True
    """Whether its largest, or latest, come first."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One sentence of a report, and what it stands on."""

    text: str
    support: Support
    citations: tuple[int, ...] = ()
    """Places in the answer's `citations`."""
    said_by: str | None = None
    """Whose opinion it is, where it is one."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Statements under one title."""

    title: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Statements side by side: a row for each thing, a column for each point."""

    columns: tuple[str, ...]
    names: tuple[str, ...]
    """Of the rows."""
    rows: tuple[tuple[Statement | None, ...], ...]
    """`None` where no statement tells."""


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """What sources do not agree on."""

    about: str
    sides: tuple[Statement, ...]
    """The one that is followed comes first, where one is."""
    followed: bool
    """Whether the first side is followed; else it stays open."""
    why: str


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What was looked for, and did not come."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a table."""

    text: str | None
    citations: tuple[int, ...] = ()
    why: str = ""
    """Why it is empty, or why it has a text and no citation."""


@dataclass(frozen=True, kw_only=True)
class Completeness:
    """How much of what there is was found."""

    found: int
    believed: int | None
    """How many there are in all; `None` where nothing tells."""
    how: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """All there are of something, a row each."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    completeness: Completeness
    ranked: str = ""
    """By what its rows are in order, and which are not; none: as they are listed."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What research found, beside its answer."""

    plan: Plan
    sections: tuple[Section, ...] = ()
    comparison: Comparison | None = None
    table: Table | None = None
    disputes: tuple[Dispute, ...] = ()
    unsupported: tuple[Statement, ...] = ()
    """What workers said and no source was found to say."""
    contradicted: tuple[Statement, ...] = ()
    """What workers said and sources say otherwise, with the passages that do."""
    not_found: tuple[Looked, ...] = ()
    copies: tuple[tuple[str, ...], ...] = ()
    """Sources that say the same in the same words; each group counts as one."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is delivered."""

    outcome: AnswerOutcome
    text: str | None
    """The chosen candidate's words, unchanged; `None` where nothing stood."""
    canonical: str | None
    confidence: float | None
    """From agreement and verdicts, 0 to 1, not from a model's word; `None` with no answer."""
    stated: float | None = None
    """As weighed, where `confidence` was fitted on past results; else `None`."""
    reason: str | None = None
    """The author's own reason; unchecked unless a claim says otherwise."""
    author: str | None = None
    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    citations: tuple[Citation, ...] = ()
    dissent: tuple[Dissent, ...] = ()
    missing: tuple[str, ...] = ()
    """What would be needed, or what went wrong on the way; empty when all went well."""
    how: str | None = None
    """One line: how it was chosen."""
    report: Report | None = None
    """What research found; `None` for other strategies."""
    disagreement: float | None = None
    """How far members disagreed in the end, 0 (all one) to 1 (everybody alone); `None` for one."""
