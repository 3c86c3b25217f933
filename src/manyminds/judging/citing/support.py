"""Does a source say what a claim says? Decided by a passage, never by who claims it.

Two gates. By letter: every number and name of the claim stands in the passage. By sense: a claim
that the passage says in the same words needs no more; of others a model says whether the passage
supports or contradicts them, with nothing but claim and passage before it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run
from manyminds.core.values import Citation, Evidence, Failure, Member, Support
from manyminds.judging.citing.spans import Span, best_spans, numbers_in, words_of
from manyminds.tools.fence import fence

__all__ = ["Cited", "Numbered", "citation_of", "cite", "denials_of", "missing_from", "plainly_said"]

NEAR = 12
"""Sources that a claim is looked for in by letter."""
ASKED = 3
"""Sources of a claim that are read, by letter or by a judge."""
LEAST = 0.35
"""Share of a claim's words below which a passage is about something else."""
SAME_THING = 0.7
"""Share of a claim's words, numbers apart, below which a passage tells of something else."""
_NAMES = re.compile(
    r"`[^`]+`|\w+(?:[._]\w+)+|\w*[a-z][A-Z]\w*|\b[A-Z]{2,}\w*|(?<=[a-z,;:] )[A-Z]\w+"
)
_NOT = frozenset((
    "not", "no", "never", "none", "neither", "nor", "without", "cannot", "can't", "isn't",
    "doesn't", "don't", "won't", "aren't", "wasn't", "unless", "except", "only", "nothing",
))  # fmt: skip
_VERDICTS: dict[object, Support] = {"supported": "supported", "contradicted": "contradicted"}


@dataclass(kw_only=True)
class Cited:
    """A claim, and where it stands."""

    claim: str
    support: Support = "unsure"
    by: list[Span] = field(default_factory=list[Span])
    """Passages that say it, the nearest first."""
    against: list[Span] = field(default_factory=list[Span])
    """Passages that say otherwise."""
    unasked: str | None = None
    """Why a judge was not heard on a passage; `None` where all were."""


async def cite(
    run: Run, judge: Member, claims: Sequence[str], evidence: Sequence[Evidence]
) -> list[Cited]:
    """Look for where each claim stands.

    Args:
        run: Whose budget pays.
        judge: Who is asked of what the letter does not decide.
        claims: One statement each.
        evidence: What was read.
    """
    found = [Cited(claim=claim) for claim in claims]
    open_: list[tuple[Cited, Span]] = []
    for cited in found:
        near = [s for s in best_spans(cited.claim, evidence, most=NEAR) if s.score >= LEAST]
        cited.by = [s for s in near if _by_letter(cited.claim, s)]
        rest = [s for s in near if s not in cited.by]
        open_ += [(cited, span) for span in rest[: max(0, ASKED - len(cited.by))]]
    verdicts = await run.gather([_asked(run, judge, cited.claim, span) for cited, span in open_])
    for (cited, span), verdict in zip(open_, verdicts, strict=True):
        if isinstance(verdict, Failure):
            cited.unasked = verdict.message
        elif verdict == "supported" and not missing_from(cited.claim, span):
            cited.by.append(span)
        elif verdict == "contradicted" and _differs(cited.claim, span):
            cited.against.append(span)
    for cited in found:
        cited.by.sort(key=lambda span: -span.score)
        cited.support = "supported" if cited.by else "contradicted" if cited.against else "unsure"
    return found


def missing_from(claim: str, span: Span) -> set[str]:
    """Return the numbers and names of a claim that a passage does not hold.

    A number has to stand in the quote itself. A name may stand around it: in the passage, or in
    the title or address of its page.
    """
    return _missing_numbers(claim, span) | _missing_names(claim, span)


def _missing_numbers(claim: str, span: Span) -> set[str]:
    titled = numbers_in(f"{span.evidence.title or ''} {span.source}")
    return numbers_in(claim) - numbers_in(span.quote) - titled


def _missing_names(claim: str, span: Span) -> set[str]:
    around = f"{span.evidence.output} {span.evidence.title or ''} {span.source}".casefold()
    names = {m[0].strip("`") for m in _NAMES.finditer(claim)}
    # `asyncio.TaskGroup` stands where a page on asyncio tells of TaskGroup.
    return {
        name for name in names if not all(part in around for part in name.casefold().split("."))
    }  # fmt: skip


def plainly_said(claim: str, quote: str) -> bool:
    """Say whether a quote holds all words of a claim, in the claim's order, and denies nothing."""
    said, wanted = words_of(quote), words_of(claim)
    if len(wanted) < 3 or denials_of(claim) != denials_of(quote):
        return False
    rest = iter(said)
    return all(word in rest for word in wanted)


def _differs(claim: str, span: Span) -> bool:
    """Say whether the letter shows how they part: the same thing, with other numbers or denied."""
    names = {m[0].strip("`").casefold() for m in _NAMES.finditer(claim)}
    said = {word for word in words_of(claim) if not word[0].isdigit()}
    shared = len(said & set(words_of(span.quote))) / max(1, len(said))
    if shared < SAME_THING or any(name not in span.quote.casefold() for name in names):
        return False
    told = numbers_in(span.quote)
    other = bool(told) and bool(_missing_numbers(claim, span))
    return other or denials_of(claim) != denials_of(span.quote)


def denials_of(text: str) -> list[str]:
    """Return the words of a text that deny or limit what it says."""
    return sorted(w for w in re.findall(r"[\w']+", text.casefold().replace("’", "'")) if w in _NOT)


def _by_letter(claim: str, span: Span) -> bool:
    return not missing_from(claim, span) and plainly_said(claim, span.quote)


async def _asked(run: Run, judge: Member, claim: str, span: Span) -> Support:
    """Ask what a passage says of a claim; a judge that cannot be read is unsure.

    One pair a request: asked about four at once, the 1.5B model was right on 9 of 16 pairs, and on
    13 one by one.
    """
    text = prompt(
        "cite", claim=fence(claim, source="claim", limit=600),
        passage=fence(_shown(span), source=span.source, limit=1_600),
    )  # fmt: skip
    one: JsonValue = {"enum": ["supported", "contradicted", "not found"]}
    said = await inquire(run, judge, text, {"verdict": one}, max_tokens=40, purpose="check")
    return _VERDICTS.get(said.get("verdict"), "unsure")


def _shown(span: Span) -> str:
    title = span.evidence.title
    return span.quote if title is None else f"({title}) {span.quote}"


def citation_of(span: Span, support: Support) -> Citation:
    """Return a span as what a reader can look up."""
    e = span.evidence
    first = e.line_start
    if first is not None:
        first += e.output.count("\n", 0, span.start - (e.start or 0))
    return Citation(
        source=span.source, quote=span.quote, start=span.start, end=span.end, support=support,
        line_start=first, line_end=None if first is None else first + span.quote.count("\n"),
        title=e.title, author=e.author, date=e.date, read_at=e.read_at,
    )  # fmt: skip


@dataclass(kw_only=True)
class Numbered:
    """Gives each passage one number, in the order they are cited in."""

    citations: list[Citation] = field(default_factory=list[Citation])
    _places: dict[tuple[str, int, int], int] = field(
        default_factory=dict[tuple[str, int, int], int]
    )

    def place(self, span: Span, support: Support) -> int:
        """Return the place of a span among the citations; it is put there where it is new."""
        key = (span.source, span.start, span.end)
        if key not in self._places:
            self._places[key] = len(self.citations)
            self.citations.append(citation_of(span, support))
        return self._places[key]
