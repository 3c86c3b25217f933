"""The database that machines share: where it is, its tables, and connections to it.

Every time in it is the database's own: machines need not agree on the time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import anyio
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from manyminds.core.errors import ProviderError, RecordError
from manyminds.runtime.address import checked, shown

__all__ = ["Db", "Link", "connected", "ready"]

Db = AsyncConnection[TupleRow]

T = TypeVar("T")

_TIMEOUT_S = 10
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 2.0
_LOCK = 4_211_020_601
"""Whoever makes the tables holds it."""

_TABLES = """
create schema if not exists manyminds;
create table if not exists manyminds.worker (
    worker text primary key, host text not null, until timestamptz not null
);
create table if not exists manyminds.run (
    run text primary key, order_json text not null, priority int not null default 1,
    at timestamptz not null default clock_timestamp(),
    epoch bigint not null default 0, worker text, over boolean not null default false, why text
);
create index if not exists run_going on manyminds.run (worker) where not over;
create index if not exists run_at on manyminds.run (at desc);
create table if not exists manyminds.line (
    run text not null, number int not null, line text not null, primary key (run, number)
);
create table if not exists manyminds.said (
    run text not null, id text not null, line text not null, at bigint generated always as identity,
    primary key (run, id)
);
create table if not exists manyminds.page (hash text primary key, page bytea not null);
create table if not exists manyminds.run_page (
    run text not null, number int not null, hash text not null, primary key (run, number)
);
create table if not exists manyminds.model_limit (
    model text primary key, at_once int, per_minute int,
    next timestamptz not null default clock_timestamp()
);
create table if not exists manyminds.slot (
    slot text primary key, model text not null, worker text not null
);
create index if not exists slot_model on manyminds.slot (model);
"""


async def connected(url: str) -> Db:
    """Connect; each statement is a transaction of its own.

    Raises:
        UsageError: If it is no address of PostgreSQL.
        ProviderError: If it cannot be reached.
    """
    try:
        return await AsyncConnection.connect(
            checked(url), autocommit=True, connect_timeout=_TIMEOUT_S, application_name="manyminds",
        )  # fmt: skip
    except (psycopg.Error, OSError) as error:
        why = " ".join(str(error).split())
        raise ProviderError(f"{shown(url)} cannot be reached: {why}", retryable=True) from None


async def ready(url: str) -> Db:
    """Connect, and make the tables where there are none.

    Raises:
        UsageError: If it is no address of PostgreSQL.
        ProviderError: If it cannot be reached, or tables may not be made in it.
    """
    db = await connected(url)
    try:
        async with db.transaction():
            await db.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            await db.execute(_TABLES)
    except psycopg.Error as error:
        with suppress(psycopg.Error):
            await db.close()
        why = " ".join(str(error).split())
        raise ProviderError(f"{shown(url)}: tables cannot be made there: {why}") from None
    return db


_FULL = (
    psycopg.errors.DiskFull, psycopg.errors.OutOfMemory, psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.ConfigurationLimitExceeded,
)  # fmt: skip


class Link:
    """One connection that is made anew when it breaks; what is under way is done again then."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._db: Db | None = None
        self._lock = anyio.Lock()

    async def do(self, work: Callable[[Db], Awaitable[T]]) -> T:
        """Do something that may be done twice, however long the database is away.

        Raises:
            RecordError: If it is there, and takes no more.
        """
        async with self._lock:
            wait = _FIRST_WAIT_S
            while True:
                try:
                    if self._db is None:
                        self._db = await connected(self._url)
                    return await work(self._db)
                except _FULL as error:
                    # Waiting for room would hold the run for ever, and nobody would know why.
                    await self._drop()
                    why = " ".join(str(error).split())
                    raise RecordError(f"{shown(self._url)} takes no more: {why}") from None
                except (ProviderError, psycopg.OperationalError):
                    await self._drop()
                    await asyncio.sleep(wait)
                    wait = min(_LONGEST_WAIT_S, 2 * wait)

    async def close(self) -> None:
        """Close it."""
        await self._drop()

    async def _drop(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with suppress(psycopg.Error):
                await db.close()
