"""Waits for what another process or thread does, with a generous end."""

import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["on_record", "wait_for"]


def wait_for(what: Callable[[], bool], *, most_s: float = 60.0) -> None:
    """Wait until something is true."""
    ends = time.monotonic() + most_s
    while not what():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)


def on_record(home: Path, kind: str) -> bool:
    """Say whether a run of a home has an event of a kind."""
    transcripts = home.rglob("transcript.jsonl")
    return any(f'"kind":"{kind}"' in path.read_text() for path in transcripts)
