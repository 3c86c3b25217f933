"""What the person holds back: a paused run begins no step, and a dropped member ends its own."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager

from manyminds.core.errors import Dropped
from manyminds.core.values import Member

__all__ = ["Control"]


class Control:
    """Pauses of one run, and the members of it that were dropped."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._unpaused = asyncio.Event()
        self._unpaused.set()
        self._paused_at = 0.0
        self._dropped: set[str] = set()
        self._at: dict[str, set[asyncio.Task[object]]] = defaultdict(set)
        """By member: what its steps under way are awaited in."""

    @property
    def paused(self) -> bool:
        """Whether no new step may begin."""
        return not self._unpaused.is_set()

    def pause(self) -> None:
        """Let no new step begin."""
        if not self.paused:
            self._unpaused.clear()
            self._paused_at = self._elapsed()

    def go(self) -> float:
        """Let steps begin again, and return how long none did, in seconds."""
        if not self.paused:
            return 0.0
        self._unpaused.set()
        return self._elapsed() - self._paused_at

    async def unpaused(self) -> None:
        """Wait until steps may begin."""
        await self._unpaused.wait()

    def drop(self, name: str) -> None:
        """End what a member has under way; it gets no more steps."""
        self._dropped.add(name)
        at = self._at[name]
        while at:
            at.pop().cancel()

    @contextmanager
    def working(self, member: Member) -> Generator[None]:
        """Let what is done for a member end when the person drops it.

        Raises:
            Dropped: If it was dropped, or is meanwhile.
        """
        why = f"you dropped {member.name}"
        if member.name in self._dropped:
            raise Dropped(why)
        at, task = self._at[member.name], asyncio.current_task()
        assert task is not None
        at.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if member.name in self._dropped and task not in at and not task.uncancel():
                raise Dropped(why) from None
            raise
        finally:
            at.discard(task)
