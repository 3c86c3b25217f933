"""A worker: takes runs from the queue and works them, until it is told to end.

Any number of them, on any number of machines, with one database. What a worker has when it dies
the others take up.
"""

import asyncio
import os
import secrets
import shutil
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from manyminds.core.errors import ManymindsError, RecordError, RunTaken
from manyminds.core.events import Recorded, RunEnded
from manyminds.runtime.ask import SOURCES, Watch
from manyminds.runtime.background import take_up
from manyminds.runtime.elsewhere import put_down
from manyminds.runtime.fleet import shared
from manyminds.runtime.fleet.database import Link, ready
from manyminds.runtime.fleet.outbox import Outbox, Parcel
from manyminds.runtime.fleet.schedules import tick
from manyminds.runtime.fleet.slots import Limited, Slots
from manyminds.runtime.fleet.tickets import Tickets
from manyminds.runtime.flight import Endpoint
from manyminds.runtime.orders import write_order_json
from manyminds.runtime.steer import relay
from manyminds.tools.web.sources import Sources
from manyminds.transcript.store import new_transcript_path

__all__ = ["AT_ONCE", "Worker"]

AT_ONCE = 4
_SWEEP_EVERY_S = 1.0
_HEAR_EVERY_S = 0.5
_TICK_EVERY_S = 20.0
_LOOK_AGAIN_S = 1.0
_THOROUGH = 30
"""One sweep of so many asks DBOS, too, who has tickets."""


@dataclass(frozen=True, kw_only=True)
class _Carried:
    """Shares one run with the other machines."""

    outbox: Outbox
    parcel: Parcel
    slots: Slots

    def put(self, recorded: Recorded, line: bytes) -> None:
        """Take what was recorded."""
        self.outbox.put(self.parcel, line, last=isinstance(recorded.event, RunEnded))

    async def kept(self) -> None:
        """Wait until all that it took is in the database."""
        await self.outbox.kept(self.parcel)

    def limited(self, model: str, endpoint: Endpoint) -> Endpoint:
        """Return an endpoint that obeys what the fleet may ask of it."""
        return Limited(model=model, endpoint=endpoint, slots=self.slots)


class Worker:
    """Works runs side by side."""

    def __init__(
        self, url: str, *, data: Path, cache: Path, at_once: int = AT_ONCE,
        on_notice: Callable[[str], None] = lambda _line: None,
    ) -> None:  # fmt: skip
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._url, self._data, self._cache = url, data, cache
        # A folder of its own: another worker on this machine may work the same run after us.
        self._scratch = cache / "fleet" / f"{os.getpid()}-{self.name}"
        self._at_once = at_once
        self._on_notice = on_notice
        self._link = Link(url)
        self._outbox = Outbox(url)
        self._slots = Slots(url, self.name)
        self._sweeps = 0
        self._going: set[asyncio.Task[str]] = set()

    async def work(self) -> None:
        """Work until cancelled; the runs that are under way then are left to others at once."""
        db = await ready(self._url)
        await db.close()
        _clear(self._scratch.parent)
        await self._beat()
        tickets = Tickets(self._url, self.name, self._at_once, self._look)
        beating = [
            asyncio.create_task(self._every(shared.BEAT_S, self._beat)),
            asyncio.create_task(self._every(_HEAR_EVERY_S, self._hear)),
            asyncio.create_task(self._every(_SWEEP_EVERY_S, lambda: self._sweep(tickets))),
            asyncio.create_task(self._every(_TICK_EVERY_S, self._tick)),
        ]
        try:
            await tickets.open()
            await asyncio.wait(beating, return_when=asyncio.FIRST_COMPLETED)
            for task in beating:
                if task.done():
                    task.result()
        finally:
            # The queue first: a run that ends now is to be taken up, its ticket is not used up.
            tickets.close()
            await self._outbox.close()
            await _ended([*beating, *self._going])
            await self._link.do(lambda db: shared.leave(db, self.name))
            shutil.rmtree(self._scratch, ignore_errors=True)
            for part in (self._slots, self._link):
                await part.close()

    async def _every(self, seconds: float, do: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await do()
            except RecordError as error:  # a database that takes no more may again
                self._on_notice(str(error))
            await asyncio.sleep(seconds)

    async def _beat(self) -> None:
        await self._link.do(lambda db: shared.beat(db, self.name, socket.gethostname()))

    async def _hear(self) -> None:
        """Pass on what was said to the runs that are here."""
        said = await self._link.do(lambda db: shared.said_to(db, self.name))
        for run, lines in said.items():
            folder = new_transcript_path(self._scratch, run).parent
            if folder.exists():
                relay(folder, lines)

    async def _sweep(self, tickets: Tickets) -> None:
        """Put the tickets of dead workers back."""
        dead = set(await self._link.do(shared.dead))
        self._sweeps += 1
        if self._sweeps % _THOROUGH == 0:  # one that died on its way from a ticket to its run
            holders = await tickets.holders()
            dead |= holders - set(await self._link.do(shared.alive))
        if dead:
            await tickets.put_back(sorted(dead))

    async def _tick(self) -> None:
        """See to the schedules of the fleet, unless another worker is at that."""
        try:
            done = await asyncio.to_thread(tick, self._url, self._scratch / "schedules")
        except (ManymindsError, psycopg.Error) as error:
            done = [f"schedules: {' '.join(str(error).split())}"]
        for line in done:
            self._on_notice(line)

    async def _look(self, run: str) -> str:
        """Take a run up, if it is to be had, and say what came of it."""
        while (claim := await self._link.do(lambda db: shared.claim(db, run, self.name))) is None:
            standing = await self._link.do(lambda db: shared.standing(db, run))
            if standing is None or standing.over:
                return "over"
            # Another one has it. If that dies, this ticket is all that leads to the run.
            await asyncio.sleep(_LOOK_AGAIN_S)
        self._on_notice(f"{run}: taken up at event {len(claim.lines)}")
        going = asyncio.create_task(self._worked(claim))
        self._going.add(going)
        going.add_done_callback(self._going.discard)
        try:
            return await going
        except RunTaken:
            return "taken"
        except ManymindsError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001 (the door of a run: the worker goes on)
            why = f"a mistake of ours: {type(error).__name__}: {error}"
        self._on_notice(f"{run}: {why}")
        with suppress(RecordError):  # whoever takes it up finds out
            await self._link.do(lambda db: shared.let_go(db, run, claim.epoch, why))
        return "not worked"

    async def _worked(self, claim: shared.Claim) -> str:
        path = new_transcript_path(self._scratch, claim.run)
        write_order_json(path.parent, claim.order_json)
        sources = Sources(path.with_name(SOURCES))
        # Many pages are much to write, and the worker has to say that it is alive.
        await asyncio.to_thread(sources.unpack, claim.pages)
        parcel = self._outbox.open(
            claim.run, claim.epoch, len(claim.lines), pages=len(claim.pages),
            new_pages=sources.packed,
        )  # fmt: skip
        carried = _Carried(outbox=self._outbox, parcel=parcel, slots=self._slots)
        try:
            await asyncio.to_thread(put_down, path, claim.lines)
            asked = await take_up(
                claim.run, data=self._data, cache=self._cache, path=path, carrier=carried,
                watch=Watch(on_notice=self._on_notice),
            )  # fmt: skip
        finally:
            self._outbox.shut(parcel)
            shutil.rmtree(path.parent, ignore_errors=True)
        return asked.answer.outcome


async def _ended(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _clear(folder: Path) -> None:
    """Take away what processes left that are no more; the database has all of it."""
    for left in folder.glob("*-*"):
        pid = left.name.partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
