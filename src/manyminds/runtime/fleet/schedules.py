"""The fleet's schedules: their book in its database, seen to by one worker at a time."""

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString, cast

import psycopg

from manyminds.core.errors import ProviderError
from manyminds.runtime.address import shown
from manyminds.runtime.door import Row, Statement
from manyminds.runtime.fleet.client import Client
from manyminds.runtime.later import RunsThere
from manyminds.runtime.schedules.book import Book
from manyminds.runtime.schedules.digest import Digests, told

__all__ = ["PostgresDoor", "tick"]

PRIORITY = 8
"""Of runs that nobody waits for."""
_LOCK = 4_211_020_602
"""Whoever sees to the schedules holds it."""


@dataclass(frozen=True)
class PostgresDoor:
    """The fleet's database."""

    url: str

    def do(self, *statements: Statement) -> list[list[Row]]:
        """Do them all in one transaction; return the rows of each.

        Raises:
            ProviderError: If it cannot be reached.
        """
        try:
            with psycopg.connect(self.url, connect_timeout=10) as db:
                db.execute("set local search_path to manyminds")
                return [_done(db, statement) for statement in statements]
        except psycopg.OperationalError as error:
            why = " ".join(str(error).split())
            raise ProviderError(f"{shown(self.url)} cannot be reached: {why}") from None


def _done(db: "psycopg.Connection[tuple[object, ...]]", statement: Statement) -> list[Row]:
    text, values = statement
    # Of our own book, with values apart.
    done = db.execute(cast("LiteralString", text.replace("?", "%s")), tuple(values))
    return done.fetchall() if done.description else []


def tick(url: str, data: Path) -> list[str]:
    """See to what is due now, unless another worker is at that; return what was done."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as db:
        row = db.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        if row != (True,):
            return []
        with closing(Client(url)) as fleet:
            runs = RunsThere(data, fleet, PRIORITY)
            digests = Digests(book=Book(PostgresDoor(url)), runs=runs, tell=told)
            return digests.tick(datetime.now(UTC))
