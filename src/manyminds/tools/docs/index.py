"""One SQLite file per folder: full-text search (BM25) and vectors, fused by rank.

Fusion: reciprocal rank, k = 60. Source: Cormack, Clarke, Buettcher 2009, Reciprocal Rank Fusion.
Vectors are static word vectors that come inside the `wordllama` package; where it is not
installed, full-text search alone answers.
"""

import hashlib
import importlib.util
import logging
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cache as remember
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt

from manyminds.core.errors import ToolRetry, UsageError
from manyminds.tools.docs.passages import Passage, cut
from manyminds.tools.docs.readers import Document, LeftOut, list_files, read_file

__all__ = ["DocsIndex"]

_K = 60
_CANDIDATES = 30
READ_CHARACTERS = 8_000
"""Most of a document that one reading shows."""
_WORD = re.compile(r"\w+")
_STOP = frozenset((
    "a", "an", "the", "of", "in", "on", "at", "to", "for", "and", "or", "is", "are", "was",
    "were", "be", "do", "does", "did", "what", "which", "who", "whom", "when", "where", "why",
    "how", "that", "this", "these", "those", "it", "its", "with", "by", "from", "as",
))  # fmt: skip
Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

_SCHEMA = """
create table if not exists files (path text primary key, mark text, why text);
create table if not exists documents (source text primary key, path text, text text);
create table if not exists passages (id integer primary key, path text, source text, start integer,
    end integer, line_start integer, line_end integer, heading text, text text, vector blob);
create virtual table if not exists words using fts5 (text, tokenize = "porter unicode61");
"""


@remember
def embedder() -> Embed | None:
    """Return the offline embedding function; `None` where its package is not installed."""
    spec = importlib.util.find_spec("wordllama")
    if spec is None or spec.origin is None:
        return None
    # Its own default looks in a folder the wheel does not have, and then on the network.
    place = Path(spec.origin).parent
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    model = import_module("wordllama").WordLlama.load(cache_dir=place, disable_download=True)
    # Importing it sets up the root logger, which is not a library's to do: put it back.
    root.handlers, root.level = handlers, level

    def embed(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.asarray(model.embed(list(texts), norm=True), dtype=np.float32)

    return embed


class DocsIndex:
    """A folder's documents, indexed; files that did not change are not read again."""

    def __init__(self, folder: Path, cache: Path) -> None:
        root = folder.expanduser().resolve()
        if not root.is_dir():
            raise UsageError(f"--docs {folder}: there is no such folder")
        self.folder = root
        name = hashlib.sha256(str(root).encode()).hexdigest()[:16]
        self._path = cache / "docs" / f"{name}.sqlite"
        self._path.parent.mkdir(parents=True, exist_ok=True)

    def refresh(self) -> tuple[int, tuple[LeftOut, ...]]:
        """Bring the index up to date; return how many files it holds and what was left out.

        Raises:
            UsageError: If the folder holds nothing that can be read.
        """
        with closing(self._open()) as db, db:
            known = dict(db.execute("select path, mark from files").fetchall())
            seen: set[str] = set()
            passed_over: list[LeftOut] = []
            for path in list_files(self.folder, passed_over):
                name = path.relative_to(self.folder).as_posix()
                mark = _mark(path)
                seen.add(name)
                if known.get(name) != mark:
                    self._take(db, path, name, mark)
            for gone in set(known) - seen:
                _forget(db, gone)
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
                + (f" ({why})" if why else "; it takes Markdown, text, HTML, PDF and Word files")
            )
        return read, left_out

    def search(self, query: str, *, most: int = 3) -> list[Passage]:
        """Return the passages that fit best, best first."""
        with closing(self._open()) as db:
            ranks = [_by_words(db, query), _by_vector(db, query)]
            scores: dict[int, float] = {}
            for ranked in ranks:
                for rank, id_ in enumerate(ranked):
                    scores[id_] = scores.get(id_, 0.0) + 1 / (_K + rank)
            best = sorted(scores, key=lambda id_: -scores[id_])[:most]
            return [_passage(db, id_) for id_ in best]

    def read(self, source: str, *, line: int = 1, lines: int = 60) -> Passage:
        """Return lines of one document.

        Raises:
            ToolRetry: If there is no such document or line.
        """
        with closing(self._open()) as db:
            row = db.execute("select text from documents where source = ?", (source,)).fetchone()
            if row is None:
                like = db.execute(
                    "select source from documents where source like ? limit 3",
                    (f"%{source[:40]}%",),
                ).fetchall()
                names = [r[0] for r in like] or [
                    r[0] for r in db.execute("select source from documents limit 5").fetchall()
                ]
                raise ToolRetry(f"no document {source!r}; there are: {', '.join(names)}")
        text: str = row[0]
        starts = [0, *(m.end() for m in re.finditer("\n", text))]
        if not 1 <= line <= len(starts):
            raise ToolRetry(f"{source} has {len(starts)} lines")
        last = min(line + lines - 1, len(starts))
        start = starts[line - 1]
        end = min(starts[last] if last < len(starts) else len(text), start + READ_CHARACTERS)
        last = line + text.count("\n", start, max(start, end - 1))
        return Passage(
            source=source, start=start, end=end, line_start=line, line_end=last, heading="",
            text=text[start:end],
        )  # fmt: skip

    def text_of(self, source: str) -> str | None:
        """Return the stored text that offsets of `source` count in."""
        with closing(self._open()) as db:
            row = db.execute("select text from documents where source = ?", (source,)).fetchone()
        return None if row is None else str(row[0])

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=30)
        db.executescript(_SCHEMA)
        return db

    def _take(self, db: sqlite3.Connection, path: Path, name: str, mark: str) -> None:
        _forget(db, name)
        found = read_file(path, self.folder)
        why = found.why if isinstance(found, LeftOut) else None
        db.execute("insert into files values (?, ?, ?)", (name, mark, why))
        if not isinstance(found, LeftOut):
            for document in found:
                _add(db, name, document)


def _mark(path: Path) -> str:
    try:
        status = path.stat()
    except OSError as error:
        return f"unreadable: {error.errno}"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_mode}"


def _forget(db: sqlite3.Connection, path: str) -> None:
    db.execute("delete from words where rowid in (select id from passages where path = ?)", (path,))
    for table in ("passages", "documents", "files"):
        db.execute(f"delete from {table} where path = ?", (path,))


def _add(db: sqlite3.Connection, path: str, document: Document) -> None:
    db.execute(
        "insert or replace into documents values (?, ?, ?)", (document.source, path, document.text)
    )
    passages = list(cut(document))
    # What a passage stands under is searched with it: a table rarely repeats its own title.
    shown = [f"{document.source} › {p.heading}\n{p.text}" for p in passages]
    embed = embedder()
    vectors = [None] * len(shown) if embed is None or not shown else list(embed(shown))
    for passage, text, vector in zip(passages, shown, vectors, strict=True):
        row = db.execute(
            "insert into passages values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                path, passage.source, passage.start, passage.end, passage.line_start,
                passage.line_end, passage.heading, passage.text,
                None if vector is None else vector.tobytes(),
            ),
        )  # fmt: skip
        db.execute("insert into words (rowid, text) values (?, ?)", (row.lastrowid, text))


def _by_words(db: sqlite3.Connection, query: str) -> list[int]:
    words = [w for w in _WORD.findall(query.casefold()) if w not in _STOP] or _WORD.findall(query)
    if not words:
        return []
    # Quoted, so that no word of a model is read as search syntax.
    match = " OR ".join(f'"{word}"' for word in words[:30])
    rows: list[tuple[int]] = db.execute(
        "select rowid from words where words match ? order by bm25(words) limit ?",
        (match, _CANDIDATES),
    ).fetchall()
    return [row[0] for row in rows]


def _by_vector(db: sqlite3.Connection, query: str) -> list[int]:
    embed = embedder()
    rows: list[tuple[int, bytes]] = db.execute(
        "select id, vector from passages where vector is not null"
    ).fetchall()
    if embed is None or not rows:
        return []
    matrix = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32)
    scores = matrix.reshape(len(rows), -1) @ embed([query])[0]
    return [rows[i][0] for i in np.argsort(-scores)[:_CANDIDATES]]


def _passage(db: sqlite3.Connection, id_: int) -> Passage:
    row = db.execute(
        "select source, start, end, line_start, line_end, heading, text from passages where id = ?",
        (id_,),
    ).fetchone()
    return Passage(
        source=row[0], start=row[1], end=row[2], line_start=row[3], line_end=row[4],
        heading=row[5], text=row[6],
    )  # fmt: skip
