"""How far research goes: parts of a plan, tokens of a worker, and what each of several is given."""

import json
from dataclasses import dataclass, replace

import pytest

from manyminds.agents.lead import FEW_PARTS, MOST_GAPS, MOST_PARTS, missing_parts, split_up
from manyminds.agents.member import Draft, open_thread, work
from manyminds.core.messages import Reply
from manyminds.core.protocols import Left
from manyminds.core.values import Failure, Member, Part, Plan, Spend, Task
from manyminds.strategies.findings import Desk, Finding
from manyminds.testing import ScriptedRun, act, final

pytestmark = pytest.mark.anyio
TASK = Task(prompt="How are all these things made, and by whom?")
WORKER = Member(name="w1", way="research", model="scripted:model")
PARTS = [{"question": f"What of {n}?", "query": f"query {n}"} for n in range(9)]


@pytest.mark.parametrize(("native", "most"), [(True, MOST_PARTS), (False, FEW_PARTS)])
async def test_a_lead_may_name_many_parts_and_a_small_one_few(native: bool, most: int) -> None:  # noqa: FBT001
    said = json.dumps({"goal": "g", "parts": PARTS})
    run = ScriptedRun(task=TASK, script={"lead": [said]}, native_tools=native)
    goal, parts = await split_up(run)
    assert (goal, len(parts)) == ("g", most)
    [(_, call)] = run.calls
    assert json.loads(json.dumps(call.schema))["properties"]["parts"]["maxItems"] == most


async def test_a_fact_is_one_part_and_no_plan_is_the_whole_question() -> None:
    one = json.dumps({"goal": "g", "parts": PARTS[:1]})
    run = ScriptedRun(task=TASK, script={"lead": [one, json.dumps({"goal": "", "parts": []})]})
    assert len((await split_up(run))[1]) == 1
    goal, [whole] = await split_up(run)
    assert (goal, whole.question) == (TASK.prompt, TASK.prompt)


async def test_gaps_are_few_and_none_of_those_that_were_worked() -> None:
    said = json.dumps(
        {"missing": [*PARTS[:1], *PARTS[:3], {"question": "New?", "query": "QUERY 1"}]}
    )
    run = ScriptedRun(task=TASK, script={"lead": [said]})
    tried = [Part(question="what OF 0?", query="other"), Part(question="x", query="query 1")]
    found = await missing_parts(run, "", tried)
    assert [part.question for part in found] == ["What of 2?"]
    assert MOST_GAPS == 3


def spending(text: str, tokens: int) -> Reply:
    return Reply(text=text, finish="stop", spend=Spend(tokens_in=tokens))


@pytest.mark.parametrize(("allowance", "calls"), [(None, 3), (1_000, 1), (1_500, 2), (5_000, 3)])
async def test_a_worker_that_has_spent_its_share_has_to_answer(
    allowance: int | None, calls: int
) -> None:
    """Each call costs 1,000: the first request after its share takes an answer and nothing else."""
    acts = [spending(act("calculate", expression=f"1+{n}"), 1_000) for n in range(calls)]
    run = ScriptedRun(task=TASK, script={"w1": [*acts, spending(final("42"), 10)]})
    thread = open_thread(run, WORKER, temperature=0.0)
    thread.allowance = allowance
    draft = await work(run, thread, turns=4)
    assert draft.answer == "42"
    may_call = ["calculate" in json.dumps(call.schema) for _, call in run.calls]
    assert may_call == [True] * calls + [False]


@dataclass(kw_only=True)
class Limited(ScriptedRun):
    tokens: int | None = None

    def left(self) -> Left:
        return Left(tokens=self.tokens, seconds=None)


def finding(number: int, *, over: bool) -> Finding:
    made = Finding(number=number, part=Part(question="?", query="?"))
    if over and number % 2:
        made.failure = Failure(kind="ProviderError", message="gone")
    elif over:
        made.draft = Draft(
            member=replace(WORKER, name=f"w{number}"), answer="", reason="", confidence=None,
            claims=(), evidence=(), would_change=None,
        )  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("left", "over", "open_", "share"),
    [
        (None, 0, 3, None), (10_000, 0, 1, 8_000), (10_000, 0, 4, 2_000), (10_000, 3, 2, 4_000),
        (0, 0, 2, 0), (10_000, 2, 0, 8_000),
    ],
)  # fmt: skip
def test_workers_share_four_fifths_of_what_is_left(
    left: int | None, over: int, open_: int, share: int | None
) -> None:
    run = Limited(task=TASK, script={}, tokens=left)
    findings = [finding(n, over=n < over) for n in range(over + open_)]
    assert Desk(run=run, plan=Plan(goal="", parts=()), findings=findings).share() == share
