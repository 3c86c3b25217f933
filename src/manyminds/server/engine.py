"""Runs, worked side by side on a loop of their own: no run keeps a client waiting.

What is asked for beyond the places and the queue is refused at once. A run that outlives its
request (`goes_on`) is taken up again when the server comes back.
"""

import asyncio
import shutil
import threading
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Future
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from manyminds.budget.ledger import cost_of
from manyminds.core.errors import ManymindsError, RunBusy
from manyminds.core.events import Recorded, RunEnded, RunStarted, Steered
from manyminds.core.values import Cost, Limits
from manyminds.runtime.ask import Asked, Watch, new_run_id
from manyminds.runtime.background import call_off, enqueue, fork, take_up
from manyminds.runtime.elsewhere import say_to
from manyminds.runtime.kept import state_of
from manyminds.runtime.orders import Order, read_order
from manyminds.server.books import Books
from manyminds.server.clients import Client
from manyminds.server.refusals import Refused
from manyminds.transcript.codec import decode
from manyminds.transcript.store import new_transcript_path, read_transcript

__all__ = ["Engine", "Words"]

_LOOK_EVERY_S = 0.5
"""Of a run that another process works."""
RETRY_AFTER_S = 5
_CLOSES_WITHIN_S = 10.0
OnText = Callable[[str], None]
_WORDS_EVERY_S = 1 / 30
_MOST_UNTOLD = 4_000
"""Characters of what a member writes that are kept for somebody who looks on slowly."""


@dataclass(kw_only=True)
class Words:
    """What a member has written since one was last told: seen while it comes, kept nowhere."""

    member: str
    pieces: int = 0
    """Of the reply so far; about tokens."""
    text: str = ""


class _Place:
    """A run's place among those that are worked side by side; a paused one lets others work."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places, self._held, self._paused = places, False, False
        self._taking: asyncio.Task[None] | None = None

    async def take(self) -> None:
        """Wait for a place."""
        await self._places.acquire()
        self._held = not self._paused
        if self._paused:
            self._places.release()

    def heed(self, said: Steered) -> None:
        """Give the place up where the run pauses; whoever goes on begins at once, place or not."""
        if said.what in ("pause", "go"):
            self._paused = said.what == "pause"
        if self._paused and self._held:
            self._held = False
            self._places.release()
        elif said.what == "go" and not self._held and self._taking is None:
            self._taking = asyncio.create_task(self.take())
            self._taking.add_done_callback(self._taken)

    def _taken(self, _task: "asyncio.Task[None]") -> None:
        self._taking = None

    async def give(self) -> None:
        """Let the next one have it."""
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.wait({self._taking})
        if self._held:
            self._held = False
            self._places.release()


class _Looker:
    """Somebody who looks on."""

    def __init__(self, *, words: bool) -> None:
        self.changed = asyncio.Event()
        self._wants, self._words = words, dict[str, Words]()

    def hear(self, member: str, pieces: int, text: str) -> None:
        """Take what a member wrote; pieces that nobody took yet are put together."""
        if self._wants:
            words = self._words.setdefault(member, Words(member=member))
            words.pieces, words.text = pieces, (words.text + text)[-_MOST_UNTOLD:]
            self.changed.set()

    def heard(self) -> Sequence[Words]:
        """Return what was written since the last time."""
        found, self._words = list(self._words.values()), {}
        return found


class Engine:
    """Takes orders, works them, and lets others look on."""

    def __init__(
        self, *, data: Path, cache: Path, books: Books, at_once: int, waiting: int
    ) -> None:
        """Ready it; nothing is worked before `open`.

        Args:
            data: Folder of transcripts.
            cache: Folder of what can be made again.
            books: Whose runs these are.
            at_once: Runs worked side by side.
            waiting: Runs that may wait for a place.
        """
        self.data, self.books = data, books
        self.cache, self._at_once, self._waiting = cache, at_once, waiting
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="runs", daemon=True)
        self._places = asyncio.Semaphore(at_once)
        self._going: dict[str, Future[Asked]] = {}
        self._past = set[str]()
        """Runs that began with events of before: forks, and those of an earlier process."""
        self._taken = 0
        """Runs under way and waiting, those that are being entered included."""
        self._faces: asyncio.AbstractEventLoop | None = None
        self._looking: defaultdict[str, set[_Looker]] = defaultdict(set)

    def open(self) -> None:
        """Begin to work; what went on when the server ended goes on."""
        self._faces = asyncio.get_running_loop()
        self._thread.start()
        for one in self.books.unsettled():
            if one.goes_on and self.stands_still(one.run):
                self._taken += 1
                self._past.add(one.run)
                self._begin(one.run)
            else:
                self._settle(one.run)

    async def close(self) -> None:
        """End all work; runs that outlive their requests go on when the server is back."""
        for future in tuple(self._going.values()):
            future.cancel()
        ended = asyncio.run_coroutine_threadsafe(_rest(), self._loop)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSES_WITHIN_S):
                await asyncio.wrap_future(ended)
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join, _CLOSES_WITHIN_S)
        if not self._thread.is_alive():
            self._loop.close()

    @property
    def load(self) -> tuple[int, int]:
        """Runs under way and waiting, and how many there may be."""
        return self._taken, self._at_once + self._waiting

    async def begin(
        self, order: Order, client: Client, *, goes_on: bool, run: str | None = None,
        on_text: OnText | None = None, live: bool = False,
    ) -> str:  # fmt: skip
        """Keep an order and work it as soon as there is a place; return the run's name.

        Args:
            order: What is to be done.
            client: For whom.
            goes_on: Whether it outlives the request that begins it.
            run: Its name; by default a new one.
            on_text: Told what members write as they write it, on the loop that asks.
            live: Whether those who look on may see words as they are written.

        Raises:
            Refused: If too many wait already, or the client's budget does not hold it.
        """
        run = new_run_id() if run is None else run

        def enter() -> None:
            limits = self.books.enter(
                run, client, order.options.limits, datetime.now(UTC), goes_on=goes_on
            )
            kept = replace(order, options=replace(order.options, limits=limits))
            enqueue(self.data, kept, run)

        await self._admit(enter)
        self._begin(run, on_text, live=live)
        return run

    async def fork(self, run: str, at: int | None, client: Client, *, live: bool) -> str:
        """Begin a new run with what another one had done, and return its name.

        Args:
            run: The other one.
            at: How many of its events the new one begins with; `None`: all but its end.
            client: For whom.
            live: Whether those who look on may see words as they are written.

        Raises:
            Refused: If too many wait already, or the client's budget does not hold it.
            UsageError: If the other one has not so many events.
        """
        made = list[str]()

        def enter() -> None:
            name = fork(self.data, run, at)
            path = new_transcript_path(self.data, name)
            folder, began = path.parent, read_transcript(path).events[0].event
            # It goes on within the limits that it began with.
            wanted = began.limits if isinstance(began, RunStarted) else Limits()
            try:
                now = datetime.now(UTC)
                given = self.books.enter(name, client, wanted, now, goes_on=True)
                if given != wanted:
                    self.books.leave_out(name)
                    raise Refused(
                        429, f"run {run} may spend more than the budget of {client.name} leaves",
                        code="insufficient_quota",
                    )  # fmt: skip
            except BaseException:
                shutil.rmtree(folder)
                raise
            made.append(name)

        await self._admit(enter)
        self._past.add(made[0])
        self._begin(made[0], live=live)
        return made[0]

    async def _admit(self, enter: Callable[[], None]) -> None:
        """Enter a run in the books, if there is room for one more."""
        if self._taken >= self._at_once + self._waiting:
            raise Refused(
                503, f"{self._waiting} runs wait already; ask again in {RETRY_AFTER_S} s",
                code="overloaded", headers={"Retry-After": str(RETRY_AFTER_S)},
            )  # fmt: skip
        self._taken += 1
        try:
            await asyncio.to_thread(enter)
        except BaseException:
            self._taken -= 1
            raise

    def _begin(self, run: str, on_text: OnText | None = None, *, live: bool = False) -> None:
        working = self._work(run, on_text, live=live)
        future = asyncio.run_coroutine_threadsafe(working, self._loop)
        self._going[run] = future
        future.add_done_callback(lambda _future: self._tell(partial(self._over, run)))

    async def _work(self, run: str, on_text: OnText | None, *, live: bool) -> Asked:
        place = _Place(self._places)

        def changed(recorded: Recorded) -> None:
            if isinstance(recorded.event, Steered):
                place.heed(recorded.event)
            if run in self._looking:  # who comes later reads what is written by now
                self._tell(partial(self._wake, run))

        def wrote(member: str, pieces: int, text: str) -> None:
            if on_text is not None and text:
                self._tell(partial(on_text, text))
            if live and self._looking:
                self._tell(partial(self._wrote, run, member, pieces, text))

        streams = live or on_text is not None
        watch = Watch(sinks=(changed,), on_progress=wrote if streams else None)
        try:
            await place.take()
            try:
                asked = await take_up(run, data=self.data, cache=self.cache, watch=watch)
            except asyncio.CancelledError:
                raise  # the server ends: what outlives its request is not over
            except Exception as error:
                await asyncio.to_thread(self._settle, run, str(error))
                raise
            await asyncio.to_thread(
                self._settle, run, cost=None if run in self._past else asked.cost
            )
            return asked
        finally:
            self._past.discard(run)
            await place.give()

    def _settle(self, run: str, why: str | None = None, cost: Cost | None = None) -> None:
        """Put down what a run has spent, and why it could not be worked.

        Args:
            run: Which.
            why: What kept it from being worked.
            cost: All that it has spent; `None`: as its transcript says.
        """
        with suppress(ManymindsError):
            self.books.settle(run, self._spent(run) if cost is None else cost, why)

    def _spent(self, run: str) -> Cost:
        path = new_transcript_path(self.data, run)
        events = read_transcript(path).events if path.exists() else ()
        paid_before = read_order(path.parent).inherits if events else 0
        return cost_of(events[paid_before:])

    def _tell(self, what: Callable[[], None]) -> None:
        """Let the faces' loop do something."""
        with suppress(RuntimeError):  # it has ended
            if self._faces is not None:
                self._faces.call_soon_threadsafe(what)

    def _over(self, run: str) -> None:
        self._going.pop(run, None)
        self._taken -= 1
        self._wake(run)

    def _wake(self, run: str) -> None:
        for looker in self._looking.get(run, ()):
            looker.changed.set()

    def _wrote(self, run: str, member: str, pieces: int, text: str) -> None:
        for looker in self._looking.get(run, ()):
            looker.hear(member, pieces, text)

    def stands_still(self, run: str) -> bool:
        """Say whether nobody works a run that is not over."""
        with suppress(ManymindsError):
            path = new_transcript_path(self.data, run)
            return path.exists() and state_of(read_transcript(path)) in ("queued", "unfinished")
        return False

    def is_going(self, run: str) -> bool:
        """Say whether a run is under way here, or waits for a place."""
        return run in self._going

    async def done(self, run: str) -> Asked:
        """Wait until a run that is under way here is over, and return what came of it.

        Raises:
            ManymindsError: If it could not be worked.
        """
        # Who stops waiting does not break it off: it hears that it is not wanted, and says on its
        # record what was under way.
        return await asyncio.shield(asyncio.wrap_future(self._going[run]))

    async def events(self, run: str, after: int = -1) -> AsyncGenerator[Recorded]:
        """Yield what happens in a run, from the first event after a number, until it is over.

        Read off its transcript: however slowly somebody looks on, nothing is held for them.
        """
        async with aclosing(self._seen(run, after, words=False)) as found:
            async for one in found:
                if isinstance(one, Recorded):
                    yield one

    def live(self, run: str, after: int = -1) -> AsyncGenerator[Recorded | Words]:
        """Yield what happens in a run, and between that what members write, as it comes.

        Words are seen only where the run was begun `live`, and only by who looks on meanwhile.
        """
        return self._seen(run, after, words=True)

    async def _seen(self, run: str, after: int, *, words: bool) -> AsyncGenerator[Recorded | Words]:
        path = new_transcript_path(self.data, run)
        looker, read, number = _Looker(words=words), 0, -1
        self._looking[run].add(looker)
        try:
            while True:
                here = self.is_going(run)
                looker.changed.clear()
                if heard := looker.heard():
                    for one in heard:
                        yield one
                    await asyncio.sleep(_WORDS_EVERY_S)
                try:
                    with path.open("rb") as file:
                        file.seek(read)
                        data = file.read()
                except FileNotFoundError:  # it was cancelled before it began
                    return
                whole = data[: data.rfind(b"\n") + 1]
                read += len(whole)
                for line in whole.splitlines():
                    number += 1
                    if number > after:
                        yield decode(line, where=f"{path}:{number + 1}")
                if whole and isinstance(_last(whole, path).event, RunEnded):
                    return
                if not here and not self.is_going(run) and self.stands_still(run):
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(None if here else _LOOK_EVERY_S):
                        await looker.changed.wait()
        finally:
            self._looking[run].discard(looker)
            if not self._looking[run]:
                del self._looking[run]

    def say(self, run: str, what: str, text: str = "") -> None:
        """Say something to a run.

        Raises:
            UsageError: If it cannot be said.
        """
        say_to(new_transcript_path(self.data, run), what, text)

    def cancel(self, run: str) -> None:
        """End a run of which nothing is wanted any more; one that waits never begins."""
        future = self._going.get(run)
        try:
            call_off(self.data, run)
        except RunBusy:
            self.say(run, "cancel")
        else:
            if future is not None:
                future.cancel()
            self._settle(run)


def _last(lines: bytes, path: Path) -> Recorded:
    return decode(lines.splitlines()[-1], where=str(path))


async def _rest() -> None:
    """Wait until everything else on this loop has ended."""
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)
