"""Where to look in very large folders: words and vectors in LanceDB, on disk, searched by index.

Passages themselves, files and what is cited stay in SQLite; this finds their ids only. It comes
with the extra `scale`; memory stays bounded however many passages there are.
"""

from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from manyminds.tools.docs.store import Row, Vector

__all__ = ["LanceFinder", "installed"]

_TABLE = "passages"
_READ_FOR = timedelta(minutes=1)
"""Longest that another process may be searching what was replaced meanwhile."""
_VECTORS_FROM = 50_000
"""Passages from which vectors are searched by an index; fewer are faster looked at one by one."""


def installed() -> bool:
    """Say whether the extra is there."""
    return find_spec("lancedb") is not None


class LanceFinder:
    """Finds ids of passages by words and by vectors."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._table: Any = None

    def put(self, rows: Sequence[Row]) -> None:
        """Put passages in; what had their ids before is gone."""
        if not rows:
            return
        found = [
            {
                "id": row.id, "words": f"{row.head}\n{row.text}",
                "vector": None if row.vector is None else row.vector.tolist(),
            }
            for row in rows
        ]  # fmt: skip
        size = next((len(row.vector) for row in rows if row.vector is not None), 1)
        table = self._opened(size)
        self.forget([row.id for row in rows])
        table.add(found)

    def forget(self, ids: Sequence[int]) -> None:
        """Forget passages."""
        if ids and (table := self._opened(None)) is not None:
            table.delete(f"id in ({', '.join(map(str, ids))})")

    def tidy(self) -> None:
        """Index what was put in since; what was deleted leaves the disk, once nobody reads it."""
        table = self._opened(None)
        if table is None or table.count_rows() == 0:
            return
        names = {index.name for index in table.list_indices()}
        library: Any = import_module("lancedb.index")
        if "words_idx" not in names:
            table.create_index("words", config=library.FTS(stem=True, remove_stop_words=True))
        if "vector_idx" not in names and table.count_rows() >= _VECTORS_FROM:
            table.create_index("vector", config=library.IvfPq(distance_type="dot"))
        table.optimize(cleanup_older_than=_READ_FOR)

    def by_words(self, query: str, most: int, within: Sequence[int] | None) -> list[int]:
        """Return the ids that fit words best, best first."""
        table = self._opened(None)
        if table is None or not query.strip():
            return []
        return _ids(table.search(query, query_type="fts", fts_columns="words"), most, within)

    def by_vector(self, vector: Vector, most: int, within: Sequence[int] | None) -> list[int]:
        """Return the ids whose vectors are nearest, nearest first."""
        table = self._opened(None)
        if table is None:
            return []
        return _ids(table.search(vector).distance_type("dot"), most, within)

    def _opened(self, size: int | None) -> Any:
        """Return the table; made where `size`, of its vectors, is given; else `None` without it."""
        if self._table is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            db: Any = import_module("lancedb").connect(str(self._folder))
            if (self._folder / f"{_TABLE}.lance").exists():
                self._table = db.open_table(_TABLE)
            elif size is not None:
                arrow: Any = import_module("pyarrow")
                schema = arrow.schema([
                    arrow.field("id", arrow.int64()), arrow.field("words", arrow.string()),
                    arrow.field("vector", arrow.list_(arrow.float32(), size)),
                ])  # fmt: skip
                self._table = db.create_table(_TABLE, schema=schema)
        return self._table


def _ids(asked: Any, most: int, within: Sequence[int] | None) -> list[int]:
    if within is not None:
        if not within:
            return []
        asked = asked.where(f"id in ({', '.join(map(str, within))})", prefilter=True)
    return [int(row["id"]) for row in asked.limit(most).to_list()]
