"""Relay: a conversation that another program leads; members say its next step, the most say wins.

The program has tools of its own and calls them itself, so what goes back is a text or calls. No
tool of ours is used, and nothing is checked: votes alone decide.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.core.errors import NoCandidate
from manyminds.core.events import Selected
from manyminds.core.messages import Conversation, ModelCall, Reply, ToolCall
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Failure, Member

__all__ = ["CUT", "Relay"]

CUT = "it was cut off at its longest"


@dataclass(frozen=True)
class Relay:
    """Asks each member for the next step, all at once.

    Cost: one request a member.
    """

    conversation: Conversation

    async def __call__(self, run: Run) -> Answer:
        """Return the step that most members want; of equal ones the first member's.

        Raises:
            NoCandidate: If no member said anything whole.
        """
        asked = await run.gather([self._ask(run, member) for member in run.members])
        steps = [(m, r) for m, r in zip(run.members, asked, strict=True) if isinstance(r, Reply)]
        if not steps:
            failed = [r.message for r in asked if isinstance(r, Failure)]
            raise NoCandidate("; ".join(dict.fromkeys(failed)) or "no member said anything")
        votes = Counter(_key(reply) for _, reply in steps)
        best = max(votes.values())
        member, reply = next((m, r) for m, r in steps if votes[_key(r)] == best)
        why = f"{best} of {len(steps)} members want this step"
        scores = {key: float(count) for key, count in votes.items()}
        run.tell(Selected(author=member.name, canonical=_key(reply), scores=scores, why=why))
        cut = reply.finish == "length"
        return Answer(
            outcome="partial" if cut else "answered", text=_text(reply), canonical=_key(reply),
            confidence=None, author=member.name, how=why, missing=(CUT,) if cut else (),
        )  # fmt: skip

    async def _ask(self, run: Run, member: Member) -> Reply:
        said, alone = self.conversation, len(run.members) == 1
        most = run.abilities(member).output_tokens
        call = ModelCall(
            messages=said.messages, tools=said.tools, seed=run.seed(member),
            max_tokens=most if said.max_tokens is None else min(most, said.max_tokens),
            temperature=said.temperature if said.temperature is not None else 0.0 if alone else 0.7,
        )  # fmt: skip
        return await run.request(member, call)


def _calls(calls: Sequence[ToolCall]) -> str:
    return "; ".join(f"{c.name}({json.dumps(c.arguments, sort_keys=True)})" for c in calls)


def _key(reply: Reply) -> str:
    """Return what two equal steps have in common: the same calls, or the same words."""
    return _calls(reply.calls) if reply.calls else " ".join(reply.text.casefold().split())


def _text(reply: Reply) -> str:
    return reply.text if not reply.calls else f"calls {_calls(reply.calls)}"
