"""A crew works until its verifier approves, for three rounds at most, and only one who may decide."""

import json

import pytest

from manyminds.agents.roles import PRESETS
from manyminds.core.events import Checked, RemarkMade
from manyminds.core.values import Task
from manyminds.judging.agreement import agreement
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


async def test_a_verifier_that_may_not_decide_is_not_asked() -> None:
    run = run_of(verdict("approval", "it holds"), coder=("42", "42", "42"))
    answer = await Crew(doubt="it may not")(run)
    assert not any(name.startswith("verifier") for name, _ in run.calls)
    [checked] = [e.event.verdict for e in run.events if isinstance(e.event, Checked) if e.event.verdict.verifier == "verifier"]  # fmt: skip
    assert checked.outcome == "unsure"
    assert (answer.text, answer.how, answer.outcome) == ("42", "it may not", "partial")


@pytest.mark.parametrize(
    ("roles", "told"), [("duo", "solver of a team of two"), ("solver-coder-verifier", "solver of a small team")]
)  # fmt: skip
async def test_a_solver_whom_nobody_follows_is_told_to_answer(roles: str, told: str) -> None:
    run = run_of(verdict("approval", "6 * 7 = 42"), coder=("42",))
    answer = await Crew(roles=PRESETS[roles])(run)
    assert answer.text == "42"
    first = next(call.messages[-1].text for name, call in run.calls if name == "solver")
    assert told in first


PROGRAM = "Write a Python function `double(n)` that doubles a number.\n\n>>> double(2)\n4"


@pytest.mark.parametrize(("question", "told"), [
    (QUESTION.prompt, "check your result once"), (PROGRAM, "Write the whole program"),
])  # fmt: skip
async def test_who_writes_a_program_is_not_told_to_check_a_result(question: str, told: str) -> None:
    reply = "```python\ndef double(n):\n    return 2 * n\n```"
    script = {"solver": [reply] * 3, "coder": [reply] * 3}
    run = ScriptedRun(task=Task(prompt=question), script=script)
    await Crew(rounds=1)(run)
    first = next(call.messages[-1].text for name, call in run.calls if name == "solver")
    assert told in first


def test_only_what_is_shown_is_held_against_a_judge() -> None:
    """Nearly all answers that a verifier delivers it has accepted: kappa is zero then, and wide."""
    for right in (20, 38):
        found = agreement([(True, True)] * right + [(True, False)] * (right // 19))
        assert found is not None
        assert found.doubt() is None
    bad = agreement([(True, False), (False, True), (True, True), (False, False)] * 10)
    assert bad is not None
    assert "on 40 labels" in (bad.doubt() or "")
