"""A hand that was shown: it does what demonstrations did, and says where it does not know."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.browser import Executor
from manyminds.recommend.doing.consent import Consent
from manyminds.recommend.doing.pilot.candidates import WIDTH, candidates, features, shown_after
from manyminds.recommend.doing.pilot.directive import Directive, said_of, steps_in
from manyminds.recommend.doing.pilot.explore import Explored, Planner, Turn, explore
from manyminds.recommend.doing.pilot.learned import (
    LearnedHand,
    LearnedPlanner,
    choices_of,
    learn,
    trusted_hand,
    way_of,
)
from manyminds.recommend.doing.pilot.view import Element, View
from manyminds.recommend.doing.pilot.ways import Blanks, Demonstration, Ways
from manyminds.recommend.doing.plan import Step
from tests.recommend.test_pilot import by_the_book, careful
from tests.recommend.wizard import VALUES, Wizard

pytestmark = pytest.mark.anyio
NAMES = ("Ann", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus", "Hana", "Ivo", "Jana")
TOWNS = ("Graz", "Wien", "Linz", "Steyr", "Wels")


def page(*elements: Element) -> View:
    return View(address="http://site/", title="Form", text="", elements=elements)


def form(place: int) -> View:
    """A form in one of several orders, with a name for sending that is one of two."""
    boxes = [
        Element(role="textbox", name="Name"),
        Element(role="textbox", name="Town"),
        Element(role="checkbox", name="Newsletter"),
    ]
    boxes = boxes[place % 3 :] + boxes[: place % 3]
    return page(*boxes, Element(role="button", name=("Search", "Go")[place % 2]))


def demonstration(place: int) -> Demonstration:
    name, town = NAMES[place % len(NAMES)], TOWNS[place % len(TOWNS)]
    steps = [
        Step(kind="fill", what="Name", value=name),
        Step(kind="fill", what="Town", value=town),
        Step(kind="press", what=("Search", "Go")[place % 2]),
    ]
    said = f'Put "{name}" into Name and "{town}" into Town, then look it up'
    return Demonstration(instruction=said, view=form(place), steps=tuple(steps))


SHOWN = [demonstration(place) for place in range(20)]


def taught() -> LearnedHand:
    choices = [choice for one in SHOWN for choice in choices_of(one)]
    return LearnedHand(weights=learn(choices))


async def test_what_was_shown_is_done_with_values_and_forms_that_were_not() -> None:
    hand = taught()
    view = page(
        Element(role="textbox", name="Town"), Element(role="textbox", name="Name"),
        Element(role="checkbox", name="Terms"), Element(role="button", name="Go"),
    )  # fmt: skip
    steps = await hand('Put "Zoe" into Name and "Bregenz" into Town, then look it up', view)
    assert steps == (
        Step(kind="fill", what="Name", value="Zoe"),
        Step(kind="fill", what="Town", value="Bregenz"),
        Step(kind="press", what="Go"),
    )


async def test_what_nobody_has_shown_is_not_guessed() -> None:
    with pytest.raises(UsageError, match="nobody has shown"):
        await taught()("Change the colour", page(*(Element(role="button", name=n) for n in NAMES)))
    with pytest.raises(UsageError, match="nobody has shown"):
        await LearnedHand(weights=learn([]))(SHOWN[0].instruction, SHOWN[0].view)


GOAL = "Enrol me in a course"


async def way(browser: Any, folder: Path, wizard: Wizard, planner: Planner) -> Explored:
    executor = Executor(browser, Consent(folder / "yes.sqlite", clock=time.time), wait_ms=3_000)
    return await explore(executor, wizard.origin, planner, by_the_book, sites=(wizard.origin,))


async def shown_twice(browser: Any, folder: Path, wizard: Wizard) -> Ways:
    """Find a way twice, with a planner, and say that it was done."""
    ways = Ways(folder / "ways.jsonl")
    for plan in ("first", "second"):
        assert trusted_hand(ways.like(wizard.origin, GOAL)) is None
        found = await way(browser, folder, wizard, careful)
        shown = way_of(wizard.origin, GOAL, Blanks(VALUES), plan, found.turns)
        assert shown is not None
        ways.keep(shown)
        assert len(ways.like(wizard.origin, GOAL)) == (plan == "second")  # it is not done yet
        ways.confirm(plan)
    return ways


async def test_a_way_that_was_found_twice_is_found_again_with_few_looks_of_a_planner(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[View] = []

    async def counted(view: View, turns: Sequence[Turn]) -> Directive:
        asked.append(view)
        return await careful(view, turns)

    with Wizard() as wizard:
        ways = await shown_twice(browser, tmp_path, wizard)
        hand = trusted_hand(ways.like(wizard.origin, f" {GOAL.upper()} "))
        assert hand is not None
        others = VALUES | {"Name": 'Bo "B" Ek', "Subject": "Weaving", "Day": "Friday"}
        shown = dict(VALUES)
        for name, value in others.items():
            monkeypatch.setitem(VALUES, name, value)
        planner = LearnedPlanner(hand=hand, goal=GOAL, blanks=Blanks(others), other=counted)
        again = await way(browser, tmp_path, wizard, planner)
        assert wizard.orders == []
    assert again.state == "act"
    assert again.steps[-1] == Step(kind="press", what="Enrol", act="submit")
    assert {step.what: step.value for step in again.steps if step.value} == others
    assert len(asked) <= 5  # of seventeen turns
    # What was only done again proves nothing.
    assert way_of(wizard.origin, GOAL, Blanks(others), "third", again.turns) is None
    text = (tmp_path / "ways.jsonl").read_text("utf-8")
    assert not [value for value in shown.values() if value in text]


async def test_another_goal_and_another_site_are_no_business_of_it(browser: Any, tmp_path: Path) -> None:  # fmt: skip
    with Wizard() as wizard:
        ways = await shown_twice(browser, tmp_path, wizard)
    assert len(ways.like(wizard.origin, GOAL)) == 2
    assert ways.like(wizard.origin, "Cancel my course") == []
    assert ways.like("http://other.example", GOAL) == []


def test_each_step_and_the_end_is_a_choice_among_all_there_is() -> None:
    choices = choices_of(SHOWN[0])
    assert len(choices) == 4
    assert choices[-1].taken == 0  # it was over
    for choice in choices:
        assert choice.rows.shape == (len(choice.steps), WIDTH)
        assert choice.taken is not None


def test_a_step_that_the_page_did_not_offer_is_no_choice() -> None:
    odd = Demonstration(
        instruction="Buy it", view=form(0), steps=(Step(kind="press", what="Buy"),)
    )  # fmt: skip
    assert [choice.taken for choice in choices_of(odd)] == [None, 0]


def test_what_cannot_be_used_is_no_candidate_and_what_was_done_is_seen() -> None:
    view = page(
        Element(role="button", name="Send", dead=True), Element(role="combobox", name="Day",
        options=("Monday", "Friday")), Element(role="slider", name="Loud"),
    )  # fmt: skip
    found = candidates('Choose "Friday"', view)
    days = [Step(kind="choose", what="Day", value=day) for day in ("Monday", "Friday")]
    assert found == [None, *days]
    after = shown_after(view, days[1])
    assert after.elements[1].value == "Friday"
    rows = features('Choose "Friday"', after, [days[1]], found)
    assert not np.array_equal(rows, features('Choose "Friday"', view, [], found))


PRIVATE = page(
    Element(role="textbox", name="Password", value="hunter2"), Element(role="textbox", name="Name", value="Ann Lee"),
    Element(role="link", name="Your letter, Ms Lee"), Element(role="link", name="On"),
    Element(role="combobox", name="Account", value="AT12 3456", options=("AT12 3456", "AT99 9999")),
)  # fmt: skip


def kept(path: Path, view: View = PRIVATE) -> Ways:
    ways = Ways(path)
    turn = Turn(
        directive=Directive(next_step="x"), view=replace(view, address="https://a.example/x?session=SECRET"),
        done=(Step(kind="fill", what="Name", value="Ann Lee"), Step(kind="press", what="On")),
    )  # fmt: skip
    blanks = Blanks({"name": "Ann Lee", "password": "hunter2"})
    shown = way_of("https://a.example", "Write as Ann Lee", blanks, "p", [turn])
    assert shown is not None
    ways.keep(shown)
    ways.confirm("p")
    return ways


def test_a_goal_has_blanks_where_a_value_stands_and_nowhere_else() -> None:
    goals = [
        Blanks({"people": people, "name": name}).goal(
            f"A table for {people} at 20:00 for {name} in name"
        )
        for people, name in (("2", "Ann"), ("4", "people"))
    ]
    assert set(goals) == {"A table for {people} at 20:00 for {name} in name"}
    assert Blanks({"name": ""}).goal("A table") == "A table"


def test_a_way_is_kept_without_what_is_the_persons(tmp_path: Path) -> None:
    ways = kept(tmp_path / "me" / "ways.jsonl")
    text = (tmp_path / "me" / "ways.jsonl").read_text("utf-8")
    for private in ("hunter2", "Ann", "SECRET", "Ms Lee", "AT12", "AT99"):
        assert private not in text
    assert (tmp_path / "me" / "ways.jsonl").stat().st_mode & 0o777 == 0o600
    [way] = ways.like("https://a.example", "write as {name}")
    [one] = way.pages
    assert one.steps == (
        Step(kind="fill", what="Name", value="{name}"),
        Step(kind="press", what="On"),
    )
    assert [e.name for e in one.view.elements] == ["Password", "Name", "(link 2)", "On", "Account"]


def test_a_line_that_is_none_takes_nothing_away(tmp_path: Path) -> None:
    path = tmp_path / "ways.jsonl"
    odd = page(Element(role="button", name="On\u2028and\x85on"), *PRIVATE.elements)
    kept(path, odd)
    path.write_bytes(b'\xff\n{"way": {"site": 5}}\n[]\n{"done"\n' + path.read_bytes() + b'{"way"')
    ways = Ways(path)
    assert len(ways.like("https://a.example", "Write as {name}")) == 1
    ways.confirm("p")  # behind half a line
    assert len(ways.like("https://a.example", "Write as {name}")) == 1
    assert Ways(tmp_path / "none.jsonl").like("https://a.example", "x") == []


def test_steps_are_said_as_they_are_read() -> None:
    steps = (
        Step(kind="press", what='Say "hi"; then \\go'), Step(kind="fill", what="Name", value='A "B"'),
        Step(kind="choose", what="Day", value="Friday"), Step(kind="tick", what="Terms"),
        Step(kind="open", what="http://a.example/x"), Step(kind="see", what="Done"),
    )  # fmt: skip
    assert steps_in(said_of(steps)) == steps
