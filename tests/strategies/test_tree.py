"""A search ends with an answer that is accepted, not with one that is rejected."""

import json

import pytest

from manyminds.core.values import Task
from manyminds.judging.verifiers import Exact
from manyminds.strategies.tree import Tree
from manyminds.testing import ScriptedRun

pytestmark = pytest.mark.anyio


def steps(*texts: str) -> str:
    return json.dumps({"steps": texts})


def values(*numbers: int) -> str:
    return json.dumps({"values": numbers})


WAYS = [
    steps("6 * 6 = 36\nAnswer: 36", "6 * 7 is 6 * 6 and 6 more"), values(9, 5),
    steps("so it is 40\nAnswer: 40", "36 + 6 = 42\nAnswer: 42"), values(8, 3),
    steps("never asked for"), values(1),
]  # fmt: skip


@pytest.mark.parametrize("search", ["bfs", "dfs"])
async def test_a_rejected_answer_does_not_end_the_search(search: str) -> None:
    run = ScriptedRun(task=Task(prompt="What is 6 * 7?"), script={"m1": WAYS})
    strategy = Tree(
        search="bfs" if search == "bfs" else "dfs", verifier=lambda _: Exact(expected="42")
    )
    answer = await strategy(run)
    assert answer.text == "42"
    assert len(run.calls) == 4


async def test_without_a_verdict_the_first_paths_are_enough() -> None:
    script = [steps("Answer: blue", "Answer: red"), values(9, 5)]
    run = ScriptedRun(task=Task(prompt="Which colour?"), script={"m1": script})
    answer = await Tree(breadth=2)(run)
    assert (answer.text, len(run.calls)) == ("blue", 2)
