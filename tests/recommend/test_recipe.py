"""Recipes of sites: blanks filled in, with who each value is from."""

import pytest

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import Sent
from manyminds.recommend.doing.recipe import plan_from, site_of

TEXT = """at: https://a.example
steps:
  - {open: "{link}"}
  - {fill: Note, value: "{title} for {name}"}
  - {press: Book, act: submit}
receipt: Booked
"""
VALUES = {
    "link": Sent(value="https://a.example/1", origin="catalogue"), "title": Sent(value="Kumo", origin="catalogue"),
    "name": Sent(value="Ann", origin="person"),
}  # fmt: skip


def test_blanks_are_filled_and_a_mixed_value_is_from_the_least_trusted() -> None:
    plan = plan_from(TEXT, "a.yaml", "Kumo", VALUES)
    assert plan.steps[0].what == "https://a.example/1"
    assert (plan.steps[1].value, plan.steps[1].origin) == ("Kumo for Ann", "catalogue")
    assert plan.steps[2].act == "submit"
    assert site_of(TEXT, "a.yaml") == "https://a.example"


def test_a_link_that_leads_elsewhere_makes_no_plan() -> None:
    values = {**VALUES, "link": Sent(value="https://evil.example/", origin="catalogue")}
    with pytest.raises(UsageError, match="on none of the plan's sites"):
        plan_from(TEXT, "a.yaml", "Kumo", values)


@pytest.mark.parametrize(("text", "message"), [
    (TEXT.replace("{name}", "{phone} {size}"), "nobody has said phone, size"), ("at: x", "a recipe has"), ("- 1", "a recipe has"),
    (TEXT.replace("press: Book", "jump: Book"), "a step is one of"), (TEXT.replace("submit", "steal"), "a step is one of"),
    (TEXT.replace("https://a.example\n", "nowhere\n"), "no address"), ("a: [", "no YAML"), (TEXT.replace("act: submit", "when: now"), "a step is one of"),
])  # fmt: skip
def test_what_is_no_recipe_says_why(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_from(text, "a.yaml", "Kumo", VALUES)
