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
from manyminds.judging.citing.computed import computed_by, is_program, rounds_to
from manyminds.judging.citing.spans import Span, best_spans, numbers_in, sentences_of, words_of
from manyminds.tools.fence import fence

__all__ = [
    "Cited",
    "Numbered",
    "citation_of",
    "cite",
    "in_a_row",
    "look_near",
    "missing_from",
    "plainly_said",
    "turns_of",
]

NEAR = 12
"""Sources that a claim is looked for in by letter."""
ASKED = 3
"""Sources of a claim that are read, by letter or by a judge."""
LEAST = 0.35
"""Share of a claim's words below which a passage is about something else."""
LEAST_OWN = 0.2
"""Share of them that stands in the sentences themselves: a title says nothing by itself."""
SAME_THING = 0.7
"""Share of a claim's words, numbers apart, below which a passage tells of something else."""
_NAMES = re.compile(
    r"`[^`]+`|\w+(?:[._]\w+)+|\w*[a-z][A-Z]\w*|\b[A-Z]{2,}\w*|(?<=[a-z,;:] )[A-Z]\w+"
)
_WORD = re.compile(r"\w+")
_NOT = frozenset((
    "not", "no", "never", "none", "neither", "nor", "without", "cannot", "can't", "isn't",
    "doesn't", "don't", "won't", "aren't", "wasn't", "unless", "except", "only", "nothing",
))  # fmt: skip
_TURNS = _NOT | frozenset((
    "if", "until", "may", "might", "could", "would", "should", "almost", "nearly", "hardly",
    "planned", "proposed", "expected", "supposed", "supposedly", "allegedly", "alleged",
    "reportedly", "rumoured", "rumored", "rumour", "rumor", "myth", "false", "wrong", "wrongly",
    "incorrect", "untrue", "believed", "claims", "claimed", "denied", "failed", "instead", "but",
    "formerly", "initially", "originally", "before",
))  # fmt: skip
"""Words that turn, limit or put off what their sentence says."""
_LINE = 160
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
    near: list[tuple[Span, ...]] = field(default_factory=list[tuple[Span, ...]])
    """Passages that the letter does not decide, which a judge is to be asked about; those in the
    same words together, for copies are cheap."""
    heard: set[tuple[str, int, int]] = field(default_factory=set[tuple[str, int, int]])
    """Passages that a judge was asked about: source, start, end."""

    def settle(self) -> None:
        """Say what the passages found so far come to."""
        self.by.sort(key=lambda span: -span.score)
        self.support = "supported" if self.by else "contradicted" if self.against else "unsure"


def look_near(cited: Cited, evidence: Sequence[Evidence]) -> None:
    """Find where a claim stands by letter, and the passages that a judge is to be asked about.

    It costs no request, so that what a run had read when it was ended can be cited, too. A claim
    that stood nowhere may be looked for again when more was read.
    """
    near = best_spans(cited.claim, evidence, most=NEAR)
    near = [s for s in near if s.score >= LEAST and s.own >= LEAST_OWN]
    cited.by = cited.by or [s for s in near if _by_letter(cited.claim, s)]
    there = {_mark(span) for span in cited.by}
    rest = [s for s in near if _mark(s) not in there | cited.heard]
    groups: dict[tuple[str, ...], list[Span]] = {}
    for span in rest:
        groups.setdefault(tuple(words_of(span.quote)), []).append(span)
    # Copies hold it once: what says otherwise in words of its own has to be heard, too.
    held = len({tuple(words_of(span.quote)) for span in cited.by})
    cited.near = [tuple(group) for group in groups.values()][: max(1, ASKED - held)]
    cited.settle()


async def cite(run: Run, judge: Member, found: Sequence[Cited]) -> None:
    """Ask a judge of the passages near each claim; what it says counts at once.

    Args:
        run: Whose budget pays.
        judge: Who is asked.
        found: Claims that `look_near` has looked for.
    """
    for cited in found:
        cited.unasked = None
    asked = [(cited, spans) for cited in found for spans in cited.near]
    told = await run.gather([_hear(run, judge, cited, spans) for cited, spans in asked])
    for (cited, _), result in zip(asked, told, strict=True):
        if isinstance(result, Failure):
            cited.unasked = result.message


async def _hear(run: Run, judge: Member, cited: Cited, spans: tuple[Span, ...]) -> None:
    verdict = await _asked(run, judge, cited.claim, spans[0])
    cited.near.remove(spans)
    for span in spans:
        cited.heard.add(_mark(span))
        if verdict == "supported" and not missing_from(cited.claim, span):
            cited.by.append(span)
        elif verdict == "contradicted" and _differs(cited.claim, span):
            cited.against.append(span)
    cited.settle()


def _mark(span: Span) -> tuple[str, int, int]:
    return span.source, span.start, span.end


def missing_from(claim: str, span: Span) -> set[str]:
    """Return the numbers and names of a claim that a passage does not hold.

    A number has to stand in the quote itself or in the page's title. A name may stand around it:
    in the passage, or in the title or address of its page.
    """
    return _missing_numbers(claim, span) | _missing_names(claim, span)


def _missing_numbers(claim: str, span: Span) -> set[str]:
    if is_program(span.source):
        return _not_computed(claim, span)
    # An address is full of numbers that say nothing: pages, ports, dates of upload.
    return numbers_in(claim) - numbers_in(span.quote) - numbers_in(span.evidence.title or "")


def _not_computed(claim: str, span: Span) -> set[str]:
    """Return what a claim tells beyond a program: at least one number has to be computed by it."""
    told, computed = numbers_in(claim), computed_by(span.evidence, span.quote)
    found = {n for n in told if any(rounds_to(n, m) for m in computed)}
    given = numbers_in(span.quote) | numbers_in(span.evidence.request.replace("_", ""))
    return (told - found - given) if found else {"a number that was computed"}


def _missing_names(claim: str, span: Span) -> set[str]:
    around = f"{span.evidence.output} {span.evidence.title or ''} {span.source}"
    if is_program(span.source):
        around += f" {span.evidence.request}"  # what it is about stands in the program
    return {name for name in _names_in(claim) if not _holds_name(name, around)}


def _holds_name(name: str, text: str) -> bool:
    """Say whether a text holds all words of a name; `asyncio.TaskGroup` may stand as two.

    Capitals alone have to stand as such: "us" is no country.
    """
    there = set(_WORD.findall(text if name.isupper() else text.casefold()))
    there |= {word.removesuffix("s") for word in there}
    return set(_WORD.findall(name if name.isupper() else name.casefold())) <= there


def _names_in(text: str) -> set[str]:
    """Return what a text names: code, dotted names, words with capitals within a sentence."""
    return {m[0].strip("`") for m in _NAMES.finditer(text)}


def plainly_said(claim: str, quote: str) -> bool:
    """Say whether a sentence of a quote is a claim, word for word but for small words.

    Any word more may turn it ("Obama's brother won", "a hoax said"): that is a judge's to read.
    """
    wanted = words_of(claim)
    if len(wanted) < 3:
        return False
    return any(
        wanted == words_of(sentence)
        and numbers_in(claim) == numbers_in(sentence)
        and turns_of(claim) == turns_of(sentence)
        for sentence in sentences_of(quote)
    )


def in_a_row(wanted: Sequence[str], said: Sequence[str]) -> bool:
    """Say whether words stand in a row among others."""
    count = len(wanted)
    return any(list(said[i : i + count]) == list(wanted) for i in range(len(said) - count + 1))


def _differs(claim: str, span: Span) -> bool:
    """Say whether the letter shows how they part: a sentence tells of the same, but not so."""
    return any(_parts_from(claim, sentence) for sentence in sentences_of(span.quote))


def _parts_from(claim: str, sentence: str) -> bool:
    """Say whether a sentence has the claim's words and names, with another number, or denied.

    One that says something only if, or only once, something else holds denies nothing.
    """
    said = {word for word in words_of(claim) if not word[0].isdigit()}
    shared = len(said & set(words_of(sentence))) / max(1, len(said))
    if shared < SAME_THING or not all(_holds_name(name, sentence) for name in _names_in(claim)):
        return False
    mine, other = numbers_in(claim), numbers_in(sentence)
    forms = {number.count(".") for number in mine - other}
    if forms and forms & {number.count(".") for number in other - mine}:
        return True
    same_doubts = _among(_TURNS - _NOT, claim) == _among(_TURNS - _NOT, sentence)
    return same_doubts and _among(_NOT, claim) != _among(_NOT, sentence)


def turns_of(text: str) -> list[str]:
    """Return the words of a text that deny, limit, doubt or put off what it says."""
    return _among(_TURNS, text)


def _among(words: frozenset[str], text: str) -> list[str]:
    said = re.findall(r"[\w']+", text.casefold().replace("’", "'"))
    return sorted(word for word in said if word in words)


def _by_letter(claim: str, span: Span) -> bool:
    """Say whether the passage needs no judge."""
    if is_program(span.source):
        return False
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
    """Return a quote with what it stands under: its page's title, and the line that names it."""
    before = span.evidence.output[: span.start - (span.evidence.start or 0)].rstrip()
    named = before.rpartition("\n\n")[2].strip("#¶ ")
    short = "\n" not in named and len(named) <= _LINE and not named.endswith((".", "!", "?"))
    around = " › ".join(filter(None, (span.evidence.title, named if short else "")))
    return f"({around}) {span.quote}" if around else span.quote


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
