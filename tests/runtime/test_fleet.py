"""What machines share: who may write a run, what is kept of it, and what models may be asked."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from manyminds.core.errors import RecordError, RunTaken, UsageError
from manyminds.runtime.address import checked, shown
from manyminds.runtime.fleet import shared
from manyminds.runtime.fleet.database import Db, ready
from manyminds.runtime.fleet.outbox import Outbox
from manyminds.runtime.fleet.shared import Batch
from manyminds.runtime.fleet.slots import Slots, limits_of, set_limit

pytestmark = pytest.mark.anyio


@pytest.fixture
async def db(fleet_url: str) -> AsyncIterator[Db]:
    async with AsyncExitStack() as stack:
        db = await ready(fleet_url)
        stack.push_async_callback(db.close)
        await db.execute("insert into manyminds.run (run, order_json) values ('r', '{}')")
        for worker in ("a", "b"):
            await shared.beat(db, worker, "here")
        yield db


def batch(epoch: int, first: int, *lines: bytes, over: bool = False) -> Batch:
    return Batch(run="r", epoch=epoch, first=first, lines=lines, over=over)


async def test_a_run_is_had_by_one_worker_that_is_alive(db: Db) -> None:
    first = await shared.claim(db, "r", "a")
    assert first is not None
    assert (first.epoch, first.lines) == (1, ())
    assert await shared.claim(db, "r", "b") is None
    await shared.beat(db, "a", "here", lease_s=-1.0)
    assert "a" in await shared.dead(db)
    taken = await shared.claim(db, "r", "b")
    assert taken is not None
    assert taken.epoch == 2


async def test_who_was_given_up_for_dead_writes_nothing_more(db: Db) -> None:
    await shared.claim(db, "r", "a")
    assert await shared.append(db, [batch(1, 0, b"one\n")]) == {"r"}
    await shared.leave(db, "a")
    claim = await shared.claim(db, "r", "b")
    assert claim is not None
    assert claim.lines == (b"one\n",)
    assert await shared.append(db, [batch(1, 1, b"late\n", over=True)]) == set()
    assert await shared.append(db, [batch(2, 1, b"two\n")]) == {"r"}
    assert await shared.lines_of(db, "r") == (b"one\n", b"two\n")
    standing = await shared.standing(db, "r")
    assert standing is not None
    assert not standing.over


async def test_a_write_under_way_and_a_takeover_do_not_cross(db: Db, fleet_url: str) -> None:
    """The first writes while the second takes over: what it wrote is seen, or was refused."""
    others = [await ready(fleet_url) for _ in range(2)]
    seen = [0, 0]
    for turn in range(60):
        await db.execute("delete from manyminds.line")
        await db.execute("update manyminds.run set epoch = 1, worker = 'a', over = false")
        await shared.leave(db, "a")
        written, claim = await asyncio.gather(
            shared.append(others[turn % 2], [batch(1, n, b"line\n") for n in range(1)]),
            shared.claim(others[1 - turn % 2], "r", "b"),
        )
        assert claim is not None
        assert len(claim.lines) == len(written)
        assert await shared.lines_of(db, "r") == claim.lines
        seen[len(written)] += 1
    for other in others:
        await other.close()
    assert sum(seen) == 60


async def test_a_batch_whose_fate_was_unknown_is_sent_again_as_it_was(db: Db) -> None:
    await shared.claim(db, "r", "a")
    for _ in range(2):
        assert await shared.append(db, [batch(1, 0, b"one\n", b"two\n")]) == {"r"}
    assert await shared.lines_of(db, "r") == (b"one\n", b"two\n")


async def test_a_run_that_is_over_is_not_to_be_had(db: Db) -> None:
    await shared.claim(db, "r", "a")
    await shared.append(db, [batch(1, 0, b"end\n", over=True)])
    await shared.leave(db, "a")
    assert await shared.claim(db, "r", "b") is None
    assert await shared.dead(db) == ()


async def test_many_runs_share_a_transaction_and_wait_for_their_own(db: Db, fleet_url: str) -> None:
    outbox = Outbox(fleet_url)
    names = [f"r{n}" for n in range(20)]
    for name in names:
        await db.execute("insert into manyminds.run (run, order_json) values (%s, '{}')", (name,))
        await shared.claim(db, name, "a")
    parcels = [outbox.open(name, 1, 0) for name in names]

    async def work(n: int) -> None:
        for line in range(10):
            outbox.put(parcels[n], f"{line}\n".encode())
            await outbox.kept(parcels[n])
            assert len(await shared.lines_of(db, names[n])) == line + 1

    await asyncio.gather(*(work(n) for n in range(20)))
    await outbox.close()
    assert outbox.transactions < 200


async def test_a_worker_learns_that_its_run_was_taken(db: Db, fleet_url: str) -> None:
    outbox = Outbox(fleet_url)
    await shared.claim(db, "r", "a")
    parcel = outbox.open("r", 1, 0)
    await shared.leave(db, "a")
    await shared.claim(db, "r", "b")
    outbox.put(parcel, b"late\n")
    with pytest.raises(RunTaken):
        await outbox.kept(parcel)
    with pytest.raises(RunTaken):
        outbox.put(parcel, b"later\n")
    await outbox.close()
    assert await shared.lines_of(db, "r") == ()


async def test_lines_wait_while_the_database_is_away(db: Db, fleet_url: str) -> None:
    outbox = Outbox(fleet_url)
    await shared.claim(db, "r", "a")
    parcel = outbox.open("r", 1, 0)
    outbox.put(parcel, b"one\n")
    await outbox.kept(parcel)
    await db.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    outbox.put(parcel, b"two\n")
    await outbox.kept(parcel)
    await outbox.close()
    assert await shared.lines_of(db, "r") == (b"one\n", b"two\n")


async def test_pages_are_kept_once_and_before_what_cites_them(db: Db, fleet_url: str) -> None:
    outbox = Outbox(fleet_url)
    for name in ("r", "s"):
        await db.execute(
            "insert into manyminds.run (run, order_json) values (%s, '{}') on conflict do nothing",
            (name,),
        )
        await shared.claim(db, name, "a")
        pages = [b"page one", b"page two"]
        parcel = outbox.open(name, 1, 0, new_pages=lambda after, pages=pages: pages[after:])
        outbox.put(parcel, b"cites one\n")
        await outbox.kept(parcel)
        assert await shared.pages_of(db, name) == (b"page one", b"page two")
    await outbox.close()
    row = await (await db.execute("select count(*) from manyminds.page")).fetchone()
    assert row == (2,)


@pytest.mark.parametrize("at_once", [1, 3])
async def test_no_more_are_under_way_than_the_fleet_may_ask(db: Db, fleet_url: str, at_once: int) -> None:  # fmt: skip
    await set_limit(db, "m", at_once, None)
    workers = [Slots(fleet_url, name) for name in ("a", "b")]
    under_way, most = 0, 0

    async def ask(slots: Slots) -> None:
        nonlocal under_way, most
        slot = await slots.take("m")
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        await slots.give(slot)

    await asyncio.gather(*(ask(workers[n % 2]) for n in range(16)))
    assert most == at_once
    [limit] = await limits_of(db)
    assert limit.under_way == 0
    for slots in workers:
        await slots.close()


async def test_requests_keep_the_pace_of_the_fleet(db: Db, fleet_url: str) -> None:
    await set_limit(db, "m", None, 600)
    workers = [Slots(fleet_url, name) for name in ("a", "b")]
    began = time.monotonic()
    for n in range(6):
        await workers[n % 2].give(await workers[n % 2].take("m"))
    assert time.monotonic() - began >= 0.5  # 10 a second: the sixth begins after five tenths
    for slots in workers:
        await slots.close()


async def test_who_dies_with_a_slot_blocks_nobody(db: Db, fleet_url: str) -> None:
    await set_limit(db, "m", 1, None)
    dead, living = Slots(fleet_url, "a"), Slots(fleet_url, "b")
    assert await dead.take("m") is not None
    waiting = asyncio.create_task(living.take("m"))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await shared.leave(db, "a")
    assert await asyncio.wait_for(waiting, 2.0) is not None
    await shared.dead(db)
    rows = await (await db.execute("select worker from manyminds.slot")).fetchall()
    assert rows == [("b",)]
    await dead.close()
    await living.close()


async def test_a_wait_that_is_cancelled_takes_nothing(db: Db, fleet_url: str) -> None:
    await set_limit(db, "m", 5, 60)
    slots = Slots(fleet_url, "a")
    await slots.give(await slots.take("m"))
    waiting = asyncio.create_task(slots.take("m"))
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    [limit] = await limits_of(db)
    assert limit.under_way == 0
    await slots.close()


async def test_a_model_without_limits_costs_one_look(db: Db, fleet_url: str) -> None:
    slots = Slots(fleet_url, "a")
    assert [await slots.take("m") for _ in range(3)] == [None] * 3
    row = await (await db.execute("select count(*) from manyminds.slot")).fetchone()
    assert row == (0,)
    await slots.close()


def test_a_password_is_not_shown() -> None:
    url = "postgresql://me:secret@db.example:5432/many?password=secret&sslmode=require"
    assert shown(url) == "postgresql://me@db.example:5432/many?sslmode=require"
    with pytest.raises(UsageError, match="PostgreSQL"):
        checked("mysql://me:secret@db.example/many")


async def test_a_database_that_takes_no_more_ends_runs_and_hangs_none(db: Db, fleet_url: str) -> None:  # fmt: skip
    """Read-only here, since a disk that is full takes the whole server along."""
    name = fleet_url.rpartition("/")[2]
    await shared.claim(db, "r", "a")
    await db.execute(f'alter database "{name}" set default_transaction_read_only = on')
    outbox = Outbox(fleet_url)
    parcel = outbox.open("r", 1, 0)
    outbox.put(parcel, b"one\n")
    async with asyncio.timeout(10):
        with pytest.raises(RecordError, match="takes no more"):
            await outbox.kept(parcel)
    await db.execute(f'alter database "{name}" reset default_transaction_read_only')
    await db.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")  # fmt: skip
    later = outbox.open("r", 1, 0)
    outbox.put(later, b"one\n")
    async with asyncio.timeout(10):
        await outbox.kept(later)
    await outbox.close()
    assert await shared.lines_of(db, "r") == (b"one\n",)
