"""One member looks at its answer again, until a look changes nothing or it is accepted."""

import pytest

from manyminds.core.errors import ProviderError
from manyminds.core.values import Task
from manyminds.judging.verifiers import Exact
from manyminds.strategies.self_refine import SelfRefine
from manyminds.testing import ScriptedRun

pytestmark = pytest.mark.anyio


def run_of(*said: str | ProviderError, **others: list[str]) -> ScriptedRun:
    return ScriptedRun(task=Task(prompt="Which number?"), script={"m1": said, **others})


async def test_it_ends_once_a_look_changes_nothing() -> None:
    run = run_of("Answer: 41", "I was wrong.\nAnswer: 42", "It holds.\nAnswer: 42.0", "Answer: 7")
    answer = await SelfRefine()(run)
    assert (answer.text, len(run.calls)) == ("42.0", 3)
    assert "looked at again 2 times" in (answer.how or "")
    assert run.calls[-1][1].messages[0] == run.calls[0][1].messages[0]


async def test_an_accepted_answer_is_left_alone() -> None:
    run = run_of("Answer: 42", "Answer: 41")
    answer = await SelfRefine(verifier=lambda _: Exact(expected="42"))(run)
    assert (answer.text, len(run.calls)) == ("42", 1)


async def test_a_look_that_fails_keeps_what_there_was() -> None:
    run = run_of("Answer: 42", ProviderError("gone"))
    answer = await SelfRefine(rounds=1)(run)
    assert answer.text == "42"
    assert any("gone" in line for line in answer.missing)


async def test_the_next_member_steps_in_for_a_dead_one() -> None:
    run = run_of(ProviderError("gone"), m2=["Answer: 42", "Answer: 42"])
    assert (await SelfRefine()(run)).text == "42"
