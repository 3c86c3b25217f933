import itertools
import random
from decimal import Decimal

import pytest

from manyminds.core.errors import (
    BudgetExceeded,
    ManymindsError,
    ProviderError,
    RecordError,
    RunCancelled,
)
from manyminds.core.values import Candidate, Member, Task
from manyminds.judging.canonical import canonicalize
from manyminds.judging.rankers import (
    FEATURES,
    FeatureRanker,
    Pairwise,
    StepScores,
    borda,
    bradley_terry,
    fit_weights,
)
from manyminds.judging.rankers.features import features_of
from manyminds.judging.verifiers import Rubric
from manyminds.testing import ScriptedRun

pytestmark = pytest.mark.anyio
TASK = Task(prompt="What is 6 * 7?")
JUDGE = Member(name="judge", way="direct", model="scripted:model")


def candidate(text: str, working: str = "") -> Candidate:
    return Candidate(text=text, author="m", canonical=canonicalize(text), working=working)


def says(better: str) -> str:
    return f'{{"reason": "so", "better": "{better}"}}'


def test_borda_counts_how_many_one_stands_before() -> None:
    assert borda([[0, 1, 2], [0, 2, 1]], 3) == (2.0, 0.5, 0.5)
    assert borda([[0]], 3) == (2.0, 0.5, 0.5)


def test_bradley_terry_finds_planted_strengths() -> None:
    strengths = (0.5, 0.3, 0.15, 0.05)
    wins = {
        (a, b): 10_000 * strengths[a] / (strengths[a] + strengths[b])
        for a, b in itertools.permutations(range(4), 2)
    }
    found = bradley_terry(wins, 4)
    assert found == pytest.approx(strengths, abs=0.005)


def test_bradley_terry_is_finite_for_one_never_beaten() -> None:
    found = bradley_terry({(0, 1): 3, (0, 2): 3, (1, 2): 1, (2, 1): 1}, 3)
    assert found[0] < 1
    assert found[0] > found[1]
    assert found[1] == pytest.approx(found[2])


@pytest.mark.parametrize("end", [
    BudgetExceeded("tokens", allowed=Decimal(1), spent=Decimal(2)), RunCancelled("answer now"), ProviderError("gone"),
])  # fmt: skip
async def test_what_was_compared_before_it_ended_counts(end: ManymindsError) -> None:
    run = ScriptedRun(task=TASK, script={"judge": [says("B"), says("A"), end, end, end, end]})
    made = [candidate("42"), candidate("41"), candidate("40")]
    ranking = await Pairwise(run=run, judge=JUDGE).rank(TASK, made)
    assert ranking.order[0] == 1
    assert len(ranking.order) == 3


async def test_a_pair_is_asked_in_both_orders_and_anonymously() -> None:
    run = ScriptedRun(task=TASK, script={"judge": [says("A"), says("B")]})
    ranking = await Pairwise(run=run, judge=JUDGE).rank(TASK, [candidate("42"), candidate("41")])
    assert ranking.order == (0, 1)
    shown = [call.messages[0].text for _, call in run.calls]
    assert shown[0].index("42") < shown[0].index("41")
    assert shown[1].index("41") < shown[1].index("42")
    assert "m1" not in shown[0]


async def test_what_wins_only_in_one_place_is_a_tie() -> None:
    run = ScriptedRun(task=TASK, script={"judge": [says("A"), says("A")]})
    ranking = await Pairwise(run=run, judge=JUDGE).rank(TASK, [candidate("42"), candidate("41")])
    assert ranking.scores[0] == pytest.approx(ranking.scores[1])


async def test_a_judge_that_cannot_be_read_makes_ties_not_errors() -> None:
    run = ScriptedRun(task=TASK, script={"judge": ["the first", "…"]})
    ranking = await Pairwise(run=run, judge=JUDGE).rank(TASK, [candidate("42"), candidate("41")])
    assert ranking.scores[0] == pytest.approx(ranking.scores[1])


async def test_a_tournament_ends_when_the_leader_cannot_be_caught() -> None:
    run = ScriptedRun(task=TASK, script={"judge": [says("A"), says("B")] * 6})
    four = [candidate(str(n)) for n in range(4)]
    ranking = await Pairwise(run=run, judge=JUDGE).rank(TASK, four)
    assert ranking.order[0] == 0
    assert len(run.calls) < 12


async def test_a_wrong_step_costs_a_vote_half() -> None:
    good = [candidate("42", "6 * 7 = 42\nAnswer: 42"), candidate("42", "Answer: 42")]
    bad = [candidate("44", "6 * 7 = 44\nAnswer: 44")] * 3
    ranking = await StepScores().rank(TASK, [*bad, *good])
    assert ranking.order[0] == 3
    assert "3 of 5" in ranking.reason


async def test_features_tell_good_form_from_bad() -> None:
    good, open_fence = candidate("It is 42."), candidate("```python\n42 (as above …")
    values = [dict(zip(FEATURES, features_of(TASK, c), strict=True)) for c in (good, open_fence)]
    assert values[0]["well_formatted"] > values[1]["well_formatted"]
    assert values[0]["reusable"] > values[1]["reusable"]
    ranking = await FeatureRanker(weights={"well_formatted": 1.0}).rank(TASK, [open_fence, good])
    assert ranking.order == (1, 0)


def test_planted_weights_are_learned() -> None:
    rng = random.Random(3)
    planted = (3.0, 0.0, 1.5, -1.0)
    pairs = []
    for _ in range(4_000):
        a, b = ([rng.random() for _ in planted] for _ in range(2))
        lead = sum(w * (x - y) for w, x, y in zip(planted, a, b, strict=True))
        wins = rng.random() < 1 / (1 + 2.718281828**-lead)
        pairs.append((a, b) if wins else (b, a))
    found = fit_weights(pairs)
    assert tuple(found.values()) == pytest.approx(planted, abs=0.35)
    assert fit_weights([]) == dict.fromkeys(FEATURES, 0.0)


async def test_a_judge_that_fails_is_unsure_and_a_record_that_fails_ends_it() -> None:
    for end, outcome in ((ProviderError("gone"), "unsure"), (None, "unsure")):
        run = ScriptedRun(task=TASK, script={"judge": [end] if end else ["no JSON"]})
        verifier = Rubric(run=run, judge=JUDGE, criteria=("right",))
        assert (await verifier.verify(TASK, candidate("42"))).outcome == outcome
    run = ScriptedRun(task=TASK, script={"judge": [RecordError("the disk is full")]})
    with pytest.raises(RecordError):
        await Rubric(run=run, judge=JUDGE, criteria=("right",)).verify(TASK, candidate("42"))
