"""Wide: all items of a kind, as a table whose every cell says where it stands.

Lists are read as they are (links, feeds, sitemaps); the lead picks the groups that hold the items
and throws out strangers, and what a column wants is taken from the entry itself, from what stands
beside it, or from the item's own page. A row that is on no list cannot come about; a cell that no
page states stays empty and says why.

Source: wrapper induction (Kushmerick, Weld, Doorenbos 1997): what a page repeats in one shape is
one kind of thing.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace

from manyminds.agents.look_up import addresses_in
from manyminds.agents.scout import Wanted, choose_groups, strangers, wanted
from manyminds.core.events import PhaseStarted, Planned
from manyminds.core.messages import ToolCall
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Evidence, Failure, Looked, Member, Part, Plan
from manyminds.judging.listing import AROUND, Entry, EntryGroup, entries_of, grouped, merged
from manyminds.strategies.orchestrate import Approve
from manyminds.strategies.table import Sheet, deliver_table, fill

__all__ = ["Wide"]

LISTS = 6
"""Pages that lists are looked for on."""
_GROUPS = 24
"""Groups of one page that the lead is shown."""
_BATCH = 25
_EXAMPLES = 4


async def _as_planned(plan: Plan) -> Plan:
    return plan


@dataclass(frozen=True, kw_only=True)
class Wide:
    """Enumerates what lists hold.

    Cost: one request to plan, one for each page with lists, one for each 25 entries of groups that
    hold other things too, and for each column that a list does not fill one for each eight rows.
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
        chosen = await run.gather([_chosen(run, asked.item, e) for e in lists])
        entries = [e for got in chosen if not isinstance(got, Failure) for e in got]
        sheet.missing += [got.message for got in chosen if isinstance(got, Failure)]
        sheet.items = merged(entries)
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
        approved = await self.approve(planned)
        run.tell(Planned(plan=approved, changed=approved != planned))
        sheet.plan = approved
        sheet.columns = sheet.columns_of(asked, approved)
        return replace(asked, item=approved.item or asked.item)


async def _lists(sheet: Sheet) -> list[Evidence]:
    """Read the lists of the pages that the question names, or else that a search finds."""
    run = sheet.run
    there = {tool.name for tool in run.tools}
    scout = Member(name="scout", way="look_up", model=run.members[0].model)
    addresses = addresses_in(run.task.prompt)
    if not addresses and "search_web" in there:
        for part in sheet.plan.parts:
            call = ToolCall(
                id=run.new_id("look"), name="search_web", arguments={"query": part.query}
            )
            found = await run.call(scout, call)
            sheet.looked(f"web: {part.query}", found)
            addresses += [a for e in found.evidence for a in addresses_in(e.output)]
    if "list_links" not in there:
        sheet.missing.append("lists stand on the web, which is not to be used here")
        return []
    named = list(dict.fromkeys(addresses))[:LISTS]
    run.tell(PhaseStarted(phase="list", round=1, why=f"{len(named)} pages that may hold a list"))
    read = await run.gather([_read(run, scout, sheet, address) for address in named])
    return [e for got in read if not isinstance(got, Failure) for e in got]


async def _read(
    run: Run, scout: Member, sheet: Sheet, address: str, depth: int = 0
) -> list[Evidence]:
    """Read one list, and the sitemaps that a sitemap leads to."""
    call = ToolCall(id=run.new_id("look"), name="list_links", arguments={"address": address})
    outcome = await run.call(scout, call)
    sheet.looked(address, outcome)
    found = list(outcome.evidence)
    inner = [e.address for got in found for e in entries_of(got) if e.under == "sitemap"]
    if inner and depth == 0:
        more = await run.gather([_read(run, scout, sheet, a, 1) for a in inner[:LISTS]])
        sheet.not_found += [
            Looked(what=a, why="more sitemaps than are read") for a in inner[LISTS:]
        ]
        return [e for got in more if not isinstance(got, Failure) for e in got]
    return found


async def _chosen(run: Run, item: str, evidence: Evidence) -> list[Entry]:
    """Return the entries of one list that are wanted, in their order."""
    groups = grouped(entries_of(evidence))[:_GROUPS]
    if not groups:
        return []
    places = await choose_groups(run, item, [_shown(group) for group in groups])
    kept: list[Entry] = []
    for place, only in places.items():
        entries = groups[place].entries
        kept += entries if only else await _without_strangers(run, item, entries)
    order = {entry.span.start: n for n, entry in enumerate(entries_of(evidence))}
    return sorted(kept, key=lambda entry: order[entry.span.start])


def _shown(group: EntryGroup) -> str:
    titles = "; ".join(entry.title[:60] for entry in _spread(group.entries))
    under = group.under or "no heading"
    around = " (leads around the site)" if group.under == AROUND else ""
    return (
        f"{len(group.entries)} links under “{under[:100]}”{around} to {group.shape[:80]}: {titles}"
    )


def _spread(entries: Sequence[Entry]) -> list[Entry]:
    """Return examples from all over a group: what begins a list is often not like the rest."""
    step = max(1, len(entries) // _EXAMPLES)
    return list(entries[::step])[:_EXAMPLES]


async def _without_strangers(run: Run, item: str, entries: Sequence[Entry]) -> list[Entry]:
    batches = [entries[i : i + _BATCH] for i in range(0, len(entries), _BATCH)]
    jobs: list[Awaitable[set[int]]] = [
        strangers(run, item, [_line(entry) for entry in batch]) for batch in batches
    ]
    found = await run.gather(jobs)
    return [
        entry
        for batch, others in zip(batches, found, strict=True)
        for place, entry in enumerate(batch)
        if isinstance(others, Failure) or place not in others
    ]


def _line(entry: Entry) -> str:
    return f"{entry.title[:80]} ({entry.around[:60]})" if entry.around else entry.title[:100]
