"""Is what an answer quotes really there?"""

import re
from dataclasses import dataclass

from manyminds.core.values import Candidate, Task, Verdict

__all__ = ["Cited"]

_QUOTED = re.compile(r"[\"“«]([^\"“”«»]{12,600})[\"”»]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class Cited:
    """Accepts an answer all of whose quotes stand, word for word, in passages its author read."""

    name: str = "cited"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Look for every quote of twelve characters or more; spacing may differ."""
        quotes = _QUOTED.findall(f"{candidate.text}\n{candidate.working}")
        if not quotes:
            return Verdict(outcome="unsure", reason="it quotes nothing", verifier=self.name)
        passages = {e.id: _plain(e.output) for e in candidate.evidence if e.source is not None}
        used: list[str] = []
        for quote in quotes:
            holders = [id_ for id_, text in passages.items() if _plain(quote) in text]
            if not holders:
                why = f"{quote[:80]!r} stands in no passage that was read"
                return Verdict(outcome="rejected", reason=why, verifier=self.name)
            used.append(holders[0])
        return Verdict(
            outcome="accepted",
            reason=f"{len(quotes)} quotes stand in the passages that were read",
            verifier=self.name,
            evidence=tuple(dict.fromkeys(used)),
        )


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()
