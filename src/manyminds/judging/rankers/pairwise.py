"""Pairs of answers compared by a model, each pair in both orders, the answers anonymous.

Models favour a place: what wins only in one order is a tie. Source: Zheng et al. 2023, Judging
LLM-as-a-Judge with MT-Bench and Chatbot Arena (NeurIPS).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.errors import BudgetExceeded, ProviderError, RunCancelled
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run
from manyminds.core.values import Candidate, Member, Ranking, Task
from manyminds.judging.rankers.aggregate import bradley_terry
from manyminds.tools.fence import fence

__all__ = ["Pairwise"]

Winner = Literal["first", "second", "tie"]
_FIELDS: dict[str, JsonValue] = {
    "reason": {"type": "string"},
    "better": {"enum": ["A", "B", "tie"]},
}


@dataclass(frozen=True, kw_only=True)
class Pairwise:
    """Plays a tournament of all pairs and orders by Bradley-Terry strength.

    Cost: two requests a pair, so n (n - 1) for n candidates; it stops where the leader cannot be
    caught any more.
    """

    run: Run
    judge: Member
    name: str = "pairwise"

    async def rank(self, task: Task, candidates: Sequence[Candidate]) -> Ranking:
        """Compare pair by pair; a comparison that cannot be read or paid is a tie."""
        wins: dict[tuple[int, int], float] = {}
        pairs = list(combinations(range(len(candidates)), 2))
        for played, (a, b) in enumerate(pairs, 1):
            winner = await self._compare(task, candidates[a], candidates[b])
            share = {"first": 1.0, "second": 0.0, "tie": 0.5}[winner]
            wins[a, b], wins[b, a] = share, 1 - share
            if _cannot_be_caught(wins, pairs[played:], len(candidates)):
                break
        scores = bradley_terry(wins, len(candidates))
        order = tuple(sorted(range(len(candidates)), key=lambda i: -scores[i]))
        why = f"{len(wins) // 2} of {len(pairs)} pairs compared, each in both orders"
        return Ranking(order=order, scores=scores, reason=why, ranker=self.name)

    async def _compare(self, task: Task, a: Candidate, b: Candidate) -> Winner:
        if a.text == b.text:
            return "tie"
        try:
            forth, back = await self._ask(task, a, b), await self._ask(task, b, a)
        except (ProviderError, BudgetExceeded, RunCancelled):  # what was compared before stays
            return "tie"
        if forth == "A" and back == "B":
            return "first"
        return "second" if forth == "B" and back == "A" else "tie"

    async def _ask(self, task: Task, a: Candidate, b: Candidate) -> str:
        text = prompt(
            "pairwise",
            question=fence(task.prompt, source="question", limit=8_000),
            a=fence(_shown(a), source="answer A"),
            b=fence(_shown(b), source="answer B"),
        )
        said = await inquire(self.run, self.judge, text, _FIELDS, max_tokens=200, purpose="check")
        return str(said.get("better", "tie"))


def _shown(candidate: Candidate) -> str:
    return candidate.working or candidate.text


def _cannot_be_caught(
    wins: dict[tuple[int, int], float], waiting: Sequence[tuple[int, int]], count: int
) -> bool:
    """Say whether the leader wins even if it loses, and the others win, all that is left."""
    points = [sum(w for (a, _), w in wins.items() if a == i) for i in range(count)]
    left = [sum(i in pair for pair in waiting) for i in range(count)]
    leader = max(range(count), key=lambda i: points[i])
    return all(points[i] + left[i] < points[leader] for i in range(count) if i != leader)
