"""A hand that was shown: it does what demonstrations did, and says where it does not know."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.browser import Executor
from manyminds.recommend.doing.consent import Consent
from manyminds.recommend.doing.pilot.candidates import WIDTH, candidates, features, shown_after
from manyminds.recommend.doing.pilot.demos import (
    FILLED,
    Demonstration,
    keep_demonstrations,
    read_demonstrations,
)
from manyminds.recommend.doing.pilot.directive import Directive, said_of, steps_in
from manyminds.recommend.doing.pilot.explore import Explored, Planner, Turn, explore
from manyminds.recommend.doing.pilot.learned import (
    LearnedHand,
    LearnedPlanner,
    choices_of,
    learn,
    shown_in,
    trusted_hand,
)
from manyminds.recommend.doing.pilot.view import Element, View
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
        await taught()("Change the colour of the page", form(0))
    with pytest.raises(UsageError, match="nobody has shown"):
        await LearnedHand(weights=learn([]))(SHOWN[0].instruction, SHOWN[0].view)


VALUED = ". ".join(["Enrol me", *(f'{name} "{value}"' for name, value in VALUES.items())])


async def way(browser: Any, consent: Consent, wizard: Wizard, planner: Planner) -> Explored:
    executor = Executor(browser, consent, wait_ms=3_000)
    return await explore(executor, wizard.origin, planner, by_the_book, sites=(wizard.origin,))


async def test_a_way_that_was_found_twice_is_found_again_without_a_planner(browser: Any, tmp_path: Path) -> None:  # fmt: skip
    consent, asked, path = (
        Consent(tmp_path / "yes.sqlite", clock=time.time),
        [],
        tmp_path / "w.jsonl",
    )

    async def counted(view: View, turns: Sequence[Turn]) -> Directive:
        asked.append(view)
        return await careful(view, turns)

    with Wizard() as wizard:
        for _ in range(2):
            assert trusted_hand(read_demonstrations(path)) is None
            found = await way(browser, consent, wizard, counted)
            keep_demonstrations(path, shown_in(VALUED, found.turns))
        before = len(asked)
        hand = trusted_hand(read_demonstrations(path))
        assert hand is not None
        other = VALUED.replace("Ann Lee", "Bo Ek").replace("Pottery", "Weaving")
        planner = LearnedPlanner(hand=hand, instruction=other, other=counted)
        again = await way(browser, consent, wizard, planner)
        assert wizard.orders == []
    assert again.state == "act"
    assert again.steps[-1] == Step(kind="press", what="Enrol", act="submit")
    values = {step.what: step.value for step in again.steps if step.value}
    assert values == VALUES | {"Name": "Bo Ek", "Subject": "Weaving"}
    assert len(asked) - before <= 3  # of seventeen turns


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


def test_demonstrations_are_kept_without_what_stood_in_a_field(tmp_path: Path) -> None:
    path = tmp_path / "ways.jsonl"
    secret = Element(role="textbox", name="Password", value="hunter2")
    one = Demonstration(
        instruction="Go on", view=page(secret), steps=(Step(kind="press", what="Go"),)
    )
    keep_demonstrations(path, [one, SHOWN[0]])
    assert "hunter2" not in path.read_text("utf-8")
    assert path.stat().st_mode & 0o777 == 0o600
    back = read_demonstrations(path)
    assert back[1] == SHOWN[0]
    assert back[0].view.elements[0].value == FILLED


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ways.jsonl"
    path.write_text('{"instruction": "x"}\n', "utf-8")
    with pytest.raises(UsageError, match=r"ways\.jsonl:1: no demonstration"):
        read_demonstrations(path)
    assert read_demonstrations(tmp_path / "none.jsonl") == []


def test_steps_are_said_as_they_are_read() -> None:
    steps = (
        Step(kind="press", what='Say "hi"; then \\go'), Step(kind="fill", what="Name", value='A "B"'),
        Step(kind="choose", what="Day", value="Friday"), Step(kind="tick", what="Terms"),
        Step(kind="open", what="http://a.example/x"), Step(kind="see", what="Done"),
    )  # fmt: skip
    assert steps_in(said_of(steps)) == steps
