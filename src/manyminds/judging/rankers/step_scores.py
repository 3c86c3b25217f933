"""Order by the working: the share of checkable steps that are right, then agreement.

Source: the idea of reranking by step scores is Lightman et al. 2023, Let's Verify Step by Step;
here the scores come from checking the arithmetic, not from a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.core.values import Candidate, Ranking, Task
from manyminds.judging.canonical import same
from manyminds.judging.steps import check_steps

__all__ = ["StepScores"]


@dataclass(frozen=True, kw_only=True)
class StepScores:
    """Puts answers first whose working holds and that others share."""

    wrong: float = 0.5
    """What a vote is worth whose working holds a wrong step; a working without any step that can
    be checked counts in full, for nothing speaks against it."""
    name: str = "step_scores"

    async def rank(self, task: Task, candidates: Sequence[Candidate]) -> Ranking:
        """Score each answer by the votes for it, each weighed by its working."""
        weights = [self._weight(candidate) for candidate in candidates]
        scores = tuple(
            sum(
                weight
                for weight, other in zip(weights, candidates, strict=True)
                if same(other.canonical, candidate.canonical)
            )
            + own / 1_000
            for own, candidate in zip(weights, candidates, strict=True)
        )
        order = tuple(sorted(range(len(candidates)), key=lambda i: -scores[i]))
        flawed = sum(weight < 1 for weight in weights)
        why = f"{flawed} of {len(candidates)} workings hold a wrong step and count less"
        return Ranking(order=order, scores=scores, reason=why, ranker=self.name)

    def _weight(self, candidate: Candidate) -> float:
        right = all(step.right for step in check_steps(candidate.working))
        return 1.0 if right else self.wrong
