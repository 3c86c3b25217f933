"""A run that outlives its process: a run in memory that may begin with what it had done before.

There is one journal, the transcript. What is on record is not sent, paid or done again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from manyminds.agents.prompts import prompts_hash
from manyminds.core.errors import BudgetExceeded, Dropped, ProviderError
from manyminds.core.events import (
    Clarified,
    Event,
    HeldBack,
    Nudged,
    Recorded,
    Replied,
    Requested,
    RequestFailed,
    Resumed,
    RunStarted,
    Steered,
    StepRefused,
    ToolCalled,
    ToolReturned,
)
from manyminds.core.messages import ModelCall, Reply, ToolCall
from manyminds.core.protocols import Left, ToolOutcome
from manyminds.core.values import VERSION, Member, Note
from manyminds.diagnosis.live import Objection
from manyminds.runtime.flight import Flight
from manyminds.runtime.journal import CANCELLED, INTERRUPTED, E, Journal
from manyminds.runtime.run import MemoryRun, hash_of
from manyminds.tools.toolset import failed

__all__ = ["DurableRun"]

_ENDED = "the process ended while this was under way"
_UNVERIFIED = f"unverified: {_ENDED}, and whether it was done is not known; it is not done again"


class DurableRun(MemoryRun):
    """Plays a strategy on real endpoints and tools, going on where a process has ended."""

    journal: Journal | None = None
    """What was done before; `None` where nothing was."""
    ask_back: Callable[[str], Awaitable[str | None]] | None = None
    """Asks the person a question, where somebody is there who wants to be asked."""
    has_asked = False
    """Whether the person was asked a question that the run itself raised."""
    _unsaid: Sequence[Nudged] = ()
    """What the last event on record had to have said to a member, and a kill cut off."""

    def take_up(self, past: Sequence[Recorded]) -> None:
        """Go on with what is on record; to be called before the run begins."""
        self.journal = Journal(
            events=past, on_over=self._go_on, on_said=self._heed, on_nudged=self.asides.nudge
        )
        for recorded in past:
            # What it had to say stands there, unless the process ended just before.
            self._unsaid = list(self._monitor.seen(recorded.event))
        self._later: list[Steered] = []
        self._steps = self.journal.last_step
        self._ids["e"] = self.journal.evidence

    @property
    def replaying(self) -> bool:
        """Whether it still does what it had done."""
        return self.journal is not None and not self.journal.over

    def recorded(self, kind: type[E]) -> E | None:
        """Return what the person answered to a plan or a question, where that is on record."""
        return self.journal.said(kind) if self.journal is not None else None

    def _objection_to(self, note: Note, unused: Collection[str], needs: Left) -> Objection | None:
        """Return what was objected before, whatever rules and limits say now; new is theirs."""
        if self.journal is not None and self.replaying:
            past = self.journal.right_after(note)
            if isinstance(past, HeldBack):
                return Objection(code=past.code, text=past.text, question=past.question)
            if past is not None:
                return None
        return super()._objection_to(note, unused, needs)

    async def _settled_by_person(self, member: str, question: str) -> str | None:
        """Ask the person, once a run; what they said before is not asked again."""
        if self.has_asked:
            return None
        if self.journal is not None and self.replaying:
            said = self.journal.clarified(question)
            if said is not None:
                self.has_asked = True
                told = await said
                return told.answer if isinstance(told, Clarified) else None
            if self.journal.next_of(member) is not None:
                return None  # nobody was there, and it went on
            await self.journal.ended()
        if self.has_asked or self.ask_back is None:
            return None
        self.has_asked, self._away_since = True, self.elapsed()
        try:
            answer = await self.ask_back(question)
        finally:
            self.leave_out(self.elapsed() - self._away_since)
            self._away_since = None
        self.tell(Clarified(question=question, answer=answer))
        return answer

    def begin(self, started: RunStarted) -> None:
        """Record how the run begins, or begin with what is on record."""
        if self.journal is None:
            self.tell(started)
        else:
            self.journal.open()

    @property
    def members(self) -> tuple[Member, ...]:
        """The panel, with those that the person had added when it was looked at."""
        if self.journal is not None and not self.journal.over:
            self.journal.seat({member.name for member in self._members})
        return self._members

    def elapsed(self) -> float:
        """Seconds the run has worked; the time without a process is none."""
        if self.journal is not None and not self.journal.over:
            return self.journal.elapsed
        return super().elapsed()

    def tell(self, event: Event) -> None:
        """Record an event, or find it on record."""
        if self.abandoned:
            return
        if self.journal is None or self.journal.over or self.journal.tell(event) is None:
            super().tell(event)

    def hear(self, said: Steered) -> None:
        """Record what the person says, and do it; while the record is played, after that."""
        if self.replaying:
            self._later.append(said)
        else:
            super().hear(said)

    def _go_on(self) -> None:
        """Leave the record behind: from here on everything is new."""
        if self.journal is None:
            return
        elapsed = self.journal.elapsed
        self._began = time.monotonic() - elapsed
        self._started_at = datetime.now(UTC) - timedelta(seconds=elapsed)
        self._away += self.journal.away
        self._events = len(self.journal.events)
        self.tell(
            Resumed(elapsed_s=round(elapsed, 3), version=VERSION, prompts=prompts_hash())
        )  # fmt: skip
        for nudged in self._unsaid:
            self.tell(nudged)
            self.asides.nudge(nudged)
        early, self.journal.early = self.journal.early, []
        for event in early:
            self.tell(event)
        said, self._later = self._later, []
        for one in said:
            self.hear(one)

    async def request(self, member: Member, call: ModelCall) -> Reply:
        """Send one request, or return what it gave when it was sent."""
        try:
            return await super().request(member, call)
        except Dropped:
            await self._until_known(member)
            raise

    async def call(self, member: Member, call: ToolCall) -> ToolOutcome:
        """Call one tool for a member, or return what it gave when it was called."""
        try:
            return await super().call(member, call)
        except Dropped:
            await self._until_known(member)
            raise

    async def _until_known(self, member: Member) -> None:
        """Wait for the end of the record where it does not tell that a dropped member ended."""
        journal = self.journal
        if journal is not None and not journal.over and journal.next_of(member.name) is None:
            await journal.ended()

    async def _fly(self, flight: Flight) -> Reply:
        """Send one try, or return what it gave when it was sent."""
        replayed = self.replaying
        while self.journal is not None:
            self._check_going()
            past = await self.journal.request(flight.member.name, flight.call.seed)
            if past is None:
                break
            if isinstance(past, StepRefused):
                self._budget_ended(past.limit)
                raise BudgetExceeded(past.limit, allowed=past.allowed, spent=past.spent)
            ended = await self._landed(flight, past)
            if isinstance(ended, Replied):
                return _reply(ended)
            if ended.error != INTERRUPTED:
                raise self._as_it_failed(flight, ended)
            # It was under way when the process ended: what it gave nobody knows, so it is sent.
            flight.reset(self._next_step())
        if replayed:
            # What was said before, and while the record was played, is to be heard.
            flight.call = self.asides.added_to(flight.member, flight.asked)
            flight.prompt_hash = hash_of(flight.call)
        flight.began = time.monotonic()
        return await super()._fly(flight)

    async def _landed(self, flight: Flight, past: Requested) -> Replied | RequestFailed:
        """Return what a request came to that was sent by a process that has ended since."""
        assert self.journal is not None
        flight.step, dollars = past.step, flight.most()[1]
        hold = self.meter.hold_again(tokens=past.reserved_tokens, usd=dollars)
        try:
            ended = await self.journal.ending(past.step)
        except asyncio.CancelledError:
            await self.journal.until_known(past.step)
            lost = self._cancelled_again(flight)
            self._settle(hold, lost.spend)
            raise
        if not isinstance(ended, Replied | RequestFailed):
            flight.cut = True
            ended = RequestFailed(
                step=past.step, member=past.member, model=past.model, error=INTERRUPTED,
                message="the process ended while it was under way; it is sent again",
                retry_in_s=0.0, spend=flight.lost(), seconds=0.0,
            )  # fmt: skip
            self.tell(ended)
        self._settle(hold, ended.spend)
        return ended

    def _cancelled_again(self, flight: Flight) -> RequestFailed:
        flight.cut = True
        told = RequestFailed(
            step=flight.step, member=flight.member.name, model=flight.member.model,
            error=CANCELLED, message="cancelled", retry_in_s=None, spend=flight.lost(), seconds=0.0,
        )  # fmt: skip
        if self.journal is None or self.journal.over:
            self.tell(told)
            return told
        recorded = self.journal.tell(told)
        if recorded is None:
            super().tell(told)
        return recorded if isinstance(recorded, RequestFailed) else told

    def _as_it_failed(self, flight: Flight, ended: RequestFailed) -> Exception:
        if ended.error == BudgetExceeded.__name__:
            return self._out_of("seconds")
        flight.past = ended
        return ProviderError(ended.message, retryable=ended.retry_in_s is not None)

    async def _waited(self, flight: Flight, error: ProviderError, attempt: int) -> bool:
        """Record a failure and wait for the next try; one on record was waited for."""
        if flight.past is not None:
            return flight.past.retry_in_s is not None
        return await super()._waited(flight, error, attempt)

    async def _called(self, member: Member, call: ToolCall) -> ToolOutcome:
        """Call one tool for a member, or return what it gave when it was called."""
        wanted = ToolCalled(step=0, member=member.name, tool=call.name, arguments=call.arguments)
        key: str | None = None
        while self.journal is not None:
            self._check_going()
            past = await self.journal.call(wanted)
            if past is None:
                break
            ended = await self._returned(past)
            if ended.failure == "late":
                raise self._out_of("seconds")
            if ended.failure != "interrupted":
                return self._tools.recall(member.name, call, ended)
            if self._tools.effect_of(call.name) == "unkeyed":
                return failed(call.name, _UNVERIFIED, "interrupted")
            key = key or f"{self.id}/{past.step}"
        await self._may_begin()
        return await self._use(member, call, key=key)

    async def _returned(self, past: ToolCalled) -> ToolReturned:
        """Return what a call came to that was made by a process that has ended since."""
        assert self.journal is not None
        unknown = self._tools.effect_of(past.tool) == "unkeyed"
        told = ToolReturned(
            step=past.step, member=past.member, tool=past.tool, evidence=(),
            error=_UNVERIFIED if unknown else _ENDED, failure="interrupted", seconds=0.0,
        )  # fmt: skip
        try:
            ended = await self.journal.ending(past.step)
        except asyncio.CancelledError:
            await self.journal.until_known(past.step)
            self.tell(replace(told, error="not finished", failure="cancelled"))
            raise
        if isinstance(ended, ToolReturned):
            return ended
        self.tell(told)
        return told


def _reply(ended: Replied) -> Reply:
    return Reply(
        text=ended.text, calls=ended.calls, finish=ended.finish, spend=ended.spend,
        first_token_s=ended.first_token_s, seconds=ended.seconds,
    )  # fmt: skip
