"""Samples shared between arms: the same request of the same seed gets the same reply.

What an arm spends is counted in full each time; only the waiting is saved. Replies stand in one
SQLite file, so a run that was broken off goes on where it was.
"""

import asyncio
import hashlib
import json
import sqlite3
import time
from pathlib import Path

from manyminds.agents.models import Progress
from manyminds.budget.prices import Price
from manyminds.core.errors import ProviderError
from manyminds.core.messages import ModelCall, Reply, ToolCall
from manyminds.core.protocols import Abilities
from manyminds.core.values import Spend
from manyminds.runtime.run import Endpoint


class SharedSamples:
    """An endpoint that remembers its replies."""

    def __init__(self, endpoint: Endpoint, file: Path, *, streams: int = 8) -> None:
        self._endpoint = endpoint
        self._db = sqlite3.connect(file, timeout=60)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("create table if not exists replies (key text primary key, reply text)")
        self._slots = asyncio.Semaphore(streams)
        self.seconds = 0.0
        """Time that the requests took when they were first made, one after the other."""

    @property
    def abilities(self) -> Abilities:
        """Of the endpoint behind it."""
        return self._endpoint.abilities

    @property
    def price(self) -> Price:
        """Of the endpoint behind it."""
        return self._endpoint.price

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        """Return the remembered reply, or ask and remember; a failure is remembered as well."""
        key = hashlib.sha256(repr(call).encode()).hexdigest()
        row = self._db.execute("select reply from replies where key = ?", (key,)).fetchone()
        if row is None:
            async with self._slots:
                stored = await self._ask(call)
            text = json.dumps(stored)
            self._db.execute("insert or replace into replies values (?, ?)", (key, text))
            self._db.commit()
        else:
            stored = json.loads(row[0])
        self.seconds += stored["seconds"]
        if "error" in stored:
            raise ProviderError(stored["error"])
        spend = Spend(
            tokens_in=stored["tokens"][0], tokens_cached=stored["tokens"][1],
            tokens_out=stored["tokens"][2], estimated=False,
        )  # fmt: skip
        calls = tuple(ToolCall(**made) for made in stored["calls"])
        return Reply(text=stored["text"], calls=calls, finish=stored["finish"], spend=spend)

    def close(self) -> None:
        """Close the file; the endpoint stays open."""
        self._db.close()

    async def _ask(self, call: ModelCall) -> dict:
        began = time.monotonic()
        try:
            reply = await self._endpoint.send(call)
        except ProviderError as error:
            if error.retryable:
                raise
            return {"error": str(error), "seconds": time.monotonic() - began}
        spend = reply.spend
        return {
            "text": reply.text, "finish": reply.finish,
            "calls": [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in reply.calls],
            "tokens": [spend.tokens_in, spend.tokens_cached, spend.tokens_out],
            "seconds": round(time.monotonic() - began, 3),
        }  # fmt: skip
