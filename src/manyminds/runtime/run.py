"""A run in memory: real models and tools, real time, one process.

Everything a strategy does passes here: paid for before, recorded after. Steps under way can be
stopped from outside; the strategy then goes on with what is there.
"""

import asyncio
import hashlib
import inspect
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from manyminds.agents.member import opening_query
from manyminds.agents.models import Progress, tokens_at_least
from manyminds.agents.roster import newcomer
from manyminds.budget.meter import Hold, Meter
from manyminds.core.errors import (
    BudgetExceeded,
    LimitName,
    ManymindsError,
    ProviderError,
    RecordError,
    RunCancelled,
)
from manyminds.core.events import (
    Event,
    HeldBack,
    Recorded,
    Replied,
    Requested,
    RequestFailed,
    RunEnded,
    Steered,
    StepRefused,
    ToolCalled,
    ToolReturned,
)
from manyminds.core.messages import ModelCall, Reply, ToolCall, ToolSpec
from manyminds.core.protocols import Abilities, Left, ToolOutcome, Verifier
from manyminds.core.values import (
    NOTHING_SPENT,
    Candidate,
    Failure,
    Limits,
    Member,
    Note,
    Spend,
    Task,
    Verdict,
)
from manyminds.diagnosis.live import Monitor, Objection, objection_to
from manyminds.runtime.asides import Asides
from manyminds.runtime.control import Control
from manyminds.runtime.flight import Endpoint, Flight, Patience
from manyminds.runtime.machine import collecting
from manyminds.tools.toolset import Toolset, failed

__all__ = ["MemoryRun", "Sink", "hash_of"]

T = TypeVar("T")

Sink = Callable[[Recorded], None]
"""Reads events as they happen: a transcript, a live view, a test."""


class MemoryRun:
    """Plays a strategy on real endpoints and tools."""

    def __init__(
        self,
        *,
        run_id: str,
        task: Task,
        members: Sequence[Member],
        endpoints: dict[str, Endpoint],
        tools: Toolset,
        limits: Limits,
        seed: int,
        began: float | None = None,
        patience: Patience | None = None,
        thinking: bool | None = None,
        sinks: Sequence[Sink] = (),
        on_progress: Callable[[str, int, str], None] | None = None,
    ) -> None:
        self.id = run_id
        self.task = task
        self._members = tuple(members)
        self.rng = random.Random(seed)
        self.stopped_by: str | None = None
        self.over = False
        self.abandoned = False
        """Whether its process ends: what comes of what is under way is no part of the run. Whoever
        takes it up finds it as a kill would have left it."""
        self.listeners: list[Callable[[Steered], None]] = []
        """Told what the person says."""
        self.kept: Callable[[], Awaitable[None]] | None = None
        """Waits until all that was told is safe, where that is not so at once; without that no step
        is sent."""
        self.asides = Asides()
        """What is said to those who work beside their question."""
        # The run's own chance decides; waits must not disturb it.
        self._jitter = random.Random(seed)
        self._endpoints = endpoints
        self._tools = tools
        self.given_seed = seed
        self._patience = Patience() if patience is None else patience
        self._thinking = thinking
        self._sinks = tuple(sinks)
        self._on_progress = on_progress
        # Where the run was readied before, the time that took is part of its limit.
        self._began = time.monotonic() if began is None else began
        self._started_at = datetime.now(UTC) - timedelta(seconds=self.elapsed())
        self._away = 0.0
        self._away_since: float | None = None
        """Since when the person is being asked, where they are."""
        self.meter = Meter(limits=limits, elapsed=self._counted)
        self._monitor = Monitor(tools.specs, opening=opening_query(task))
        self._done: set[tuple[str, str]] = set()
        """What was done outside, by tool and arguments: the same is not done twice."""
        self._settled = asyncio.Event()
        self._control = Control(lambda: self.elapsed())
        self._events = 0
        self._steps = 0
        self._ids: Counter[str] = Counter()
        self._seeds: Counter[str] = Counter()
        self._under_way: set[asyncio.Task[object]] = set()

    @property
    def tools(self) -> Sequence[ToolSpec]:
        """The tools that work here."""
        return self._tools.specs

    @property
    def members(self) -> tuple[Member, ...]:
        """The panel, with those that the person has added."""
        return self._members

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def _counted(self) -> float:
        """Seconds that count against the limit."""
        asking = 0.0 if self._away_since is None else self.elapsed() - self._away_since
        return self.elapsed() - self._away - asking

    @property
    def here(self) -> bool:
        """Whether every model runs on this machine, so that it costs no dollars."""
        return all(endpoint.price.basis == "local" for endpoint in self._endpoints.values())

    def leave_out(self, seconds: float) -> None:
        """Count time that the person took against no limit: reading a plan is no work."""
        self._away += seconds

    def abilities(self, member: Member) -> Abilities:
        """What the member's model can do."""
        return self._endpoints[member.model].abilities

    def seed(self, member: Member) -> int:
        """Return the seed of the member's next request.

        It depends on the run's seed and the member's own count, not on who asked first.
        """
        self._seeds[member.name] += 1
        text = f"{self.given_seed}/{member.name}/{self._seeds[member.name]}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1

    def new_id(self, prefix: str) -> str:
        """Return `prefix` and the next number."""
        self._ids[prefix] += 1
        return f"{prefix}{self._ids[prefix]}"

    def left(self) -> Left:
        """What may still be spent on work."""
        return self.meter.left()

    def tell(self, event: Event) -> None:
        """Record an event: it is written before the run goes on."""
        if self.abandoned:
            return
        # From one clock that never goes back: the wall clock may be set while a run is going.
        at = datetime.fromtimestamp(self._started_at.timestamp() + self.elapsed(), UTC)
        recorded = Recorded(run=self.id, number=self._events, at=at, event=event)
        self._events += 1
        self.over = isinstance(event, RunEnded)
        for sink in self._sinks:
            sink(recorded)
        for nudged in self._monitor.seen(event):
            self.tell(nudged)
            self.asides.nudge(nudged)

    async def check(self, verifier: Verifier, candidate: Candidate) -> Verdict:
        """Let one verifier judge one candidate."""
        return await verifier.verify(self.task, candidate)

    async def objection(
        self, note: Note, unused: Collection[str], *, tokens: int, seconds: float
    ) -> str | None:
        """Return what its member is told against an answer; the person may be asked about it."""
        found = self._objection_to(note, unused, Left(tokens=tokens, seconds=seconds))
        if found is None:
            return None
        self.tell(
            HeldBack(
                member=note.member,
                code=found.code,
                text=found.text,
                answer=note.answer,
                question=found.question,
            )
        )
        if found.question is not None:
            answer = await self._settled_by_person(note.member, found.question)
            if answer:
                self.asides.settle(note.member, found.question, answer)
        return found.text

    def _objection_to(self, note: Note, unused: Collection[str], needs: Left) -> Objection | None:
        if not self.meter.affords(needs):
            return None
        known = "\n".join((self.task.prompt, *(self.asides.hints or ())))
        return objection_to(self.task.prompt, note, unused, known=known)

    async def _settled_by_person(self, member: str, question: str) -> str | None:
        """Return what the person says to a question; `None`: nobody is there to be asked."""
        return None

    async def request(self, member: Member, call: ModelCall) -> Reply:
        """Send one request; trouble that may pass is tried again, within the budget."""
        endpoint = self._endpoints[member.model]
        thinking = member.effort if self._thinking is None else self._thinking
        if thinking is not None:
            call = replace(call, thinking=thinking)
        asked, call = call, self.asides.added_to(member, call)
        _fits(member, call, endpoint.abilities)
        prompt_hash = hash_of(call)
        attempt = 0
        while True:
            attempt += 1
            flight = Flight(
                step=self._next_step(), member=member, call=call, asked=asked, endpoint=endpoint,
                prompt_hash=prompt_hash,
            )  # fmt: skip
            # What else its model does for the panel, like naming cruxes, goes on if it is dropped.
            work = self._control.working(member) if call.purpose == "work" else nullcontext()
            with work:
                try:
                    reply = await self._fly(flight)
                except ProviderError as error:
                    if not await self._waited(flight, error, attempt):
                        self.provider_failed = True
                        raise
                else:
                    self.asides.answered(member, call)
                    return reply

    def _next_step(self) -> int:
        self._steps += 1
        return self._steps

    async def _waited(self, flight: Flight, error: ProviderError, attempt: int) -> bool:
        """Record a failure and wait for the next try; `False` where there is none."""
        last = attempt >= self._patience.tries
        wait = None if last else self._wait(error, attempt, flight.call)
        self._tell_failed(flight, error, retry_in_s=wait)
        if wait is not None:
            await asyncio.sleep(wait)
        return wait is not None

    def _check_going(self) -> None:
        """Refuse a new step where the run is ending."""
        if self.stopped_by is not None:
            raise RunCancelled(f"the run was stopped: {self.stopped_by}")

    async def _may_begin(self) -> None:
        """Hold a new step back while the run is paused; refuse it where the run is ending."""
        await self._control.unpaused()
        self._check_going()

    async def _fly(self, flight: Flight) -> Reply:
        """Send one try: hold, send, settle. Only `ProviderError` is left to be recorded."""
        call, member = flight.call, flight.member
        await self._may_begin()
        hold = await self._hold(flight)
        while self._control.paused:  # since then; others may need what is held
            self._settle(hold, NOTHING_SPENT)
            await self._may_begin()
            hold = await self._hold(flight)
        self.tell(
            Requested(
                step=flight.step, member=member.name, model=member.model, purpose=call.purpose,
                prompt_hash=flight.prompt_hash, seed=call.seed, reserved_tokens=hold.tokens,
            )
        )  # fmt: skip
        try:
            async with asyncio.timeout(self.meter.seconds_left(ending=call.purpose == "finish")):
                if self.kept is not None:
                    await self.kept()
                with collecting() as flight.shares:
                    reply = await flight.endpoint.send(call, progress=self._progress(flight))
        except TimeoutError as error:
            late, flight.cut = self._out_of("seconds"), True
            self._tell_failed(flight, late, retry_in_s=None)
            self._settle(hold, flight.lost())
            raise late from error
        except asyncio.CancelledError:
            flight.cut = True
            self._tell_failed(flight, RunCancelled("cancelled"), retry_in_s=None)
            self._settle(hold, flight.lost())
            raise
        except BaseException:
            self._settle(hold, flight.lost())
            raise
        took = flight.seconds if reply.seconds is None else reply.seconds
        machine = took if reply.machine_s is None else reply.machine_s
        spend = flight.endpoint.price.of(reply.spend, seconds=machine, joules=reply.joules)
        self._settle(hold, spend)
        self._tell_reply(flight, reply, spend)
        # As it will be read from the record.
        return replace(reply, seconds=round(took, 3))

    async def _hold(self, flight: Flight) -> Hold:
        """Set aside what a request may cost; wait where steps under way hold what it needs."""
        ending, (tokens, usd) = flight.call.purpose == "finish", flight.most()
        while True:
            try:
                return self.meter.hold(tokens=tokens, usd=usd, ending=ending)
            except BudgetExceeded as error:
                if not self.meter.fits_later(tokens=tokens, usd=usd, ending=ending):
                    self._budget_ended(error.limit)
                    self.tell(
                        StepRefused(
                            member=flight.member.name, seed=flight.call.seed, limit=error.limit,
                            allowed=error.allowed, spent=error.spent,
                        )
                    )  # fmt: skip
                    raise
            self._settled.clear()
            await self._settled.wait()

    def _settle(self, hold: Hold, spend: Spend) -> None:
        self.meter.settle(hold, spend)
        self._settled.set()

    def _out_of(self, limit: LimitName) -> BudgetExceeded:
        self._budget_ended(limit)
        allowed = Decimal(str(self.meter.limits.seconds))
        return BudgetExceeded(limit, allowed=allowed, spent=Decimal(str(round(self.elapsed(), 1))))

    def _budget_ended(self, limit: LimitName) -> None:
        # Not a stop of the run: others may hold what they need, and endings have their reserve.
        self.refused = limit

    provider_failed = False
    """Whether a request was given up because the service failed."""
    refused: LimitName | None = None
    """The limit that last refused a step; `None` while the budget suffices."""

    def _progress(self, flight: Flight) -> Progress | None:
        if self._on_progress is None:
            return None
        tell = self._on_progress

        def progress(pieces: int, text: str) -> None:
            flight.pieces = pieces
            tell(flight.member.name, pieces, text)

        return progress

    def _tell_reply(self, flight: Flight, reply: Reply, spend: Spend) -> None:
        call, member = flight.call, flight.member
        self.tell(
            Replied(
                step=flight.step, member=member.name, model=member.model, purpose=call.purpose,
                prompt_hash=flight.prompt_hash, seed=call.seed, text=reply.text,
                calls=reply.calls, finish=reply.finish, spend=spend,
                seconds=round(flight.seconds if reply.seconds is None else reply.seconds, 3),
                first_token_s=reply.first_token_s,
            )
        )  # fmt: skip

    def _tell_failed(
        self, flight: Flight, error: ManymindsError, *, retry_in_s: float | None
    ) -> None:
        self.tell(
            RequestFailed(
                step=flight.step, member=flight.member.name, model=flight.member.model,
                error=type(error).__name__, message=str(error), retry_in_s=retry_in_s,
                spend=flight.lost(), seconds=round(flight.seconds, 3),
            )
        )  # fmt: skip

    def _wait(self, error: ProviderError, attempt: int, call: ModelCall) -> float | None:
        """Return how long to wait before the next try, or `None` to give up."""
        if not error.retryable or self.stopped_by is not None:
            return None
        wait = self._patience.first_wait_s * 2 ** (attempt - 1) * (1 + self._jitter.random() / 2)
        if error.retry_after_s is not None:
            wait = max(wait, error.retry_after_s)
        left = self.meter.seconds_left(ending=call.purpose == "finish")
        too_long = wait > self._patience.longest_wait_s or (left is not None and wait >= left)
        return None if too_long else wait

    async def call(self, member: Member, call: ToolCall) -> ToolOutcome:
        """Call one tool for a member."""
        with self._control.working(member):
            if self._tools.effect_of(call.name) == "none":
                return await self._called(member, call)
            act = (call.name, json.dumps(call.arguments, sort_keys=True))
            if act in self._done:
                return failed(call.name, "this was done already, and is not done again", "failed")
            outcome = await self._called(member, call)
            if outcome.error is None:
                self._done.add(act)
            return outcome

    async def _called(self, member: Member, call: ToolCall) -> ToolOutcome:
        await self._may_begin()
        return await self._use(member, call)

    async def _use(self, member: Member, call: ToolCall, *, key: str | None = None) -> ToolOutcome:
        """Call one tool.

        Args:
            member: For whom.
            call: What.
            key: By which the other side knows a call that it may have had already.
        """
        step, began = self._next_step(), time.monotonic()
        self.tell(
            ToolCalled(step=step, member=member.name, tool=call.name, arguments=call.arguments)
        )

        def tell(outcome: ToolOutcome) -> None:
            self.tell(
                ToolReturned(
                    step=step, member=member.name, tool=call.name, evidence=outcome.evidence,
                    error=outcome.error, failure=outcome.failure,
                    seconds=round(time.monotonic() - began, 4),
                )
            )  # fmt: skip

        try:
            async with asyncio.timeout(self.meter.seconds_left(ending=False)):
                if self.kept is not None:
                    await self.kept()
                outcome = await self._tools.call(
                    member.name, call, new_id=self.new_id, key=key or f"{self.id}/{step}"
                )
        except TimeoutError as error:
            tell(ToolOutcome(text="", error="the time for work was over", failure="late"))
            raise self._out_of("seconds") from error
        except BaseException:
            tell(ToolOutcome(text="", error="not finished", failure="cancelled"))
            raise
        tell(outcome)
        return outcome

    async def gather(
        self,
        steps: Iterable[Awaitable[T]],
        *,
        enough: Callable[[Sequence[T]], bool] | None = None,
    ) -> list[T | Failure]:
        """Await steps side by side; one of our errors, or a stop, becomes a `Failure`."""
        awaited = list(steps)
        tasks = [asyncio.ensure_future(_as_value(step)) for step in awaited]
        watched: set[asyncio.Task[object]] = set(tasks)
        self._under_way |= watched
        try:
            await self._wait_for(tasks, enough)
        finally:
            unfinished = [task for task in tasks if not task.done()]
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
            for step in awaited:
                if inspect.iscoroutine(step):
                    step.close()  # cancelled before it began, it was never awaited
            self._under_way -= watched
        return [_result(task, self.stopped_by) for task in tasks]

    async def _wait_for(
        self,
        tasks: Sequence["asyncio.Future[T | Failure]"],
        enough: Callable[[Sequence[T]], bool] | None,
    ) -> None:
        waiting = set(tasks)
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            broken = [t for t in done if not t.cancelled() and t.exception() is not None]
            if broken:
                return
            if enough is not None and waiting:
                ready = [t.result() for t in tasks if t.done() and not t.cancelled()]
                if enough([r for r in ready if not isinstance(r, Failure)]):
                    return

    def stop(self, why: str) -> None:
        """End all steps under way and refuse new ones; the strategy delivers what it has."""
        if self.stopped_by is None:
            self.hear(Steered(what="now", text=why))

    def hear(self, said: Steered) -> None:
        """Record what the person says, and do it; once the run is over nobody is there to hear."""
        if self.over:
            return
        self.tell(said)
        self._heed(said)

    def pass_on(self, said: Steered) -> None:
        """Let who waits for the person hear it; what comes of it is recorded where it is done."""
        for listener in self.listeners:
            listener(said)

    def _heed(self, said: Steered) -> None:
        match said.what:
            case "now" | "cancel":
                self._end(said.text)
                return
            case "hint" if self.asides.hints is not None:
                self.asides.hints.append(said.text)
            case "pause":
                self._control.pause()
            case "go":
                self._go()
            case "drop":
                self._control.drop(said.text)
            case "add":
                self._add()
            case _:
                pass
        self.pass_on(said)

    def _end(self, why: str) -> None:
        self._go()
        if self.stopped_by is None:
            self.stopped_by = why
        for task in tuple(self._under_way):
            task.cancel()

    def _go(self) -> None:
        self.leave_out(self._control.go())

    def _add(self) -> None:
        """Seat one more member; strategies see it when they look at the panel again."""
        models = list(self._endpoints)
        member = newcomer(self._members, models, has_docs=self.task.has_docs)
        if member is not None:
            self._members = (*self._members, member)


async def _as_value(step: Awaitable[T]) -> T | Failure:
    try:
        return await step
    except RecordError:
        raise  # what cannot be recorded must not be paid for
    except ManymindsError as error:
        fatal = isinstance(error, BudgetExceeded | RunCancelled)
        return Failure(kind=type(error).__name__, message=str(error), fatal=fatal)


def _result(task: "asyncio.Future[T | Failure]", stopped_by: str | None) -> T | Failure:
    if task.cancelled():
        why = "no longer needed" if stopped_by is None else f"stopped: {stopped_by}"
        return Failure(kind="RunCancelled", message=why, fatal=stopped_by is not None)
    return task.result()


def _fits(member: Member, call: ModelCall, abilities: Abilities) -> None:
    context = abilities.context_tokens
    size = tokens_at_least(call)
    if context is not None and size + 64 > context:
        raise ProviderError(
            f"{member.model}: the question is too long for it: about {size:,} tokens, and it "
            f"reads {context:,}; shorten it, put long material behind --docs, or take another model"
        )


def hash_of(call: ModelCall) -> str:
    """Return a hash of what a model is asked."""
    digest = hashlib.sha256()
    for message in call.messages:
        digest.update(repr(message).encode())
    digest.update(json.dumps(call.schema, sort_keys=True).encode())
    return digest.hexdigest()[:12]
