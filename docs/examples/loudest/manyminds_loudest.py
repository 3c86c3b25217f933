"""A strategy that believes the surest member, and a verifier that likes few words.

Not a good strategy: members' own confidence says little. It shows how small one may be.
"""

from dataclasses import dataclass

from manyminds.agents.member import open_thread, work
from manyminds.core.protocols import Run, Verifier
from manyminds.core.values import Answer, Candidate, Failure, Task, Verdict


@dataclass(frozen=True, kw_only=True)
class Loudest:
    """Lets all members work alone and delivers the answer of the one who is surest."""

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        threads = [open_thread(run, member, temperature=0.3) for member in run.members]
        results = await run.gather([work(run, thread) for thread in threads])
        drafts = [draft for draft in results if not isinstance(draft, Failure)]
        if not drafts:
            return Answer(
                outcome="none", text=None, canonical=None, confidence=None,
                missing=("no member gave an answer",),
            )  # fmt: skip
        best = max(drafts, key=lambda draft: draft.confidence or 0.0)
        return Answer(
            outcome="answered", text=best.answer, canonical=best.answer,
            confidence=best.confidence, author=best.member.name, reason=best.reason,
            how="the surest member's answer",
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Short:
    """Accepts answers of at most so many words."""

    words: int
    name: str = "short"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Count the words."""
        count = len(candidate.text.split())
        return Verdict(
            outcome="accepted" if count <= self.words else "rejected",
            reason=f"it has {count} words, and {self.words} are allowed",
            verifier=self.name,
        )


def short(_run: Run, argument: str) -> Verifier:
    """Make the verifier that `--verifier short:5` asks for."""
    return Short(words=int(argument or 10))
