"""One small database for books that are kept: a file here, or the fleet's PostgreSQL."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol
from weakref import finalize

__all__ = ["Door", "Row", "SqliteDoor", "Statement"]

Row = tuple[object, ...]
Statement = tuple[str, Sequence[object]]


class Door(Protocol):
    """A database that takes statements, with ? for each value."""

    def do(self, *statements: Statement) -> list[list[Row]]:
        """Do them all in one transaction; return the rows of each."""
        ...


@dataclass
class SqliteDoor:
    """A file on this machine, held open: whoever closes it last has SQLite tidy it up."""

    path: Path
    _one: Lock = field(default_factory=Lock, repr=False)
    _open: "tuple[sqlite3.Connection, int] | None" = field(default=None, repr=False)
    """The connection, and the number of the file that it is to."""

    def do(self, *statements: Statement) -> list[list[Row]]:
        """Do them all in one transaction; return the rows of each."""
        with self._one:
            db = self._connected()
            db.execute("begin immediate")
            try:
                found = [db.execute(text, tuple(values)).fetchall() for text, values in statements]
                db.execute("commit")
            except BaseException:
                with suppress(sqlite3.Error):
                    db.execute("rollback")
                raise
            return found

    def _connected(self) -> sqlite3.Connection:
        """Return the connection; another one where the file is no longer the one it was."""
        if self._open is not None:
            db, number = self._open
            with suppress(FileNotFoundError):
                if self.path.stat().st_ino == number:
                    return db
            db.close()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        db = sqlite3.connect(self.path, timeout=30.0, isolation_level=None, check_same_thread=False)
        finalize(self, db.close)
        db.execute("pragma journal_mode = wal")
        self._open = (db, self.path.stat().st_ino)
        return db
