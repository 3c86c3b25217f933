"""A model reads a run for failures that no rule can decide: code by code, by votes, with quotes.

Source: judging by definition and example follows Cemri et al. 2025, whose judge others could not
reproduce: each code is asked alone, and a vote counts only where its quotation stands in the run.
"""

import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.errors import BudgetExceeded, ProviderError
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run
from manyminds.core.values import Member
from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.modes import MODES, WASTES
from manyminds.diagnosis.trace import Act, Trace
from manyminds.tools.fence import fence

__all__ = ["JUDGED", "Judged", "judged", "parts_of", "without_doubles"]

JUDGED = tuple(code for code in MODES if code not in WASTES)
VOTES = 3
PART_CHARS, OVERLAP_CHARS = 12_000, 2_000
"""A record that is longer is read in parts that overlap, each after a summary of those before."""
_ACT_CHARS = 1_500
_TASK_CHARS = 3_000
_LEAST_QUOTE = 8
"""Letters and digits that a quotation has, so that it can be told from another."""
_FIELDS: dict[str, JsonValue] = {
    "why": {"type": "string"},
    "there": {"enum": ["yes", "no", "unsure"]},
    "entry": {"type": "integer", "minimum": 0},
    "quote": {"type": "string"},
}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a model found, and what it could not be asked."""

    findings: tuple[Finding, ...]
    unsure: tuple[str, ...]
    """Codes of which it would not say yes or no, or for which there was no money left."""


@dataclass(frozen=True, kw_only=True)
class _Vote:
    there: str
    act: Act | None
    quote: str
    why: str


async def judged(
    run: Run, trace: Trace, judge: Member, *, codes: Collection[str] = JUDGED, votes: int = VOTES
) -> Judged:
    """Let a model look for failures.

    A code is voted on again only where the first vote is a yes: most are not there, and each vote
    costs a request.

    Args:
        run: Whose budget pays.
        trace: What is read.
        judge: Who reads it.
        codes: What it looks for.
        votes: Most votes on one code; more than half of them have to say yes.
    """
    findings: list[Finding] = []
    unsure: set[str] = set()
    try:
        async for record, acts in _told(run, trace, judge):
            for code in codes:
                found = await _voted(run, trace, judge, record, acts, code, votes)
                if isinstance(found, Finding):
                    findings.append(found)
                elif found == "unsure":
                    unsure.add(code)
    except (BudgetExceeded, ProviderError):
        unsure |= set(codes) - {finding.code for finding in findings}
    return Judged(findings=tuple(_firsts(findings)), unsure=tuple(sorted(unsure)))


def _firsts(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the first finding of each code: parts overlap, and a model repeats itself."""
    seen: set[str] = set()
    for finding in sorted(findings, key=lambda f: f.step):
        if finding.code not in seen:
            seen.add(finding.code)
            yield finding


def without_doubles(ruled: Sequence[Finding], found: Sequence[Finding]) -> list[Finding]:
    """Return rules' findings, and a model's for codes of which no rule found one."""
    codes = {finding.code for finding in ruled}
    both = [*ruled, *(finding for finding in found if finding.code not in codes)]
    return sorted(both, key=lambda finding: (finding.step, finding.code))


async def _told(run: Run, trace: Trace, judge: Member) -> AsyncIterator[tuple[str, list[Act]]]:
    """Yield the record part by part, each with what came before it in a few words."""
    so_far = ""
    parts = list(parts_of(trace))
    for number, acts in enumerate(parts):
        record = "\n".join(_entry(act) for act in acts)
        told = f"(before this: {so_far})\n{record}" if so_far else record
        yield told, acts
        if number + 1 < len(parts):
            text = prompt("diagnose_so_far", record=fence(told, source="run", limit=2 * PART_CHARS))
            said = await inquire(
                run, judge, text, {"summary": {"type": "string"}}, max_tokens=200, purpose="check"
            )
            so_far = str(said.get("summary") or "")[:1_000]


def parts_of(trace: Trace) -> Iterator[list[Act]]:
    """Yield the acts of a run in parts that overlap."""
    part: list[Act] = []
    size = 0
    for act in trace.acts:
        length = len(_entry(act))
        if part and size + length > PART_CHARS:
            yield part
            kept: list[Act] = []
            for old in reversed(part):
                if sum(len(_entry(one)) for one in [*kept, old]) > OVERLAP_CHARS:
                    break
                kept.insert(0, old)
            part, size = kept, sum(len(_entry(one)) for one in kept)
        part.append(act)
        size += length
    if part:
        yield part


def _entry(act: Act) -> str:
    did = {
        "calls": f" calls {act.tool}", "returns": f" gets from {act.tool}",
        "proposes": " puts forward", "checks": f" judges ({act.verdict})",
        "asks": " asks the person", "ends": " ends",
    }.get(act.kind, "")  # fmt: skip
    return f"[{act.step}] {act.author}{did}: {act.text[:_ACT_CHARS]}"


async def _voted(
    run: Run, trace: Trace, judge: Member, record: str, acts: list[Act], code: str, votes: int
) -> Finding | str:
    mode = MODES[code]
    # The record comes first: it is the same for all codes, and is read from the cache.
    text = prompt(
        "diagnose", task=fence(trace.task, source="task", limit=_TASK_CHARS),
        record=fence(record, source="run", limit=2 * PART_CHARS), mode=mode.name, means=mode.means,
        not_this=mode.not_this,
    )  # fmt: skip
    cast: list[_Vote] = []
    for number in range(votes):
        said = await inquire(
            run, judge, text, _FIELDS, max_tokens=250, purpose="check",
            temperature=0.0 if number == 0 else 0.7,
        )  # fmt: skip
        cast.append(_vote(said, acts))
        if number == 0 and cast[0].there != "yes":
            return cast[0].there
    yes = [vote for vote in cast if vote.act is not None]
    if len(yes) * 2 <= votes:
        return "unsure"
    first = yes[0]
    assert first.act is not None
    return Finding(
        code=code, step=first.act.step, member=first.act.author, evidence=first.quote,
        why=first.why, confidence=len(yes) / votes, by=judge.model,
    )  # fmt: skip


def _vote(said: dict[str, JsonValue], acts: Sequence[Act]) -> _Vote:
    """Read a vote; a yes whose quotation stands nowhere is none."""
    there = str(said.get("there") or "unsure")
    quote, entry = str(said.get("quote") or "").strip(), said.get("entry")
    vote = _Vote(there=there, act=None, quote=quote[:240], why=str(said.get("why") or "")[:300])
    if there != "yes":
        return vote
    ordered = sorted(acts, key=lambda act: act.step != entry)
    act = next((act for act in ordered if _stands(quote, act)), None)
    return replace(vote, act=act, there="yes" if act is not None else "unsure")


def _stands(quote: str, act: Act) -> bool:
    wanted = _plain(quote)
    return len(wanted) >= _LEAST_QUOTE and wanted in _plain(act.text)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
