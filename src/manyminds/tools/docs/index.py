"""A folder's documents in one SQLite file; how passages are found stands in `store`."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from manyminds.core.errors import UsageError
from manyminds.tools.docs import store
from manyminds.tools.docs.apart import TAKES
from manyminds.tools.docs.lance import LanceFinder, installed
from manyminds.tools.docs.passages import LENGTH, Passage
from manyminds.tools.docs.readers import (
    MAX_FILES,
    MOST_FILES,
    Document,
    LeftOut,
    has_more_files,
    list_files,
    read_files,
)

__all__ = ["DocsIndex"]

_LAYOUT = 4
"""Of the file: a folder that was indexed in another one is indexed anew."""
_BATCH = 64
"""Files that are put in at once."""
_Changed = tuple[str, str, list[Document] | LeftOut]
"""Name, mark, and what it says or why it is left out."""
_FILES = "create table if not exists files (path text primary key, mark text, why text);"


class DocsIndex:
    """A folder's documents, indexed; files that did not change are not read again."""

    def __init__(
        self, folder: Path, cache: Path, *, length: int = LENGTH, vectors: float = store.VECTORS
    ) -> None:
        """Name the folder, and how its passages are cut and found (see `store`).

        Raises:
            UsageError: If there is no such folder.
        """
        root = folder.expanduser().resolve()
        if not root.is_dir():
            raise UsageError(f"--docs {folder}: there is no such folder")
        self.folder = root
        self._length, self._vectors = length, vectors
        name = hashlib.sha256(str(root).encode()).hexdigest()[:16]
        if length != LENGTH:
            name += f".{length}"
        # Very large folders are searched by an index on disk, where its package is there.
        self._finder: LanceFinder | None = None
        kind = ""
        if installed() and has_more_files(root, MAX_FILES):
            kind = ".lance"
            self._finder = LanceFinder(cache / "docs" / f"{name}.{_LAYOUT}{kind}")
        self._path = cache / "docs" / f"{name}.{_LAYOUT}{kind}.sqlite"

    def refresh(self) -> tuple[int, tuple[LeftOut, ...]]:
        """Bring the index up to date; return how many files it holds and what was left out.

        Raises:
            UsageError: If the folder holds nothing that can be read.
        """
        with closing(self._open()) as db:
            listed: list[tuple[str, str, str | None]] = db.execute("select * from files").fetchall()
            # What was left out may be readable now: a package may have come. A bomb stays one.
            known = {p: mark for p, mark, why in listed if why is None or why.startswith(TAKES)}
            seen: set[str] = set()
            passed_over: list[LeftOut] = []
            changed = self._changed(known, seen, passed_over)
            before, stale = {path for path, _, _ in listed}, False
            while batch := list(islice(changed, _BATCH)):
                stale = stale or any(name in before for name, _, _ in batch)
                # A batch at a time: others that write wait no longer than that, and a run that
                # is ended keeps what it has read.
                with db:
                    _keep(db, batch, self._finder, self._length)
            gone = before - seen
            with db:
                for path in gone:
                    _forget(db, path, self._finder)
            if gone or stale:
                store.wipe(db)
            if self._finder is not None:
                self._finder.tidy()
            rows: list[tuple[str, str | None]] = db.execute(
                "select path, why from files"
            ).fetchall()
        unread = [LeftOut(path=path, why=why) for path, why in rows if why is not None]
        left_out = (*unread, *passed_over)
        read = len(rows) - len(unread)
        if read == 0:
            why = "; ".join(f"{item.path}: {item.why}" for item in left_out[:3])
            raise UsageError(
                f"--docs {self.folder}: nothing to read there"
                + (f" ({why})" if why else "; it takes Markdown, text, HTML, PDF and Office files")
            )
        return read, left_out

    def search(self, query: str, *, most: int = 3) -> list[Passage]:
        """Return the passages that fit best, best first."""
        with closing(self._open()) as db:
            return store.search(db, query, most=most, vectors=self._vectors, finder=self._finder)

    def read(self, source: str, *, line: int = 1, lines: int = 60) -> Passage:
        """Return lines of one document.

        Raises:
            ToolRetry: If there is no such document or line.
        """
        with closing(self._open()) as db:
            return store.read(db, source, line=line, lines=lines)

    def drop(self) -> None:
        """Delete the index, with all it says of the documents."""
        for ending in ("", "-wal", "-shm"):
            Path(f"{self._path}{ending}").unlink(missing_ok=True)

    def text_of(self, source: str) -> str | None:
        """Return the stored text that offsets of `source` count in."""
        with closing(self._open()) as db:
            return store.text_of(db, source)

    def _open(self) -> sqlite3.Connection:
        db = store.open_passages(self._path)
        if db.execute("select 1 from sqlite_master where name = 'files'").fetchone() is None:
            # So that a search need not wait for a process that indexes.
            db.execute("pragma journal_mode = wal")
            db.executescript(_FILES)
        return db

    def _changed(
        self, known: Mapping[str, str], seen: set[str], passed_over: list[LeftOut]
    ) -> Iterator[_Changed]:
        """Yield the files that are new or changed, with their marks and what they say."""
        marks: dict[Path, str] = {}
        most = MAX_FILES if self._finder is None else MOST_FILES
        for path in list_files(self.folder, passed_over, most=most):
            name = path.relative_to(self.folder).as_posix()
            seen.add(name)
            mark = _mark(path)
            if known.get(name) != mark:
                marks[path] = mark
        for path, found in read_files(marks, self.folder):
            yield path.relative_to(self.folder).as_posix(), marks[path], found


def _keep(
    db: sqlite3.Connection, changed: Sequence[_Changed], finder: LanceFinder | None, length: int
) -> None:
    """Put files in; what they were is forgotten."""
    documents: list[tuple[str, Document]] = []
    for name, mark, found in changed:
        _forget(db, name, finder)
        why = found.why if isinstance(found, LeftOut) else None
        db.execute("insert or replace into files values (?, ?, ?)", (name, mark, why))
        if not isinstance(found, LeftOut):
            documents += [(name, document) for document in found]
    store.add(db, documents, length=length, finder=finder)


def _mark(path: Path) -> str:
    try:
        status = path.stat()
    except OSError as error:
        return f"unreadable: {error.errno}"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_mode}"


def _forget(db: sqlite3.Connection, path: str, finder: LanceFinder | None) -> None:
    store.forget(db, path, finder=finder)
    db.execute("delete from files where path = ?", (path,))
