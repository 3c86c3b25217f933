"""Lines on their way to the database: those of all runs of a process, in one transaction at a time.

A run waits for its own only before it sends a step (`kept`), so while a transaction is under way
the lines of the next one gather; the more runs there are, the less each pays.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import psycopg

from manyminds.core.errors import RecordError, RunTaken
from manyminds.runtime.fleet.database import Link
from manyminds.runtime.fleet.shared import Batch, append

__all__ = ["Outbox", "Parcel"]

_MOST_LINES = 5_000
"""Of one transaction."""
_CLOSES_WITHIN_S = 5.0


@dataclass(kw_only=True)
class Parcel:
    """What of one run is on its way."""

    run: str
    epoch: int
    put: int
    """Lines that were put in, those included that the database had already."""
    sent: int
    """Lines that the database has."""
    new_pages: Callable[[int], Sequence[bytes]] = lambda _after: ()
    """Returns the pages that were read, less the first ones."""
    pages: int = 0
    """Pages that the database has."""
    lines: list[bytes] = field(default_factory=list[bytes])
    over: bool = False
    failed: RecordError | None = None
    """Why nothing more of it is kept."""
    waiting: list[asyncio.Future[None]] = field(default_factory=list["asyncio.Future[None]"])

    def check(self) -> None:
        """Refuse to go on where nothing more is kept.

        Raises:
            RunTaken: If another worker has taken the run up.
            RecordError: If the database takes no more.
        """
        if self.failed is not None:
            raise self.failed

    def wake(self) -> None:
        """Let all who wait look again."""
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


class Outbox:
    """Sends what runs put in, until it is closed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._parcels: dict[str, Parcel] = {}
        self._some = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self.transactions = 0

    def open(
        self, run: str, epoch: int, sent: int, *, pages: int = 0,
        new_pages: Callable[[int], Sequence[bytes]] = lambda _after: (),
    ) -> Parcel:  # fmt: skip
        """Take lines of a run that was claimed."""
        parcel = Parcel(run=run, epoch=epoch, put=sent, sent=sent, pages=pages, new_pages=new_pages)
        self._parcels[run] = parcel
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send_all())
        return parcel

    def put(self, parcel: Parcel, line: bytes, *, last: bool = False) -> None:
        """Put one line in.

        Args:
            parcel: The run's.
            line: With its newline.
            last: Whether it ends the run.

        Raises:
            RunTaken: If another worker has taken the run up, or is to.
        """
        parcel.check()
        if self._closed:
            raise RunTaken(f"run {parcel.run}: this worker ends, and leaves it to others")
        parcel.lines.append(line)
        parcel.put += 1
        parcel.over = last
        self._some.set()

    async def kept(self, parcel: Parcel) -> None:
        """Wait until the database has all that was put in.

        Raises:
            RunTaken: If another worker has taken the run up.
        """
        goal = parcel.put
        while parcel.sent < goal:
            parcel.check()
            future = asyncio.get_running_loop().create_future()
            parcel.waiting.append(future)
            await future
        parcel.check()

    def shut(self, parcel: Parcel) -> None:
        """Forget a run."""
        if self._parcels.get(parcel.run) is parcel:
            del self._parcels[parcel.run]

    async def close(self) -> None:
        """Take nothing more, and send what is there: how runs end from now on is not theirs."""
        self._closed = True
        with suppress(TimeoutError, RecordError):
            async with asyncio.timeout(_CLOSES_WITHIN_S):
                for parcel in list(self._parcels.values()):
                    await self.kept(parcel)
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _send_all(self) -> None:
        link = Link(self._url)
        try:
            while True:
                await self._some.wait()
                self._some.clear()
                while batches := self._batches():
                    try:
                        ours = await link.do(partial(append, batches=batches))
                    except (psycopg.Error, RecordError) as error:
                        self._fail(batches, " ".join(str(error).split()))
                    else:
                        self._take_in(batches, ours)
        finally:
            await link.close()

    def _fail(self, batches: Sequence[Batch], why: str) -> None:
        """End the runs whose lines are not taken; others, and later ones, are tried."""
        for batch in batches:
            parcel = self._parcels.get(batch.run)
            if parcel is not None and parcel.epoch == batch.epoch:
                parcel.failed = RecordError(f"the database takes no more of {parcel.run}: {why}")
                parcel.wake()

    def _batches(self) -> list[Batch]:
        """Take what there is."""
        found: list[Batch] = []
        room = _MOST_LINES
        for parcel in self._parcels.values():
            if parcel.lines and parcel.failed is None and room > 0:
                # Pages first, and with the lines: what cites one is not kept without it.
                pages = [(_digest(page), page) for page in parcel.new_pages(parcel.pages)]
                lines, parcel.lines = parcel.lines[:room], parcel.lines[room:]
                room -= len(lines)
                found.append(
                    Batch(
                        run=parcel.run, epoch=parcel.epoch, first=parcel.sent, lines=lines,
                        first_page=parcel.pages, pages=pages,
                        over=parcel.over and not parcel.lines,
                    )
                )  # fmt: skip
        return found

    def _take_in(self, batches: Sequence[Batch], ours: set[str]) -> None:
        """Take in what a transaction came to."""
        self.transactions += 1
        for batch in batches:
            parcel = self._parcels.get(batch.run)
            if parcel is None or parcel.epoch != batch.epoch:
                continue
            if batch.run not in ours:
                parcel.failed = RunTaken(f"run {batch.run}: another worker has taken it up")
            parcel.sent += len(batch.lines)
            parcel.pages += len(batch.pages)
            parcel.wake()


def _digest(page: bytes) -> str:
    return hashlib.sha256(page).hexdigest()
