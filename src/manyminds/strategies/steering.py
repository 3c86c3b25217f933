"""What the person says to research while it goes on: a hint, or a part to drop.

An answer at once is the run's own to end (`stop`): what is there is delivered.
"""

from dataclasses import dataclass, field

from manyminds.agents.member import Thread
from manyminds.core.events import Steered

__all__ = ["Steering"]


@dataclass(kw_only=True)
class Steering:
    """Passes the person's words on to workers, at their next turn."""

    hints: list[str] = field(default_factory=list[str])
    dropped: set[int] = field(default_factory=set[int])
    threads: dict[int, Thread] = field(default_factory=dict[int, Thread])
    """Of the workers, by the number of their part."""

    def heed(self, said: Steered) -> None:
        """Do what the person said, where it is for research."""
        if said.what == "hint":
            self.hint(said.text)
        elif said.what == "drop" and (part := said.text.removeprefix("w")).isdecimal():
            self.drop(int(part))

    def hint(self, text: str) -> None:
        """Tell everybody who works, and everybody who begins later."""
        self.hints.append(text)
        for thread in self.threads.values():
            thread.asides.append(text)

    def drop(self, part: int) -> None:
        """End a part, counted from 1; one that is not begun yet is left out."""
        self.dropped.add(part)
        if part in self.threads:
            self.threads[part].dropped = True

    def take(self, part: int, thread: Thread) -> None:
        """Let a worker begin, with all that was said so far."""
        self.threads[part] = thread
        thread.asides.extend(self.hints)
        thread.dropped = part in self.dropped
