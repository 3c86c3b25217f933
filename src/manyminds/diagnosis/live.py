"""What can be prevented, seen in the events of a run that is going on.

A member that looks many things up one by one, where its tool takes several, is told so with its
next request. An answer that rests on what nobody said, or a program that was never run, is not
taken at once. Each is an event of the run. Loops need no word: an equal call is not made.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from manyminds.agents.asking import asks_for_code, asks_for_python
from manyminds.agents.prompts import prompt
from manyminds.core.events import Event, Nudged, ToolCalled
from manyminds.core.messages import ToolSpec
from manyminds.core.values import Note
from manyminds.diagnosis.rules.constraints import is_value
from manyminds.diagnosis.rules.peers import assumed
from manyminds.diagnosis.rules.texts import cut
from manyminds.diagnosis.trace import Act, Trace

__all__ = ["Monitor", "Objection", "objection_to"]

IN_A_ROW = 3
"""Look-ups one by one from which on a list is worth the words."""


class Monitor:
    """Watches what members do with tools; what it says follows from the events alone."""

    def __init__(self, tools: Sequence[ToolSpec], *, opening: str = "") -> None:
        """Watch the use of these tools.

        Args:
            tools: What members have.
            opening: What is looked up for a member before it begins: no look-up of its own.
        """
        self._opening = opening
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
        if self._opening and event.arguments.get(parameter) == self._opening:
            return
        if row and row[-1] != event.tool:
            row.clear()
        row.append(event.tool)
        if len(row) == IN_A_ROW and (event.member, event.tool) not in self._told:
            self._told.add((event.member, event.tool))
            text = prompt("nudge_batch", tool=event.tool, count=str(IN_A_ROW), parameter=parameter)
            yield Nudged(member=event.member, code="unbatched_calls", text=text)


@dataclass(frozen=True, kw_only=True)
class Objection:
    """What speaks against taking an answer."""

    code: str
    """Of the failure that it would be."""
    text: str
    """What the member is told."""
    question: str | None = None
    """What the person could settle, in words for them."""


_OURS = re.compile(
    r"(?i)\b(?:(?:i|we)(?:'ll| will| have to| must| can| need to)? assume|assuming|assumption|"
    r"let(?:'s| us) (?:say|assume))\b"
)
"""Words by which who answers assumes; "suppose x = 3" is mathematics."""


_FOUND = ("number", "quantity", "expression", "date", "set", "list", "yes_no", "choice")
"""Kinds of answers that are found rather than written."""


def objection_to(
    task: str, note: Note, unused: Collection[str], *, known: str | None = None
) -> Objection | None:
    """Return what speaks against taking an answer; `None`: no rule says anything.

    Args:
        task: What is asked.
        note: The answer, with its reasons and what its member has looked up.
        unused: Names of the tools that the member could have called and has not.
        known: What may be taken as given, like what the person said since; `None`: the task.
    """
    if asks_for_code(task) and is_value(note.answer):
        return Objection(code="1.1", text=prompt("held_no_program", answer=cut(note.answer)))
    if note.canonical.kind == "code":
        if not asks_for_python(task) or "python" not in unused:
            return None
        return Objection(code="3.2", text=prompt("held_unrun", tool="python"))
    if note.canonical.kind not in _FOUND:
        return None  # advice may assume what it says it does
    seen = "\n".join([known or task, *(one.output for one in note.evidence)])
    said = Act(step=0, author=note.member, kind="says", text=f"{note.reason}\n{note.answer}")
    for found in assumed(Trace(name="", source="live", task=seen, acts=(said,))):
        if _OURS.search(found.evidence):
            return Objection(
                code=found.code, text=prompt("held_assumed", quote=found.evidence, why=found.why),
                question=f"The question does not say this, and the answer would rest on it: "
                f"“{found.evidence}” What is it?",
            )  # fmt: skip
    return None
