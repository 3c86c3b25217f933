"""Writes what this version makes of each strategy: `python -m tests.histories.write`."""

import asyncio
from pathlib import Path

from manyminds.core.values import VERSION
from manyminds.strategies.registry import strategy_names
from manyminds.transcript.store import TranscriptWriter
from tests.runtime.test_durable import played


async def write() -> None:
    """Write a history for each strategy."""
    folder = Path(__file__).parent / VERSION
    for name in strategy_names():
        whole = await played(name, chance=7)
        path = folder / f"{name}.jsonl"
        path.unlink(missing_ok=True)
        writer = TranscriptWriter(path)
        for recorded in whole.events:
            writer.write(recorded)
        writer.close()
    (folder / "seal.json").unlink()


if __name__ == "__main__":
    asyncio.run(write())
