"""Pages that were read, as they were read: what citations are spans of.

Within a run the first reading of a page stays: citations count in it.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from manyminds.tools.docs import store
from manyminds.tools.docs.passages import Passage
from manyminds.tools.docs.readers import Document
from manyminds.tools.web.fetch import Fetched
from manyminds.tools.web.pages import LISTS, Part, Read

__all__ = ["Source", "Sources"]

_PAGES = """
create table if not exists pages (address text primary key, title text, author text, date text,
    at text, hash text);
create table if not exists credits (address text primary key, said text);
"""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One page, as it was read."""

    address: str
    title: str
    author: str | None
    date: str | None
    """Of the page itself, where it tells one."""
    at: str
    """When it was read, ISO 8601."""
    hash: str
    """SHA-256 of its text."""
    credits: str | None = None
    """Where it says that it has its words from, a line each."""

    def told(self) -> dict[str, str | None]:
        """Return what evidence from this page says of it."""
        return {
            "title": self.title or None, "author": self.author, "date": self.date,
            "read_at": self.at, "credits": self.credits,
        }  # fmt: skip


class Sources:
    """The pages of one run, in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, fetched: Fetched, read: Read) -> tuple[str, ...]:
        """Keep a page's texts, once a run; return the names that they are cited by.

        A page that is there already stays as it is: who read it may have been cancelled after it
        was kept, and citations count in the first reading.

        Args:
            fetched: Where it is from, and when.
            read: What it says.
        """
        with closing(self._open()) as db, db:
            return _names(db, fetched.address) or _put(
                db, fetched.address, fetched.at.isoformat(), read
            )

    def __len__(self) -> int:
        """Count the pages."""
        if not self._path.exists():
            return 0
        with closing(self._open()) as db:
            return int(db.execute("select count(*) from pages").fetchone()[0])

    def packed(self, after: int = 0) -> list[bytes]:
        """Return the pages as bytes, in the order they were kept, less the first ones."""
        if not self._path.exists():
            return []
        with closing(self._open()) as db:
            rows = db.execute(
                "select address, title, author, date, at from pages order by rowid"
                " limit -1 offset ?",
                (after,),
            ).fetchall()
            return [
                json.dumps(
                    {
                        "address": row[0], "title": row[1], "author": row[2], "date": row[3],
                        "at": row[4], "parts": db.execute(
                            "select source, text from documents where path = ? order by rowid",
                            (row[0],),
                        ).fetchall(),
                        "credits": _credits(db, row[0]),
                    }
                ).encode()
                for row in rows
            ]  # fmt: skip

    def unpack(self, pages: Iterable[bytes]) -> None:
        """Keep pages that `packed` gave."""
        for page in pages:
            found = json.loads(page)
            parts = tuple(
                Part(name=source.removeprefix(found["address"]).removeprefix("#"), text=text)
                for source, text in found["parts"]
            )
            read = Read(
                title=found["title"], author=found["author"], date=found["date"], parts=parts,
                credits=tuple((found.get("credits") or "").splitlines()),
            )  # fmt: skip
            with closing(self._open()) as db, db:
                if not _names(db, found["address"]):
                    _put(db, found["address"], found["at"], read)

    def names(self, address: str) -> tuple[str, ...]:
        """Return the names that a page's texts are cited by; none where it was not read."""
        with closing(self._open()) as db:
            return _names(db, address)

    def about(self, name: str) -> Source | None:
        """Return what is known of a page; `None` where it was not read.

        Args:
            name: As it is cited by, a page of a PDF included.
        """
        with closing(self._open()) as db:
            row = db.execute(
                "select address, title, author, date, at, hash from pages where address = ?",
                (name.partition("#")[0],),
            ).fetchone()
            if row is None:
                return None
            return Source(
                address=row[0], title=row[1], author=row[2], date=row[3], at=row[4], hash=row[5],
                credits=_credits(db, row[0]),
            )  # fmt: skip

    def search(self, query: str, *, most: int, within: str | None = None) -> list[Passage]:
        """Return the passages that fit best, best first.

        Args:
            query: What is looked for.
            most: How many at most.
            within: Only in this page, or this page of a PDF.
        """
        with closing(self._open()) as db:
            return store.search(db, query, most=most, within=within)

    def passages(self, name: str, *, line: int = 1) -> Passage:
        """Return lines of one text.

        Raises:
            ToolRetry: If there is no such text or line.
        """
        with closing(self._open()) as db:
            return store.read(db, name, line=line)

    def text_of(self, name: str) -> str | None:
        """Return the text that offsets of citations count in."""
        with closing(self._open()) as db:
            return store.text_of(db, name)

    def _open(self) -> sqlite3.Connection:
        db = store.open_passages(self._path)
        db.executescript(_PAGES)
        return db


def _put(db: sqlite3.Connection, address: str, at: str, read: Read) -> tuple[str, ...]:
    digest = hashlib.sha256("\0".join(part.text for part in read.parts).encode()).hexdigest()
    names = tuple(f"{address}#{p.name}" if p.name else address for p in read.parts)
    documents = [
        (part.name, Document(source=name, text=part.text))
        for name, part in zip(names, read.parts, strict=True)
    ]
    store.add(db, [(address, document) for name, document in documents if name not in LISTS])
    for _, document in (pair for pair in documents if pair[0] in LISTS):
        store.keep(db, address, document)
    row = (address, read.title, read.author, read.date, at, digest)
    db.execute("insert into pages values (?, ?, ?, ?, ?, ?)", row)
    if read.credits:
        db.execute("insert into credits values (?, ?)", (address, "\n".join(read.credits)))
    return names


def _credits(db: sqlite3.Connection, address: str) -> str | None:
    row = db.execute("select said from credits where address = ?", (address,)).fetchone()
    return None if row is None else str(row[0])


def _names(db: sqlite3.Connection, address: str) -> tuple[str, ...]:
    rows = db.execute("select source from documents where path = ? order by rowid", (address,))
    return tuple(row[0] for row in rows)
