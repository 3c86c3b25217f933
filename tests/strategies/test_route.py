import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

import manyminds.tools
from manyminds.agents.prompts import prompt
from manyminds.core.events import MemberStarted, Routed
from manyminds.core.values import Task
from manyminds.strategies.auto import Auto
from manyminds.strategies.route import _TOOLS, Router, expression_in, fit_router
from manyminds.testing import ScriptedRun, act, final
from manyminds.tools.calculator.tool import Calculate

pytestmark = pytest.mark.anyio
ALL = ("python", "calculate", "search_docs", "read_doc")
NO_DOCS = ("python", "calculate")
WEB = (*NO_DOCS, "search_web", "read_page")


@pytest.mark.parametrize(
    ("question", "tools", "route"),
    [
        ("17 * 23", ALL, "calculator"),
        ("What is (3/4 + 1/8) * 16?", ALL, "calculator"),
        ("How many letters e are in 'seventeen'?", NO_DOCS, "python"),
        ("What is the sum of all primes below 200?", NO_DOCS, "python"),
        ("According to the handbook, who holds the key?", ALL, "docs"),
        ("What is the latest stable release of PostgreSQL?", WEB, "search"),
        ("Who wrote Faust?", NO_DOCS, "one_call"),
        ("Hello!", NO_DOCS, "one_call"),
        ("Write a function that merges two sorted lists.", NO_DOCS, "panel"),
        ("Prove that the square root of two is irrational.", NO_DOCS, "panel"),
    ],
)
def test_words_choose_the_route(question: str, tools: tuple[str, ...], route: str) -> None:
    assert Router().choose(question, tools=tools).route == route


@pytest.mark.parametrize("text", ["What is love?", "2024", "import os", "1/0", "__import__('os')"])
def test_what_is_no_expression_is_none(text: str) -> None:
    assert expression_in(text) is None


async def test_an_expression_is_answered_without_a_model() -> None:
    run = ScriptedRun(task=Task(prompt="What is 17 * 23?"), script={})
    answer = await Auto()(run)
    assert (answer.text, run.calls) == ("391", [])
    assert answer.evidence[0].request == "17 * 23"


async def test_a_plain_question_costs_one_call() -> None:
    run = ScriptedRun(task=Task(prompt="Who wrote Faust?"), script={"m1": [final("Goethe")]})
    answer = await Auto()(run)
    assert answer.text == "Goethe"
    assert len(run.calls) == 1


class Named(Calculate):
    """A calculator under another tool's name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.spec = replace(Calculate().spec, name=name)


@pytest.mark.parametrize(
    ("question", "tools", "way"),
    [
        ("How many letters e are in 'seventeen'?", NO_DOCS, "compute"),
        ("According to the handbook, who holds the key?", ALL, "look_up"),
        ("What is the latest stable release of PostgreSQL?", WEB, "search"),
    ],
)
async def test_a_question_for_a_tool_goes_to_one_member_who_begins_with_it(question: str, tools: tuple[str, ...], way: str) -> None:  # fmt: skip
    named = [Named(name) for name in tools]
    script = {"m1": [act("calculate", expression="6*7"), final("42")]}
    run = ScriptedRun(task=Task(prompt=question), script=script, with_tools=named)
    await Auto()(run)
    [first, *_] = [e.event for e in run.events if isinstance(e.event, MemberStarted)]
    assert first.member.way == way
    assert prompt(f"way_{way}").strip() in run.calls[0][1].messages[-1].text


def test_the_router_knows_tools_by_the_names_they_have() -> None:
    files = Path(manyminds.tools.__file__).parent.rglob("*.py")
    there = set(
        re.findall(
            r'(?:name=|search_spec\()\s*"(\w+)"', " ".join(file.read_text() for file in files)
        )
    )
    assert set(_TOOLS.values()) <= there


async def test_nothing_came_of_one_call_so_the_panel_is_asked() -> None:
    script = {name: [final("Goethe")] for name in ("m2", "m3", "m4")}
    run = ScriptedRun(task=Task(prompt="Who wrote Faust?"), script=script)
    answer = await Auto()(run)
    assert answer.text == "Goethe"
    routes = [e.event.effort for e in run.events if isinstance(e.event, Routed)]
    assert routes == ["low", "heavy"]


async def test_what_does_not_hold_goes_to_the_panel() -> None:
    backed = [act("calculate", expression="6*7"), final("42")]
    script = {"m1": [final("41"), *backed], "m2": backed, "m3": backed, "m4": backed}
    task = Task(prompt="How many pens are in six boxes of seven, and how many are left of 42 then?")
    run = ScriptedRun(task=task, script=script)
    answer = await Auto()(run)
    assert answer.text == "42"
    routes = [e.event.effort for e in run.events if isinstance(e.event, Routed)]
    assert routes[0] != "heavy"
    assert routes[-1] == "heavy"


def test_the_router_learns_what_one_member_can_answer() -> None:
    rng = random.Random(2)
    easy = "Who wrote book number {}?"
    hard = "Prove that claim {} holds, then design a test and compare both. What follows?"
    runs = [
        (text.format(n), rng.random() < (0.95 if text is easy else 0.3))
        for n in range(200)
        for text in (easy, hard)
    ]
    router = fit_router(runs)
    assert router is not None
    assert router.alone(easy.format(1)) == pytest.approx(0.95, abs=0.05)
    assert router.alone(hard.format(1)) == pytest.approx(0.3, abs=0.1)
    assert router.choose(easy.format(1), tools=NO_DOCS).effort == "low"
    assert router.choose(hard.format(1), tools=NO_DOCS).effort == "heavy"


def test_too_few_runs_teach_nothing() -> None:
    assert fit_router([("Who?", True)] * 39) is None
    assert fit_router([("Who?", True)] * 100) is None
