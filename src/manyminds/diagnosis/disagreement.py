"""How far those who worked on a run pulled in different directions: from 0 to 1.

Members with conflicting goals show in what they answer and in what they hold against each other;
a panel that agrees from the first word on is either right or blind in the same way.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from manyminds.diagnosis.rules.peers import objects
from manyminds.diagnosis.trace import Trace

__all__ = ["Disagreement", "disagreement_in"]


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """The chance that two members who are picked differ, and how much they objected."""

    first: float
    """That two members' first answers differ."""
    last: float
    """That two members' last answers differ."""
    objected: float | None
    """Share of objections and rejections among all verdicts; `None` where there was none."""

    @property
    def score(self) -> float:
        """The mean of what is known."""
        known = [one for one in (self.first, self.last, self.objected) if one is not None]
        return sum(known) / len(known)


def disagreement_in(trace: Trace) -> Disagreement | None:
    """Return how far members differ; `None` where fewer than two stated an answer."""
    stated: dict[str, list[str]] = {}
    for act in trace.acts:
        if act.answer is not None and act.kind in ("says", "proposes"):
            stated.setdefault(act.author, []).append(act.answer)
    if len(stated) < 2:
        return None
    against = sum(objects(act) for act in trace.acts)
    passed = sum(act.kind == "checks" and act.verdict == "accepted" for act in trace.acts)
    return Disagreement(
        first=_differ([answers[0] for answers in stated.values()]),
        last=_differ([answers[-1] for answers in stated.values()]),
        objected=against / (against + passed) if against + passed else None,
    )


def _differ(answers: Collection[str]) -> float:
    """Return the chance that two of the answers, picked without putting back, differ."""
    n = len(answers)
    return 1 - sum(k * (k - 1) for k in Counter(answers).values()) / (n * (n - 1))
