"""Wide: all items of a kind, as a table whose every cell says where it stands.

Lists are read as they are (links, feeds, sitemaps); the lead picks the groups that hold the items
and throws out strangers, and what a column wants is taken from the entry itself, from what stands
beside it, or from the item's own page. A row that is on no list cannot come about; a cell that no
page states stays empty and says why.

Source: wrapper induction (Kushmerick, Weld, Doorenbos 1997): what a page repeats in one shape is
one kind of thing.
"""

import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace

from manyminds.agents.look_up import hits_in
from manyminds.agents.scout import Wanted, choose_groups, ranking, strangers, wanted
from manyminds.core.events import PhaseStarted, Planned
from manyminds.core.messages import ToolCall
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Evidence, Failure, Member, Part, Plan
from manyminds.judging.listing import (
    AROUND,
    Entry,
    EntryGroup,
    entries_of,
    grouped,
    merged,
    spread,
)
from manyminds.strategies.orchestrate import Approve
from manyminds.strategies.table import Sheet, deliver_table, fill
from manyminds.tools.web.links import MAX_ENTRIES, NEXT
from manyminds.tools.web.named import addresses_in

__all__ = ["Wide"]

LISTS = 6
"""Pages that a search finds, on which lists are looked for."""
PAGES_ON = 30
"""Pages over which one list may go on."""
NAMED = 24
"""Pages that a question names, or sitemaps of one, that are read."""
_GROUPS = 16
"""Groups of one page that the lead is shown at once."""
_BATCH = 25
_EXAMPLES = 4


async def _as_planned(plan: Plan) -> Plan:
    return plan


@dataclass(frozen=True, kw_only=True)
class Wide:
    """Enumerates what lists hold.

    Cost: one request to plan, one where the question asks for an order, one for each page with
    lists, one for each 25 entries of groups that hold other things too, and for each column that a
    list does not fill one for each eight rows.
    """

    plan: Plan = field(default_factory=lambda: Plan(goal="", parts=()))
    approve: Approve = _as_planned

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        sheet = Sheet(run=run, plan=self.plan)
        [ended] = await run.gather([self._work(sheet)])
        if isinstance(ended, Failure):
            sheet.missing.append(ended.message)
        return deliver_table(sheet)

    async def _work(self, sheet: Sheet) -> None:
        run = sheet.run
        asked = await self._planned(sheet)
        lists = await _lists(sheet)
        if not lists:
            return
        run.tell(
            PhaseStarted(phase="choose", round=1, why=f"which of {len(lists)} lists hold them")
        )
        chosen: dict[int, list[Entry]] = {}
        ended = await run.gather(
            [_choose(sheet, asked.item, place, e, chosen) for place, e in enumerate(lists)]
        )
        sheet.missing += [got.message for got in ended if isinstance(got, Failure)]
        run.tell(PhaseStarted(phase="fill", round=1, why=f"{len(sheet.items)} rows"))
        await fill(sheet)

    async def _planned(self, sheet: Sheet) -> Wanted:
        run = sheet.run
        run.tell(PhaseStarted(phase="plan", round=1, why="what is to be listed"))
        asked = await wanted(run)
        given = self.plan
        item = given.item or asked.item
        planned = replace(
            given, goal=given.goal or f"all there are of: {item}", item=item,
            columns=given.columns or tuple(column.name for column in asked.columns),
            parts=given.parts or tuple(Part(question=q, query=q) for q in asked.queries),
        )  # fmt: skip
        columns = sheet.columns_of(asked, planned)
        order = None if given.order else await ranking(run, columns)
        if order is not None:
            planned = replace(planned, order=order[0], descending=order[1])
        approved = await self.approve(planned)
        run.tell(Planned(plan=approved, changed=approved != planned))
        sheet.plan = approved
        sheet.columns = sheet.columns_of(asked, approved)
        if order is not None and not order[0] and not approved.order:
            sheet.missing.append("not ranked: no column tells the order that was asked for")
        return replace(asked, item=approved.item or asked.item)


async def _lists(sheet: Sheet) -> list[Evidence]:
    """Read the lists of the pages that the question names, or else that a search finds."""
    run = sheet.run
    there = {tool.name for tool in run.tools}
    scout = Member(name="scout", way="look_up", model=run.members[0].model)
    addresses = addresses_in(run.task.prompt)
    sheet.missing += [f"{a}: more pages were named than are read" for a in addresses[NAMED:]]
    named = addresses[:NAMED]
    if not named and "search_web" in there:
        for part in sheet.plan.parts:
            call = ToolCall(
                id=run.new_id("look"), name="search_web", arguments={"query": part.query}
            )
            found = await run.call(scout, call)
            sheet.looked(f"web: {part.query}", found)
            named += [a for e in found.evidence for a in hits_in(e.output)]
        named = list(dict.fromkeys(named))[:LISTS]
    if "list_links" not in there:
        sheet.missing.append("lists stand on the web, which is not to be used here")
        return []
    run.tell(PhaseStarted(phase="list", round=1, why=f"{len(named)} pages that may hold a list"))
    return await _all_read(sheet, scout, named)


async def _all_read(
    sheet: Sheet, scout: Member, addresses: Sequence[str], *, deeper: bool = True
) -> list[Evidence]:
    """Read lists, and those that a sitemap leads to."""
    read = await sheet.run.gather([_read(sheet, scout, address) for address in addresses])
    found: list[Evidence] = []
    for address, got in zip(addresses, read, strict=True):
        if isinstance(got, Failure):
            sheet.missing.append(f"{address}: {got.message}")
        else:
            found += got
    if not deeper:
        return found
    found += [e for first in list(found) for e in await _goes_on(sheet, scout, first)]
    inner = {e.source: _inner(e) for e in found}
    led = list(dict.fromkeys(a for addresses in inner.values() for a in addresses))
    sheet.missing += [f"{a}: more sitemaps than are read" for a in led[NAMED:]]
    more = await _all_read(sheet, scout, led[:NAMED], deeper=False) if led else []
    return [*(e for e in found if not inner[e.source]), *more]


def _inner(evidence: Evidence) -> list[str]:
    """Return the sitemaps that a sitemap leads to."""
    if not (evidence.source or "").endswith("#sitemap"):
        return []
    return [entry.address for entry in entries_of(evidence) if entry.under == "sitemap"]


async def _goes_on(sheet: Sheet, scout: Member, first: Evidence) -> list[Evidence]:
    """Read the pages that a list goes on over, as long as each leads to the next of its kind."""
    found: list[Evidence] = []
    at, seen = first, {_page_of(first)}
    while (following := _next_of(at)) is not None and following not in seen:
        if len(found) == PAGES_ON:
            sheet.missing.append(f"the list goes on at {following}: more pages than are read")
            break
        seen.add(following)
        more = [e for e in await _read(sheet, scout, following) if _page_of(e) == following]
        if not more:
            break
        at = more[0]
        found.append(at)
    return found


def _page_of(evidence: Evidence) -> str:
    return (evidence.source or "").removesuffix("#links")


def _next_of(evidence: Evidence) -> str | None:
    """Return where a list goes on: an address that differs from its own by a number alone."""
    here = _page_of(evidence)
    onward = (entry.address for entry in entries_of(evidence) if entry.under == NEXT)
    return next((a for a in onward if _unnumbered(a) == _unnumbered(here)), None)


def _unnumbered(address: str) -> str:
    return _NUMBERED.sub("", address).rstrip("/?&")


_NUMBERED = re.compile(
    r"(?:[/?&](?:page|paged|p|start|offset)[=/-]?)?\d+(?=[/?&]|\.\w+$|$)", re.IGNORECASE
)


async def _read(sheet: Sheet, scout: Member, address: str) -> list[Evidence]:
    call = ToolCall(id=sheet.run.new_id("look"), name="list_links", arguments={"address": address})
    outcome = await sheet.run.call(scout, call)
    sheet.looked(address, outcome)
    for e in outcome.evidence:
        if len(entries_of(e)) >= MAX_ENTRIES:
            sheet.missing.append(f"{address} holds more than the {MAX_ENTRIES:,} that are read")
    return list(outcome.evidence)


async def _choose(
    sheet: Sheet, item: str, place: int, evidence: Evidence, chosen: dict[int, list[Entry]]
) -> None:
    """Take the entries of one list that are wanted, in their order."""
    entries = [entry for entry in entries_of(evidence) if entry.under != NEXT]
    groups = grouped(entries)
    order = {entry.span.start: n for n, entry in enumerate(entries)}
    kept: list[Entry] = []
    for i in range(0, len(groups), _GROUPS):
        shown = groups[i : i + _GROUPS]
        held = await choose_groups(sheet.run, item, [_shown(group) for group in shown])
        for group, only in held.items():
            rows = shown[group].entries
            kept += rows if only else await _without_strangers(sheet, item, rows)
        # At once: whatever ends the run, these are found.
        chosen[place] = sorted(kept, key=lambda entry: order[entry.span.start])
        sheet.items = merged(entry for n in sorted(chosen) for entry in chosen[n])


def _shown(group: EntryGroup) -> str:
    titles = "; ".join(entry.title[:60] for entry in spread(group.entries, _EXAMPLES))
    under = group.under or "no heading"
    around = " (leads around the site)" if group.under == AROUND else ""
    return (
        f"{len(group.entries)} links under “{under[:100]}”{around} to {group.shape[:80]}: {titles}"
    )


async def _without_strangers(sheet: Sheet, item: str, entries: Sequence[Entry]) -> list[Entry]:
    batches = [entries[i : i + _BATCH] for i in range(0, len(entries), _BATCH)]
    jobs: list[Awaitable[set[int]]] = [
        strangers(sheet.run, item, [_line(entry) for entry in batch]) for batch in batches
    ]
    found = await sheet.run.gather(jobs)
    failed = [
        (batch, f.message)
        for batch, f in zip(batches, found, strict=True)
        if isinstance(f, Failure)
    ]
    sheet.missing += [f"{len(b)} lines were not looked through for others: {w}" for b, w in failed]
    return [
        entry
        for batch, others in zip(batches, found, strict=True)
        for place, entry in enumerate(batch)
        if isinstance(others, Failure) or place not in others
    ]


def _line(entry: Entry) -> str:
    return f"{entry.title[:80]} ({entry.around[:60]})" if entry.around else entry.title[:100]
