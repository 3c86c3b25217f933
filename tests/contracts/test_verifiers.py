"""One suite over every verifier and ranker there is: bad candidates never break one."""

import asyncio

import pytest

from manyminds.budget.ledger import cost_of
from manyminds.core.errors import UnknownName, UsageError
from manyminds.core.events import StepRefused
from manyminds.core.protocols import Ranker
from manyminds.core.values import Candidate, Limits, Ranking, Task, Verdict
from manyminds.judging.canonical import canonicalize
from manyminds.judging.rankers.registry import ranker_named, ranker_names
from manyminds.judging.verifiers.registry import verifier_named, verifier_names
from manyminds.runtime.run import MemoryRun
from manyminds.testing import ScriptedRun
from manyminds.transcript.codec import encode
from tests.contracts.test_strategies import _without_time, run_on
from tests.improviser import Improviser

pytestmark = pytest.mark.anyio
TASK = Task(prompt="Complete this function.\n\ndef f(x):\n    '''f(1) == 2'''")
ARGUMENTS = {
    "schema": '{"type": "object"}', "constraints": "at_most_words=3", "tests": "f(1) == 2",
    "rubric": "it is right", "exact": "42", "numeric": "42", "symbolic": "x + 1",
    "pattern": "[0-9]+",
}  # fmt: skip
BAD = [
    "", " \n", "\0\x07", "x" * 100_000, "```python\ndef f(", "```python\nimport os\nos._exit(0)\n```",
    "{" * 5_000, "９" * 50, "1e999999", "nan", "\ud800".encode("utf-8", "replace").decode(), "9" * 5_000,
    "I cannot help with that.", '{"kind": "approval"}', "<data>\n</data>",
]  # fmt: skip


def candidate(text: str) -> Candidate:
    return Candidate(text=text, author="m1", canonical=canonicalize(text), working=text)


@pytest.mark.parametrize("name", verifier_names())
@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
async def test_a_bad_candidate_gets_a_verdict_and_no_error(name: str, text: str) -> None:
    run = ScriptedRun(task=TASK, script={})
    verifier = verifier_named(f"{name}:{ARGUMENTS.get(name, '')}", run)
    verdict = await verifier.verify(TASK, candidate(text))
    assert verdict.verifier == verifier.name
    assert verdict.outcome in ("accepted", "rejected", "unsure")
    assert 0 < len(verdict.reason) < 1_000


@pytest.mark.parametrize("name", verifier_names())
async def test_the_same_candidate_gets_the_same_verdict(name: str) -> None:
    verdicts = set()
    for _ in range(5):
        run = ScriptedRun(task=TASK, script={})
        verifier = verifier_named(f"{name}:{ARGUMENTS.get(name, '')}", run)
        verdicts.add(await verifier.verify(TASK, candidate("42")))
    assert len(verdicts) == 1


JUDGES = [*(f"verifier {name}" for name in verifier_names()), *(f"ranker {name}" for name in ranker_names())]  # fmt: skip
CANDIDATES = [
    "Answer: 42",
    "Answer: 41",
    "def f(x):\n    return x + 1",
    "def f(x):\n    return 2 * x",
]


async def judged(judge: str, run: MemoryRun) -> list[Verdict] | Ranking:
    """Let one judge of either kind see all candidates."""
    kind, name = judge.split()
    candidates = [candidate(text) for text in CANDIDATES]
    if kind == "ranker":
        return await ranker_named(name, run).rank(TASK, candidates)
    verifier = verifier_named(f"{name}:{ARGUMENTS.get(name, '')}", run)
    return [await verifier.verify(TASK, one) for one in candidates]


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("tokens", [1, 600, 2_500])
async def test_a_judge_keeps_within_the_budget_and_is_unsure_beyond_it(judge: str, tokens: int) -> None:  # fmt: skip
    run, events = run_on(Improviser(), Limits(tokens=tokens))
    found = await judged(judge, run)
    assert cost_of(events).spend.tokens <= tokens
    if any(isinstance(e.event, StepRefused) for e in events) and isinstance(found, list):
        assert "unsure" in {verdict.outcome for verdict in found}


@pytest.mark.parametrize("judge", JUDGES)
async def test_a_judge_whose_model_is_gone_is_unsure(judge: str) -> None:
    run, _ = run_on(Improviser(alive=0))
    found = await judged(judge, run)
    if run.provider_failed and isinstance(found, list):
        assert {verdict.outcome for verdict in found} <= {"unsure", "rejected"}


@pytest.mark.parametrize("judge", JUDGES)
async def test_a_judge_that_is_cancelled_leaves_nothing_behind(judge: str) -> None:
    before = asyncio.all_tasks()
    endpoint = Improviser(hold_from=0)
    run, _ = run_on(endpoint)
    judging = asyncio.create_task(judged(judge, run))
    held = asyncio.create_task(endpoint.held.wait())
    await asyncio.wait({judging, held}, return_when=asyncio.FIRST_COMPLETED)
    for task in (judging, held):
        task.cancel()
    await asyncio.gather(judging, held, return_exceptions=True)
    assert endpoint.under_way == 0
    assert asyncio.all_tasks() - before == set()


@pytest.mark.parametrize("judge", JUDGES)
async def test_a_judge_says_the_same_of_the_same_on_the_same_record(judge: str) -> None:
    seen = set()
    for _ in range(20):
        run, events = run_on(Improviser(), seed=7)
        found = await judged(judge, run)
        told = found.order if isinstance(found, Ranking) else tuple(map(repr, found))
        seen.add((told, tuple(_without_time(encode(event).decode()) for event in events)))
    assert len(seen) == 1


@pytest.mark.parametrize("name", ranker_names())
async def test_a_ranker_orders_whatever_it_is_given(name: str) -> None:
    run = ScriptedRun(task=TASK, script={})
    ranker: Ranker = ranker_named(name, run)
    for texts in (["42"], ["42", "42"], ["42", "41", "", *BAD[:4]]):
        ranking = await ranker.rank(TASK, [candidate(text) for text in texts])
        assert sorted(ranking.order) == list(range(len(texts)))
        assert len(ranking.scores) == len(texts)
        assert ranking.ranker == ranker.name
        assert list(ranking.order) == sorted(ranking.order, key=lambda i: (-ranking.scores[i], i))


def test_unknown_names_offer_the_nearest() -> None:
    run = ScriptedRun(task=TASK, script={})
    with pytest.raises(UnknownName, match="did you mean 'pattern'"):
        verifier_named("patern:x", run)
    with pytest.raises(UnknownName, match="did you mean 'pairwise'"):
        ranker_named("pairwize", run)
    with pytest.raises(UnknownName, match="did you mean 'at_most_words'"):
        verifier_named("constraints:at_most_word=3", run)


@pytest.mark.parametrize("text", ["schema:{", "schema:{\"type\": 3}", "tests:f(1)", "rubric:", "pattern:("])  # fmt: skip
def test_a_wrong_argument_is_told_before_anything_is_spent(text: str) -> None:
    with pytest.raises(UsageError):
        verifier_named(text, ScriptedRun(task=TASK, script={}))
