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
TIMES = ("00:30", "07:30", "10:00", "12:00", "14:30", "18:00", "19:30", "20:00", "21:45", "23:00")
LATE, EARLY = TIMES[5:], TIMES[:5]


def events(folder: Path, *rows: str) -> Catalogue:
    """On two days, so that a day that is lost is seen."""
    path = folder / "events.csv"
    usual = [f"{day} {t},2026-11-{day}T{t},jazz,20" for day in (27, 28) for t in TIMES]
    path.write_text("\n".join(["title,start,genre,price", *(rows or usual)]) + "\n", "utf-8")
    return read_catalogue([path], domain_named("events"))


def fitting(text: str, catalogue: Catalogue) -> tuple[Wish, list[str]]:
    wish = read_wish(text, catalogue, today=FRIDAY, source="wish")
    fit, _ = feasible(catalogue, Wanted(conditions=wish.conditions))
    return wish, [item.title for item in fit]


@pytest.mark.parametrize(("text", "begins"), [
    ("a concert after 6 pm", LATE),
    ("a concert from 18:00", LATE),
    ("a concert, not before 7.30 p.m.", TIMES[6:]),
    ("a concert before 8 pm", TIMES[:7]),
    ("a concert by 8 pm", TIMES[:8]),
    ("something that begins no later than 20:00", TIMES[:8]),
    ("a concert at 8 pm", ("19:30", "20:00")),
    ("a concert around 8 in the evening", ("19:30", "20:00")),
    ("a concert at 7 pm or 9 pm", ("19:30",)),
    ("a concert between 6 and 9 pm", ("18:00", "19:30", "20:00")),
    ("a concert 18:00-21:00", ("18:00", "19:30", "20:00")),
    ("a concert from 10 am to 2 pm", ("10:00", "12:00")),
    ("a concert from 9 to 5 pm", ("10:00", "12:00", "14:30")),
    ("a concert between 10 and 3 pm", ("10:00", "12:00", "14:30")),
    ("a concert from 10 pm to 2 am", ("00:30", "23:00")),
    ("a concert from 9 pm to midnight", TIMES[8:]),
    ("after 6 pm but before 8 pm", ("18:00", "19:30")),
    ("a concert in the evening", LATE),
    ("a concert in the evening before 8 pm", ("18:00", "19:30")),
    ("a concert in the morning or in the evening", (*TIMES[1:3], *LATE)),
    ("a concert, not in the morning", (TIMES[0], *TIMES[3:])),
    ("a concert at night", TIMES[7:]),
    ("a concert before noon", TIMES[:3]),
    ("a concert before midnight", TIMES),
    ("a concert until 12 am", TIMES),
    ("a concert until 2 at night", ("00:30",)),
    # What turns a time.
    ("a concert, nothing after 10 pm", TIMES[:9]),
    ("a concert, nothing later than 8 pm", TIMES[:8]),
    ("a concert, I do not want to be out after 10 pm", TIMES[:9]),
    ("a concert, never before 6 pm", LATE),
    ("a concert, I can't before 7 pm", TIMES[6:]),
    ("a concert, not until 7 pm", TIMES[6:]),
    ("a concert, I'm busy until 6 pm", LATE),
    ("a concert, not at 8 pm", (*TIMES[:6], *TIMES[8:])),
    ("a concert, not between 6 and 9 pm", (*EARLY, *TIMES[8:])),
    # What comes after it.
    ("a concert at 8 pm or later", TIMES[7:]),
    ("a concert at 8 pm at the latest", TIMES[:8]),
    ("a concert, 8 pm+", TIMES[7:]),
    ("a concert, earliest 8 pm", TIMES[7:]),
    ("a concert, latest 8 pm", TIMES[:8]),
])  # fmt: skip
def test_what_begins_then_is_left(tmp_path: Path, text: str, begins: tuple[str, ...]) -> None:
    wish, fit = fitting(text, events(tmp_path))
    assert fit == [f"{day} {at}" for day in (27, 28) for at in begins]
    assert wish.unread == ()


@pytest.mark.parametrize(("text", "begins"), [
    ("jazz today, 20:00", ("27 19:30", "27 20:00")),
    ("a concert this afternoon", ("27 12:00", "27 14:30")),
    ("a concert tonight", [f"27 {at}" for at in LATE]),
    ("a concert tonight before 8 pm", ("27 18:00", "27 19:30")),
    ("a concert this evening after 9 pm", ("27 21:45", "27 23:00")),
    ("a concert tomorrow morning", ("28 07:30", "28 10:00")),
    ("a concert on saturday evening", [f"28 {at}" for at in LATE]),
    ("a concert under 30 after 9 pm tomorrow", ("28 21:45", "28 23:00")),
    ("a concert on friday or saturday after 9 pm", ("27 21:45", "27 23:00", "28 21:45", "28 23:00")),
])  # fmt: skip
def test_a_time_goes_with_its_day(tmp_path: Path, text: str, begins: tuple[str, ...]) -> None:
    wish, fit = fitting(text, events(tmp_path))
    assert fit == list(begins)
    assert wish.unread == ()


@pytest.mark.parametrize("text", [
    "a concert at 8", "a concert for 2 people", "an evening concert", "concerts for 3 nights", "a night market",
    "no classical after 8 pm", "avoid mornings", "in the morning or after 6 pm", "after midnight",
    "friday before 6 pm or saturday after 8 pm", "from 8 pm on friday to 2 am on saturday", "good morning vietnam",
    "not expensive tonight", "a concert on 27.11.2026", "on november 28 - 8 pm", "not friday evening", "not tonight",
])  # fmt: skip
def test_what_is_not_plain_is_not_read(tmp_path: Path, text: str) -> None:
    wish, _ = fitting(text, events(tmp_path))
    assert [c for c in wish.conditions if isinstance(c.value, Hours)] == []


def test_a_tag_is_no_time(tmp_path: Path) -> None:
    catalogue = events(tmp_path, "M,2026-11-27T10:00,night market,20", "N,2026-11-27T21:00,jazz,20")
    assert fitting("a night market", catalogue)[1] == ["M"]


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
    catalogue = events(tmp_path, "Open end,2026-11-27,jazz,5", "Late,2026-11-27T21:00,jazz,5")
    wish = read_wish("a concert after 6 pm", catalogue, today=FRIDAY, source="wish")
    fit, unsure = feasible(catalogue, Wanted(conditions=wish.conditions))
    assert ([item.title for item in fit], unsure) == (["Late"], 1)


def test_where_nothing_says_a_time_it_is_not_held_to_and_told(tmp_path: Path) -> None:
    catalogue = events(tmp_path, "Fair,2026-11-27,folk,5", "Market,2026-11-28,folk,5")
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
    assert {o.item.title for o in dialogue.view().decision.options} == {"27 21:45", "27 23:00"}
