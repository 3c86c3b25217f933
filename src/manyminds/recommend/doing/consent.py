"""Yes to one exact act: kept on disk, used up once, over after a while, of one dialogue.

There is no yes to "all of this" and none that is older than its time: what is not there is no.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import ASKED, Action

__all__ = ["LASTS_S", "MINE_LASTS_S", "Consent", "Past", "Refusal", "Taken"]

LASTS_S = 300.0
"""A yes is good for so long: prices and tables change."""
MINE_LASTS_S = 43_200.0
"""What the person has done themselves, as signing in, is taken for done for so long."""
Refusal = Literal["not asked", "another act", "used", "expired", "another dialogue"]
_SCHEMA = """
create table if not exists yes (
    digest text, dialogue text, given real, until real, used real,
    primary key (digest, dialogue, given)
);
create table if not exists shown (digest text, dialogue text, at real);
create table if not exists mine (
    dialogue text, step text, paused real, done real, primary key (dialogue, step)
);
create table if not exists done (dialogue text primary key, digest text, at real, state text,
    said text, marks integer);
"""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Whether an act may happen now."""

    allowed: bool
    refusal: Refusal | None = None


@dataclass(frozen=True, kw_only=True)
class Past:
    """An act that has begun."""

    done: bool
    said: str
    marks: int | None


class Consent:
    """What one person has said yes to, and which acts have begun.

    Args:
        path: File it is kept in.
        clock: Seconds since 1970.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float]) -> None:
        self._path, self._clock = path, clock
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(self._open()) as db:
            db.executescript(_SCHEMA)

    def give(self, action: Action, dialogue: str, *, seconds: float = LASTS_S) -> None:
        """Keep a yes: the person has seen the card of this act and agreed to it.

        Raises:
            UsageError: If the act needs none, or the time is not a positive one.
        """
        if action.kind not in ASKED:
            raise UsageError(f"{action.kind} needs no yes")
        if not 0 < seconds <= 86_400:
            raise UsageError(f"a yes lasts 1 to 86,400 seconds, not {seconds:g}")
        now = self._clock()
        with closing(self._open()) as db, db:
            db.execute(
                "insert or replace into yes values (?, ?, ?, ?, null)",
                (action.digest, dialogue, now, now + seconds),
            )

    def take(self, action: Action, dialogue: str) -> Taken:
        """Use a yes up, right before the act; without one the act may not happen.

        What needs none is allowed. Of two that take the same yes at once one gets it.
        """
        if action.kind not in ASKED:
            return Taken(allowed=True)
        now = self._clock()
        with closing(self._open()) as db, db:
            db.execute("begin immediate")
            rows: list[tuple[int, float, float | None]] = db.execute(
                "select rowid, until, used from yes where digest = ? and dialogue = ? "
                "order by given desc",
                (action.digest, dialogue),
            ).fetchall()
            for rowid, until, used in rows:
                if used is None and now < until:
                    db.execute("update yes set used = ? where rowid = ?", (now, rowid))
                    return Taken(allowed=True)
            return Taken(allowed=False, refusal=self._why(db, action, dialogue, rows))

    def revoke(self, dialogue: str) -> int:
        """Take back every yes of a dialogue that was not used; return how many there were."""
        with closing(self._open()) as db, db:
            found = db.execute("delete from yes where dialogue = ? and used is null", (dialogue,))
            return found.rowcount

    def show(self, action: Action, dialogue: str) -> None:
        """Write down that a person is shown the card of an act now."""
        with closing(self._open()) as db, db:
            now = self._clock()
            db.execute("insert into shown values (?, ?, ?)", (action.digest, dialogue, now))

    def agree(self, digest: str, action: Action, dialogue: str) -> bool:
        """Keep a yes that names an act by its whole digest; say whether it is one.

        It is one only for an act whose card was shown a moment ago, and once for each showing.
        """
        with closing(self._open()) as db, db:
            found = db.execute(
                "delete from shown where digest = ? and dialogue = ? and at > ?",
                (digest, dialogue, self._clock() - LASTS_S),
            )
            known = found.rowcount > 0 and digest == action.digest
        if known:
            self.give(action, dialogue)
        return known

    def begin(self, action: Action, dialogue: str, *, marks: int | None) -> bool:
        """Write down that the act of a dialogue begins; say whether none had begun before.

        Args:
            action: The act.
            dialogue: It has one act; what has begun once is not begun again.
            marks: How often the plan's mark stood there before; `None` where it cannot be seen.
        """
        with closing(self._open()) as db, db:
            found = db.execute(
                "insert or ignore into done values (?, ?, ?, 'begun', '', ?)",
                (dialogue, action.digest, self._clock(), marks),
            )
            return found.rowcount == 1

    def end(self, dialogue: str, said: str) -> None:
        """Write down that the act of a dialogue is done, by what the site said."""
        with closing(self._open()) as db, db:
            db.execute(
                "update done set state = 'done', said = ?, at = ? where dialogue = ?",
                (said, self._clock(), dialogue),
            )

    def past(self, dialogue: str) -> Past | None:
        """Return how far the act of a dialogue has come; `None` where it has not begun."""
        with closing(self._open()) as db:
            row = db.execute(
                "select state, said, marks from done where dialogue = ?", (dialogue,)
            ).fetchone()
        return None if row is None else Past(done=row[0] == "done", said=row[1], marks=row[2])

    def pause(self, dialogue: str, step: str) -> bool:
        """Write down that a plan waits at a step that is the person's, unless they have done it.

        Args:
            dialogue: What the plan is part of.
            step: Names the step of just this plan: of another one nothing is known to be done.

        Returns:
            Whether it waits. What they did holds for half a day: who is signed in is not for ever.
        """
        now = self._clock()
        with closing(self._open()) as db, db:
            db.execute(
                "insert into mine values (?, ?, ?, null) on conflict do update set paused = ?",
                (dialogue, step, now, now),
            )
            [done] = db.execute(
                "select done from mine where dialogue = ? and step = ?", (dialogue, step)
            ).fetchone()
        return done is None or done < now - MINE_LASTS_S

    def mine_done(self, dialogue: str) -> bool:
        """Keep the person's word that they have done the step that a plan waits at, and no other.

        Returns:
            Whether it waited for anything.
        """
        now = self._clock()
        with closing(self._open()) as db, db:
            found = db.execute(
                "update mine set done = ? where rowid = (select rowid from mine where dialogue = ? "
                "order by paused desc, rowid desc limit 1) and coalesce(done, 0) < ?",
                (now, dialogue, now - MINE_LASTS_S),
            )
            return found.rowcount == 1

    def forget(self, dialogue: str) -> bool:
        """Say that an act that had begun did not happen: the person has looked themselves."""
        with closing(self._open()) as db, db:
            found = db.execute(
                "delete from done where dialogue = ? and state != 'done'", (dialogue,)
            )
            db.execute("delete from mine where dialogue = ?", (dialogue,))
            return found.rowcount == 1

    def _why(
        self, db: sqlite3.Connection, action: Action, dialogue: str,
        rows: list[tuple[int, float, float | None]],
    ) -> Refusal:  # fmt: skip
        if rows:
            return "used" if any(used is not None for _, _, used in rows) else "expired"
        elsewhere = db.execute("select 1 from yes where digest = ?", (action.digest,)).fetchone()
        if elsewhere is not None:
            return "another dialogue"
        here = db.execute("select 1 from yes where dialogue = ?", (dialogue,)).fetchone()
        return "another act" if here is not None else "not asked"

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")
        return db
