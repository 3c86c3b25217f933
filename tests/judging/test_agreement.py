"""Rankers are held back by what people said of their choices."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from manyminds.core.values import Candidate, Ranking, Task
from manyminds.judging.agreement import TrustedRanker, choices
from manyminds.judging.canonical import canonicalize

pytestmark = pytest.mark.anyio
CANDIDATES = [Candidate(text=t, author=t, canonical=canonicalize(t)) for t in ("ants", "bees")]


@dataclass(frozen=True, kw_only=True)
class LastFirst:
    name: str = "last_first"

    async def rank(self, task: Task, candidates: Sequence[Candidate]) -> Ranking:
        order = tuple(reversed(range(len(candidates))))
        scores = tuple(float(place) for place in range(len(candidates)))
        return Ranking(order=order, scores=scores, reason="the last one", ranker=self.name)


@pytest.mark.parametrize(
    ("rights", "order"),
    [
        ([], (1, 0)),
        ([False] * 19, (1, 0)),
        ([True] * 5 + [False] * 15, (0, 1)),
        ([True] * 9 + [False] * 11, (1, 0)),
    ],
)
async def test_a_ranker_decides_until_its_choices_are_shown_to_be_wrong(
    rights: Sequence[bool], order: tuple[int, ...]
) -> None:
    ranker = TrustedRanker(ranker=LastFirst(), found=choices(rights))
    ranking = await ranker.rank(Task(prompt="?"), CANDIDATES)
    assert ranking.order == order
    assert ranking.ranker == "last_first"
    if order == (0, 1):
        assert "you found 5 of the 20 answers right" in ranking.reason
