"""Verifiers that run programs, in the real sandbox: wrong ones are never accepted, hacks neither."""

import ast
import asyncio
import random
from collections.abc import Callable

import pytest

from manyminds.agents.roster import roster
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.values import Candidate, Limits, Spend, Task
from manyminds.judging.canonical import canonicalize
from manyminds.judging.code.examples import Example
from manyminds.judging.code.outcomes import outcomes_of, read_outcomes
from manyminds.judging.verifiers import Differential, MemberTests, UnitTests
from manyminds.runtime.run import MemoryRun
from manyminds.tools.sandbox.tool import Python
from manyminds.tools.toolset import Toolset
from tests.improviser import Improviser
from tests.judging.test_guard import HACKS, TESTS

pytestmark = pytest.mark.anyio
TASK = Task(prompt="Write total(xs), the sum of a list of numbers.\n>>> total([1, 2])\n3")
RNG = random.Random(9)
RIGHT = (
    "def total(xs):\n    found = 0\n    for x in xs:\n        found = found + x\n    return found"
)


def run_with(python: Python, endpoint: Improviser | None = None) -> MemoryRun:
    return MemoryRun(
        run_id="r", task=TASK, members=roster(3, ["x"], has_docs=False),
        endpoints={"x": endpoint or Improviser()}, tools=Toolset([python]), limits=Limits(), seed=1,
    )  # fmt: skip


def candidate(program: str, author: str = "m1") -> Candidate:
    return Candidate(text=program, author=author, canonical=canonicalize(program))


def mutants(count: int) -> list[str]:
    """Return programs that differ from the right one in one operator or constant."""
    found = set[str]()
    changes: list[Callable[[ast.AST], bool]] = [_other_operator, _other_constant, _other_name]
    while len(found) < count:
        tree = ast.parse(RIGHT)
        nodes = [n for n in ast.walk(tree) if RNG.choice(changes)(n)]
        text = ast.unparse(tree)
        if nodes and text != ast.unparse(ast.parse(RIGHT)):
            found.add(text + f"\n# {len(found)}" * (RNG.random() < 0.5))
    return sorted(found)


def _other_operator(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        node.op = RNG.choice([ast.Sub(), ast.Mult(), ast.FloorDiv(), ast.BitOr()])
        return True
    return False


def _other_constant(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        node.value = RNG.choice([1, -1, 2, 10])
        return True
    return False


def _other_name(node: ast.AST) -> bool:
    if isinstance(node, ast.Return):
        node.value = ast.Name(id=RNG.choice(["xs", "x"]))
        return True
    return False


async def test_no_program_that_is_wrong_by_one_mark_is_accepted(python: Python) -> None:
    verifier = UnitTests(run=run_with(python), tests=tuple(TESTS))
    assert (await verifier.verify(TASK, candidate(RIGHT))).outcome == "accepted"
    for program in mutants(15):
        verdict = await verifier.verify(TASK, candidate(program))
        assert verdict.outcome == "rejected", program


@pytest.mark.parametrize("name", HACKS)
async def test_no_hack_gets_further_for_not_being_seen(python: Python, name: str) -> None:
    """What the guard would have stopped is run all the same: it must not take over what judges it."""
    outcomes = await outcomes_of(run_with(python), HACKS[name], ["total([7, 8])"])
    assert outcomes is None or outcomes[0].shown != "15"


async def test_a_line_that_a_program_prints_itself_is_no_outcome(python: Python) -> None:
    forged = (
        "def total(xs):\n    global print\n"
        "    for mark in ('outcomes of the candidate: ', '0' * 16):\n"
        '        print(mark + \'[["3", ""]]\')\n    print = lambda *_: None\n    return 0'
    )
    [outcome] = await outcomes_of(run_with(python), forged, ["total([1, 2])"]) or []
    assert outcome.shown == "0"
    looking = (
        "S = vars()\nM = [n for n in dir() if 'probe' in n or 'ready' in n]\n"
        "for m in M:\n    S[m] = lambda *_: print('forged')\n" + RIGHT
    )
    [outcome] = await outcomes_of(run_with(python), looking, ["total([1, 2])"]) or []
    assert outcome.shown == "3"
    assert read_outcomes('a[["3", ""]]\na[["4", ""]]', ["f()"], "a") is None


async def test_who_behaves_unlike_most_is_told_where(python: Python) -> None:
    verifier = Differential(run=run_with(python))
    first = await verifier.verify(TASK, candidate(RIGHT, "m1"))
    assert first.outcome == "unsure"  # there is nobody yet to compare it with
    second = await verifier.verify(TASK, candidate("def total(xs):\n    return sum(xs)", "m2"))
    assert second.outcome == "accepted"
    third = await verifier.verify(TASK, candidate("def total(xs):\n    return len(xs)", "m3"))
    assert third.outcome == "rejected"
    assert "most others" in third.reason


class Author(Improviser):
    """Writes tests, slowly."""

    async def send(self, call: ModelCall, *, progress: object = None) -> Reply:
        self.calls.append(call)
        await asyncio.sleep(0.05)
        return Reply(text="total([1, 2]) == 3\ntotal([]) == 0", finish="stop", spend=Spend())


async def test_tests_are_written_once_for_all_who_are_judged_by_them(python: Python) -> None:
    author = Author()
    run = run_with(python, author)
    verifier = MemberTests(run=run, authors=tuple(run.members))
    programs = [RIGHT, "def total(xs):\n    return sum(xs)", "def total(xs):\n    return 3", RIGHT]
    made = [candidate(p, f"m{n}") for n, p in enumerate(programs, 1)]
    verdicts = await asyncio.gather(*(verifier.verify(TASK, one) for one in made))
    assert [v.outcome for v in verdicts] == ["accepted", "accepted", "rejected", "accepted"]
    assert len(author.calls) == len(run.members)


async def test_future_imports_stand_first(python: Python) -> None:
    program = f"from __future__ import annotations\n{RIGHT}"
    verifier = UnitTests(run=run_with(python), tests=(Example(call="total([4])", expected="4"),))
    assert (await verifier.verify(TASK, candidate(program))).outcome == "accepted"
