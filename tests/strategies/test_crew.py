"""A crew works until its verifier approves, for three rounds at most, and only one who may decide."""

import json

import pytest

from manyminds.core.events import Checked, RemarkMade
from manyminds.core.values import Task
from manyminds.judging.agreement import Agreement
from manyminds.strategies.crew import Crew
from manyminds.testing import ScriptedRun, final
from manyminds.tools.calculator.tool import Calculate

pytestmark = pytest.mark.anyio
QUESTION = Task(prompt="Six rows have seven chairs each. How many chairs are there?")


def verdict(kind: str, text: str) -> str:
    said = {"kind": kind, "text": text}
    return json.dumps({"action": "answer", "reason": "r", "answer": said, "confidence": 90})


def run_of(*verdicts: str, coder: tuple[str, ...] = ("41", "42", "42")) -> ScriptedRun:
    script = {
        "solver": ["Multiply the rows.\nAnswer: 42"] * 3,
        "coder": [final(answer) for answer in coder],
        **{f"verifier{n + 1}": [said] for n, said in enumerate(verdicts)},
    }
    return ScriptedRun(task=QUESTION, script=script, with_tools=[Calculate()])


async def test_the_next_round_begins_with_what_the_verifier_objects_to() -> None:
    run = run_of(verdict("objection", "6 times 7 is 42"), verdict("approval", "6 * 7 = 42"))
    answer = await Crew()(run)
    assert (answer.text, answer.how) == ("42", "approved by the verifier in round 2")
    said = [e.event.remark.kind for e in run.events if isinstance(e.event, RemarkMade)]
    assert said.count("objection") == said.count("approval") == 1
    again = [call.messages[-1].text for name, call in run.calls if name == "solver"][-1]
    assert "6 times 7 is 42" in again


async def test_without_approval_the_rounds_are_over() -> None:
    answer = await Crew()(run_of(*[verdict("objection", "no")] * 3))
    assert (answer.outcome, answer.how) == ("partial", "not approved in 3 rounds")


@pytest.mark.parametrize(("kappa", "asked"), [(0.1, False), (0.9, True)])
async def test_a_verifier_that_disagrees_with_people_is_not_asked(*, kappa: float, asked: bool) -> None:  # fmt: skip
    found = Agreement(n=30, kappa=kappa, low=0, high=1, same=0.5)
    run = run_of(verdict("approval", "it holds"), coder=("42", "42", "42"))
    answer = await Crew(aligned=found)(run)
    assert any(name.startswith("verifier") for name, _ in run.calls) == asked
    [checked] = [e.event.verdict for e in run.events if isinstance(e.event, Checked) if e.event.verdict.verifier == "verifier"]  # fmt: skip
    assert checked.outcome == ("accepted" if asked else "unsure")
    assert answer.text == "42"
    assert answer.how is not None
    assert ("kappa 0.10 on 30 labels" in answer.how) != asked
    assert answer.outcome == ("answered" if asked else "partial")


async def test_one_that_nobody_has_compared_decides() -> None:
    few = Agreement(n=5, kappa=-0.2, low=-1, high=1, same=0.4)
    answer = await Crew(aligned=few)(run_of(verdict("approval", "it holds"), coder=("42",)))
    assert answer.outcome == "answered"
