"""Replies that are kept: the same request to the same model, of the same seed, is asked once.

Arms that begin with the same samples share them, and a bench that was broken off goes on where it
was. What an arm spends is counted in full each time, its seconds too; only the waiting is saved.
"""

import hashlib
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import anyio
from pydantic import TypeAdapter

from manyminds.agents.models import Progress
from manyminds.budget.prices import Price
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.protocols import Abilities
from manyminds.runtime.flight import Endpoint

__all__ = ["KeepingEndpoint", "KeptReplies", "request_key"]

_TABLE = """
create table if not exists replies (
    model text not null, key text not null, reply text not null, primary key (model, key)
)
"""
_REPLY = TypeAdapter(Reply)


def request_key(call: ModelCall) -> str:
    """Return the name of a request's content: words, tools, schema, cap, temperature and seed."""
    return hashlib.sha256(repr(call).encode()).hexdigest()


class KeptReplies:
    """Replies by model and request, in one SQLite file that several processes may use."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(file, timeout=60)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute(_TABLE)
        self._db.commit()

    def find(self, model: str, key: str) -> Reply | None:
        """Return what was replied; `None` where it was not asked yet."""
        with closing(self._db.cursor()) as cursor:
            cursor.execute("select reply from replies where model = ? and key = ?", (model, key))
            row = cursor.fetchone()
        return None if row is None else _REPLY.validate_json(row[0])

    def keep(self, model: str, key: str, reply: Reply) -> Reply:
        """Keep a reply, on the disk when this returns; return the one that is kept.

        That is another one where another process was first: rows may rest on it already.
        """
        text = _REPLY.dump_json(reply).decode()
        self._db.execute("insert or ignore into replies values (?, ?, ?)", (model, key, text))
        self._db.commit()
        return self.find(model, key) or reply

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class KeepingEndpoint:
    """An endpoint whose replies are kept, and found again."""

    def __init__(
        self, endpoint: Endpoint, kept: KeptReplies, model: str, *, places: anyio.Semaphore
    ) -> None:
        """Stand before `endpoint`.

        Args:
            endpoint: What is asked where nothing is kept.
            kept: The replies so far.
            model: Name that they are kept under; one that says the version, where there is one.
            places: How many requests may be under way at once, all arms together.
        """
        self._endpoint = endpoint
        self._kept = kept
        self._model = model
        self._places = places
        self._under_way: dict[str, tuple[anyio.Lock, int]] = {}
        """Of each request that somebody wants now: its lock, and how many want it."""

    @property
    def abilities(self) -> Abilities:
        """Of the endpoint behind it."""
        return self._endpoint.abilities

    @property
    def price(self) -> Price:
        """Of the endpoint behind it."""
        return self._endpoint.price

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        """Return the kept reply, or ask and keep it; failures are not kept.

        Raises:
            ProviderError: If there was no usable reply.
        """
        key = request_key(call)
        lock, wanted = self._under_way.get(key, (anyio.Lock(), 0))
        self._under_way[key] = (lock, wanted + 1)
        try:
            async with lock:  # two that want the same at once pay for it once
                kept = self._kept.find(self._model, key)
                return kept or await self._ask(key, call, progress)
        finally:
            wanted = self._under_way[key][1] - 1
            self._under_way[key] = (lock, wanted)
            if not wanted:
                del self._under_way[key]

    async def _ask(self, key: str, call: ModelCall, progress: Progress | None) -> Reply:
        async with self._places:
            began = time.monotonic()
            reply = await self._endpoint.send(call, progress=progress)
            reply = replace(reply, seconds=round(time.monotonic() - began, 3))
        return self._kept.keep(self._model, key, reply)
