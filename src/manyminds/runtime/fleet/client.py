"""A machine that orders runs of a fleet, looks on and says things to them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psycopg
from filelock import FileLock

from manyminds.core.errors import ProviderError, UnknownName
from manyminds.runtime.address import shown
from manyminds.runtime.ask import SOURCES, new_run_id
from manyminds.runtime.elsewhere import Standing, put_down, write_standing
from manyminds.runtime.fleet import shared, slots, tickets
from manyminds.runtime.fleet.database import Db, ready
from manyminds.runtime.orders import Order, order_json, write_order_json
from manyminds.tools.web.sources import Sources
from manyminds.transcript.store import new_transcript_path

__all__ = ["Client"]

T = TypeVar("T")


class Client:
    """Asks one thing after the other, each in a word to the database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._runner = asyncio.Runner()
        self._db: Db | None = None

    def _do(self, work: Callable[[Db], Awaitable[T]]) -> T:
        return self._runner.run(self._done(work))

    async def _done(self, work: Callable[[Db], Awaitable[T]]) -> T:
        if self._db is None:
            self._db = await ready(self._url)
        try:
            return await work(self._db)
        except psycopg.OperationalError as error:
            why = " ".join(str(error).split())
            raise ProviderError(f"{shown(self._url)} went away: {why}") from None

    def order(self, order: Order, *, priority: int, run: str | None = None) -> str:
        """Put a run in the queue, 1 before 10, and return its name, by default a new one."""
        run = new_run_id() if run is None else run
        self._do(_nothing)
        tickets.order(self._url, run, order_json(order), priority)
        return run

    def name_of(self, run: str) -> str | None:
        """Return the run with that name, or with that unique part of one.

        Raises:
            UnknownName: If several have it.
        """
        found = self._do(lambda db: shared.names(db, run))
        if run in found:
            return run
        if len(found) > 1:
            raise UnknownName("run", run, found[:5])
        return found[0] if found else None

    def newest(self, limit: int) -> Sequence[str]:
        """Return the names of the newest runs."""
        return self._do(lambda db: shared.names(db, "", limit))

    def pull(self, data: Path, run: str) -> Standing:
        """Bring the files here up to date.

        Raises:
            UnknownName: If there is no such run.
        """
        path = new_transcript_path(data, run)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(path.with_name("pull.lock")):
            standing = self._do(lambda db: shared.standing(db, run))
            if standing is None:
                raise UnknownName("run", run, self.newest(5))
            if not path.with_name("order.json").exists():
                write_order_json(path.parent, self._do(lambda db: shared.order_of(db, run)))
            here = path.read_bytes().count(b"\n") if path.exists() else -1
            if here < 0 or standing.lines < here:
                put_down(path, self._do(lambda db: shared.lines_of(db, run)))
            elif standing.lines > here:
                lines = self._do(lambda db: shared.lines_of(db, run, after=here))
                with path.open("ab") as file:
                    file.write(b"".join(lines))
            sources = Sources(path.with_name(SOURCES))
            pages = len(sources)
            sources.unpack(self._do(lambda db: shared.pages_of(db, run, after=pages)))
            write_standing(path.parent, standing)
            return standing

    def say(self, run: str, line: str) -> None:
        """Say something to a run, in a line that `steer.word` wrote."""
        self._do(lambda db: shared.say(db, run, line))

    def call_off(self, run: str) -> bool:
        """End a run that nobody has begun; say whether it was one."""
        return self._do(lambda db: shared.end_unbegun(db, run))

    def resume(self, run: str) -> None:
        """Put a run in the queue again that a worker could not work."""
        standing = self._do(lambda db: shared.standing(db, run))
        if standing is not None and not standing.over and standing.worker is None:
            priority = self._do(lambda db: shared.wanted_again(db, run))
            tickets.again(self._url, run, standing.epoch, priority)

    def workers(self) -> dict[str, str]:
        """Return the workers that are alive, with their machines."""
        return self._do(shared.alive)

    def counts(self) -> dict[str, int]:
        """Return how many runs there are of each state."""
        return self._do(shared.counts)

    def limits(self) -> Sequence[slots.Limit]:
        """Return what models may be asked."""
        return self._do(slots.limits_of)

    def set_limit(self, model: str, at_once: int | None, per_minute: int | None) -> None:
        """Set what a model may be asked by the whole fleet; `None` for both: anything.

        Raises:
            UsageError: If a limit is none.
        """
        self._do(lambda db: slots.set_limit(db, model, at_once, per_minute))

    def close(self) -> None:
        """Leave it."""
        if self._db is not None:
            with suppress(psycopg.Error):
                self._runner.run(self._db.close())
        self._runner.close()


async def _nothing(_db: Db) -> None:
    """Only see that the tables are there."""
