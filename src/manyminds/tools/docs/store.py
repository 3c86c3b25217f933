"""Passages in SQLite: full-text search (BM25) and vectors, fused by rank.

Who owns the file, a folder's index or the pages that were read, decides what goes in and when it
is forgotten.

Fusion: reciprocal rank. Source: Cormack, Clarke, Buettcher 2009, Reciprocal Rank Fusion (there
with k = 60). The weights were chosen on 1,500 entries of the indexes that
`benchmarks/research/retrieval.py` measures on, other ones than it draws.
What links of other documents call one is searched beside both (`links`), its rank fused as theirs.
Vectors are static word vectors that come inside the `wordllama` package; where it is not
installed, full-text search alone answers.
"""

import importlib.util
import logging
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache as remember
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from manyminds.core.errors import ToolRetry
from manyminds.tools.docs.passages import LENGTH, Passage, cut
from manyminds.tools.docs.readers import Document

__all__ = [
    "VECTORS",
    "Finder",
    "Row",
    "Vector",
    "add",
    "embedder",
    "forget",
    "keep",
    "open_passages",
    "read",
    "search",
    "text_of",
    "wipe",
]

_K = 10
VECTORS = 0.4
"""What a vector's rank counts beside a word's: these vectors know no order and no context."""
CALLS = 0.5
"""What the rank of a document counts that others call so in their links."""
_HEAD = 3.0
"""What a word in the name or headings above a passage counts."""
_CANDIDATES = 30
_LINKS, _CALLED = 60, 10
"""Names of documents that are looked at, and documents that are taken from them."""
READ_CHARACTERS = 8_000
"""Most of a document that one reading shows."""
_WORD = re.compile(r"\w+")
_STOP = frozenset((
    "a", "an", "the", "of", "in", "on", "at", "to", "for", "and", "or", "is", "are", "was",
    "were", "be", "do", "does", "did", "what", "which", "who", "whom", "when", "where", "why",
    "how", "that", "this", "these", "those", "it", "its", "with", "by", "from", "as",
))  # fmt: skip
Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]
Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one passage is found by."""

    id: int
    head: str
    text: str
    vector: Vector | None


class Finder(Protocol):
    """Finds passages outside of the file that they are kept in."""

    def put(self, rows: Sequence[Row]) -> None:
        """Put passages in; what had their ids before is gone."""
        ...

    def forget(self, ids: Sequence[int]) -> None:
        """Forget passages."""
        ...

    def by_words(self, query: str, most: int, within: Sequence[int] | None) -> list[int]:
        """Return the ids that fit words best, best first; only of `within`, where that is given."""
        ...

    def by_vector(self, vector: Vector, most: int, within: Sequence[int] | None) -> list[int]:
        """Return the ids whose vectors are nearest, nearest first."""
        ...


_BATCH = 256
"""Passages that vectors are made for at once."""

_SCHEMA = """
create table if not exists changes (one integer primary key check (one = 1), mark integer);
insert or ignore into changes values (1, random());
create table if not exists documents (source text primary key, path text, text text);
create table if not exists passages (id integer primary key, path text, source text, start integer,
    end integer, line_start integer, line_end integer, heading text, text text, vector blob);
create index if not exists passages_of on passages (source);
create index if not exists passages_in on passages (path);
create virtual table if not exists terms using fts5 (head, text, tokenize = "porter unicode61");
create table if not exists called (id integer primary key, target text, words text,
    unique (target, words));
create table if not exists links (path text, called integer);
create index if not exists links_of on links (path);
create index if not exists links_to on links (called);
create virtual table if not exists calls using fts5 (words, tokenize = "porter unicode61");
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
    model: Any = import_module("wordllama").WordLlama.load(cache_dir=place, disable_download=True)
    # Its own pads a batch to the longest text, so that most of the work is on padding.
    model.tokenizer.no_padding()
    # Importing it sets up the root logger, which is not a library's to do: put it back.
    root.handlers, root.level = handlers, level

    def embed(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        encoded = model.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        pooled = np.zeros((len(encoded), model.embedding.shape[1]), dtype=np.float32)
        for place, text in enumerate(encoded):
            if ids := text.ids:
                pooled[place] = model.embedding.take(ids, axis=0, mode="clip").mean(axis=0)
        lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
        return np.divide(pooled, lengths, out=pooled, where=lengths > 0)

    return embed


def open_passages(path: Path) -> sqlite3.Connection:
    """Open a file of passages; it is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, timeout=30)
    db.execute("pragma secure_delete = on")
    # Written only where it is missing: who writes waits for others, and opening must not.
    if db.execute("select 1 from sqlite_master where name = 'calls'").fetchone() is None:
        db.executescript(_SCHEMA)
    return db


def forget(db: sqlite3.Connection, path: str, *, finder: Finder | None = None) -> None:
    """Forget all documents of one file or page."""
    if finder is not None:
        finder.forget(_ids_of(db, path))
    db.execute("delete from terms where rowid in (select id from passages where path = ?)", (path,))
    named = db.execute("select called from links where path = ?", (path,)).fetchall()
    for table in ("passages", "documents", "links"):
        db.execute(f"delete from {table} where path = ?", (path,))
    # What nobody calls a document any more is forgotten, too.
    db.executemany(
        "delete from called where id = ?1 and not exists (select 1 from links where called = ?1)",
        named,
    )
    db.executemany(
        "delete from calls where rowid = ?1 and not exists (select 1 from called where id = ?1)",
        named,
    )
    db.execute("update changes set mark = random()")


def wipe(db: sqlite3.Connection) -> None:
    """Let nothing of what was forgotten stay in the file; until then searches alone miss it."""
    with db:
        for table in ("terms", "calls"):
            db.execute(f"insert into {table} ({table}) values ('optimize')")
    db.execute("pragma wal_checkpoint (truncate)")


def keep(db: sqlite3.Connection, path: str, document: Document) -> None:
    """Put a document in that can be cited and read by its name, but is not searched."""
    db.execute(
        "insert or replace into documents values (?, ?, ?)", (document.source, path, document.text)
    )


def add(
    db: sqlite3.Connection,
    documents: Iterable[tuple[str, Document]],
    *,
    headed: bool = True,
    length: int = LENGTH,
    finder: Finder | None = None,
) -> None:
    """Put documents in, cut into passages.

    Args:
        db: Where to.
        documents: Each with the file or page that it is of, which `forget` is told; its own name
            is what it is cited by.
        headed: Whether a passage is searched with what it stands under: the document's name and
            its headings, which tables and lists rarely repeat.
        length: Characters of a passage.
        finder: What finds them, where that is not this file itself.
    """
    waiting: list[tuple[str, Passage]] = []
    for path, document in documents:
        keep(db, path, document)
        _link(db, path, document)
        waiting += [(path, passage) for passage in cut(document, length)]
        while len(waiting) >= _BATCH:
            _put(db, waiting[:_BATCH], headed=headed, finder=finder)
            waiting = waiting[_BATCH:]
    _put(db, waiting, headed=headed, finder=finder)
    db.execute("update changes set mark = random()")


def _link(db: sqlite3.Connection, path: str, document: Document) -> None:
    """Keep what a document calls others."""
    pairs = {(link.target, link.words.casefold()) for link in document.links}
    last = db.execute("select coalesce(max(id), 0) from called").fetchone()[0]
    db.executemany("insert or ignore into called (target, words) values (?, ?)", sorted(pairs))
    db.execute(
        "insert into calls (rowid, words) select id, words from called where id > ?", (last,)
    )
    db.executemany(
        "insert into links select ?, id from called where target = ? and words = ?",
        ((path, *pair) for pair in pairs),
    )


def _put(
    db: sqlite3.Connection,
    passages: Sequence[tuple[str, Passage]],
    *,
    headed: bool,
    finder: Finder | None,
) -> None:
    heads = [f"{p.source} › {p.heading}" if headed else "" for _, p in passages]
    shown = [f"{head}\n{p.text}".lstrip() for head, (_, p) in zip(heads, passages, strict=True)]
    embed = embedder()
    vectors = [None] * len(shown) if embed is None or not shown else list(embed(shown))
    last = db.execute("select coalesce(max(id), 0) from passages").fetchone()[0]
    db.executemany(
        "insert into passages values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                id_, path, p.source, p.start, p.end, p.line_start, p.line_end, p.heading, p.text,
                None if vector is None or finder is not None else vector.tobytes(),
            )
            for id_, ((path, p), vector) in enumerate(zip(passages, vectors, strict=True), last + 1)
        ),
    )  # fmt: skip
    found = [
        Row(id=id_, head=head, text=p.text, vector=vector)
        for id_, (head, (_, p), vector) in enumerate(
            zip(heads, passages, vectors, strict=True), last + 1
        )
    ]
    if finder is not None:
        finder.put(found)
        return
    db.executemany(
        "insert into terms (rowid, head, text) values (?, ?, ?)",
        ((row.id, row.head, row.text) for row in found),
    )


def search(
    db: sqlite3.Connection,
    query: str,
    *,
    most: int,
    within: str | None = None,
    by: Literal["both", "words", "vectors"] = "both",
    vectors: float = VECTORS,
    calls: float = CALLS,
    finder: Finder | None = None,
) -> list[Passage]:
    """Return the passages that fit best, best first.

    Args:
        db: Where to look.
        query: Words, or a question.
        most: How many at most.
        within: Only in this document, or in those of this file or page.
        by: Full-text search, vectors, or both fused by rank.
        vectors: What a vector's rank counts beside a word's.
        calls: What it counts that other documents call one so, in their links; only where all are
            searched by both.
        finder: What finds them, where that is not this file itself.
    """
    scores: dict[int, float] = {}
    ranked: list[tuple[float, list[int]]] = []
    if finder is not None:
        ranked = _found_by(finder, query, None if within is None else _ids_of(db, within))
    else:
        ranked += [(1.0, _by_words(db, query, within))] if by != "vectors" else []
        ranked += [(vectors, _by_vector(db, query, within))] if by != "words" else []
    for weight, ids in ranked:
        for rank, id_ in enumerate(ids):
            scores[id_] = scores.get(id_, 0.0) + weight / (_K + rank)
    if calls and within is None and by == "both":
        for rank, id_ in enumerate(_called(db, query, scores)):
            scores[id_] = scores.get(id_, 0.0) + calls / (_K + rank)
    best = sorted(scores, key=lambda id_: -scores[id_])[:most]
    found = [_passage(db, id_) for id_ in best]
    # Another process may have indexed the folder anew meanwhile.
    return [passage for passage in found if passage is not None]


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


def _found_by(
    finder: Finder, query: str, within: Sequence[int] | None
) -> list[tuple[float, list[int]]]:
    ranked = [(1.0, finder.by_words(query, _CANDIDATES, within))]
    if (embed := embedder()) is not None:
        vector = embed([query])[0]
        ranked.append((VECTORS, finder.by_vector(vector, _CANDIDATES, within)))
    return ranked


def _ids_of(db: sqlite3.Connection, name: str) -> list[int]:
    rows: list[tuple[int]] = db.execute(
        "select id from passages where source = ? or path = ?", (name, name)
    ).fetchall()
    return [row[0] for row in rows]


def _match(query: str) -> str:
    """Return a query of full-text search; quoted, so that no word is read as its syntax."""
    words = [w for w in _WORD.findall(query.casefold()) if w not in _STOP] or _WORD.findall(query)
    return " OR ".join(f'"{word}"' for word in words[:30])


def _called(db: sqlite3.Connection, query: str, scores: Mapping[int, float]) -> list[int]:
    """Return passages of documents that others call so, best first: the best one of each.

    Source: the words of links as words of what they lead to, as McBryan 1994 and Brin and Page
    1998 have it for the web.
    """
    match = _match(query)
    if not match:
        return []
    rows: list[tuple[str]] = db.execute(
        "select l.target from (select rowid, rank from calls where calls match ? order by rank "
        "limit ?) c join called l on l.id = c.rowid order by c.rank",
        (match, _LINKS),
    ).fetchall()
    found: dict[str, int] = {}
    marks = ", ".join("?" * len(scores))
    known: list[tuple[int, str]] = db.execute(
        f"select id, source from passages where id in ({marks})", tuple(scores)
    ).fetchall()
    best: dict[str, int] = {}
    for id_, source in sorted(known, key=lambda one: scores[one[0]]):
        best[source] = id_
    for (target,) in rows:
        if len(found) < _CALLED and target not in found:
            id_ = best.get(target) or _first_of(db, query, target)
            if id_ is not None:
                found[target] = id_
    return list(found.values())


def _first_of(db: sqlite3.Connection, query: str, source: str) -> int | None:
    """Return the passage of a document that fits best, or its first one."""
    row = db.execute("select min(id) from passages where source = ?", (source,)).fetchone()
    return next(iter(_by_words(db, query, source)), row[0])


def _by_words(db: sqlite3.Connection, query: str, within: str | None) -> list[int]:
    match = _match(query)
    if not match:
        return []
    rows: list[tuple[int]] = db.execute(
        "select rowid from terms where terms match ? and (? is null or rowid in (select id from "
        "passages where source = ? or path = ?)) order by bm25(terms, ?, 1.0) limit ?",
        (match, within, within, within, _HEAD, _CANDIDATES),
    ).fetchall()
    return [row[0] for row in rows]


def _by_vector(db: sqlite3.Connection, query: str, within: str | None) -> list[int]:
    embed = embedder()
    if embed is None:
        return []
    ids, matrix = _vectors(db)
    if within is not None:
        chosen = np.isin(ids, _ids_of(db, within))
        ids, matrix = ids[chosen], matrix[chosen]
    if not len(ids):
        return []
    scores = matrix @ embed([query])[0]
    count = min(_CANDIDATES, len(scores))
    top = np.argpartition(-scores, count - 1)[:count]
    return [int(ids[i]) for i in top[np.argsort(-scores[top], kind="stable")]]


_Vectors = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]
_read_vectors: dict[str, tuple[int, _Vectors]] = {}
"""By file: those searched last, so that a query need not read them all again."""
_KEPT = 2
"""A run has a folder of documents, and pages that it read."""


def _vectors(db: sqlite3.Connection) -> _Vectors:
    """Return ids and vectors of all passages; from memory, where nothing has changed."""
    path = str(db.execute("pragma database_list").fetchone()[2])
    mark = int(db.execute("select mark from changes").fetchone()[0])
    known = _read_vectors.get(path)
    if known is not None and known[0] == mark:
        return known[1]
    rows: list[tuple[int, bytes]] = db.execute(
        "select id, vector from passages where vector is not null order by id"
    ).fetchall()
    ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    matrix = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32)
    found = ids, matrix.reshape(len(rows), -1) if rows else matrix.reshape(0, 1)
    for oldest in list(_read_vectors)[: 1 - _KEPT]:
        _read_vectors.pop(oldest, None)  # threads may do so at once
    _read_vectors[path] = mark, found
    return found


def _passage(db: sqlite3.Connection, id_: int) -> Passage | None:
    row = db.execute(
        "select source, start, end, line_start, line_end, heading, text from passages where id = ?",
        (id_,),
    ).fetchone()
    if row is None:
        return None
    return Passage(
        source=row[0], start=row[1], end=row[2], line_start=row[3], line_end=row[4],
        heading=row[5], text=row[6],
    )  # fmt: skip
