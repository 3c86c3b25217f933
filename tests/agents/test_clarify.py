import json

import pytest

from manyminds.agents.clarify import Doubt, doubt_about, with_answer
from manyminds.core.values import Task
from manyminds.testing import ScriptedRun

pytestmark = pytest.mark.anyio


def run_of(*said: str) -> ScriptedRun:
    return ScriptedRun(task=Task(prompt="How far is it to Springfield?"), script={"m1": list(said)})


def says(ambiguous: int, question: str = "Which Springfield?") -> str:
    return json.dumps({"ambiguous": ambiguous, "question": question})


async def test_what_can_be_understood_in_two_ways_is_asked_back() -> None:
    doubt = await doubt_about(run_of(says(90)))
    assert doubt == Doubt(question="Which Springfield?", likelihood=0.9)
    task = with_answer("How far is it to Springfield?", doubt, " the one in Ohio ")
    assert task.endswith("Asked back: Which Springfield?\nAnswered: the one in Ohio")


@pytest.mark.parametrize("said", [says(20), says(90, " "), "no json", "[1]", '{"ambiguous": "x"}'])
async def test_what_is_clear_or_cannot_be_read_is_not(said: str) -> None:
    assert await doubt_about(run_of(said)) is None


async def test_a_dead_model_asks_nothing() -> None:
    assert await doubt_about(run_of()) is None
