"""What a run had done before its process ended, played again in the order it was recorded.

A run is taken up by playing its strategy from the beginning. Each step that is on record gives what
it gave then, and no earlier than then: a step's turn comes when all events before it were told
again, so members side by side meet their results in the same order and decide the same. What the
person said comes back at its place, too. Steps that were under way when the process ended, and new
ones, wait until the record is at its end.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from manyminds.core.errors import ReplayDiverged
from manyminds.core.events import (
    Clarified,
    Event,
    HeldBack,
    MemberEnded,
    MemberStarted,
    NoteShared,
    Nudged,
    PersonAsked,
    Planned,
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
from manyminds.core.values import Note
from manyminds.transcript.codec import encode

__all__ = ["CANCELLED", "INTERRUPTED", "Journal"]

CANCELLED = "RunCancelled"
INTERRUPTED = "Interrupted"
"""What a request failed by that was under way when the process ended."""
STUCK_AFTER_S = 60.0
_QUIET_S = 0.02
"""What the person said is passed on when all that was ready has run."""
_AHEAD = 256
"""Events ahead that one may have been told out of its place: members tell side by side."""

E = TypeVar("E", Clarified, Planned)
_Ended = Replied | RequestFailed | ToolReturned


@dataclass(kw_only=True)
class Journal:
    """The record of one run, until it is at its end."""

    events: Sequence[Recorded]
    on_over: Callable[[], None] = lambda: None
    """Told once the record is at its end, before anything new happens."""
    on_said: Callable[[Steered], None] = lambda _said: None
    """Told again what the person had said."""
    on_nudged: Callable[[Nudged], None] = lambda _nudged: None
    """Told again what a member was told."""
    position: int = 0
    """The next event whose turn it is."""
    failed: asyncio.Future[None] = field(default_factory=lambda: _future())
    """Ends with an error where the run did not do what it had done."""
    elapsed: float = 0.0
    """Seconds that the run had worked when the last event was recorded whose turn has come."""
    away: float = 0.0
    """How many of them the person took to read a plan or to answer."""
    last_step: int = 0
    """The highest number of a step."""
    evidence: int = 0
    """The highest number of a piece of evidence."""
    early: list[Event] = field(default_factory=list[Event])
    """New events that came before the record was at its end."""
    _told: set[int] = field(default_factory=set[int])
    _turns: dict[int, asyncio.Future[None]] = field(
        default_factory=dict[int, "asyncio.Future[None]"]
    )
    _open: dict[int, asyncio.Future[None]] = field(
        default_factory=dict[int, "asyncio.Future[None]"]
    )
    """Steps that were under way, by number."""
    _new: list[asyncio.Future[None]] = field(default_factory=list["asyncio.Future[None]"])

    def __post_init__(self) -> None:
        """Find where each step begins and ends."""
        self._requests = defaultdict[tuple[str, int], deque[int]](deque)
        self._calls = defaultdict[str, deque[int]](deque)
        self._ends: dict[int, tuple[int, _Ended]] = {}
        for place, recorded in enumerate(self.events):
            event = recorded.event
            if isinstance(event, Requested | StepRefused):
                self._requests[event.member, event.seed].append(place)
            if isinstance(event, ToolCalled):
                self._calls[event.member].append(place)
            if isinstance(event, Requested | ToolCalled):
                self.last_step = max(self.last_step, event.step)
            if isinstance(event, _Ended):
                self._ends[event.step] = (place, event)
            if isinstance(event, ToolReturned):
                numbers = (int(e.id.lstrip("e")) for e in event.evidence)
                self.evidence = max(self.evidence, *numbers, 0)
        self._clock = (0.0, self.events[0].at)
        self._asked = dict[str, float]()
        """By question of a member's answer that was held back: when the person was asked."""

    @property
    def over(self) -> bool:
        """Whether the record is at its end."""
        return self.position >= len(self.events)

    def open(self) -> None:
        """Begin: the record's first event is told by whoever takes it up."""
        self._advance()

    def tell(self, event: Event) -> Event | None:
        """Tell an event again and return it as it was recorded; `None`: it is the first new one.

        Raises:
            ReplayDiverged: If it is not on record here.
        """
        if self.failed.done():
            self.failed.result()
        ahead = range(self.position, min(len(self.events), self.position + _AHEAD))
        for place in ahead:
            if place not in self._told and _same(self.events[place].event, event):
                self._tell(place)
                return self.events[place].event
        if self._hears_out():
            return None
        if any(isinstance(r.event, Steered) for r in self.events[self.position :]):
            # What the person said had its place by the clock; it may come a little later now than
            # what came after the record's end. If it was none of the run's, `watch` will notice.
            self.early.append(event)
            return event
        raise self._diverged(
            f"{_short(event)} came, not {_short(self.events[self.position].event)}"
        )

    def _hears_out(self) -> bool:
        """Pass on what the person said last, where the record ends with that; say whether it did.

        It waits for its turn while whoever plays goes on, who may be the first to tell more.
        """
        left = range(self.position, len(self.events))
        if not all(p in self._told or isinstance(self.events[p].event, Steered) for p in left):
            return False
        while not self.over:
            said = self.events[self.position].event
            assert isinstance(said, Steered)
            self._say(self.position, said)
        return True

    def seat(self, known: Collection[str]) -> None:
        """Pass on at once that a member was added, where the record goes on with its work.

        Args:
            known: Who is on the panel.
        """
        at = self.events[self.position].event
        if not isinstance(at, Steered) or at.what != "add":
            return
        left = (r.event for r in self.events[self.position :] if not isinstance(r.event, Steered))
        goes_on = next(left, None)
        if isinstance(goes_on, MemberStarted) and goes_on.member.name not in known:
            self._say(self.position, at)

    def said(self, kind: type[E]) -> E | None:
        """Return what the person answered to a question or a plan, where that is on record."""
        found = (r.event for r in self.events[self.position :])
        return next((event for event in found if isinstance(event, kind)), None)

    def right_after(self, note: Note) -> Event | None:
        """Return what is on record right after a note that was just told; `None`: nothing."""
        for place in range(min(len(self.events), self.position + _AHEAD) - 1, -1, -1):
            event = self.events[place].event
            mine = isinstance(event, NoteShared) and event.note.member == note.member
            if mine and place in self._told:
                return self.events[place + 1].event if place + 1 < len(self.events) else None
        return None

    def next_of(self, member: str) -> Event | None:
        """Return what is on record next of a member's own; `None`: nothing more."""
        places = range(self.position, len(self.events))
        left = (self.events[place].event for place in places if place not in self._told)
        return next((event for event in left if _whose(event) == member), None)

    def clarified(self, question: str) -> Awaitable[Event] | None:
        """Return what the person said to a question, at its turn; `None`: it is not on record."""
        for place in range(self.position, len(self.events)):
            event = self.events[place].event
            if isinstance(event, Clarified) and event.question == question:
                return self._claim(place)
        return None

    async def request(self, member: str, seed: int) -> Requested | StepRefused | None:
        """Return what became of a member's next request, at its turn; `None`: it is new."""
        places = self._requests[member, seed]
        event = await self._claim(places.popleft()) if places else await self.ended()
        return event if isinstance(event, Requested | StepRefused) else None

    async def call(self, wanted: ToolCalled) -> ToolCalled | None:
        """Return a tool call as it was begun, at its turn; `None`: it is new."""
        for place in self._calls[wanted.member]:
            event = self.events[place].event
            if isinstance(event, ToolCalled) and _same(replace(event, step=wanted.step), wanted):
                self._calls[wanted.member].remove(place)
                await self._claim(place)
                return event
        await self.ended()
        return None

    async def ending(self, step: int) -> _Ended | None:
        """Return what a step came to, at its turn; `None`: it was under way to the end.

        One that was cancelled then waits to be cancelled again.
        """
        if step not in self._ends:
            if not self.over:
                future = self._open[step] = _future()
                await future
            return None
        place, event = self._ends[step]
        if _was_cancelled(event):
            await _future()
        await self._claim(place)
        return event

    async def until_known(self, step: int) -> None:
        """Wait for the end of the record where it does not tell how a step ended."""
        if step not in self._ends:
            await self.ended()

    async def watch(self) -> None:
        """Notice a record that nobody plays on: the run did not do what it had done."""
        before = -1
        while not self.over:
            if before == self.position:
                waits = _short(self.events[self.position].event)
                raise self._diverged(f"{waits} did not come again")
            before = self.position
            await asyncio.sleep(STUCK_AFTER_S)

    async def _claim(self, place: int) -> Event:
        """Wait for an event's turn, tell it and return it."""
        if place != self.position:
            future = self._turns[place] = _future()
            await future
        self._tell(place)
        return self.events[place].event

    async def ended(self) -> None:
        """Wait for the end of the record."""
        if not self.over:
            future = _future()
            self._new.append(future)
            await future

    def _tell(self, place: int) -> None:
        self._told.add(place)
        self._advance()

    def _advance(self) -> None:
        """Go on to the next event that was not told yet, and let who waits for it go on."""
        if self.over:
            return
        while not self.over and (self.position in self._told or self._is_ours()):
            recorded = self.events[self.position]
            self._pass(recorded)
            if isinstance(recorded.event, Nudged):
                self.on_nudged(recorded.event)
            self.position += 1
        if self.over:
            self._release()
            return
        event = self.events[self.position].event
        if isinstance(event, Steered):
            asyncio.get_running_loop().call_later(_QUIET_S, self._say, self.position, event)
        elif self.position in self._turns:
            _wake(self._turns[self.position])

    def _is_ours(self) -> bool:
        """Say whether whoever takes a run up tells the event, not its strategy."""
        ours = RunStarted | Resumed | PersonAsked | Nudged
        return isinstance(self.events[self.position].event, ours)

    def _pass(self, recorded: Recorded) -> None:
        """Let the run's clock go on to an event."""
        before, since = self._clock
        if isinstance(recorded.event, Resumed):
            before, since = self._clock = recorded.event.elapsed_s, recorded.at
        elapsed = max(self.elapsed, before + (recorded.at - since).total_seconds())
        self.away += self._taken(recorded.event, elapsed)
        self.elapsed = elapsed

    def _taken(self, event: Event, elapsed: float) -> float:
        """Seconds that the person took until an event; others may have worked meanwhile."""
        match event:
            case HeldBack(question=str(question)):
                self._asked.setdefault(question, elapsed)
            case Resumed():  # whoever was asked before is asked anew
                self._asked = dict.fromkeys(self._asked, elapsed)
            case Clarified(question=question):
                return elapsed - self._asked.get(question, self.elapsed)
            case Planned():
                return elapsed - self.elapsed
            case _:
                pass
        return 0.0

    def _say(self, place: int, said: Steered) -> None:
        if place not in self._told:
            self._tell(place)
            self.on_said(said)

    def _release(self) -> None:
        self.on_over()
        for _, future in sorted(self._open.items()):
            _wake(future)
        for future in self._new:
            _wake(future)

    def _diverged(self, what: str) -> ReplayDiverged:
        run = self.events[0].run
        error = ReplayDiverged(
            f"run {run} cannot go on as it began: at event {self.position}, {what}; nothing was "
            f"spent; manyminds fork {run} --from {self.position} goes on from there"
        )
        if not self.failed.done():
            self.failed.set_exception(error)
            self.failed.exception()  # whoever tells next is told, and perhaps nobody does
        return error


def _future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _was_cancelled(event: _Ended) -> bool:
    if isinstance(event, RequestFailed):
        return event.error == CANCELLED
    return isinstance(event, ToolReturned) and event.failure == "cancelled"


def _same(recorded: Event, told: Event) -> bool:
    """Say whether an event is told again, less what a clock or an estimate has said of it."""
    if type(recorded) is not type(told):
        return False
    if isinstance(recorded, _Ended):
        # Only what was cancelled is told again by who was cancelled.
        return isinstance(told, _Ended) and recorded.step == told.step and _was_cancelled(recorded)
    return recorded == told or _bytes(recorded) == _bytes(told)


_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def _bytes(event: Event) -> bytes:
    """Return an event as it is written: a list that comes back is no other than a tuple."""
    return encode(Recorded(run="", number=0, at=_NEVER, event=event))


def _whose(event: Event) -> str | None:
    """Return whose doing an event is: checks and words of the run to a member are none of its."""
    if isinstance(event, NoteShared):
        return event.note.member
    if isinstance(event, MemberStarted):
        return event.member.name
    if isinstance(event, Requested | StepRefused | ToolCalled | MemberEnded | HeldBack):
        return event.member
    return None


def _short(event: Event) -> str:
    who = getattr(event, "member", None) or getattr(event, "author", None)
    return event.kind if who is None else f"{event.kind} ({who})"
