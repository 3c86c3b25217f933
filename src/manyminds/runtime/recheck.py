"""Checking a run again, without a model: do its citations stand where they say?

Words are held against what was stored when they were read; programs are run again, in the sandbox,
with all that their worker had run before, and have to print the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from manyminds.core.errors import ToolError
from manyminds.core.events import Recorded, ToolCalled, ToolReturned
from manyminds.core.messages import ToolCall
from manyminds.core.values import Answer, Citation, Evidence
from manyminds.judging.citing.computed import is_program
from manyminds.runtime.ask import SOURCES
from manyminds.tools.sandbox.choose import find_isolation
from manyminds.tools.sandbox.tool import Python
from manyminds.tools.web.sources import Sources

__all__ = ["Check", "recheck"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """What came of looking at one citation again."""

    number: int
    """As the report counts, from 1; 0 for a statement that cites nothing."""
    source: str
    holds: bool | None
    """`None` where it cannot be checked here."""
    why: str


async def recheck(
    path: Path, events: Sequence[Recorded], answer: Answer, cache: Path
) -> list[Check]:
    """Check every citation of a run's answer.

    Args:
        path: Its transcript; stored pages are beside it.
        events: Of the transcript.
        answer: What it delivered.
        cache: Folder of what can be made again.
    """
    read = [
        e for r in events if isinstance(r.event, ToolReturned) for e in r.event.evidence
        if e.source is not None
    ]  # fmt: skip
    pages = path.with_name(SOURCES)
    sources = Sources(pages) if pages.exists() else None
    programs = [c for c in answer.citations if is_program(c.source)]
    again = await _run_again(events, answer.evidence, cache) if programs else {}
    found: list[Check] = []
    for number, citation in enumerate(answer.citations, 1):
        if is_program(citation.source):
            holds, why = _printed(citation, again)
        else:
            holds, why = _stands(citation, read, sources)
        found.append(Check(number=number, source=citation.source, holds=holds, why=why))
    return [*found, *_orphans(answer)]


def _stands(
    citation: Citation, read: Sequence[Evidence], sources: Sources | None
) -> tuple[bool, str]:
    """Say whether words stand in the stored page, or in a passage as it was read."""
    stored = None if sources is None else sources.text_of(citation.source)
    if stored is not None:
        holds = stored[citation.start : citation.end] == citation.quote
        return holds, "in the stored page" if holds else "the stored page has other words there"
    for e in read:
        if e.source == citation.source and e.start is not None and e.start <= citation.start:
            there = e.output[citation.start - e.start : citation.end - e.start]
            if there == citation.quote:
                return True, "in a passage as it was read"
    return False, "nothing that was read has these words there"


def _printed(citation: Citation, again: dict[str, str | None] | None) -> tuple[bool | None, str]:
    if again is None:
        return None, "no sandbox works here, so the program was not run; see manyminds doctor"
    output = again.get(citation.source)
    if output is None:
        return False, "the program fails when it is run again"
    holds = output[citation.start : citation.end] == citation.quote
    return holds, "computed again" if holds else "the program prints something else now"


def _orphans(answer: Answer) -> list[Check]:
    """Return what the report states without a citation that is there."""
    if answer.report is None:
        return []
    stated = [s for section in answer.report.sections for s in section.statements]
    return [
        Check(number=0, source=s.text[:80], holds=False, why="it cites nothing")
        for s in stated
        if not s.citations or not all(0 <= n < len(answer.citations) for n in s.citations)
    ]


async def _run_again(
    events: Sequence[Recorded], cited: Sequence[Evidence], cache: Path
) -> dict[str, str | None] | None:
    """Run the programs of every worker that is cited, in their order; return what they print.

    `None` where nothing isolates here.
    """
    isolation = await find_isolation(cache)
    if isolation.jailer is None:
        return None
    ids = {e.id: e.source for e in cited if e.source is not None and is_program(e.source)}
    made = {r.event.step: r.event for r in events if isinstance(r.event, ToolCalled)}
    came = [
        r.event for r in events if isinstance(r.event, ToolReturned) and r.event.tool == "python"
    ]
    members = {event.member for event in came if any(e.id in ids for e in event.evidence)}
    python, found = Python(isolation), dict[str, str | None]()
    try:
        for event in came:
            if event.member not in members:
                continue
            call = ToolCall(id="again", name="python", arguments=made[event.step].arguments)
            try:
                [evidence] = await python(event.member, call)
                output = evidence.output
            except ToolError:
                output = None
            found |= {ids[e.id]: output for e in event.evidence if e.id in ids}
    finally:
        await python.close()
    return found
