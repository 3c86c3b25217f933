"""Plan and execute: one step at a time, corrected by the planner, changed by the person."""

import json

import pytest

from manyminds.agents.roster import roster
from manyminds.core.events import PhaseStarted
from manyminds.core.values import Task
from manyminds.strategies.plan_execute import Plan, PlanExecute
from manyminds.testing import ScriptedRun, final

pytestmark = pytest.mark.anyio
TASK = Task(prompt="How many pens are in 6 boxes of 7, without 2?")


def step(next_step: str, *, finished: bool = False, correction: str = "") -> str:
    return json.dumps({
        "correction_needed": bool(correction), "correction": correction, "next_step": next_step,
        "finished": finished,
    })  # fmt: skip


def run_of(planner: list[str], executor: list[str]) -> ScriptedRun:
    return ScriptedRun(
        task=TASK, script={"planner": planner, "m1": executor},
        members=roster(1, ["scripted:model"], has_docs=False),
    )  # fmt: skip


def done(run: ScriptedRun) -> list[str]:
    return [e.event.why for e in run.events if isinstance(e.event, PhaseStarted)]


async def test_what_went_wrong_is_told_to_who_does_the_next_step() -> None:
    planner = [
        step("multiply"),
        step("take 2 away", correction="6 * 7 is 42"),
        step("", finished=True),
    ]
    run = run_of(planner, [final("41"), final("40")])
    answer = await PlanExecute()(run)
    assert (answer.text, answer.how) == ("40", "finished in 2 steps")
    assert done(run) == ["multiply", "take 2 away"]
    told = [call.messages[-1].text for name, call in run.calls if name == "m1"]
    assert "6 * 7 is 42" not in told[0]
    assert "6 * 7 is 42" in told[1]


async def test_the_person_may_put_another_step_in_its_place() -> None:
    asked: list[Plan] = []

    async def override(plan: Plan) -> str | None:
        asked.append(plan)
        return "count them one by one" if len(asked) == 1 else None

    run = run_of(
        [step("multiply"), step("add"), step("", finished=True)], [final("42"), final("40")]
    )
    assert (await PlanExecute(override=override)(run)).text == "40"
    assert done(run) == ["count them one by one", "add"]
    assert [plan.next_step for plan in asked] == ["multiply", "add"]


async def test_a_plan_without_end_is_cut_and_one_that_cannot_be_read_is_the_question() -> None:
    run = run_of([step("again")] * 9, [final("40")] * 9)
    answer = await PlanExecute(steps=3)(run)
    assert (answer.text, answer.how) == ("40", "3 steps were done; the planner saw no end")
    run = run_of(["no JSON at all"] * 2, [final("40")])
    assert (await PlanExecute()(run)).text == "40"
    assert done(run) == ["answer the question"]
