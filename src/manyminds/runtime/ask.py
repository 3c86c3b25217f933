"""One question, from options to result: plays the strategy on a run, and records it."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from manyminds.agents.asking import question_now
from manyminds.agents.clarify import doubt_about, with_answer
from manyminds.agents.prompts import prompts_hash
from manyminds.agents.roster import roster
from manyminds.budget.ledger import cost_of
from manyminds.core.errors import (
    ManymindsError,
    ProviderError,
    RecordError,
    RunError,
)
from manyminds.core.events import Clarified, Recorded, RunEnded, RunStarted, Steered
from manyminds.core.protocols import Strategy
from manyminds.core.values import VERSION, Answer, Cost, Member, Task
from manyminds.runtime.acting import plan_acts
from manyminds.runtime.admission import admit, admit_task
from manyminds.runtime.choose import (
    AskOptions,
    choose_strategy,
    doubt_about_judge,
    doubting,
    greener,
    member_count,
)
from manyminds.runtime.durable import DurableRun
from manyminds.runtime.flight import Endpoint
from manyminds.runtime.history import expected, remember
from manyminds.runtime.images import pictures_of, seeing
from manyminds.runtime.kit import connect_all, ready_tools
from manyminds.runtime.labels import abstaining, calibrated
from manyminds.runtime.orders import Order, write_order
from manyminds.runtime.run import MemoryRun, Sink
from manyminds.runtime.schemas import obeying
from manyminds.runtime.steer import CANCELLED, following
from manyminds.strategies.registry import thinking_for
from manyminds.tools.mcp.gate import Gate
from manyminds.tools.provenance import Provenance
from manyminds.tools.toolset import Toolset
from manyminds.tools.web.sites import Agreed, Confirm, Sites
from manyminds.transcript.store import TranscriptWriter, new_transcript_path

__all__ = ["AskOptions", "Asked", "Carrier", "Place", "Watch", "ask", "going_on", "play"]

ENOUGH = 0.5
"""A run cut short still answers where its answer is likelier right than not."""
SOURCES = "sources.sqlite"
"""Beside the transcript: the pages that were read."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who looks on while a run goes."""

    sinks: tuple[Sink, ...] = ()
    on_progress: Callable[[str, int, str], None] | None = None
    """Told of each piece of a reply: whose it is, how many there are, what is new of its text;
    without it replies are not streamed."""
    on_notice: Callable[[str], None] = lambda _line: None
    """Told in one line what is being readied."""
    on_start: Callable[[DurableRun], None] = lambda _run: None
    """Given the run, to be able to stop it."""
    on_sites: Callable[[Sites], None] = lambda _sites: None
    """Given what may be fetched from the web."""
    on_address: Confirm | None = None
    """Asks the person whether an address may be read that nobody named; `None`: it may not."""
    on_act: Confirm | None = None
    """Asks the person whether a tool may be called, shown the call; `None`: it may not, unless all
    that matters of it are their own words."""
    on_doubt: Callable[[str], Awaitable[str | None]] | None = None
    """Asks the person a question and returns what they say; `None`: nobody is there to be asked."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What came of a question."""

    run: str
    answer: Answer
    strategy: str
    members: tuple[Member, ...]
    cost: Cost
    stopped_by: str | None
    """What ended it early: "tokens", "usd", "seconds", "interrupted", "provider"; else `None`."""
    transcript: Path
    prompts: str
    """Hash over the prompts that made the answer."""


class Carrier(Protocol):
    """Shares a run with other machines."""

    def put(self, recorded: Recorded, line: bytes) -> None:
        """Take what was recorded."""
        ...

    async def kept(self) -> None:
        """Wait until all that it took is safe.

        Raises:
            RecordError: If that will not be.
        """
        ...

    def limited(self, model: str, endpoint: Endpoint) -> Endpoint:
        """Return an endpoint that obeys what all machines together may ask of it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a run is recorded, and what is on record already."""

    run: str
    path: Path
    writer: TranscriptWriter
    past: tuple[Recorded, ...] = ()
    carrier: Carrier | None = None
    """Takes what is recorded elsewhere, too; `None`: it stays here."""

    @property
    def started(self) -> RunStarted | None:
        """How the run began; `None` where it did not yet."""
        event = self.past[0].event if self.past else None
        return event if isinstance(event, RunStarted) else None


async def ask(
    task: Task,
    options: AskOptions,
    *,
    data: Path,
    cache: Path,
    watch: Watch,
    way: tuple[str, Strategy] | None = None,
    order: Order | None = None,
    place: Place | None = None,
) -> Asked:
    """Work a question and return what came of it; whatever happens, the transcript is kept.

    Args:
        task: What is asked.
        options: How it is to be worked.
        data: Folder that the transcript goes to.
        cache: Folder of what can be made again.
        watch: Who looks on.
        way: A strategy with its name, in place of what the options come to.
        order: What is kept to begin the run again; `None`: task and options.
        place: Where it is recorded; `None`: a new run.

    Raises:
        UsageError: If an option cannot be met; nothing was spent then.
        ProviderError: If no model can be reached at all.
        RecordError: If the transcript cannot be written, or the run does not go on as it began.
    """
    began, options = time.monotonic(), _admitted(task, options, data, watch)
    name, strategy = way or choose_strategy(options, data)
    count = member_count(options, name)
    async with AsyncExitStack() as stack:
        pictures = pictures_of(data, task)
        endpoints = await connect_all(stack, options.models, cache, watch.on_notice)
        endpoints = _limited(await seeing(endpoints) if pictures else endpoints, place)
        admit_task(task, options.limits, endpoints)
        place = place or _new_place(stack, data, order or Order(task=task, options=options))
        tools, opened, gate = await _tools(stack, options, task, cache, watch, place)
        events = list(place.past)
        run = _run_of(
            place, _sourced(task, options), options, endpoints, tools, name=name, count=count,
            began=began, sinks=(place.writer.write, events.append, *watch.sinks), watch=watch,
        )  # fmt: skip
        run.asides.pictures, run.ask_back = pictures, watch.on_doubt
        _hand_over(opened, gate, run, watch, place.past)
        models = ",".join(endpoints)
        if way is None:  # what research will cost is told with its plan
            watch.on_notice(f"expected: {expected(data, name, models, count, free=run.here)}")
        strategy, doubt = _as_judged(strategy, place, data)
        run.begin(replace(_started(run, name, options), doubt=doubt))
        async with following(run, place.path.parent, place.past):
            answer, stopped_by = await going_on(run, strategy, partial(_before, run, watch, gate))
        answer = abstaining(calibrated(data, answer), options.abstain)
        await _tell_end(run, answer, stopped_by)
    cost = cost_of(events)
    if stopped_by is None:
        remember(data, name, models, _size(answer, count), cost)
    return Asked(
        run=place.run, answer=answer, strategy=name, members=run.members, cost=cost,
        stopped_by=stopped_by, transcript=place.path, prompts=prompts_hash(),
    )  # fmt: skip


def _as_judged(strategy: Strategy, place: Place, data: Path) -> tuple[Strategy, str | None]:
    """Return a strategy with the doubt about its judge that there was when the run began."""
    begun = place.started
    doubt = doubt_about_judge(strategy, data) if begun is None else begun.doubt
    return doubting(strategy, doubt), doubt


def _limited(endpoints: dict[str, Endpoint], place: Place | None) -> dict[str, Endpoint]:
    """Return endpoints that obey what machines together may ask, where several share the run."""
    if place is None or (carrier := place.carrier) is None:
        return endpoints
    return {name: carrier.limited(name, endpoint) for name, endpoint in endpoints.items()}


async def _tools(
    stack: AsyncExitStack, options: AskOptions, task: Task, cache: Path, watch: Watch, place: Place
) -> tuple[Toolset, list[Sites], Gate]:
    """Ready the tools of a run; return them, what may be fetched, and what may be done."""
    opened: list[Sites] = []
    gate = Gate(provenance=Provenance(question_now(task.prompt)))
    tools = await ready_tools(
        stack, options, task, cache=cache, sources=place.path.with_name(SOURCES),
        on_notice=watch.on_notice, on_sites=opened.append, gate=gate,
    )  # fmt: skip
    return tools, opened, gate


async def _tell_end(run: DurableRun, answer: Answer, stopped_by: str | None) -> None:
    """Record how a run ended, and wait until that is safe."""
    run.tell(RunEnded(answer=answer, stopped_by=stopped_by, seconds=round(run.elapsed(), 3)))
    if run.kept is not None:
        await run.kept()


def _new_place(stack: AsyncExitStack, data: Path, order: Order) -> Place:
    run = new_run_id()
    path = new_transcript_path(data, run)
    write_order(path.parent, order)
    writer = TranscriptWriter(path)
    stack.callback(writer.close)
    return Place(run=run, path=path, writer=writer)


def _admitted(task: Task, options: AskOptions, data: Path, watch: Watch) -> AskOptions:
    """Refuse what cannot be met, and choose what was left to be chosen."""
    admit(options)
    if options.prefer != "energy":
        return options
    greenest, why = greener(options, task, data)
    watch.on_notice(f"by energy, {why}")
    return greenest


def _sourced(task: Task, options: AskOptions) -> Task:
    """Return the task with what is known of its sources."""
    sites = () if options.web is None else options.web.sites
    return replace(task, has_docs=options.docs is not None, sites=sites)


def _run_of(
    place: Place,
    task: Task,
    options: AskOptions,
    endpoints: dict[str, Endpoint],
    tools: Toolset,
    *,
    name: str,
    count: int,
    began: float,
    sinks: Sequence[Sink],
    watch: Watch,
) -> DurableRun:
    started = place.started
    acts = any(spec.effect != "none" for spec in tools.specs)
    members = roster(
        count, list(endpoints), has_docs=task.has_docs, acts=acts, efforts=options.efforts
    )
    if started is not None:
        members = started.members
        if gone := sorted({m.model for m in members} - set(endpoints)):
            raise ProviderError(f"run {place.run} needs {', '.join(gone)}, not to be reached now")
    run = DurableRun(
        run_id=place.run, task=task, endpoints=endpoints, tools=tools, limits=options.limits,
        members=members, seed=secrets.randbits(31) if options.seed is None else options.seed,
        began=began, patience=options.patience, sinks=sinks, on_progress=watch.on_progress,
        thinking=thinking_for(name) if options.thinking is None else options.thinking,
    )  # fmt: skip
    run.kept = None if place.carrier is None else place.carrier.kept
    if started is not None:
        run.take_up(place.past)
    return run


def _started(run: MemoryRun, strategy: str, options: AskOptions) -> RunStarted:
    return RunStarted(
        task=run.task, strategy=strategy, members=run.members, limits=options.limits,
        seed=run.given_seed, version=VERSION, prompts=prompts_hash(),
        tools=tuple(tool.name for tool in run.tools), stays_here=options.only_docs,
    )  # fmt: skip


def _size(answer: Answer, members: int) -> int:
    """Return what a run's cost goes by: the parts of its plan, else its members."""
    return members if answer.report is None else len(answer.report.plan.parts)


def _hand_over(
    opened: Sequence[Sites], gate: Gate, run: DurableRun, watch: Watch, past: Sequence[Recorded]
) -> None:
    """Show who looks on what is on record, and let them stop the run and open sites."""
    watch.on_start(run)
    for recorded in past:
        for sink in watch.sinks:
            sink(recorded)
    for sites in opened:
        watch.on_sites(sites)
        sites.confirm = (
            None if watch.on_address is None else partial(_agreed, run, watch.on_address)
        )
        run.listeners.append(sites.heed)
    gate.confirm = None if watch.on_act is None else partial(_agreed, run, watch.on_act)
    run.listeners.append(gate.heed)


async def _agreed(run: MemoryRun, ask_person: Confirm, text: str) -> Agreed:
    """Ask the person about an address or an act, and record what they say."""
    began = time.monotonic()
    said = await ask_person(text)
    run.leave_out(time.monotonic() - began)
    run.tell(Steered(what=said, text=text))
    return said


async def going_on(
    run: DurableRun, strategy: Strategy, before: Callable[[], Awaitable[None]]
) -> tuple[Answer, str | None]:
    """Play a strategy to its end; one that was taken up must do first what it had done.

    Args:
        run: On what.
        strategy: What.
        before: What comes before it, on the same record.

    Raises:
        ReplayDiverged: If it does something else.
    """

    async def all_of_it() -> tuple[Answer, str | None]:
        await before()
        return await play(run, strategy)

    playing = asyncio.create_task(all_of_it())
    tasks: list[asyncio.Task[Any]] = [playing]
    ends: set[asyncio.Future[Any]] = {playing}
    if run.journal is not None:
        tasks.append(asyncio.create_task(run.journal.watch()))
        ends.add(run.journal.failed)
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if run.journal is not None and run.journal.failed.done():
            run.journal.failed.result()
        return await playing
    except asyncio.CancelledError:
        run.abandoned = True
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def play(run: MemoryRun, strategy: Strategy) -> tuple[Answer, str | None]:
    """Play a strategy to its end and say what ended it early, if anything did."""
    try:
        answer = await strategy(run)
    except RecordError:
        raise  # nothing more can be recorded
    except ManymindsError as error:
        answer = Answer(
            outcome="none", text=None, canonical=None, confidence=None, missing=(str(error),)
        )
    answer = obeying(run.task, answer)
    stopped_by = run.stopped_by or run.refused
    if stopped_by == CANCELLED:
        why = "you cancelled it"
        answer = Answer(outcome="none", text=None, canonical=None, confidence=None, missing=(why,))
    if stopped_by is None and answer.outcome == "none" and run.provider_failed:
        stopped_by = "provider"
    weak = answer.confidence is not None and answer.confidence < ENOUGH
    if stopped_by is not None and answer.outcome == "answered" and weak:
        why = f"the run ended early ({stopped_by}); what there is was not checked to the end"
        answer = replace(answer, outcome="partial", missing=(*answer.missing, why))
    return answer, stopped_by


async def _before(run: DurableRun, watch: Watch, gate: Gate) -> None:
    """Settle what is settled before a strategy begins."""
    await plan_acts(run, gate)
    if said := await _clarify(run, watch):
        gate.provenance.hear(said)


async def _clarify(run: DurableRun, watch: Watch) -> str | None:
    """Ask the person back where the task can be understood in two ways; return what they say."""
    if watch.on_doubt is None:
        return None
    try:
        doubt = await doubt_about(run)
    except RunError:
        return None  # there is not even enough for that; the run itself will say so
    if doubt is None:
        return None
    past = run.recorded(Clarified)
    said = await watch.on_doubt(doubt.question) if past is None else past.answer
    run.has_asked = True
    run.tell(Clarified(question=doubt.question, answer=said))
    if said:
        run.task = replace(run.task, prompt=with_answer(run.task.prompt, doubt, said))
    return said


def new_run_id() -> str:
    """Return a name that sorts by time and is hard to meet twice."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
