"""Strategies on questions for code, with programs run in the real sandbox."""

from collections.abc import Sequence

import pytest

from manyminds.agents.roster import roster
from manyminds.agents.sample import read_answer
from manyminds.core.events import CruxSettled, PhaseStarted, Revised
from manyminds.core.protocols import Strategy
from manyminds.core.values import Candidate, Task
from manyminds.judging.canonical import canonicalize
from manyminds.judging.code.examples import Example
from manyminds.judging.verifiers import MemberTests, UnitTests
from manyminds.strategies.best_of_n import BestOfN
from manyminds.strategies.crew import Crew
from manyminds.strategies.heavy import Heavy
from manyminds.strategies.majority import Majority
from manyminds.strategies.single import Single
from manyminds.testing import ScriptedRun
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.sandbox.tool import Python

pytestmark = pytest.mark.anyio
QUESTION = """Complete this function.

```python
def middle(xs: list[int]) -> int:
    \"\"\" Return the middle of the sorted numbers, the lower one of two.
    >>> middle([3, 1, 2])
    2
    \"\"\"
```"""


def code(body: str) -> str:
    return f"So:\n```python\ndef middle(xs):\n    {body}\n```"


RIGHT = code("return sorted(xs)[(len(xs) - 1) // 2]")
RIGHT_TOO = code("ys = list(xs)\n    ys.sort()\n    return ys[(len(ys) - 1) // 2]")
UPPER = code("return sorted(xs)[len(xs) // 2]")
UNSORTED = code("return xs[len(xs) // 2]")
BROKEN = code("return sorted(xs)[")
CRASHES = code("return sorted(xs)[(len(xs) - 1) // 2] + 0 * (1 // (len(xs) - 1))")  # on one number


def run_of(python: Python, **script: Sequence[str]) -> ScriptedRun:
    return ScriptedRun(task=Task(prompt=QUESTION), script=script, with_tools=[python, Calculate()])


async def test_majority_counts_programs_that_behave_alike_as_one(python: Python) -> None:
    run = run_of(python, m1=[UPPER], m2=[RIGHT], m3=[RIGHT_TOO], m4=[RIGHT])
    answer = await Majority(adaptive=False)(run)
    assert answer.text is not None
    assert "(len(xs) - 1)" in answer.text
    assert [d.member for d in answer.dissent] == ["m1"]


async def test_single_writes_the_program_and_mends_it(python: Python) -> None:
    """By models without native tools it is drawn as a sample, not asked for in our protocol."""
    run = run_of(python, m1=[UNSORTED, RIGHT])
    answer = await Single()(run)
    assert answer.text == read_answer(RIGHT, code=True)
    assert answer.outcome == "answered"
    assert all(call.schema is None for _, call in run.calls)
    assert "middle([3, 1, 2]) must be 2, and is 1" in run.calls[1][1].messages[-1].text
    run = run_of(python, m1=[UNSORTED])
    answer = await Single(turns=1)(run)
    assert (answer.outcome, len(run.calls)) == ("partial", 1)


@pytest.mark.parametrize("strategy", [Single(), Heavy()])
@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Write a JavaScript function that adds.", "```js\nconst add = (a, b) => a + b;\n```"),
        ("Write a Python program that prints ten primes.", "```python\nprint(2, 3, 5)\n```"),
        ("Write a stack as a Python class.", "```python\nclass Stack:\n    items = []\n```"),
        ("Write a bash script that lists files.", "```bash\nls\n```"),
    ],
)
async def test_programs_that_have_no_function_to_call_are_answers(python: Python, strategy: Strategy, question: str, said: str) -> None:  # fmt: skip
    script = {f"m{n}": [f"It does it.\n{said}"] for n in range(1, 5)}
    run = ScriptedRun(task=Task(prompt=question), script=script, with_tools=[python, Calculate()])
    answer = await strategy(run)
    assert (answer.text, answer.outcome) == (said, "answered")
    assert len(run.calls) <= 4


async def test_best_of_n_takes_the_one_that_meets_the_examples(python: Python) -> None:
    run = run_of(python, m1=[UNSORTED], m2=[UNSORTED], m3=[UNSORTED], m4=[RIGHT])
    answer = await BestOfN()(run)
    assert answer.author == "m4"
    assert answer.how is not None
    assert "1 accepted by examples" in answer.how


async def test_a_repair_is_told_what_failed(python: Python) -> None:
    run = run_of(python, m1=[UNSORTED, RIGHT], m2=[BROKEN], m3=[BROKEN, BROKEN], m4=[UNSORTED])
    answer = await BestOfN(repairs=1)(run)
    assert answer.author == "m1"
    told = [call.messages[-1].text for name, call in run.calls if name == "m1"][-1]
    assert "middle([3, 1, 2]) must be 2, and is 1" in told


async def test_a_leader_that_crashes_on_a_variation_is_told_so(python: Python) -> None:
    run = run_of(python, m1=[CRASHES, RIGHT], m2=[CRASHES])
    answer = await BestOfN(repairs=1)(run)
    assert answer.text == read_answer(RIGHT, code=True)
    told = [call.messages[-1].text for name, call in run.calls if name == "m1"][-1]
    assert "middle([3]) raises ZeroDivisionError: integer division or modulo by zero" in told


async def test_a_repair_that_does_something_else_does_not_stand(python: Python) -> None:
    run = run_of(python, m1=[CRASHES, UPPER], m2=[CRASHES])
    answer = await BestOfN(repairs=1)(run)
    assert answer.text == read_answer(CRASHES, code=True)


async def test_a_program_has_the_votes_of_those_that_crash_where_it_does_not(
    python: Python,
) -> None:
    run = run_of(python, m1=[CRASHES], m2=[CRASHES], m3=[RIGHT], m4=[CRASHES])
    answer = await BestOfN(adaptive=False)(run)
    assert answer.author == "m3"


async def test_without_an_accepted_sample_the_behaviour_of_most_is_delivered(
    python: Python,
) -> None:
    run = run_of(python, m1=[UNSORTED], m2=[UNSORTED], m3=[BROKEN], m4=[UNSORTED])
    answer = await BestOfN()(run)
    assert answer.author == "m1"


def value(shown: str) -> str:
    return f"Sorted it is so and so.\nAnswer: {shown}"


async def test_heavy_settles_the_call_on_which_programs_part_against_the_most(python: Python) -> None:  # fmt: skip
    readers = {f"reader{n}": [value("1")] for n in range(1, 4)}
    run = run_of(python, m1=[UPPER], m2=[RIGHT_TOO], m3=[UPPER], m4=[UPPER], **readers)
    answer = await Heavy(cruxes=1, rounds=1)(run)
    phases = [e.event.phase for e in run.events if isinstance(e.event, PhaseStarted)]
    assert "settle" in phases
    settled = [e.event for e in run.events if isinstance(e.event, CruxSettled)]
    supports = {r.support for s in settled for r in s.rulings}
    assert supports == {"supported", "contradicted"}
    assert answer.author == "m2"
    assert {d.member for d in answer.dissent} == {"m1", "m3", "m4"}


async def test_heavy_on_code_ends_at_the_gate_where_two_agree(python: Python) -> None:
    safe = code("return sorted(xs)[(len(xs) - 1) // 2] if xs else 0")
    run = run_of(python, m1=[safe], m2=[safe], m3=[UPPER], m4=[UPPER])
    answer = await Heavy()(run)
    assert len(run.calls) == 2
    assert answer.outcome == "answered"
    assert answer.dissent == ()


async def test_what_came_of_a_repair_is_told(python: Python) -> None:
    run = run_of(python, m1=[CRASHES, RIGHT], m2=[CRASHES, UPPER])
    await Heavy(rounds=1)(run)
    revised = {e.event.member: e.event.result for e in run.events if isinstance(e.event, Revised)}
    assert revised == {"m1": "changed"}


WORDS = "A shelf holds 12 books. How many do 3 shelves hold?"


async def test_heavy_on_words_ends_where_words_and_a_program_agree(python: Python) -> None:
    tools = [python, Calculate()]
    script = {"m1": ["12 * 3 = 36\nAnswer: 36"], "m2": ["```python\nprint(12 * 3)\n```"]}
    run = ScriptedRun(task=Task(prompt=WORDS), script=script, with_tools=tools)
    answer = await Heavy(samples=True)(run)
    assert answer.text == "36"
    assert len(run.calls) == 2


async def test_heavy_on_words_counts_two_ways_that_agree_for_more(python: Python) -> None:
    right = "```python\nprint(12 * 3)\n```"
    wrong = "12 + 3 = 15\nAnswer: 15"
    script = {
        "m1": [wrong],
        "m2": [right],
        "m3": [wrong],
        "m4": ["```python\nprint(4)\n```"],
        "m5": ["Answer: 36"],
    }
    members = roster(5, ["scripted:model"], has_docs=False)
    run = ScriptedRun(
        task=Task(prompt=WORDS), script=script, with_tools=[python, Calculate()], members=members
    )
    answer = await Heavy(samples=True)(run)
    assert answer.text == "36"
    assert [c.support for c in answer.claims] == ["unsure", "supported"]
    assert len(run.calls) == 5


async def test_the_votes_of_workings_with_a_wrong_step_do_not_count(python: Python) -> None:
    wrong = "12 * 3 = 32\nAnswer: 32"
    right = "```python\nprint(12 * 3)\n```"
    script = {"m1": [wrong, "12 * 3 = 36\nAnswer: 36"], "m2": [right], "m3": [wrong, wrong]}
    run = ScriptedRun(task=Task(prompt=WORDS), script=script, with_tools=[python, Calculate()])
    answer = await Heavy(samples=True)(run)
    assert answer.text == "36"


async def test_readers_who_do_not_agree_rule_nothing(python: Python) -> None:
    readers = {"reader1": [value("1")], "reader2": [value("2")], "reader3": [value("3")]}
    run = run_of(python, m1=[UPPER], m2=[RIGHT], m3=[RIGHT], m4=[UPPER], **readers)
    await Heavy(cruxes=1, rounds=1)(run)
    settled = [e.event for e in run.events if isinstance(e.event, CruxSettled)]
    assert [s.rulings for s in settled] == [()]


async def test_a_crew_ends_when_the_examples_are_met(python: Python) -> None:
    run = run_of(python, solver=["Sort.\nThen take the middle."] * 3, coder=[UNSORTED, RIGHT])
    answer = await Crew()(run)
    assert answer.author == "coder"
    assert answer.how == "approved by the verifier in round 2"
    assert answer.outcome == "answered"


async def test_a_crew_that_never_approves_says_so(python: Python) -> None:
    run = run_of(python, solver=["Plan."] * 3, coder=[UNSORTED] * 3)
    answer = await Crew()(run)
    assert answer.outcome == "partial"
    assert answer.how == "not approved in 3 rounds"


async def test_tests_that_two_members_wrote_are_what_a_program_must_pass(python: Python) -> None:
    good, wrong = "middle([5, 1]) == 1\nmiddle([]) == 0", "middle([5, 1]) == 1\nmiddle([2]) == 7"
    run = run_of(python, m1=[good], m2=[wrong], m3=["none"], m4=["middle([9, 1]) == 9"])
    verifier = MemberTests(run=run, authors=tuple(run.members))
    verdicts = [
        await verifier.verify(run.task, Candidate(text=text, author="x", canonical=canonicalize(text)))
        for text in (read_answer(RIGHT, code=True) or "", read_answer(UPPER, code=True) or "")
    ]  # fmt: skip
    assert [v.outcome for v in verdicts] == ["accepted", "rejected"]
    assert "middle([5, 1]) must be 1, and is 5" in verdicts[1].reason
    assert len(run.calls) == 4


async def test_no_mutated_wrong_program_is_accepted(python: Python) -> None:
    tests = tuple(
        Example(call=f"middle({xs})", expected=str(sorted(xs)[(len(xs) - 1) // 2]))
        for xs in ([3, 1, 2], [5, 1], [4], [1, 9, 9, 9], [-3, 8, 0, 7, 1], [10, 20, 30, 5])
    )
    run = run_of(python)
    verifier = UnitTests(run=run, tests=tests)
    right = "def middle(xs):\n    ys = sorted(xs)\n    n = len(ys) - 1\n    return ys[n // 2]"
    changes = [
        ("sorted(xs)", "xs"), ("sorted(xs)", "sorted(xs, reverse=True)"), ("- 1", "- 2"),
        ("- 1", "+ 1"), ("- 1", ""), ("// 2", "// 3"), ("// 2", ""), ("ys[n // 2]", "ys[n // 2] + 1"),
        ("ys[n // 2]", "ys[-1]"), ("ys[n // 2]", "ys[0]"), ("ys[n // 2]", "float(ys[n // 2]) + 0.5"),
        ("ys[n // 2]", "str(ys[n // 2])"), ("ys[n // 2]", "[ys[n // 2]]"), ("ys[n // 2]", "None"),
        ("return", "print"), ("sorted(xs)", "list(set(xs))"), ("sorted(xs)", "sorted(xs)[1:]"),
        ("sorted(xs)", "sorted(set(xs))"), ("def middle(xs)", "def middle(xs, y)"), ("return", "yield"),
    ]  # fmt: skip
    for old, new in changes:
        wrong = right.replace(old, new)
        verdict = await verifier.verify(run.task, Candidate(text=wrong, author="x", canonical=canonicalize(wrong)))  # fmt: skip
        assert verdict.outcome == "rejected", wrong
    verdict = await verifier.verify(run.task, Candidate(text=right, author="x", canonical=canonicalize(right)))  # fmt: skip
    assert verdict.outcome == "accepted"
