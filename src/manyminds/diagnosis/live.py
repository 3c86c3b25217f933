"""What can be prevented, seen in the events of a run that is going on.

A member that looks many things up one by one, where its tool takes several, is told so with its
next request, and that is an event of the run. Loops need no word: an equal call is not made.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from manyminds.agents.prompts import prompt
from manyminds.core.events import Event, Nudged, ToolCalled
from manyminds.core.messages import ToolSpec

__all__ = ["Monitor"]

IN_A_ROW = 3
"""Look-ups one by one from which on a list is worth the words."""


class Monitor:
    """Watches what members do with tools; what it says follows from the events alone."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        """Watch the use of these tools."""
        self._several = {tool.name: tool.several for tool in tools if tool.several is not None}
        self._row: defaultdict[str, list[str]] = defaultdict(list)
        self._told: set[tuple[str, str]] = set()

    def seen(self, event: Event) -> Iterator[Nudged]:
        """Take in an event; yield what is to be told because of it."""
        if not isinstance(event, ToolCalled):
            return
        row, parameter = self._row[event.member], self._several.get(event.tool)
        if parameter is None or "\n" in str(event.arguments.get(parameter, "")).strip():
            row.clear()
            return
        if row and row[-1] != event.tool:
            row.clear()
        row.append(event.tool)
        if len(row) == IN_A_ROW and (event.member, event.tool) not in self._told:
            self._told.add((event.member, event.tool))
            text = prompt("nudge_batch", tool=event.tool, count=str(IN_A_ROW), parameter=parameter)
            yield Nudged(member=event.member, code="unbatched_calls", text=text)
