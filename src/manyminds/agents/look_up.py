"""Looking a question up before its worker is asked: searching, then reading what was found.

It saves the turns that every worker would spend on it, and small models that are left to search by
themselves wander off. What it does is what a worker could do: the same tools, paid and recorded the
same way.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from manyminds.agents.member import Thread
from manyminds.agents.prompts import prompt
from manyminds.core.messages import JsonValue, Said, ToolCall
from manyminds.core.protocols import Run, ToolOutcome
from manyminds.core.values import Evidence, Failure, Looked
from manyminds.tools.fence import fence

__all__ = ["LookedUp", "hits_in", "look_up", "show"]

SEARCH_DOCS, SEARCH_WEB, READ_PAGE = "search_docs", "search_web", "read_page"
_HIT = re.compile(r"^https?://\S+", re.MULTILINE)
MAX_QUERY = 400
"""Characters of a search."""
SHOWN = 5_000
"""Characters of passages that a worker begins with."""
_LONGEST = 1_600
"""Characters of one of them."""
_BEFORE = 2
"""Messages that the passages stand behind: the system's words and the question."""


def hits_in(shown: str) -> list[str]:
    """Return the addresses of results as `search_web` shows them: none that a snippet holds."""
    return _HIT.findall(shown)


@dataclass(kw_only=True)
class LookedUp:
    """What a look-up gave."""

    evidence: list[Evidence] = field(default_factory=list[Evidence])
    not_found: list[Looked] = field(default_factory=list[Looked])


async def look_up(
    run: Run, thread: Thread, *, query: str, about: str, pages: int, named: Sequence[str] = ()
) -> LookedUp:
    """Search documents and the web, read the first pages found, and show the thread what fits.

    Args:
        run: Whose tools they are; those that are missing are passed over.
        thread: Whose member looks; it begins with what is found.
        query: What is searched for.
        about: What pages are read about.
        pages: How many are read at most.
        named: Addresses to read before those that a search finds.
    """
    thread.opened = True
    there = {tool.name for tool in thread.tools}
    found = LookedUp()
    addresses = list(named)
    if SEARCH_DOCS in there:
        outcome = await _call(run, thread, SEARCH_DOCS, query=_one_line(f"{about} {query}"))
        found.evidence += _kept(found, outcome, f"documents: {query}")
    if SEARCH_WEB in there and len(addresses) < pages:
        # The question's own words, too: leads that are small write queries that find nothing.
        searches = "\n".join(dict.fromkeys((_one_line(about), _one_line(query))))
        outcome = await _call(run, thread, SEARCH_WEB, query=searches)
        hits = [hits_in(e.output) for e in _kept(found, outcome, f"web: {query}")]
        addresses += [a for rank in zip_longest(*hits) for a in rank if a is not None]
        if outcome.error is None and not addresses:
            found.not_found.append(Looked(what=f"web: {query}", why="the search found nothing"))
    reading = list(dict.fromkeys(addresses))[:pages] if READ_PAGE in there else []
    found.not_found += [
        Looked(what=address, why=f"not read: more than the {pages} pages of a part")
        for address in named[pages:]
    ]
    read = await run.gather(
        [_call(run, thread, READ_PAGE, address=address, about=about) for address in reading]
    )
    for address, outcome in zip(reading, read, strict=True):
        if isinstance(outcome, Failure):
            found.not_found.append(Looked(what=address, why=outcome.message))
        else:
            found.evidence += _kept(found, outcome, address)
    shown, passages = show(found.evidence)
    # Passages that it was not shown it may look for again.
    thread.evidence.extend(shown)
    said = prompt("found", passages=passages)
    thread.messages.insert(_BEFORE, Said(role="user", text=said))
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MAX_QUERY]


async def _call(run: Run, thread: Thread, name: str, **arguments: JsonValue) -> ToolOutcome:
    call = ToolCall(id=run.new_id("look"), name=name, arguments=arguments)
    outcome = await run.call(thread.member, call)
    if outcome.error is None:
        thread.remember(call, worked=True)
    return outcome


def _kept(found: LookedUp, outcome: ToolOutcome, what: str) -> tuple[Evidence, ...]:
    if outcome.error is not None:
        found.not_found.append(Looked(what=what, why=outcome.error))
    elif not outcome.evidence:
        found.not_found.append(Looked(what=what, why="nothing fits"))
    return outcome.evidence


def show(evidence: Sequence[Evidence], *, most: int = SHOWN) -> tuple[list[Evidence], str]:
    """Return which passages a worker is shown, and them as data.

    The best of each source comes before the second-best of any; the same words come once.
    """
    by_source: dict[str, list[Evidence]] = {}
    there: set[str] = set()
    for e in evidence:
        words = " ".join(e.output.split())
        if e.source is not None and words not in there:
            there.add(words)
            by_source.setdefault(e.source, []).append(e)
    rounds = max((len(passages) for passages in by_source.values()), default=0)
    ordered = [p[i] for i in range(rounds) for p in by_source.values() if i < len(p)]
    shown: list[Evidence] = []
    texts: list[str] = []
    for e in ordered:
        text = fence(e.output, source=_label(e), limit=_LONGEST)
        if texts and sum(map(len, texts)) + len(text) > most:
            break
        texts.append(text)
        if len(e.output) <= _LONGEST:
            shown.append(e)
    return shown, "\n".join(texts) or "nothing was found"


def _label(e: Evidence) -> str:
    about = "".join(f", {part}" for part in (e.title, e.date) if part)
    return f"{e.source}{about}"
