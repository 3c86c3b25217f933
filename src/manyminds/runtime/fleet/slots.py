"""Limits of a model that a whole fleet keeps together: requests at once, and a minute.

A model without limits costs a look at the database every few seconds, and no more.
"""

import asyncio
import random
import secrets
import time
from dataclasses import dataclass
from functools import partial

import anyio

from manyminds.agents.models import Progress
from manyminds.budget.prices import Price
from manyminds.core.errors import UsageError
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.protocols import Abilities
from manyminds.runtime.fleet.database import Db, Link
from manyminds.runtime.flight import Endpoint

__all__ = ["Limit", "Limited", "Slots", "limits_of", "set_limit"]

_LOOK_EVERY_S = 5.0
"""How long it is believed that a model has no limits."""
_TRY_EVERY_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What one model may be asked by the whole fleet."""

    model: str
    at_once: int | None
    """Requests under way; `None`: any."""
    per_minute: int | None
    """Requests begun in a minute, evenly; `None`: any."""
    under_way: int = 0


async def set_limit(db: Db, model: str, at_once: int | None, per_minute: int | None) -> None:
    """Set what a model may be asked; `None` for both takes its limits away.

    Raises:
        UsageError: If a limit is none.
    """
    for name, value in (("at-once", at_once), ("per-minute", per_minute)):
        if value is not None and value < 1:
            raise UsageError(f"--{name} takes 1 or more, not {value}")
    if at_once is None and per_minute is None:
        await db.execute("delete from manyminds.model_limit where model = %s", (model,))
        return
    await db.execute(
        "insert into manyminds.model_limit (model, at_once, per_minute) values (%s, %s, %s)"
        " on conflict (model) do update"
        " set at_once = excluded.at_once, per_minute = excluded.per_minute",
        (model, at_once, per_minute),
    )


_UNDER_WAY = (
    "(select count(*) from manyminds.slot s join manyminds.worker w using (worker)"
    " where s.model = m.model and w.until > clock_timestamp())"
)


async def limits_of(db: Db) -> tuple[Limit, ...]:
    """Return all limits, with what is under way."""
    rows = await (
        await db.execute(
            f"select model, at_once, per_minute, {_UNDER_WAY} from manyminds.model_limit m"
            " order by model"
        )
    ).fetchall()
    return tuple(Limit(model=r[0], at_once=r[1], per_minute=r[2], under_way=r[3]) for r in rows)


class Slots:
    """Takes and gives back, for all runs of one worker."""

    def __init__(self, url: str, worker: str) -> None:
        self._link = Link(url)
        self._worker = worker
        self._free: dict[str, float] = {}
        """Models without limits, and until when that is believed."""
        self._turns: dict[str, anyio.Lock] = {}

    async def take(self, model: str) -> str | None:
        """Wait until a model may be asked; return what is to be given back, if anything."""
        if self._free.get(model, 0.0) > time.monotonic():
            return None
        slot = secrets.token_hex(8)
        try:
            wait = await self._taken(model, slot)
            await asyncio.sleep(max(0.0, wait))
        except BaseException:
            await asyncio.shield(self.give(slot))
            raise
        if wait < 0:
            self._free[model] = time.monotonic() + _LOOK_EVERY_S
            return None
        return slot

    async def _taken(self, model: str, slot: str) -> float:
        # One of a process asks at a time: whoever came first goes first.
        async with self._turns.setdefault(model, anyio.Lock()):
            while True:
                wait = await self._link.do(partial(self._tried, model=model, slot=slot))
                if wait is not None:
                    return wait
                await asyncio.sleep(_TRY_EVERY_S * random.uniform(0.5, 1.5))

    async def _tried(self, db: Db, model: str, slot: str) -> float | None:
        """Take a slot; return how long to wait with it, less than 0 without any limit.

        `None`: all are taken.
        """
        async with db.transaction():
            row = await (
                await db.execute(
                    "select at_once, per_minute,"
                    " greatest(0, extract(epoch from next - clock_timestamp()))::float"
                    " from manyminds.model_limit where model = %s for update",
                    (model,),
                )
            ).fetchone()
            if row is None:
                return -1.0
            at_once, per_minute, wait = row
            # Counted now that the limit is ours: what others took before is seen.
            counted = await db.execute(f"select {_UNDER_WAY} from (select %s as model) m", (model,))
            under_way = await counted.fetchone()
            if at_once is not None and under_way is not None and under_way[0] >= at_once:
                return None
            await db.execute(
                "insert into manyminds.slot values (%s, %s, %s) on conflict do nothing",
                (slot, model, self._worker),
            )
            if per_minute is None:
                return 0.0
            await db.execute(
                "update manyminds.model_limit set next = greatest(next, clock_timestamp())"
                " + make_interval(secs => %s) where model = %s",
                (60 / per_minute, model),
            )
            return float(wait)

    async def give(self, slot: str | None) -> None:
        """Give back what was taken."""
        if slot is not None:
            gone = "delete from manyminds.slot where slot = %s"
            await self._link.do(lambda db: db.execute(gone, (slot,)))

    async def close(self) -> None:
        """Give nothing more."""
        await self._link.close()


@dataclass(frozen=True, kw_only=True)
class Limited:
    """An endpoint that the fleet's limits are kept on."""

    model: str
    endpoint: Endpoint
    slots: Slots

    @property
    def abilities(self) -> Abilities:
        """What it can do."""
        return self.endpoint.abilities

    @property
    def price(self) -> Price:
        """How it is priced."""
        return self.endpoint.price

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        """Send one request when its turn has come.

        Raises:
            ProviderError: If there was no usable reply.
        """
        slot = await self.slots.take(self.model)
        try:
            return await self.endpoint.send(call, progress=progress)
        finally:
            await asyncio.shield(self.slots.give(slot))
