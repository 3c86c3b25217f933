"""A person's memory by the clock of this machine: what faces open."""

from datetime import UTC, date, datetime
from pathlib import Path

from manyminds.recommend.memory.home import Memory

__all__ = ["memory_of", "today_here"]


def today_here() -> date:
    """Return the day that it is where this machine is."""
    return datetime.now(UTC).astimezone().date()


def memory_of(home: Path) -> Memory:
    """Return the memory in a person's folder; what is said to it is of today."""
    return Memory(home, today=today_here)
