"""What is said to those who work beside their question: by the person, and by a rule."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from manyminds.agents.prompts import prompt
from manyminds.core.events import Nudged
from manyminds.core.messages import ModelCall, Picture, Said
from manyminds.core.values import Member
from manyminds.tools.fence import fence

__all__ = ["Asides"]


@dataclass
class Asides:
    """Words and pictures that a run adds to requests."""

    pictures: tuple[Picture, ...] = ()
    """Shown to whoever works."""
    hints: list[str] | None = field(default_factory=list[str])
    """What the person said to all who work; `None`: the strategy passes it on itself."""
    _nudges: defaultdict[str, list[str]] = field(
        default_factory=lambda: defaultdict[str, list[str]](list)
    )
    """By member: what it is told with its requests, until one is answered."""

    def nudge(self, nudged: Nudged) -> None:
        """Tell a member something with its next request."""
        self._nudges[nudged.member].append(nudged.text)

    def settle(self, member: str, question: str, answer: str) -> None:
        """Let all who work know what the person said to a question that a member raised."""
        if self.hints is not None:
            # What is asked about is in the words of a member: data, as all that they say.
            asked = fence(question, source=member)
            self.hints.append(prompt("held_person", question=asked, answer=answer))

    def added_to(self, member: Member, call: ModelCall) -> ModelCall:
        """Return a request with all that is to be said to who works."""
        told: list[str] = []
        if self.hints and call.purpose != "check":
            told.append(prompt("aside", text="\n".join(self.hints)))
        if call.purpose == "work" and self._nudges[member.name]:
            told.append("\n".join(self._nudges[member.name]))
        said = (Said(role="user", text=text) for text in told)
        return replace(
            call, messages=(*call.messages, *said), pictures=self.pictures or call.pictures
        )

    def answered(self, member: Member, call: ModelCall) -> None:
        """Note that a request was answered: its member has heard what it was told."""
        if call.purpose == "work":
            self._nudges.pop(member.name, None)
