"""Runs that machines share: who may write one, and what is written of it.

Whoever takes a run up counts its epoch up by one. Lines are taken from the newest epoch alone, in
the same transaction that looks at it, so a worker that was given up for dead writes nothing more.
A worker is alive until its row says so, which it moves on every few seconds.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.runtime.elsewhere import Standing
from manyminds.runtime.fleet.database import Db

__all__ = ["Batch", "Claim", "append", "beat", "claim", "leave", "lines_of", "said_to"]

LEASE_S = 8.0
"""How long a worker that says nothing is believed to be alive."""
BEAT_S = 2.0

_ALIVE = (
    "(select 1 from manyminds.worker w where w.worker = r.worker and w.until > clock_timestamp())"
)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A run that is ours to work, until somebody takes it up after us."""

    run: str
    epoch: int
    order_json: str
    lines: tuple[bytes, ...]
    """Its transcript, with newlines."""
    pages: tuple[bytes, ...]
    """Pages that it had read, as `Sources` packs them."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What is new of one run."""

    run: str
    epoch: int
    first: int
    """The number of the first line."""
    lines: Sequence[bytes]
    first_page: int = 0
    pages: Sequence[tuple[str, bytes]] = ()
    """Hash and page."""
    over: bool = False
    """Whether the last line ends the run."""


async def beat(db: Db, worker: str, host: str, *, lease_s: float = LEASE_S) -> None:
    """Say that a worker is alive."""
    await db.execute(
        "insert into manyminds.worker"
        " values (%s, %s, clock_timestamp() + make_interval(secs => %s))"
        " on conflict (worker) do update set until = excluded.until",
        (worker, host, lease_s),
    )


async def leave(db: Db, worker: str) -> None:
    """Say that a worker is gone: its runs may be taken up at once."""
    await db.execute("delete from manyminds.worker where worker = %s", (worker,))


async def dead(db: Db) -> tuple[str, ...]:
    """Return the workers that may hold something and are alive no more."""
    await db.execute(
        "delete from manyminds.worker where until < clock_timestamp() - interval '1 hour'"
    )
    await db.execute(
        "delete from manyminds.slot s where not exists"
        " (select 1 from manyminds.worker w where w.worker = s.worker)"
    )
    rows = await (
        await db.execute(
            "select distinct r.worker from manyminds.run r"
            f" where not r.over and r.worker is not null and not exists {_ALIVE}"
            " union select worker from manyminds.worker where until < clock_timestamp()"
        )
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


async def alive(db: Db) -> dict[str, str]:
    """Return the workers that are alive, with their machines."""
    rows = await (
        await db.execute(
            "select worker, host from manyminds.worker where until > clock_timestamp() order by 1"
        )
    ).fetchall()
    return {str(name): str(host) for name, host in rows}


async def claim(db: Db, run: str, worker: str) -> Claim | None:
    """Make a run ours; `None` where it is over, or another worker that is alive has it."""
    row = await (
        await db.execute(
            "update manyminds.run r set epoch = epoch + 1, worker = %s, why = null"
            " where run = %s and not over and (r.worker is null or r.worker = %s"
            f" or not exists {_ALIVE}) returning epoch, order_json",
            (worker, run, worker),
        )
    ).fetchone()
    if row is None:
        return None
    return Claim(
        run=run, epoch=int(row[0]), order_json=str(row[1]), lines=await lines_of(db, run),
        pages=await pages_of(db, run),
    )  # fmt: skip


async def let_go(db: Db, run: str, epoch: int, why: str | None) -> None:
    """Give a run back, and say why it could not be worked."""
    await db.execute(
        "update manyminds.run set worker = null, why = %s where run = %s and epoch = %s",
        (why, run, epoch),
    )


_APPEND = """
with held as (
    select r.run from manyminds.run r
    join unnest(%(runs)s::text[], %(epochs)s::bigint[]) as mine(run, epoch)
        on r.run = mine.run and r.epoch = mine.epoch
    for share of r
), pages as (
    insert into manyminds.page select distinct on (hash) hash, page
    from unnest(%(hashes)s::text[], %(pages)s::bytea[]) as new(hash, page)
    on conflict do nothing
), run_pages as (
    insert into manyminds.run_page select new.run, new.number, new.hash
    from unnest(%(page_runs)s::text[], %(page_numbers)s::int[], %(hashes)s::text[])
        as new(run, number, hash) join held using (run)
    on conflict do nothing
), lines as (
    insert into manyminds.line select new.run, new.number, new.line
    from unnest(%(line_runs)s::text[], %(numbers)s::int[], %(lines)s::text[])
        as new(run, number, line) join held using (run)
    on conflict do nothing
), ended as (
    update manyminds.run r set over = true, worker = null from held
    where r.run = held.run and r.run = any(%(over)s)
)
select run from held
"""
# Rows that are there already are ours: a batch whose fate was unknown is sent again as it was.


async def append(db: Db, batches: Sequence[Batch]) -> set[str]:
    """Write what is new of many runs in one transaction; return the runs that are ours still.

    Of the others nothing was written.
    """
    lines = [(b.run, b.first + n, line) for b in batches for n, line in enumerate(b.lines)]
    pages = [(b.run, b.first_page + n, *page) for b in batches for n, page in enumerate(b.pages)]
    given = {
        "runs": [b.run for b in batches],
        "epochs": [b.epoch for b in batches],
        "over": [b.run for b in batches if b.over],
        "line_runs": [run for run, _, _ in lines],
        "numbers": [number for _, number, _ in lines],
        "lines": [line.decode() for _, _, line in lines],
        "page_runs": [run for run, _, _, _ in pages],
        "page_numbers": [number for _, number, _, _ in pages],
        "hashes": [digest for _, _, digest, _ in pages],
        "pages": [page for _, _, _, page in pages],
    }
    rows = await (await db.execute(_APPEND, given)).fetchall()
    return {str(row[0]) for row in rows}


async def lines_of(db: Db, run: str, after: int = 0) -> tuple[bytes, ...]:
    """Return the lines of a run's transcript, less the first ones."""
    rows = await (
        await db.execute(
            "select line from manyminds.line where run = %s and number >= %s order by number",
            (run, after),
        )
    ).fetchall()
    return tuple(str(row[0]).encode() for row in rows)


async def pages_of(db: Db, run: str, after: int = 0) -> tuple[bytes, ...]:
    """Return the pages that a run had read, less the first ones, as `Sources` packs them."""
    rows = await (
        await db.execute(
            "select p.page from manyminds.run_page r join manyminds.page p using (hash)"
            " where r.run = %s and r.number >= %s order by r.number",
            (run, after),
        )
    ).fetchall()
    return tuple(bytes(row[0]) for row in rows)


async def say(db: Db, run: str, line: str) -> None:
    """Say something to a run: a line as `steer` writes it, with a name of its own."""
    await db.execute(
        "insert into manyminds.said (run, id, line) values (%s, %s, %s) on conflict do nothing",
        (run, json.loads(line)["id"], line),
    )


async def said_to(db: Db, worker: str) -> dict[str, list[str]]:
    """Return all that was said to the runs of a worker."""
    rows = await (
        await db.execute(
            "select s.run, s.line from manyminds.said s join manyminds.run r using (run)"
            " where r.worker = %s and not r.over order by s.at",
            (worker,),
        )
    ).fetchall()
    told: dict[str, list[str]] = {}
    for run, line in rows:
        told.setdefault(str(run), []).append(str(line))
    return told


async def standing(db: Db, run: str) -> Standing | None:
    """Return how a run stands; `None`: there is none of that name."""
    row = await (
        await db.execute(
            f"select case when exists {_ALIVE} then r.worker end, r.over, r.why, r.epoch,"
            " (select count(*) from manyminds.line l where l.run = r.run)"
            " from manyminds.run r where r.run = %s",
            (run,),
        )
    ).fetchone()
    if row is None:
        return None
    return Standing(
        run=run, worker=row[0], over=bool(row[1]), why=row[2], epoch=int(row[3]), lines=int(row[4])
    )


async def names(db: Db, part: str, limit: int = 100) -> tuple[str, ...]:
    """Return the runs that have a text in their names, newest first."""
    rows = await (
        await db.execute(
            "select run from manyminds.run where position(%s in run) > 0 order by at desc limit %s",
            (part, limit),
        )
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


async def order_of(db: Db, run: str) -> str:
    """Return what a run was asked to do."""
    row = await (
        await db.execute("select order_json from manyminds.run where run = %s", (run,))
    ).fetchone()
    return "" if row is None else str(row[0])


async def wanted_again(db: Db, run: str) -> int:
    """Forget why a run could not be worked, and return its priority."""
    row = await (
        await db.execute(
            "update manyminds.run set why = null where run = %s returning priority", (run,)
        )
    ).fetchone()
    return 1 if row is None else int(row[0])


async def counts(db: Db) -> dict[str, int]:
    """Return how many runs there are of each state."""
    rows = await (
        await db.execute(
            "select case when r.over then 'finished' when r.why is not null then 'unfinished'"
            f" when exists {_ALIVE} then 'working' else 'queued' end, count(*)"
            " from manyminds.run r group by 1"
        )
    ).fetchall()
    return {str(state): int(count) for state, count in rows}


async def end_unbegun(db: Db, run: str) -> bool:
    """End a run that nobody has begun; say whether it was one."""
    row = await (
        await db.execute(
            "update manyminds.run set over = true, why = 'cancelled'"
            " where run = %s and not over and epoch = 0 returning run",
            (run,),
        )
    ).fetchone()
    return row is not None
