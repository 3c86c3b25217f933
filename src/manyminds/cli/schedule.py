"""`manyminds schedule`: questions asked again and again, and digests of what is new."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from manyminds.budget.parse import parse_limits
from manyminds.cli.exits import ANSWERED
from manyminds.cli.view import safe
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue
from manyminds.core.values import Limits
from manyminds.runtime.door import SqliteDoor
from manyminds.runtime.elsewhere import fleet_part, fleet_url, located
from manyminds.runtime.later import RunsHere
from manyminds.runtime.notify import check_notify
from manyminds.runtime.orders import read_order
from manyminds.runtime.paths import data_home
from manyminds.runtime.schedules.book import Book, Schedule
from manyminds.runtime.schedules.digest import Digests, told
from manyminds.runtime.schedules.times import parse_quiet, parse_when

__all__ = ["app"]

Json = Annotated[bool, Parameter(name="--json", negative=())]
_LOOK_EVERY_S = 20.0

app = App(name="schedule", help="Ask again and again, and hear what is new.")


def _book() -> Book:
    """Return the book of the fleet, or of this machine where it works alone."""
    url = fleet_url()
    if url is None:
        return Book(SqliteDoor(data_home() / "schedules.sqlite"))
    with_tables = fleet_part("client").Client(url)
    with_tables.counts()
    with_tables.close()
    return Book(fleet_part("schedules").PostgresDoor(url))


@app.command
def add(
    name: str,
    run: str,
    *,
    at: str | None = None,
    days: str | None = None,
    every: str | None = None,
    quiet_hours: str | None = None,
    most: int = 10,
    cap: str | None = None,
    cap_days: int = 30,
    notify: str | None = None,
    json_: Json = False,
) -> int:
    """Ask what a run asked again and again, the same way, and tell only what is new.

    Args:
        name: What it is called.
        run: A run that asks it: its name, a unique part of it, or `last`.
        at: Times of the day: 07:30,18:00.
        days: Days of the week, with --at: mon,wed,fri.
        every: Instead of --at: 30m, 6h or 1d.
        quiet_hours: Hours in which nobody is told anything: 22:00-07:30; what is new waits.
        most: New items told at once; the others wait for the next time.
        cap: What all its runs may spend in --cap-days: 500k,2usd.
        cap_days: Days that --cap counts: 1 to 366.
        notify: Tell `desktop`, or a webhook's address.
        json_: Print one JSON object.
    """
    if not name.replace("-", "").replace("_", "").isalnum() or len(name) > 60:
        raise UsageError(f"a schedule's name has letters, digits, - and _, not {name!r}")
    if most < 1 or not 1 <= cap_days <= 366:
        raise UsageError("--most takes 1 or more, --cap-days 1 to 366")
    order = read_order(located(data_home(), run).parent)
    order = replace(
        order, asks=False, notify=None if notify is None else check_notify(notify),
        options=replace(order.options, seed=None),
    )  # fmt: skip
    schedule = Schedule(
        name=name, order=order, when=parse_when(at, days, every),
        since=datetime.now(UTC).isoformat(timespec="seconds"), most=most, cap_days=cap_days,
        quiet=None if quiet_hours is None else parse_quiet(quiet_hours),
        cap=Limits() if cap is None else parse_limits(cap),
    )  # fmt: skip
    if schedule.cap.seconds is not None:
        raise UsageError("--cap takes tokens and dollars, like 500k,2usd")
    _book().add(schedule)
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, "schedule": name}))
    else:
        notice(f"{name}: {schedule.when}; {_who()}")
    return ANSWERED


def _who() -> str:
    if fleet_url() is not None:
        return "a worker of the fleet sees to it"
    return "keep `manyminds schedule run --forever` going, or run `manyminds schedule run` by cron"


@app.default
def schedules(*, json_: Json = False) -> int:
    """List the schedules, with what became of the last time.

    Args:
        json_: Print one JSON object.
    """
    book = _book()
    rows: list[JsonValue] = []
    for one in book.all():
        slots = book.slots(one.name)
        last = slots[0] if slots else None
        rows.append(
            {
                "name": one.name, "question": one.order.task.prompt, "when": str(one.when),
                "last": None if last is None else last.slot,
                "state": None if last is None else last.state,
                "new": None if last is None else len(last.items),
                "run": None if last is None else last.run,
                "tokens": sum(slot.tokens for slot in slots),
            }
        )  # fmt: skip
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, "schedules": rows}))
        return ANSWERED
    for row in rows:
        if isinstance(row, dict):
            last = "not yet" if row["last"] is None else f"{row['last']} {row['state']}"
            print(safe(f"{row['name']}  {row['when']}  last {last}  {row['question']}"))
    if not rows:
        notice("no schedules yet; ask something, then: manyminds schedule add NAME last --at 07:30")
    return ANSWERED


@app.command
def show(name: str, *, limit: int = 10, json_: Json = False) -> int:
    """Show what a schedule has found, the latest first.

    Args:
        name: What it is called.
        limit: Times shown.
        json_: Print one JSON object.
    """
    book = _book()
    book.named(name)
    slots = book.slots(name)[:limit]
    if json_:
        found: list[JsonValue] = [
            {"due": s.slot, "run": s.run, "state": s.state, "new": list(s.items)} for s in slots
        ]
        print(json.dumps({"outcome": "answered", "cost": None, "digests": found}))
        return ANSWERED
    for slot in slots:
        print(f"{slot.slot}  {slot.state}  {slot.run}")
        for item in slot.items:
            print(safe(f"  - {item}"))
    return ANSWERED


@app.command
def remove(name: str, *, json_: Json = False) -> int:
    """Take a schedule away, with all that is known of it; its runs stay.

    Args:
        name: What it is called.
        json_: Print one JSON object.
    """
    _book().remove(name)
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, "removed": name}))
    else:
        notice(f"{name} is gone")
    return ANSWERED


@app.command(name="run")
def run_due(
    *, forever: Annotated[bool, Parameter(negative=())] = False, json_: Json = False
) -> int:
    """See to what is due now: begin runs, take in answers, tell what is new.

    On a machine that works alone; in a fleet its workers do.

    Args:
        forever: Go on until Ctrl-C.
        json_: Print one JSON object.
    """
    if fleet_url() is not None:
        raise UsageError("the workers of the fleet see to its schedules: manyminds worker")
    home = data_home()
    digests = Digests(book=_book(), runs=RunsHere(home), tell=told)
    while True:
        done = digests.tick(datetime.now(UTC))
        if json_:
            print(json.dumps({"outcome": "answered", "cost": None, "done": done}), flush=True)
        for line in () if json_ else done:
            notice(line)
        if not forever:
            return ANSWERED
        time.sleep(_LOOK_EVERY_S)
