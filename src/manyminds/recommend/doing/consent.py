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

__all__ = ["LASTS_S", "Consent", "Refusal", "Taken"]

LASTS_S = 300.0
"""A yes is good for so long: prices and tables change."""
Refusal = Literal["not asked", "another act", "used", "expired", "another dialogue"]
_SCHEMA = """
create table if not exists yes (
    digest text, dialogue text, given real, until real, used real,
    primary key (digest, dialogue, given)
);
create table if not exists done (
    digest text, dialogue text, at real, state text, said text, primary key (digest, dialogue)
);
"""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Whether an act may happen now."""

    allowed: bool
    refusal: Refusal | None = None


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

    def begin(self, action: Action, dialogue: str) -> bool:
        """Write down that an act begins; say whether it had not begun before.

        An act that has begun once is not begun again: after a crash somebody has to look first.
        """
        with closing(self._open()) as db, db:
            found = db.execute(
                "insert or ignore into done values (?, ?, ?, 'begun', '')",
                (action.digest, dialogue, self._clock()),
            )
            return found.rowcount == 1

    def end(self, action: Action, dialogue: str, said: str, *, known: bool = True) -> None:
        """Write down how an act ended; `known` is whether its receipt was seen."""
        with closing(self._open()) as db, db:
            db.execute(
                "update done set state = ?, said = ?, at = ? where digest = ? and dialogue = ?",
                ("done" if known else "unknown", said, self._clock(), action.digest, dialogue),
            )

    def state(self, action: Action, dialogue: str) -> Literal["new", "begun", "done", "unknown"]:
        """Return how far an act has come."""
        with closing(self._open()) as db:
            row = db.execute(
                "select state from done where digest = ? and dialogue = ?",
                (action.digest, dialogue),
            ).fetchone()
        return "new" if row is None else row[0]

    def forget(self, action: Action, dialogue: str) -> None:
        """Say that an act did not happen after all: somebody has looked."""
        with closing(self._open()) as db, db:
            db.execute(
                "delete from done where digest = ? and dialogue = ?", (action.digest, dialogue)
            )

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
