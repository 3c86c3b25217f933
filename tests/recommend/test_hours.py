"""Times of day in a wish: read where events say when they begin, held to, and shown as they were read."""

from datetime import date
from pathlib import Path

import pytest

from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.catalogue.read import Catalogue, read_catalogue
from manyminds.recommend.deciding.weigh import Wanted, feasible
from manyminds.recommend.deciding.wish import Hours, Wish, read_wish
from manyminds.recommend.dialogue import begin_dialogue
from manyminds.recommend.memory.home import Memory
from manyminds.recommend.proxy import Proxy

FRIDAY = date(2026, 11, 27)
TIMES = ("07:30", "10:00", "12:00", "14:30", "18:00", "19:30", "20:00", "21:45", "23:00")


def events(folder: Path, *rows: str) -> Catalogue:
    path = folder / "events.csv"
    usual = [f"At {t},2026-11-27T{t},jazz" for t in TIMES]
    path.write_text("\n".join(["title,start,genre", *(rows or usual)]) + "\n", "utf-8")
    return read_catalogue([path], domain_named("events"))


def fitting(text: str, catalogue: Catalogue) -> tuple[Wish, list[str]]:
    wish = read_wish(text, catalogue, today=FRIDAY, source="wish")
    fit, _ = feasible(catalogue, Wanted(conditions=wish.conditions))
    return wish, [item.title.removeprefix("At ") for item in fit]


@pytest.mark.parametrize(("text", "begins"), [
    ("a concert after 6 pm", TIMES[4:]),
    ("a concert from 18:00", TIMES[4:]),
    ("a concert, not before 7.30 p.m.", TIMES[5:]),
    ("a concert before 8 pm", TIMES[:6]),
    ("a concert by 8 pm", TIMES[:7]),
    ("something that begins no later than 20:00", TIMES[:7]),
    ("a concert at 8 pm", ("19:30", "20:00")),
    ("a concert around 8 in the evening", ("19:30", "20:00")),
    ("jazz today, 20:00", ("19:30", "20:00")),
    ("a concert between 6 and 9 pm", ("18:00", "19:30", "20:00")),
    ("a concert 18:00-21:00", ("18:00", "19:30", "20:00")),
    ("a concert from 10 am to 2 pm", ("10:00", "12:00")),
    ("after 6 pm but before 8 pm", ("18:00", "19:30")),
    ("a concert in the evening", TIMES[4:]),
    ("a concert this afternoon", ("12:00", "14:30")),
    ("a concert tonight", TIMES[4:]),
    ("a concert in the morning or in the evening", (*TIMES[:2], *TIMES[4:])),
    ("a concert, not in the morning", TIMES[2:]),
    ("a concert tomorrow morning", ()),
    ("a concert this evening after 9 pm", TIMES[7:]),
    ("a concert before noon", TIMES[:2]),
    ("a concert before midnight", TIMES),
    ("a concert from 9 pm to midnight", TIMES[7:]),
    ("a concert at 8", TIMES),
    ("a concert for 2 people", TIMES),
    ("a concert on 27.11.2026", TIMES),
    ("an evening concert", TIMES[4:]),
])  # fmt: skip
def test_what_begins_then_is_left(tmp_path: Path, text: str, begins: tuple[str, ...]) -> None:
    assert tuple(fitting(text, events(tmp_path))[1]) == begins


@pytest.mark.parametrize(("text", "read"), [
    ("after 6 pm", "18:00 or later"), ("before 8 pm", "before 20:00"), ("by 8 pm", "by 20:00"),
    ("at 8 pm", "19:30 to 20:30"), ("between 6 and 9 pm", "18:00 to 21:00"),
    ("in the morning or in the evening", "05:00 to 12:00 or 17:00 or later"),
])  # fmt: skip
def test_it_is_shown_as_it_was_read(tmp_path: Path, text: str, read: str) -> None:
    wish, _ = fitting(text, events(tmp_path))
    assert [str(c.value) for c in wish.conditions if isinstance(c.value, Hours)] == [read]
    assert wish.unread == ()


def test_a_time_names_no_day_and_the_day_may_be_asked(tmp_path: Path) -> None:
    wish, _ = fitting("a concert after 6 pm", events(tmp_path))
    assert wish.settled() == set()
    wish, _ = fitting("a concert on friday after 6 pm", events(tmp_path))
    assert wish.settled() == {"start"}


def test_what_names_no_time_is_not_known_to_be_then(tmp_path: Path) -> None:
    catalogue = events(tmp_path, "Open end,2026-11-27,jazz", "Late,2026-11-27T21:00,jazz")
    wish = read_wish("a concert after 6 pm", catalogue, today=FRIDAY, source="wish")
    fit, unsure = feasible(catalogue, Wanted(conditions=wish.conditions))
    assert ([item.title for item in fit], unsure) == (["Late"], 1)


def test_where_nothing_says_a_time_it_is_not_held_to_and_told(tmp_path: Path) -> None:
    catalogue = events(tmp_path, "Fair,2026-11-27,folk", "Market,2026-11-28,folk")
    wish, fit = fitting("something after 6 pm", catalogue)
    assert fit == ["Fair", "Market"]
    assert wish.unread == ("something after 6 pm",)


def test_who_is_described_goes_to_bed_at_ten(tmp_path: Path) -> None:
    wish = read_wish(
        "I go to bed at 10 pm", events(tmp_path), today=FRIDAY, source="memory", soft=True
    )
    assert wish.conditions == ()


def test_a_dialogue_holds_to_it(tmp_path: Path) -> None:
    events(tmp_path)
    dialogue = begin_dialogue(
        tmp_path / "dialogues", "jazz tonight after 9 pm", domain=domain_named("events"),
        memory=Memory(tmp_path / "me", today=lambda: FRIDAY), today=FRIDAY, name="0123abcd",
        proxy=Proxy(tmp_path / "me", tmp_path / "cache"), catalogues=[tmp_path / "events.csv"],
    )  # fmt: skip
    assert {o.item.title for o in dialogue.view().decision.options} == {"At 21:45", "At 23:00"}
