"""Schedules by a clock of the test's own: what is due, what is new, what may be spent."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.core.errors import UnknownName, UsageError
from manyminds.core.values import Answer, Cost, Limits, Spend, Task
from manyminds.runtime.ask import Asked, AskOptions
from manyminds.runtime.door import Door, SqliteDoor
from manyminds.runtime.fleet.client import Client
from manyminds.runtime.fleet.schedules import PostgresDoor
from manyminds.runtime.later import RunsThere
from manyminds.runtime.orders import Order
from manyminds.runtime.schedules.book import Book, Schedule, Slot
from manyminds.runtime.schedules.digest import Digests, items_of, key_of
from manyminds.runtime.schedules.times import parse_quiet, parse_when
from manyminds.testing import final
from tests.chaos.counts import FULL
from tests.stub import Stub, say

BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
ORDER = Order(task=Task(prompt="What is new?"), options=AskOptions(models=("m",)))


def answered(text: str | None) -> Answer:
    outcome = "none" if text is None else "answered"
    return Answer(outcome=outcome, text=text, canonical=text, confidence=None)


@dataclass
class World:
    """Runs that answer with what the day brings, on what they may spend."""

    items: Callable[[int], list[str]]
    days: int = 0
    limits: dict[str, Limits] = field(default_factory=dict[str, Limits])
    over: dict[str, Asked] = field(default_factory=dict[str, Asked])
    told: list[tuple[datetime, str, tuple[str, ...]]] = field(
        default_factory=list[tuple[datetime, str, tuple[str, ...]]]
    )
    now: datetime = BEGIN
    tokens: int = 3_000
    dies: Callable[[], None] = lambda: None

    def begin(self, run: str, order: Order) -> None:
        self.dies()
        if run not in self.limits:
            self.limits[run] = order.options.limits
            self.days += 1
        text = "\n".join(f"- {item}" for item in self.items(self.days))
        allowed = order.options.limits.tokens
        spend = Spend(tokens_in=min(self.tokens, allowed or self.tokens), usd=Decimal("0.01"))
        self.over[run] = Asked(
            run=run, answer=answered(text), strategy="single", members=(),
            cost=Cost(spend=spend, seconds=1.0),
            stopped_by=None, transcript=Path(), prompts="",
        )  # fmt: skip

    def ended(self, run: str) -> Asked | None:
        self.dies()
        return self.over.get(run)

    def tell(self, schedule: Schedule, slot: Slot) -> str | None:
        self.dies()
        self.told.append((self.now, f"{schedule.name}/{slot.slot}", slot.items))
        return None


@pytest.fixture
def door(fleet_url: str) -> Door:
    client = Client(fleet_url)
    client.counts()
    client.close()
    return PostgresDoor(fleet_url)


@pytest.fixture
def file(tmp_path: Path) -> Door:
    return SqliteDoor(tmp_path / "schedules.sqlite")


@pytest.fixture
def local_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def schedule(**changes: object) -> Schedule:
    made = Schedule(
        name="news", order=ORDER, when=parse_when("07:30", None, None),
        since=BEGIN.isoformat(timespec="seconds"),
    )  # fmt: skip
    return replace(made, **changes)


class Died(BaseException):
    """A process that was killed here."""


def month(door: Door, world: World, one: Schedule, *, dies: float = 0.0) -> Book:
    """Thirty days and a morning, looked at again and again, by processes that die."""
    book, chance = Book(door), random.Random(3)
    book.add(one)

    def die() -> None:
        if chance.random() < dies:
            raise Died

    world.dies = die
    # A look at a server takes longer: once an hour has to do there.
    minutes = 15 if isinstance(door, SqliteDoor) else 60
    for look in range((30 * 24 + 4) * 60 // minutes):
        world.now = BEGIN + timedelta(minutes=minutes * look)
        digests = Digests(book=Book(door), runs=world, tell=world.tell)
        try:
            digests.tick(world.now)
        except Died:
            continue
    world.dies = lambda: None
    return book


def growing(day: int) -> list[str]:
    """One new thing a day, and all there was before."""
    return [f"Thing {n}" for n in range(day)]


@pytest.mark.parametrize(
    ("where", "dies"), [("file", 0.3), *([("file", 0.0), ("door", 0.3)] if FULL else [])]
)
def test_in_thirty_days_nothing_is_told_twice_and_nothing_is_lost(where: str, dies: float, local_time: None, request: pytest.FixtureRequest) -> None:  # fmt: skip
    door: Door = request.getfixturevalue(where)
    world = World(items=growing)
    book = month(door, world, schedule(quiet=parse_quiet("20:00-09:00")), dies=dies)
    told = {key: items for _, key, items in world.told}
    counted = Counter(item for items in told.values() for item in items)
    assert counted == Counter(f"Thing {n}" for n in range(world.days))
    assert world.days == 31
    # A message whose sending was cut off comes again with its key; without deaths none does.
    assert dies or len(world.told) == len(told)
    for at, _, _ in world.told:
        assert "09:00" <= f"{at.astimezone():%H:%M}" < "20:00"
    assert {slot.state for slot in book.slots("news")} == {"told"}


def test_a_cap_is_kept_however_often_the_process_dies(file: Door, local_time: None) -> None:
    world = World(items=growing)
    one = schedule(cap=Limits(tokens=10_000), cap_days=7)
    book = month(file, world, one, dies=0.2)
    slots = sorted(book.slots("news"), key=lambda slot: slot.slot)
    assert {slot.state for slot in slots} == {"told", "skipped"}
    times = [(datetime.fromisoformat(slot.slot), slot.tokens) for slot in slots]
    for at, _ in times:
        spent = sum(tokens for when, tokens in times if at - timedelta(days=7) < when <= at)
        assert spent <= 10_000
    skipped = next(slot for slot in slots if slot.state == "skipped")
    assert "its cap leaves" in skipped.items[0]
    # The fourth of a week had what was left of the cap, if that held an answer at all.
    assert {limits.tokens for limits in world.limits.values()} <= {10_000, 7_000, 4_000, 1_000}


def test_more_than_the_most_waits_for_the_next_time(file: Door) -> None:
    world = World(items=lambda _day: [f"Thing {n}" for n in range(7)])
    month(file, world, schedule(most=3))
    assert [len(items) for _, _, items in world.told] == [3, 3, 1]
    assert world.told[0][2] == ("Thing 0", "Thing 1", "Thing 2")


def test_what_could_not_be_told_is_told_later(file: Door) -> None:
    world = World(items=growing)
    book = Book(file)
    book.add(schedule(when=parse_when(None, None, "1d")))
    fails = ["the webhook failed: status 500"]

    def tell(one: Schedule, slot: Slot) -> str | None:
        return fails.pop() if fails else world.tell(one, slot)

    digests = Digests(book=book, runs=world, tell=tell)
    for hour in range(24, 28):
        digests.tick(BEGIN + timedelta(hours=hour))
    assert [items for _, _, items in world.told] == [("Thing 0",)]


def test_days_that_a_machine_slept_through_are_not_made_up_for(file: Door, local_time: None) -> None:  # fmt: skip
    world = World(items=growing)
    book = Book(file)
    book.add(schedule())
    digests = Digests(book=book, runs=world, tell=world.tell)
    for _ in range(3):
        digests.tick(BEGIN + timedelta(days=9, hours=3))
    assert [slot.slot for slot in book.slots("news")] == ["2026-03-11T06:30:00+00:00"]


def test_times_follow_the_clock_on_the_wall(local_time: None) -> None:
    when = parse_when("07:30", "mon,wed", None)
    winter = when.last(datetime(2026, 3, 25, 12, tzinfo=UTC), BEGIN)
    summer = when.last(datetime(2026, 3, 30, 12, tzinfo=UTC), BEGIN)
    assert winter == datetime(2026, 3, 25, 6, 30, tzinfo=UTC)
    assert summer == datetime(2026, 3, 30, 5, 30, tzinfo=UTC)
    assert when.last(BEGIN, BEGIN) is None
    assert str(when) == "mon, wed at 07:30"


@pytest.mark.parametrize(
    "given",
    [
        (None, None, None), ("07:30", None, "1h"), ("25:00", None, None), ("7", None, None),
        ("07:30", "someday", None), (None, None, "1s"), (None, "mon", "1h"), (None, None, "soon"),
    ],
)  # fmt: skip
def test_times_that_are_none_are_refused(given: tuple[str | None, str | None, str | None]) -> None:
    with pytest.raises(UsageError, match=r"--at|--days|--every"):
        parse_when(*given)


def test_quiet_hours_go_past_midnight(local_time: None) -> None:
    quiet = parse_quiet("22:00-7:30")
    at = [datetime(2026, 1, 5, hour, 45, tzinfo=UTC) for hour in (5, 6, 7, 20, 21, 23)]
    assert [quiet.covers(moment) for moment in at] == [True, False, False, False, True, True]
    assert parse_quiet("12:00-14:00").covers(datetime(2026, 1, 5, 12, 0, tzinfo=UTC))
    with pytest.raises(UsageError, match="--quiet-hours"):
        parse_quiet("nights")


def test_items_are_bullets_or_all_of_it() -> None:
    assert items_of(answered("There are:\n- One\n 2. Two\n* Three\nand more")) == [
        "One", "Two", "Three",
    ]  # fmt: skip
    assert items_of(answered(" 42 ")) == ["42"]
    assert items_of(answered(None)) == []
    assert key_of("The  Pump, 5000 · 12 €") == key_of("the pump 5000 · 14 €")


def test_a_book_keeps_its_schedules(door: Door) -> None:
    book = Book(door)
    one = schedule(quiet=parse_quiet("22:00-07:00"), cap=Limits(usd=Decimal("0.5")))
    book.add(one)
    assert book.all() == [one]
    with pytest.raises(UsageError, match="already"):
        book.add(one)
    book.remove("news")
    assert book.all() == []
    with pytest.raises(UnknownName, match="no schedule 'news'"):
        book.remove("news")


def test_a_schedule_asks_here_what_a_run_asked(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [say(final("- The red pump\n- The blue pump"))]
    ask = ["ask", "--model", stub.model, "--strategy", "single", "--members", "1", "-q", "Which?"]
    assert run(ask) == 0
    assert run(["schedule", "add", "pumps", "last", "--every", "6h"]) == 0
    assert "run `manyminds schedule run` by cron" in capsys.readouterr().err
    book = Book(SqliteDoor(own_home / "schedules.sqlite"))
    one = book.named("pumps")
    book.remove("pumps")
    before = datetime.now(UTC) - timedelta(hours=7)
    book.add(replace(one, since=before.isoformat(timespec="seconds")))
    assert run(["schedule", "run"]) == 0
    assert "pumps: begun as" in capsys.readouterr().err
    name = book.slots("pumps")[0].run
    assert run(["attach", name, "-q"]) == 0
    assert run(["schedule", "run", "--json"]) == 0
    assert "2 new of 2" in capsys.readouterr().out
    assert run(["schedule", "show", "pumps"]) == 0
    assert "  - The red pump\n  - The blue pump" in capsys.readouterr().out
    assert run(["schedule", "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)["schedules"]
    assert (row["state"], row["new"]) == ("told", 2)
    assert run(["schedule"]) == 0
    assert "pumps  every 6:00:00  last" in capsys.readouterr().out
    assert run(["schedule", "remove", "pumps"]) == 0
    assert run(["schedule", "add", "pu mps", "last", "--every", "6h"]) == 2


def test_a_fleet_sees_to_its_schedules(stub: Stub, fleet_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setenv("MANYMINDS_FLEET", fleet_url)
    stub.behaviours = [say(final("- The red pump"))]
    ask = ["--model", stub.model, "--strategy", "single", "--members", "1", "Which?"]
    assert run(["ask", "--background", *ask]) == 0
    name = capsys.readouterr().out.strip()
    assert run(["schedule", "add", "pumps", name, "--every", "6h"]) == 0
    book = Book(PostgresDoor(fleet_url))
    one = book.named("pumps")
    book.remove("pumps")
    before = datetime.now(UTC) - timedelta(hours=7)
    book.add(replace(one, since=before.isoformat(timespec="seconds")))
    assert run(["schedule", "run"]) == 2
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen([sys.executable, "-m", "manyminds.cli", "worker"], stderr=log) as worker,
    ):
        for _ in range(600):
            if (slots := book.slots("pumps")) and slots[0].state == "told":
                break
            time.sleep(0.1)
        worker.terminate()
    [slot] = book.slots("pumps")
    assert (slot.state, slot.items) == ("told", ("The red pump",)), (tmp_path / "log").read_text()


def test_a_run_of_a_fleet_that_was_cancelled_unbegun_is_over(fleet_url: str, tmp_path: Path) -> None:  # fmt: skip
    with closing(Client(fleet_url)) as fleet:
        runs = RunsThere(tmp_path, fleet, 5)
        runs.begin("20260101-000000-abcdef", ORDER)
        assert runs.ended("20260101-000000-abcdef") is None
        assert fleet.call_off("20260101-000000-abcdef")
        asked = runs.ended("20260101-000000-abcdef")
        assert asked is not None
        assert (asked.answer.outcome, asked.cost.spend.tokens) == ("none", 0)
