"""DBOS's queue: which run is to be looked at next, and by whom.

A ticket says that somebody should take a run up, no more: who may write it is for `shared` to say.
One workflow of no steps each, so what DBOS costs is paid once a run. Tickets of workers that died
are put back; a ticket that is looked at twice does no harm.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from manyminds.core.errors import ProviderError
from manyminds.runtime.address import shown

__all__ = ["MOST", "Tickets", "order"]

APPLICATION = "manyminds"
QUEUE = "runs"
LOOK = "look"
VERSION = "1"
"""Of what a ticket means, not of the release: one that was put in by an older release is looked at
by a newer one."""
MOST = 100
"""Workers that may die of one ticket, before it is put aside."""
_LOOK_EVERY_S = 0.5


class Tickets:
    """The queue of one worker; one in a process."""

    def __init__(
        self, url: str, worker: str, at_once: int, look: Callable[[str], Awaitable[str]]
    ) -> None:
        """Begin to look at tickets.

        Args:
            url: The database.
            worker: Its name: another one each time a process begins.
            at_once: Runs at once, in each worker of the fleet.
            look: Takes a run up and says what came of it.
        """
        config: DBOSConfig = {
            "name": APPLICATION, "system_database_url": url, "executor_id": worker,
            "application_version": VERSION, "serializer": DBOSPortableJSONSerializer(),
            "log_level": "ERROR", "enable_otlp": False, "sys_db_pool_size": 4,
            "use_listen_notify": False,
        }  # fmt: skip
        DBOS(config=config)
        logging.getLogger("dbos").setLevel(logging.ERROR)

        async def looked(run: str) -> str:
            return await look(run)

        DBOS.workflow(name=LOOK, max_recovery_attempts=MOST)(looked)
        try:
            DBOS.launch()
        except SQLAlchemyError as error:
            why = " ".join(str(error).split())
            raise ProviderError(f"{shown(url)}: DBOS cannot work there: {why}") from None
        self._at_once = at_once

    async def open(self) -> None:
        """Take tickets from now on."""
        await DBOS.register_queue_async(
            QUEUE, worker_concurrency=self._at_once, polling_interval_sec=_LOOK_EVERY_S,
            on_conflict="always_update",
        )  # fmt: skip

    async def put_back(self, workers: Iterable[str]) -> None:
        """Put back the tickets of workers that died.

        Only those that are theirs still: what another one has taken since stays its own.
        """
        # What DBOS's own console calls when a machine is gone; in the library it has no other name.
        back: Any = DBOS._recover_pending_workflows  # pyright: ignore[reportPrivateUsage]
        await asyncio.to_thread(back, list(workers))

    async def holders(self) -> set[str]:
        """Return the workers that have tickets."""
        held = await DBOS.list_workflows_async(
            status="PENDING", load_input=False, load_output=False
        )
        return {str(one.executor_id) for one in held}

    def close(self) -> None:
        """Take no more; what is under way keeps its tickets, for `put_back`."""
        # It complains of each that cannot be used up any more, and that is what is wanted.
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS.destroy()


def order(url: str, run: str, order_json: str, priority: int) -> None:
    """Keep an order and its ticket, both or neither.

    Raises:
        ProviderError: If the database cannot be reached.
    """
    _enqueue(url, partial(_kept, run=run, order_json=order_json, priority=priority), run, priority)


def again(url: str, run: str, epoch: int, priority: int) -> None:
    """Put a new ticket in for a run whose ticket is used up.

    Raises:
        ProviderError: If the database cannot be reached.
    """
    _enqueue(url, lambda _db: None, run, priority, ticket=f"{run}/{epoch}")


def _kept(db: sa.Connection, *, run: str, order_json: str, priority: int) -> None:
    db.execute(
        sa.text("insert into manyminds.run (run, order_json, priority) values (:run, :order, :p)"),
        {"run": run, "order": order_json, "p": priority},
    )


def _enqueue(
    url: str,
    first: Callable[[sa.Connection], None],
    run: str,
    priority: int,
    *,
    ticket: str | None = None,
) -> None:
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool
    )
    try:
        DBOS.migrate(url)
        client = DBOSClient(
            system_database_engine=engine, serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION, retry_connection_errors=False,
        )  # fmt: skip
        with engine.begin() as db:
            first(db)
            client.enqueue_in_transaction(
                db,
                {
                    "workflow_name": LOOK, "queue_name": QUEUE, "priority": priority,
                    "workflow_id": run if ticket is None else ticket, "app_version": VERSION,
                },
                run,
            )  # fmt: skip
        client.destroy()
    except SQLAlchemyError as error:
        why = " ".join(str(error).split())
        raise ProviderError(f"{shown(url)} cannot be reached: {why}") from None
    finally:
        engine.dispose()
