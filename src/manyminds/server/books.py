"""Whose a run is, what clients have spent, and which request began what: kept across restarts.

A run's limits are held when it begins and settled when it is over, so that runs side by side do not
both spend the last dollar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Lock

from manyminds.core.values import Cost, Limits
from manyminds.runtime.admission import SMALLEST_TOKENS
from manyminds.runtime.door import Door, Statement
from manyminds.server.clients import Client
from manyminds.server.refusals import Refused

__all__ = ["Books", "Open"]

SHARE = 4
"""A run without limits of its own may spend this part of what is left: others may come."""
KEEP_KEYS = timedelta(hours=24)
_TABLES: tuple[Statement, ...] = (
    (
        "create table if not exists run (run text primary key, client text not null,"
        " goes_on int not null, open int not null, at text not null, tokens bigint not null,"
        " usd text not null, why text)",
        (),
    ),
    ("create index if not exists run_client on run (client, at)", ()),
    ("create index if not exists run_open on run (open) where open = 1", ()),
    (
        "create table if not exists begun (client text not null, key text not null,"
        " body text not null, run text not null, at text not null, primary key (client, key))",
        (),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Open:
    """A run that is not settled."""

    run: str
    goes_on: bool
    """Whether it outlives the request that began it."""


@dataclass(frozen=True)
class Books:
    """The books of one server."""

    door: Door
    _entering: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.door.do(*_TABLES)

    def enter(
        self, run: str, client: Client, wanted: Limits, now: datetime, *, goes_on: bool
    ) -> Limits:
        """Note a run, set aside what it may spend, and return its limits.

        Raises:
            Refused: If the client's budget does not hold it.
        """
        with self._entering:  # two that enter at once must not both be given what is left
            limits = self._limits(client, wanted, now)
            has = client.budget is not None
            held = (limits.tokens or 0, str(limits.usd or 0)) if has else (0, "0")
            self.door.do(
                (
                    "insert into run values (?, ?, ?, 1, ?, ?, ?, null)",
                    (run, client.name, int(goes_on), now.isoformat(), *held),
                )
            )
            return limits

    def _limits(self, client: Client, wanted: Limits, now: datetime) -> Limits:
        budget, limits = client.limits, wanted
        if client.budget is None:
            return wanted
        since = (now - timedelta(days=client.days)).isoformat()
        [rows] = self.door.do(
            ("select tokens, usd from run where client = ? and at > ?", (client.name, since))
        )
        if budget.tokens is not None:
            left = budget.tokens - sum(int(str(row[0])) for row in rows)
            limits = replace(limits, tokens=_tokens(left, wanted.tokens))
            if left < SMALLEST_TOKENS:
                raise _used_up(client, f"{max(0, left):,} tokens")
        if budget.usd is not None:
            over = budget.usd - sum((Decimal(str(row[1])) for row in rows), Decimal(0))
            part = over / SHARE if wanted.usd is None else min(over, wanted.usd)
            limits = replace(limits, usd=part)
            if over <= 0:
                raise _used_up(client, "no dollars")
        return limits

    def settle(self, run: str, cost: Cost, why: str | None) -> None:
        """Put what a run has spent in place of what was held, and why it could not be worked."""
        spent = (cost.spend.tokens, str(cost.spend.usd or 0), why, run)
        self.door.do(("update run set open = 0, tokens = ?, usd = ?, why = ? where run = ?", spent))

    def leave_out(self, run: str) -> None:
        """Take a run out of the books that never began."""
        self.door.do(("delete from run where run = ?", (run,)))

    def why(self, run: str) -> str | None:
        """Return why a run could not be worked."""
        [rows] = self.door.do(("select why from run where run = ?", (run,)))
        return str(rows[0][0]) if rows and rows[0][0] is not None else None

    def unsettled(self) -> Sequence[Open]:
        """Return the runs that were under way when the server ended, the oldest first."""
        [rows] = self.door.do(("select run, goes_on from run where open = 1 order by at", ()))
        return [Open(run=str(row[0]), goes_on=bool(row[1])) for row in rows]

    def client_of(self, run: str) -> str | None:
        """Return the name of the client whose run it is; `None`: no server's."""
        [rows] = self.door.do(("select client from run where run = ?", (run,)))
        return str(rows[0][0]) if rows else None

    def runs_of(self, client: Client, limit: int) -> Sequence[str]:
        """Return a client's runs, newest first."""
        [rows] = self.door.do(
            (
                "select run from run where client = ? order by at desc limit ?",
                (client.name, limit),
            )
        )
        return [str(row[0]) for row in rows]

    def begun(self, client: Client, key: str, body: str, run: str, now: datetime) -> str:
        """Return the run that a key stands for: the given one, or the one that it began before.

        Raises:
            Refused: If that was for another request.
        """
        *_, [row] = self.door.do(
            ("delete from begun where at < ?", ((now - KEEP_KEYS).isoformat(),)),
            (
                "insert into begun values (?, ?, ?, ?, ?) on conflict do nothing",
                (client.name, key, body, run, now.isoformat()),
            ),
            ("select run, body from begun where client = ? and key = ?", (client.name, key)),
        )
        if row[1] != body:
            raise Refused(
                409, "this Idempotency-Key began another request; take a new one",
                code="idempotency_key", param="Idempotency-Key",
            )  # fmt: skip
        return str(row[0])

    def forget(self, client: Client, key: str) -> None:
        """Let a key begin something again: what it stood for never began."""
        self.door.do(("delete from begun where client = ? and key = ?", (client.name, key)))


def _tokens(left: int, wanted: int | None) -> int:
    if wanted is not None:
        return min(left, wanted)
    return max(left // SHARE, min(left, SMALLEST_TOKENS))


def _used_up(client: Client, left: str) -> Refused:
    return Refused(
        429, f"the budget of {client.name} ({client.budget} in {client.days} days) leaves {left}",
        code="insufficient_quota", headers={"Retry-After": "3600"},
    )  # fmt: skip
