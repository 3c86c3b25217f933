"""From what workers found to what is delivered: statements that stand, disputes, what is missing.

Nothing here asks a model: order and the words of the headline may be the lead's, but each of its
sentences has to be held by statements that passed, or it is cut.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from manyminds.agents.lead import Outline
from manyminds.agents.member import Draft, Thread
from manyminds.core.events import Cited as CitedEvent
from manyminds.core.messages import ToolCall
from manyminds.core.protocols import Run
from manyminds.core.values import (
    Answer,
    Claim,
    Comparison,
    Dispute,
    Dissent,
    Evidence,
    Failure,
    Looked,
    Part,
    Plan,
    Report,
    Section,
    Statement,
    Support,
)
from manyminds.core.wording import counted
from manyminds.judging.canonical import canonicalize
from manyminds.judging.citing.computed import as_sources, is_program
from manyminds.judging.citing.conflicts import Conflict, conflict_of
from manyminds.judging.citing.copies import copies, texts_of
from manyminds.judging.citing.origin import document_of, site_of
from manyminds.judging.citing.spans import Span, numbers_in, words_of
from manyminds.judging.citing.support import (
    Cited,
    Numbered,
    citation_of,
    in_a_row,
    look_near,
    plainly_said,
    turns_of,
)

__all__ = ["Desk", "Finding", "deliver", "merge_same"]

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"“(`])")
_OPINION = re.compile(
    r"\b(?:I|we) (?:think|believe|feel|prefer|recommend|suspect|hope)\b|\bin (?:my|our) "
    r"(?:opinion|view|experience)\b|\b(?:should|ought to|best|worst|better|worse|beautiful|ugly|"
    r"elegant|terrible|great|unfortunately|wrong)\b",
    re.IGNORECASE,
)
_READING = ("read_page", "read_doc", "list_links", "read_feed", "read_sitemap")
_LOOKING = (*_READING, "search_web", "search_docs")
_HELD = 0.7
"""Share of an answer's words that a statement has to hold to say it."""
BARE = 4
"""Words of meaning below which an answer is a name, a number or the like, and no sentence."""
_SHOWN = 3
"""Statements that a headline holds at most."""
_ONE, _MORE, _OPEN = 0.8, 0.9, 0.5
"""Confidence in what stands in one source, in independent ones, and in what stays disputed."""


@dataclass(kw_only=True)
class Finding:
    """What came of one part."""

    number: int
    part: Part
    draft: Draft | None = None
    cited: list[Cited] = field(default_factory=list[Cited])
    failure: Failure | None = None
    elsewhere: bool = False
    """Whether what it says that stands was said by another part before."""

    @property
    def stands(self) -> bool:
        """Whether anything that its worker says stands in what was read."""
        return self.elsewhere or any(c.by for c in self.cited)

    def look(self, evidence: Sequence[Evidence]) -> None:
        """Look by letter for where its claims stand; those that do keep what they stand on."""
        known = {cited.claim: cited for cited in self.cited}
        self.cited = [known.get(text) or Cited(claim=text) for text in self.claims()]
        for cited in self.cited:
            if not cited.by:
                look_near(cited, evidence)

    @property
    def undetermined(self) -> bool:
        """Whether its worker says that the sources do not tell."""
        return self.draft is not None and canonicalize(self.draft.answer).kind == "none"

    def claims(self) -> list[str]:
        """Return what the worker says, a sentence each, the answer first where it is one."""
        if self.draft is None or self.undetermined:
            return []
        said = [claim.text for claim in self.draft.claims] or _SENTENCE.split(self.draft.reason)
        answer = self.draft.answer.strip()
        if len(words_of(answer)) >= BARE:
            said = [*_SENTENCE.split(answer), *said]
        # A small model may say the question again in place of an answer.
        told = (text.strip() for text in said)
        return list(dict.fromkeys(text for text in told if text and not text.endswith("?")))[:8]


Standing = tuple[Finding, Statement, Cited]
"""Of which part, what is stated, and the claim it came from."""


@dataclass(kw_only=True)
class Desk:
    """What a research has gathered so far."""

    run: Run
    plan: Plan
    findings: list[Finding] = field(default_factory=list[Finding])
    evidence: list[Evidence] = field(default_factory=list[Evidence])
    not_found: list[Looked] = field(default_factory=list[Looked])
    failures: list[Failure] = field(default_factory=list[Failure])

    def read(self, found: Iterable[Evidence]) -> None:
        """Keep what was read or computed, each passage once."""
        there = {(e.source, e.start, e.end) for e in self.evidence}
        for e in as_sources(found):
            if e.source is not None and (e.source, e.start, e.end) not in there:
                there.add((e.source, e.start, e.end))
                self.evidence.append(e)

    def note_missed(self, thread: Thread) -> None:
        """Note what a worker looked for by itself and did not get; of several pages, each."""
        missed = [(_asked_of(call), why) for call, why in thread.failed if call.name in _LOOKING]
        missed += [
            (e.request, e.output) for e in thread.evidence if e.tool in _READING and not e.source
        ]
        there = {(looked.what, looked.why) for looked in self.not_found}
        self.not_found += [Looked(what=w, why=y) for w, y in missed if (w, y) not in there]

    def keep_failures(self, findings: Sequence[Finding], results: Sequence[object]) -> None:
        """Note which parts failed; the others go on."""
        for finding, result in zip(findings, results, strict=True):
            if isinstance(result, Failure):
                finding.failure = result

    @property
    def gaps(self) -> bool:
        """Whether a part came to nothing that stands."""
        return any(not f.stands for f in self.findings)

    def share(self) -> int | None:
        """Return the tokens that one worker of this round may spend; `None` for no limit."""
        left = self.run.left().tokens
        working = sum(1 for f in self.findings if f.draft is None and f.failure is None)
        # A fifth is kept for citing and composing.
        return None if left is None else left * 4 // 5 // max(1, working)

    def statements(self) -> list[Statement]:
        """Return what stands, in the order of the parts, without citations' numbers."""
        return [
            Statement(text=c.claim, support=c.support)
            for f in self.findings
            for c in f.cited
            if c.by
        ]

    def told(self) -> str:
        """Return what was found so far, for the lead."""
        lines: list[str] = []
        for f in self.findings:
            lines.append(f"{f.number}. {f.part.question}")
            lines += [f"   stands: {c.claim}" for c in f.cited if c.by]
            lines += [f"   sources say otherwise: {c.claim}" for c in f.cited if _denied(c)]
            lines += [f"   in no source: {c.claim}" for c in f.cited if not c.by and not _denied(c)]
            if f.failure is not None:
                lines.append(f"   failed: {f.failure.message}")
        return "\n".join([*lines, *(f"not found: {n.what}: {n.why}" for n in self.not_found)])

    def tell_cited(self, finding: Finding) -> None:
        """Record where each claim of a part stands."""
        name = f"w{finding.number}"
        for c in finding.cited:
            spans = [(s, "supported") for s in c.by] + [(s, "contradicted") for s in c.against]
            cited = tuple(citation_of(s, _support(word)) for s, word in spans)
            self.run.tell(
                CitedEvent(member=name, claim=c.claim, support=c.support, citations=cited)
            )


def _asked_of(call: ToolCall) -> str:
    """Return what a call looked for: an address, a source, a query."""
    said = next((v for v in call.arguments.values() if isinstance(v, str) and v.strip()), "")
    return f"{call.name}: {' '.join(said.split())[:300]}"


def _denied(cited: Cited) -> bool:
    """Say whether nothing that was read says it, and something says otherwise."""
    return bool(cited.against) and not cited.by


def _support(word: str) -> Support:
    return "supported" if word == "supported" else "contradicted"


def _statement(numbers: Numbered, text: str, support: Support, spans: Sequence[Span]) -> Statement:
    places = tuple(numbers.place(span, support) for span in spans)
    return Statement(text=text, support=support, citations=places, said_by=_said_by(spans))


def _said_by(spans: Sequence[Span]) -> str | None:
    """Return whose opinion a statement is, where its passage sounds like one."""
    if not spans or not _OPINION.search(spans[0].quote):
        return None
    first = spans[0].evidence
    return first.author or site_of(spans[0].source)


def deliver(desk: Desk, order: Outline | None) -> Answer:
    """Return the answer with its report."""
    groups = copies(texts_of(desk.evidence))
    merge_same(desk.findings)
    numbers, disputes = Numbered(), list[Dispute]()
    standing: list[Standing] = []
    for finding in desk.findings:
        for cited in finding.cited:
            if cited.by:
                conflict = conflict_of(cited, desk.evidence, desk.run.task.sites)
                standing.append((finding, _stated(numbers, cited, conflict, disputes), cited))
    statements = [s for _, s, _ in standing]
    headline = _headline(desk, order, standing)
    text, missing = headline.text, _missing(desk)
    failed = any(f.failure for f in desk.findings) or bool(desk.failures)
    answered = headline.answers and not failed
    open_ = any(not d.followed for d in disputes)
    report = Report(
        plan=desk.plan, sections=_sections(desk, order, standing), disputes=tuple(disputes),
        comparison=_comparison(order, standing),
        unsupported=tuple(
            Statement(text=c.claim, support=c.support)
            for f in desk.findings for c in f.cited if not c.by and not _denied(c)
        ),
        contradicted=tuple(
            _statement(numbers, c.claim, "contradicted", c.against)
            for f in desk.findings for c in f.cited if _denied(c)
        ),
        not_found=tuple(desk.not_found), copies=groups,
    )  # fmt: skip
    if not headline.answers:
        missing = (_nothing(desk), *missing)
    return Answer(
        outcome="answered" if answered and not open_ else "partial" if statements else "none",
        text=text,
        canonical=None if text is None else canonicalize(text, question=desk.run.task.prompt).key,
        confidence=_confidence(standing, groups, open_=open_) if headline.answers else None,
        author="lead" if order is not None else "w1",
        claims=tuple(Claim(text=s.text, support=s.support) for s in statements),
        evidence=_cited_evidence(desk, standing),
        citations=tuple(numbers.citations),
        dissent=headline.dissent,
        missing=missing,
        how=_how(desk, standing),
        report=report,
    )


def merge_same(findings: Sequence[Finding]) -> None:
    """Say once what several workers, or one of them twice, said in the same words."""
    kept: list[Cited] = []
    for finding in findings:
        own: list[Cited] = []
        for cited in finding.cited:
            same = next((c for c in kept if _same(c.claim, cited.claim)), None)
            if same is None:
                own.append(cited)
                kept.append(cited)
            else:
                _take_over(same, cited)
                finding.elsewhere = finding.elsewhere or bool(same.by)
        finding.cited = own


def _same(a: str, b: str) -> bool:
    """Say whether two claims are one sentence, but for small words."""
    return plainly_said(a, b) and plainly_said(b, a)


def _take_over(kept: Cited, other: Cited) -> None:
    """Let a claim stand on what the same claim of another part stands on."""
    there = {span.source for span in kept.by}
    kept.by += [span for span in other.by if span.source not in there]
    kept.settle()


def _stated(
    numbers: Numbered, cited: Cited, conflict: Conflict | None, disputes: list[Dispute]
) -> Statement:
    """Write a claim down; where sources part, as the side says that is nearest to the origin."""
    if conflict is None:
        return _statement(numbers, cited.claim, "supported", cited.by)
    texts = [cited.claim, *(side[0].quote for side in conflict.sides[1:])]
    followed = 0 if conflict.followed is None else conflict.followed
    sides = [
        _statement(numbers, text, "supported" if place == conflict.followed else "unsure", spans)
        for place, (text, spans) in enumerate(zip(texts, conflict.sides, strict=True))
    ]
    ordered = [sides[followed], *(s for place, s in enumerate(sides) if place != followed)]
    if not any({s.text for s in d.sides} & {s.text for s in ordered[1:]} for d in disputes):
        disputes.append(
            Dispute(
                about=cited.claim, sides=tuple(ordered), followed=conflict.followed is not None,
                why=conflict.why,
            )
        )  # fmt: skip
    return ordered[0]


@dataclass(frozen=True, kw_only=True)
class _Headline:
    """The words that come first."""

    text: str | None = None
    answers: bool = False
    """Whether they answer what was asked; else they are what is known beside it."""
    dissent: tuple[Dissent, ...] = ()


def _headline(desk: Desk, order: Outline | None, standing: Sequence[Standing]) -> _Headline:
    """Return the words that come first, each sentence of them held by what stands."""
    drafts = [f.draft for f in desk.findings if f.draft is not None]
    said = order.answer if order is not None else drafts[0].answer if len(drafts) == 1 else ""
    if not standing or (said and canonicalize(said).kind == "none"):
        return _Headline()
    parts = [part for part in _SENTENCE.split(said.strip()) if part and not part.endswith("?")]
    kept = [_led(part, held) for part in parts if (held := _held(part, standing)) is not None]
    if kept:
        return _Headline(text=" ".join(kept), answers=True)
    dissent = tuple(
        Dissent(member=d.member.name, answer=d.answer, reason="no source that is followed says so")
        for d in drafts[:1]
        if len(drafts) == 1
    )
    own = [
        _led(s.text, s)
        for f, s, c in standing
        if f.draft is not None and _says(s, c, f.draft.answer)
    ]
    first = {f.number: _led(s.text, s) for f, s, _ in reversed(standing)}
    shown = own or [first[number] for number in sorted(first)]
    text = _in_a_line(list(dict.fromkeys(shown))[:_SHOWN])
    return _Headline(text=text, answers=bool(own), dissent=dissent)


def _says(stated: Statement, cited: Cited, answer: str) -> bool:
    """Say whether a statement, or the claim that a nearer source put right, says an answer."""
    wanted, held = words_of(answer), set(words_of(f"{stated.text} {cited.claim}"))
    share = sum(word in held for word in wanted) / len(wanted) if wanted else 0.0
    told = numbers_in(stated.text) | numbers_in(cited.claim)
    return share >= _HELD and numbers_in(answer) <= told


def _in_a_line(said: Sequence[str]) -> str:
    """Return statements one after the other; each but the last is ended where it is not."""
    ended = [text if text.endswith((".", "!", "?", "”")) else f"{text}." for text in said[:-1]]
    return " ".join((*ended, *said[-1:]))


def _led(text: str, stated: Statement) -> str:
    """Return words of a headline; of an opinion, led by whose it is."""
    return text if stated.said_by is None else f"According to {stated.said_by}: {text}"


def _held(sentence: str, standing: Sequence[Standing]) -> Statement | None:
    """Return the statement that is a sentence of the headline, or holds a bare answer in a row.

    Whatever is put otherwise, or together from several statements, could say what none of them
    does; the statements themselves are shown instead.
    """
    wanted = words_of(sentence)
    for _, stated, _ in standing:
        if plainly_said(sentence, stated.text):
            return stated
        bare = 0 < len(wanted) < BARE and turns_of(sentence) == []
        if (
            bare
            and numbers_in(sentence) <= numbers_in(stated.text)
            and in_a_row(wanted, words_of(stated.text))
        ):
            return stated
    return None


def _sections(
    desk: Desk, order: Outline | None, standing: Sequence[Standing]
) -> tuple[Section, ...]:
    if order is not None:
        return tuple(
            Section(title=title, statements=shown)
            for title, places in order.sections
            if (shown := tuple(standing[p][1] for p in places if p < len(standing)))
        )
    found = [
        Section(title=f.part.question, statements=_unique(s for g, s, _ in standing if g is f))
        for f in desk.findings
    ]
    return tuple(section for section in found if section.statements)


def _comparison(order: Outline | None, standing: Sequence[Standing]) -> Comparison | None:
    """Return the statements side by side as the lead laid them out."""
    if order is None or order.laid is None:
        return None
    rows = tuple(
        tuple(standing[p][1] if p is not None and p < len(standing) else None for p in row)
        for row in order.laid.places
    )
    return Comparison(columns=order.laid.columns, names=order.laid.names, rows=rows)


def _unique(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple({s.text: s for s in statements}.values())


def _cited_evidence(desk: Desk, standing: Sequence[Standing]) -> tuple[Evidence, ...]:
    spans = [span for _, _, c in standing for span in (*c.by, *c.against)]
    spans += [span for f in desk.findings for c in f.cited if _denied(c) for span in c.against]
    return tuple({span.evidence.id: span.evidence for span in spans}.values())


def _confidence(
    standing: Sequence[Standing],
    groups: Sequence[Sequence[str]],
    *,
    open_: bool,
) -> float:
    """Return the confidence in the first statement; copies, and pages of a site, count once."""
    if open_:
        return _OPEN
    leader = {name: group[0] for group in groups for name in group}
    pages = {document_of(span.source) for span in standing[0][2].by if not is_program(span.source)}
    sites = {site_of(leader.get(page, page)) for page in pages}
    return _MORE if len(sites) > 1 else _ONE


def _missing(desk: Desk) -> tuple[str, ...]:
    parts = [f"{f.part.question}: {f.failure.message}" for f in desk.findings if f.failure]
    silent = [
        f"{f.part.question}: {_why_silent(f)}"
        for f in desk.findings
        if f.failure is None and not f.stands
    ]
    claims = [c for f in desk.findings for c in f.cited if c.unasked or (c.near and not c.by)]
    unasked = sorted({c.unasked or "the run was ended before" for c in claims})
    unchecked = [f"not every claim was checked: {why}" for why in unasked]
    return (*parts, *silent, *unchecked, *(failure.message for failure in desk.failures))


def _why_silent(finding: Finding) -> str:
    if finding.draft is None:
        return "not worked to the end"
    denied = any(map(_denied, finding.cited))
    return "sources say otherwise than its worker" if denied else "no source that was read says"


def _nothing(desk: Desk) -> str:
    read = len({document_of(e.source or "") for e in desk.evidence})
    if read == 0:
        return "nothing could be read"
    return f"none of the {read} sources that were read answers this" if read > 1 else (
        "the one source that was read does not answer this"
    )  # fmt: skip


def _how(desk: Desk, standing: Sequence[object]) -> str:
    claims = sum(len(f.cited) for f in desk.findings)
    sources = {document_of(e.source or "") for e in desk.evidence}
    programs = sum(map(is_program, sources))
    told = [counted(len(sources) - programs, "source")]
    told += [counted(programs, "program")] if programs else []
    return f"{len(standing)} of {claims} claims stand in what was read; {', '.join(told)}"
