"""Passages in SQLite: full-text search (BM25) and vectors, fused by rank.

Who owns the file, a folder's index or the pages that were read, decides what goes in and when it
is forgotten.

Fusion: reciprocal rank, k = 60. Source: Cormack, Clarke, Buettcher 2009, Reciprocal Rank Fusion.
Vectors are static word vectors that come inside the `wordllama` package; where it is not
installed, full-text search alone answers.
"""

import importlib.util
import logging
import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import cache as remember
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt

from manyminds.core.errors import ToolRetry
from manyminds.tools.docs.passages import Passage, cut
from manyminds.tools.docs.readers import Document

__all__ = ["add", "embedder", "forget", "keep", "open_passages", "read", "search", "text_of"]

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


def open_passages(path: Path) -> sqlite3.Connection:
    """Open a file of passages; it is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, timeout=30)
    db.executescript(_SCHEMA)
    return db


def forget(db: sqlite3.Connection, path: str) -> None:
    """Forget all documents of one file or page."""
    db.execute("delete from words where rowid in (select id from passages where path = ?)", (path,))
    for table in ("passages", "documents"):
        db.execute(f"delete from {table} where path = ?", (path,))


def keep(db: sqlite3.Connection, path: str, document: Document) -> None:
    """Put a document in that can be cited and read by its name, but is not searched."""
    db.execute(
        "insert or replace into documents values (?, ?, ?)", (document.source, path, document.text)
    )


def add(db: sqlite3.Connection, path: str, document: Document) -> None:
    """Put a document in, cut into passages.

    Args:
        db: Where to.
        path: The file or page that it is of; what `forget` is told.
        document: Its text, by the name that it is cited by.
    """
    keep(db, path, document)
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


def search(
    db: sqlite3.Connection, query: str, *, most: int, within: str | None = None
) -> list[Passage]:
    """Return the passages that fit best, best first.

    Args:
        db: Where to look.
        query: Words, or a question.
        most: How many at most.
        within: Only in this document, or in those of this file or page.
    """
    scores: dict[int, float] = {}
    for ranked in (_by_words(db, query, within), _by_vector(db, query, within)):
        for rank, id_ in enumerate(ranked):
            scores[id_] = scores.get(id_, 0.0) + 1 / (_K + rank)
    best = sorted(scores, key=lambda id_: -scores[id_])[:most]
    return [_passage(db, id_) for id_ in best]


def read(db: sqlite3.Connection, source: str, *, line: int = 1, lines: int = 60) -> Passage:
    """Return lines of one document.

    Raises:
        ToolRetry: If there is no such document or line.
    """
    text = text_of(db, source)
    if text is None:
        raise ToolRetry(f"no document {source!r}; there are: {', '.join(_like(db, source))}")
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


def text_of(db: sqlite3.Connection, source: str) -> str | None:
    """Return the stored text that offsets of `source` count in; `None` where there is none."""
    row = db.execute("select text from documents where source = ?", (source,)).fetchone()
    return None if row is None else str(row[0])


def _like(db: sqlite3.Connection, source: str) -> list[str]:
    """Return names of documents like one that is not there."""
    like = "select source from documents where source like ? limit 3"
    rows = db.execute(like, (f"%{source[:40]}%",)).fetchall()
    rows = rows or db.execute("select source from documents limit 5").fetchall()
    return [row[0] for row in rows]


def _by_words(db: sqlite3.Connection, query: str, within: str | None) -> list[int]:
    words = [w for w in _WORD.findall(query.casefold()) if w not in _STOP] or _WORD.findall(query)
    if not words:
        return []
    # Quoted, so that no word of a model is read as search syntax.
    match = " OR ".join(f'"{word}"' for word in words[:30])
    rows: list[tuple[int]] = db.execute(
        "select rowid from words where words match ? and (? is null or rowid in "
        "(select id from passages where source = ? or path = ?)) order by bm25(words) limit ?",
        (match, within, within, within, _CANDIDATES),
    ).fetchall()
    return [row[0] for row in rows]


def _by_vector(db: sqlite3.Connection, query: str, within: str | None) -> list[int]:
    embed = embedder()
    rows: list[tuple[int, bytes]] = db.execute(
        "select id, vector from passages where vector is not null "
        "and (? is null or source = ? or path = ?)",
        (within, within, within),
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
