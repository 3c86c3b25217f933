"""What schedules there are, what became of each time they were due, and what was told already.

The same few tables in SQLite on one machine, and in PostgreSQL for a fleet. Each step is one
transaction: a process that dies between two leaves nothing half said.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from pydantic import TypeAdapter

from manyminds.core.errors import UnknownName, UsageError
from manyminds.core.values import Limits
from manyminds.runtime.door import Door, Row, Statement
from manyminds.runtime.orders import Order
from manyminds.runtime.schedules.times import Quiet, When

__all__ = ["Book", "Schedule", "Slot", "SlotState"]

SlotState = Literal["going", "held", "told", "skipped"]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A question that is asked again and again."""

    name: str
    order: Order
    when: When
    since: str
    """When it was made, ISO 8601."""
    quiet: Quiet | None = None
    most: int = 10
    """New items told at once; others wait for the next time."""
    cap: Limits = Limits()
    """What all its runs may spend in `cap_days`."""
    cap_days: int = 30


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One time that a schedule was due."""

    schedule: str
    slot: str
    """When it was due, ISO 8601."""
    run: str
    state: SlotState
    items: tuple[str, ...] = ()
    """What was new; of one that was skipped, why."""
    usd: Decimal | None = None
    tokens: int = 0


TABLES: tuple[Statement, ...] = (
    ("create table if not exists schedule (name text primary key, body text not null)", ()),
    (
        "create table if not exists schedule_due (schedule text not null, slot text not null,"
        " run text not null, state text not null, items text not null default '[]',"
        " usd text, tokens bigint not null default 0, primary key (schedule, slot))",
        (),
    ),
    (
        "create table if not exists schedule_told (schedule text not null, item text not null,"
        " slot text not null, primary key (schedule, item))",
        (),
    ),
)


_ADAPTER = TypeAdapter(Schedule)


class Book:
    """Reads and writes them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        door.do(*TABLES)

    def add(self, schedule: Schedule) -> None:
        """Add a schedule.

        Raises:
            UsageError: If there is one of that name.
        """
        body = _ADAPTER.dump_json(schedule).decode()
        [[*new]] = self._door.do(
            (
                "insert into schedule values (?, ?) on conflict do nothing returning name",
                (schedule.name, body),
            )
        )
        if not new:
            raise UsageError(
                f"there is a schedule {schedule.name!r} already; manyminds schedule remove "
                f"{schedule.name} takes it away"
            )

    def remove(self, name: str) -> None:
        """Take a schedule away, with all that is known of it.

        Raises:
            UnknownName: If there is none of that name.
        """
        self.named(name)
        self._door.do(
            ("delete from schedule where name = ?", (name,)),
            ("delete from schedule_due where schedule = ?", (name,)),
            ("delete from schedule_told where schedule = ?", (name,)),
        )

    def all(self) -> list[Schedule]:
        """Return all schedules, by name."""
        [rows] = self._door.do(("select body from schedule order by name", ()))
        return [_ADAPTER.validate_python(json.loads(str(row[0]))) for row in rows]

    def named(self, name: str) -> Schedule:
        """Return one schedule.

        Raises:
            UnknownName: If there is none of that name.
        """
        for schedule in (found := self.all()):
            if schedule.name == name:
                return schedule
        raise UnknownName("schedule", name, [one.name for one in found])

    def slots(self, name: str) -> list[Slot]:
        """Return the times that a schedule was due, the latest first."""
        [rows] = self._door.do(
            (
                "select schedule, slot, run, state, items, usd, tokens from schedule_due"
                " where schedule = ? order by slot desc",
                (name,),
            )
        )
        return [_slot(row) for row in rows]

    def open(self, slot: Slot) -> bool:
        """Write down that a time has come; say whether nobody had."""
        [[*new]] = self._door.do(
            (
                "insert into schedule_due (schedule, slot, run, state, items)"
                " values (?, ?, ?, ?, ?) on conflict do nothing returning slot",
                (slot.schedule, slot.slot, slot.run, slot.state, json.dumps(slot.items)),
            )
        )
        return bool(new)

    def told(self, name: str) -> set[str]:
        """Return what a schedule has told already, as it is compared."""
        [rows] = self._door.do(("select item from schedule_told where schedule = ?", (name,)))
        return {str(row[0]) for row in rows}

    def hold(self, slot: Slot, keys: Sequence[str]) -> Slot:
        """Keep what is new, to be told once and never again, in one transaction.

        Args:
            slot: What came of it.
            keys: Its items as they are compared.
        """
        held = replace(slot, state="held")
        self._door.do(
            *(
                (
                    "insert into schedule_told values (?, ?, ?) on conflict do nothing",
                    (slot.schedule, key, slot.slot),
                )
                for key in keys
            ),
            (
                "update schedule_due set state = 'held', items = ?, usd = ?, tokens = ?"
                " where schedule = ? and slot = ? and state = 'going'",
                (
                    json.dumps(slot.items), None if slot.usd is None else str(slot.usd),
                    slot.tokens, slot.schedule, slot.slot,
                ),
            ),
        )  # fmt: skip
        return held

    def close(self, slot: Slot) -> None:
        """Write down that it was told."""
        self._door.do(
            (
                "update schedule_due set state = 'told' where schedule = ? and slot = ?",
                (slot.schedule, slot.slot),
            )
        )


def _slot(row: Row) -> Slot:
    schedule, slot, run, state, items, usd, tokens = row
    states: tuple[SlotState, ...] = ("going", "held", "told", "skipped")
    return Slot(
        schedule=str(schedule), slot=str(slot), run=str(run),
        state=next(one for one in states if one == state),
        items=tuple(str(item) for item in json.loads(str(items))),
        usd=None if usd is None else Decimal(str(usd)), tokens=int(str(tokens)),
    )  # fmt: skip
