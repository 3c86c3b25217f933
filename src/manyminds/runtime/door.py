"""One small database for books that are kept: a file here, or the fleet's PostgreSQL."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["Door", "Row", "SqliteDoor", "Statement"]

Row = tuple[object, ...]
Statement = tuple[str, Sequence[object]]


class Door(Protocol):
    """A database that takes statements, with ? for each value."""

    def do(self, *statements: Statement) -> list[list[Row]]:
        """Do them all in one transaction; return the rows of each."""
        ...


@dataclass(frozen=True)
class SqliteDoor:
    """A file on this machine."""

    path: Path

    def do(self, *statements: Statement) -> list[list[Row]]:
        """Do them all in one transaction; return the rows of each."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(sqlite3.connect(self.path, timeout=30.0, isolation_level=None)) as db:
            db.execute("pragma journal_mode = wal")
            db.execute("begin immediate")
            found = [db.execute(text, tuple(values)).fetchall() for text, values in statements]
            db.execute("commit")
            return found
