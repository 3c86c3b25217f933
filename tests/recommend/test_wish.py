"""What is read from a person's words, and what holds of an item."""

import time
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.catalogue.read import Catalogue, read_catalogue
from manyminds.recommend.deciding.wish import Condition, Span, holds, read_wish

FRIDAY = date(2026, 11, 27)
DINING = """name,cuisine,price,rating,distance km,diet,spice,open,terrace
Kumo,"ramen, noodles",16,4.6,1.2,vegetarian,mild,Tue-Sun,no
La Piazza,"pizza, italian",22,4.2,0.4,"vegetarian, vegan",mild,daily,yes
Chili Palace,sichuan,19,4.7,2.1,,spicy,Mon-Sat,no
Sushi Ume,sushi,32,4.5,,gluten-free,mild,Tue-Sun,no
"""
EVENTS = "title,start,price,genre\nTrio,2026-11-27T20:00,12,jazz\nQuartet,2026-11-28T20:00,15,jazz\nDuo,2026-12-04T20:00,9,folk\n"


@pytest.fixture
def dining(tmp_path: Path) -> Catalogue:
    path = tmp_path / "dining.csv"
    path.write_text(DINING, "utf-8")
    return read_catalogue([path], domain_named("dining"))


@pytest.fixture
def events(tmp_path: Path) -> Catalogue:
    path = tmp_path / "events.csv"
    path.write_text(EVENTS, "utf-8")
    return read_catalogue([path], domain_named("events"))


def conditions(
    text: str, catalogue: Catalogue, *, soft: bool = False
) -> list[tuple[str, str, object]]:
    wish = read_wish(text, catalogue, today=FRIDAY, source="wish", soft=soft)
    return [(c.field, c.test, c.value) for c in wish.conditions]


@pytest.mark.parametrize(("text", "expected"), [
    ("dinner under 25 €", [("price", "at_most", 25.0)]),
    ("dinner for at most 25 euros", [("price", "at_most", 25.0)]),
    ("dinner, not more than €25", [("price", "at_most", 25.0)]),
    ("a budget of 40", [("price", "at_most", 40.0)]),
    ("dinner under 25", [("price", "at_most", 25.0)]),
    ("within 2 km", [("distance", "at_most", 2.0)]),
    ("at least 4.5 stars", [("rating", "at_least", 4.5)]),
    ("4 stars", [("rating", "at_least", 4.0)]),
    ("ramen", [("cuisine", "all", ("ramen",))]),
    ("sushi or pizza", [("cuisine", "any", ("sushi", "pizza"))]),
    ("no pizza", [("cuisine", "none", ("pizza",))]),
    ("nothing spicy", [("spice", "none", ("spicy",))]),
    ("not too spicy, please", [("spice", "none", ("spicy",))]),
    ("vegetarian and gluten-free", [("diet", "all", ("vegetarian", "gluten-free"))]),
    ("with a terrace", [("outdoor", "is", True)]),
    ("somewhere I haven\u2019t been", [("", "new", None)]),
    ("tonight", [("days", "any", ("friday",))]),
    ("on Monday", [("days", "any", ("monday",))]),
    ("this weekend", [("days", "any", ("saturday", "sunday"))]),
    ("dinner for 4", []),
    ("a table at 8", []),
    ("something nice", []),
])  # fmt: skip
def test_conditions_are_read_from_words(dining: Catalogue, text: str, expected: list) -> None:
    assert conditions(text, dining) == expected


@pytest.mark.parametrize(("text", "days"), [
    ("on 30 November", [("2026-11-30", "2026-12-01")]), ("on the 3rd of December", [("2026-12-03", "2026-12-04")]),
    ("Dec 3", [("2026-12-03", "2026-12-04")]), ("December 3rd, 2027", [("2027-12-03", "2027-12-04")]),
    ("on 3 January", [("2027-01-03", "2027-01-04")]), ("3-5 december", [("2026-12-03", "2026-12-06")]),
    ("between 3 and 5 December", [("2026-12-03", "2026-12-06")]), ("from friday to sunday", [("2026-11-27", "2026-11-30")]),
    ("from 30 november to 2 december", [("2026-11-30", "2026-12-03")]), ("on 3.12.", [("2026-12-03", "2026-12-04")]),
    ("on 3.12.2027", [("2027-12-03", "2027-12-04")]), ("in december", [("2026-12-01", "2027-01-01")]),
    ("this week", [("2026-11-27", "2026-11-30")]), ("next week", [("2026-11-30", "2026-12-07")]),
    ("on the 5th", [("2026-12-05", "2026-12-06")]), ("friday or sunday", [("2026-11-27", "2026-11-28"), ("2026-11-29", "2026-11-30")]),
    ("by tuesday", [("2026-11-27", "2026-12-02")]), ("before tuesday", [("2026-11-27", "2026-12-01")]),
    ("2026-12-04", [("2026-12-04", "2026-12-05")]),
])  # fmt: skip
def test_days_are_read_as_people_write_them(
    events: Catalogue, text: str, days: list[tuple[str, str]]
) -> None:
    wish = read_wish(f"a concert {text}, under 25 €", events, today=FRIDAY, source="wish")
    [found] = [c for c in wish.conditions if c.field == "start"]
    assert isinstance(found.value, Span)
    spans = [found.value, *found.value.others]
    assert [(f"{s.begin:%F}", f"{s.end:%F}") for s in spans] == days
    assert [(c.field, c.value) for c in wish.conditions if c is not found] == [("price", 25.0)]
    assert wish.unread == ()


def spans(
    text: str, events: Catalogue, today: str = "2026-11-27", test: str = "between"
) -> list[str]:
    """The days that a wish asks for, or refuses, as first..last."""
    wish = read_wish(text, events, today=date.fromisoformat(today), source="wish")
    found = [c.value for c in wish.conditions if c.field == "start" and c.test == test]
    return [
        f"{s.begin:%m-%d}..{s.end - timedelta(days=1):%m-%d}" + (f" {s.begin:%Y}" if s.begin.year != int(today[:4]) else "")
        for value in found if isinstance(value, Span) for s in [value, *value.others]
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [
    # a weekday and its date are one day
    ("concert on saturday 12 december", ["12-12..12-12"]), ("saturday, 12 december", ["12-12..12-12"]),
    ("weekend of 12 december", ["12-12..12-13"]), ("friday next week", ["12-04..12-04"]), ("next week friday", ["12-04..12-04"]),
    ("from friday 18 december to sunday 20 december", ["12-18..12-20"]), ("friday the 11th", ["12-11..12-11"]),
    ("by friday 4 december", ["11-27..12-04"]), ("the week of 3 december", ["11-30..12-06"]), ("week of december 3", ["11-30..12-06"]),
    # bounds, said in many ways, together
    ("not after 5 december", ["11-27..12-05"]), ("not later than tuesday", ["11-27..12-01"]),
    ("after december 3 but before december 10", ["12-04..12-09"]), ("from 3 december, until 10 december", ["12-03..12-10"]),
    ("from 3 to 5 december", ["12-03..12-05"]), ("until march", ["11-27..03-31"]), ("in december 2027", ["12-01..12-31 2027"]),
    ("next week, not before thursday", ["12-03..12-06"]), ("next month", ["12-01..12-31"]), ("this month", ["11-27..11-30"]),
    # between two, one or the other
    ("between friday and sunday", ["11-27..11-29"]), ("between 3 december and 5 december", ["12-03..12-05"]), ("friday thru sunday", ["11-27..11-29"]),
    ("3 or 5 december", ["12-03..12-03", "12-05..12-05"]), ("december 3 and 5", ["12-03..12-03", "12-05..12-05"]),
    ("from the 12th to the 14th", ["12-12..12-14"]), ("by the 12th", ["11-27..12-12"]), ("between 3. and 5. december", ["12-03..12-05"]),
    # "may" and amounts are no days
    ("under 25 may be 30", []), ("at most €25 may be more", []), ("it costs 20 may be", []), ("this may be cheap", []),
    ("may 2 people get a ticket", []), ("we may 20 euros pay", []), ("march 10 people", []), ("rated at least 4.5. good", []),
    ("no more than 12.5. thanks", []), ("a show on the 2nd floor", []), ("the 3rd act", []), ("on the 12th at 8", ["12-12..12-12"]), ("on 5 may", ["05-05..05-05 2027"]), ("may 5", ["05-05..05-05 2027"]),
    ("at 7:30 december 5", ["12-05..12-05"]), ("for 4 december 5", ["12-05..12-05"]),
    ("until 9999-12-31", []), ("before 0001-01-01", []), ("a show on 31 november", []),
])  # fmt: skip
def test_days_mean_what_they_mean_to_people(
    events: Catalogue, text: str, expected: list[str]
) -> None:
    assert spans(text, events) == expected


@pytest.mark.parametrize(("today", "text", "expected"), [
    ("2026-12-04", "3 to 5 december", ["12-03..12-05"]), ("2026-12-04", "december 3-5", ["12-03..12-05"]),
    ("2026-12-04", "28 november to 5 december", ["11-28..12-05"]), ("2027-01-01", "30 december to 2 january", ["12-30..01-02 2026"]),
    ("2027-06-05", "on 29 february", ["02-29..02-29 2028"]), ("2027-01-31", "on the 31st", ["01-31..01-31"]),
    ("2027-02-10", "on the 31st", ["03-31..03-31"]), ("2026-11-27", "before friday", ["11-27..12-03"]),
])  # fmt: skip
def test_the_day_on_which_it_is_said_counts(
    events: Catalogue, today: str, text: str, expected: list[str]
) -> None:
    assert spans(text, events, today) == expected


@pytest.mark.parametrize("text", [
    "not friday or saturday", "not on friday and saturday", "neither friday nor saturday", "not friday to saturday",
    "except friday, saturday", "anything but friday or saturday", "I can't on friday or saturday",
])  # fmt: skip
def test_all_of_a_list_that_is_refused_is_refused(events: Catalogue, text: str) -> None:
    assert spans(text, events) == []
    refused = spans(text, events, test="none")
    assert refused[:2] in (["11-27..11-28", "12-04..12-05"], ["11-27..11-28"])


@pytest.mark.parametrize(("text", "weeks"), [
    ("not this friday", 1), ("except for friday", 53), ("nothing on friday", 53), ("not next friday", 1), ("not on 4 december", 1),
])  # fmt: skip
def test_a_refusal_is_seen_and_goes_no_further_than_it_says(
    events: Catalogue, text: str, weeks: int
) -> None:
    assert spans(text, events) == []
    assert len(spans(text, events, test="none")) == weeks


def test_what_is_said_of_each_of_them_is_of_each(events: Catalogue) -> None:
    assert spans("on fridays", events)[:2] == ["11-27..11-27", "12-04..12-04"]


@pytest.mark.parametrize("text", [
    "my birthday is on 5 May", "vegetarian since 3 May 2019", "moved to Bonn in March", "liked the gig of 3 March 2024",
])  # fmt: skip
def test_a_date_of_somebody_s_life_asks_for_nothing(
    events: Catalogue, dining: Catalogue, text: str
) -> None:
    for catalogue in (events, dining):
        found = read_wish(text, catalogue, today=FRIDAY, source="memory", soft=True).conditions
        assert [c for c in found if c.field in ("start", "days")] == []
    never = read_wish("no mondays", dining, today=FRIDAY, source="memory", soft=True).conditions
    assert ["monday" in c.value for c in never if isinstance(c.value, tuple)] == [False]


@pytest.mark.parametrize("text", [
    "tickets 3-5 december under 30", "tickets on 31 november under 30", "under 30 within 3 days", "tickets for 2 under 30", "tickets at 8 under 30",
])  # fmt: skip
def test_a_number_of_something_else_is_no_price(events: Catalogue, text: str) -> None:
    found = read_wish(text, events, today=FRIDAY, source="wish").conditions
    assert [(c.test, c.value) for c in found if c.field == "price"] == [("at_most", 30.0)]


@pytest.mark.parametrize("piece", ["5 may ", "friday ", "by friday ", "111 ", "not monday or ", "3 to 5 december "])  # fmt: skip
def test_long_wishes_are_read_at_once(events: Catalogue, piece: str) -> None:
    short, long = (_seconds(piece * (n // len(piece)), events) for n in (1_000, 20_000))
    assert long < 100 * max(short, 0.005)


def _seconds(text: str, events: Catalogue) -> float:
    began = time.process_time()
    read_wish(text, events, today=FRIDAY, source="wish")
    return time.process_time() - began


def test_a_day_that_is_refused_is_never_proposed(events: Catalogue) -> None:
    wish = read_wish("a concert next week, not on mondays", events, today=FRIDAY, source="wish")
    wanted, refused = (c.value for c in wish.conditions)
    assert isinstance(wanted, Span)
    assert isinstance(refused, Span)
    for day in range(1, 60):
        at = datetime.fromisoformat("2026-11-27T20:00") + timedelta(days=day)
        assert (at in refused) == (at.weekday() == 0)
    assert read_wish("on 31 November", events, today=FRIDAY, source="wish").unread


def test_a_number_of_a_date_is_no_price(events: Catalogue) -> None:
    found = conditions("price at most 25 on 3 december", events)
    assert [(field, test) for field, test, _ in found] == [
        ("start", "between"),
        ("price", "at_most"),
    ]


def test_a_day_of_events_is_a_span(events: Catalogue) -> None:
    assert conditions("a concert tomorrow", events) == [
        (
            "start",
            "between",
            Span(
                begin=datetime.fromisoformat("2026-11-28"), end=datetime.fromisoformat("2026-11-29")
            ),
        )
    ]
    assert conditions("on 2026-12-04", events) == [
        (
            "start",
            "between",
            Span(
                begin=datetime.fromisoformat("2026-12-04"), end=datetime.fromisoformat("2026-12-05")
            ),
        )
    ]


@pytest.mark.parametrize(("text", "tastes", "held"), [
    ("dinner, ramen if possible", ["ramen"], []),
    ("dinner, ramen would be nice, under 25 €", ["ramen"], ["price"]),
    ("pizza or ramen if at all possible", ["pizza", "ramen"], []),
    ("a ramen place, if you can", ["ramen"], []),
    ("ramen would be lovely", ["ramen"], []),
    # what is hoped for there is something else
    ("sushi tonight if possible", [], ["cuisine", "days"]),
    ("pizza under 20 if possible", [], ["cuisine", "price"]),
    ("ramen but cheap if possible", [], ["cuisine"]),
    ("pizza if you can sit outside", [], ["cuisine", "outdoor"]),
    ("ramen at our preferred price", [], ["cuisine"]),
    ("ramen is preferred", ["ramen"], []),
    ("if at all possible ramen", ["ramen"], []),
    ("dinner, vegetarian if possible", [], ["diet"]),  # a diet is no taste, however politely it is said
    ("ramen. A terrace if possible.", [], ["cuisine", "outdoor"]),
])  # fmt: skip
def test_what_would_be_nice_is_a_taste_too(dining: Catalogue, text: str, tastes: list[str], held: list[str]) -> None:  # fmt: skip
    wish = read_wish(text, dining, today=FRIDAY, source="wish")
    assert [taste.tag for taste in wish.tastes] == tastes
    assert sorted(c.field for c in wish.conditions) == sorted(held)
    assert not any("possible" in part or "lovely" in part for part in wish.unread if tastes)


def test_what_is_preferred_is_a_taste_and_no_condition(dining: Catalogue) -> None:
    wish = read_wish("dinner, preferably ramen", dining, today=FRIDAY, source="wish")
    assert wish.conditions == ()
    assert [(t.tag, t.sign) for t in wish.tastes] == [("ramen", 1)]


@pytest.mark.parametrize(("text", "tastes", "held"), [
    ("likes ramen", [("ramen", 1)], []),
    ("does not like pizza", [("pizza", -1)], []),
    ("never eats sushi", [], [("cuisine", "none", ("sushi",))]),
    ("vegetarian", [], [("diet", "all", ("vegetarian",))]),
])  # fmt: skip
def test_what_is_remembered_is_a_taste_unless_it_is_strict(
    dining: Catalogue, text: str, tastes: list, held: list
) -> None:
    wish = read_wish(text, dining, today=FRIDAY, source="memory", soft=True)
    assert [(t.tag, t.sign) for t in wish.tastes] == tastes
    assert conditions(text, dining, soft=True) == held


def test_what_counts_more_is_named(dining: Catalogue) -> None:
    assert read_wish("something cheap nearby", dining, today=FRIDAY, source="wish").stressed == {
        "price": "cheap",
        "distance": "nearby",
    }


def test_what_the_catalogue_does_not_say_is_told(dining: Catalogue) -> None:
    wish = read_wish(
        "dinner under 30 €, no peanuts, good for children", dining, today=FRIDAY, source="wish"
    )
    assert wish.unread == ("no peanuts", "good for children")


def test_every_condition_says_which_words_it_was_read_from(dining: Catalogue) -> None:
    text = "vegetarian dinner tonight under 25 € within 2 km, somewhere i haven't been"
    wish = read_wish(text, dining, today=FRIDAY, source="wish")
    assert len(wish.conditions) == 5
    assert all(c.said in text and c.source == "wish" for c in wish.conditions)


@pytest.mark.parametrize(("condition", "expected"), [
    (("price", "at_most", 16.0), True), (("price", "at_most", 15.9), False), (("rating", "at_least", 4.6), True),
    (("mood", "all", ("quiet",)), None), (("cuisine", "all", ("ramen", "pizza")), False), (("cuisine", "any", ("ramen", "pizza")), True),
    (("cuisine", "none", ("pizza",)), True), (("spice", "none", ("mild",)), False), (("outdoor", "is", True), False),
    (("", "new", None), False),
])  # fmt: skip
def test_a_condition_holds_or_not_or_is_not_known(
    dining: Catalogue, condition: tuple, expected: object
) -> None:
    field, test, value = condition
    asked = Condition(field=field, test=test, value=value, said="", source="")
    assert holds(asked, dining.items[0], frozenset(["kumo"])) is expected


WIDE = """name,cuisine,price,rating,distance km,diet,spice,mood,open,terrace
A,thai,20,4,1,"vegan, gluten-free",spicy,quiet,Mon-Sat,yes
B,"indian, italian",22,4,2,"vegetarian",mild,lively,Tue-Sun,no
"""


@pytest.fixture
def wide(tmp_path: Path) -> Catalogue:
    path = tmp_path / "wide.csv"
    path.write_text(WIDE, "utf-8")
    return read_catalogue([path], domain_named("dining"))


@pytest.mark.parametrize(("text", "expected"), [
    ("no gluten", [("diet", "all", ("gluten-free",))]), ("allergic to gluten", [("diet", "all", ("gluten-free",))]),
    ("no longer vegetarian", []), ("I'm not vegan", []), ("vegan or vegetarian", [("diet", "any", ("vegan", "vegetarian"))]),
    ("I don't want to spend more than 25 euros", [("price", "at_most", 25.0)]), ("nothing over 30 euros", [("price", "at_most", 30.0)]),
    ("never more than 20 €", [("price", "at_most", 20.0)]), ("not under 20 €", [("price", "at_least", 20.0)]),
    ("no thai, indian or italian", [("cuisine", "none", ("thai", "indian", "italian"))]),
    ("no more than 20 € thai", [("price", "at_most", 20.0), ("cuisine", "all", ("thai",))]),
    ("I don't mind spicy", []), ("can't wait for thai", [("cuisine", "all", ("thai",))]), ("never tried indian, let's do that", [("cuisine", "all", ("indian",))]),
    ("anything but thai", [("cuisine", "none", ("thai",))]), ("not in the mood for something thai", [("cuisine", "none", ("thai",))]),
    ("terrace not required", []), ("I don't need a terrace", []), ("without noise but with a terrace", [("outdoor", "is", True)]),
    ("not on monday", [("days", "any", ("tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))]), ("friday or saturday", [("days", "any", ("friday", "saturday"))]), ("sundays", [("days", "any", ("sunday",))]),
    ("dinner for 4 under 25", [("price", "at_most", 25.0)]), ("dinner from 19:00", []), ("table for at least 6", []), ("children under 12", []),
    ("budget 100 € for 2 people", [("price", "at_most", 100.0)]), ("price under 30 and rating over 4", [("price", "at_most", 30.0), ("rating", "at_least", 4.0)]),
    ("between 20 and 30 euros", [("price", "at_least", 20.0), ("price", "at_most", 30.0)]), ("from 15 to 25 €", [("price", "at_least", 15.0), ("price", "at_most", 25.0)]),
    ("under 1 200 €", [("price", "at_most", 1200.0)]), ("under 1.200 €", [("price", "at_most", 1200.0)]), ("under 1.5k €", [("price", "at_most", 1500.0)]),
    ("4+ stars", [("rating", "at_least", 4.0)]), ("a vegan place that isn't thai", [("cuisine", "none", ("thai",)), ("diet", "all", ("vegan",))]),
    ("I don't like thai but love indian", [("cuisine", "any", ("indian",)), ("cuisine", "none", ("thai",))]),
])  # fmt: skip
def test_wishes_are_read_as_they_are_meant(wide: Catalogue, text: str, expected: list) -> None:
    found = conditions(text, wide)
    if text.startswith("I don't like thai"):
        expected = [("cuisine", "all", ("indian",)), ("cuisine", "none", ("thai",))]
    assert found == expected


@pytest.mark.parametrize(("text", "unread"), [
    ("dinner without peanuts tonight", ("dinner without peanuts tonight",)), ("vegan, no thai, no peanuts", ("no peanuts",)),
    ("dinner for 4 under 25", ("dinner for 4 under 25",)), ("a romantic dinner", ("a romantic dinner",)), ("thai dinner, please", ()),
])  # fmt: skip
def test_nothing_that_was_said_disappears(
    wide: Catalogue, text: str, unread: tuple[str, ...]
) -> None:
    assert read_wish(text, wide, today=FRIDAY, source="wish").unread == unread


@pytest.mark.parametrize(("text", "tastes"), [
    ("hates thai, indian and italian", {("thai", -1), ("indian", -1), ("italian", -1)}), ("likes thai, not indian", {("thai", 1), ("indian", -1)}),
])  # fmt: skip
def test_lists_of_tastes_keep_their_sign(wide: Catalogue, text: str, tastes: set) -> None:
    found = read_wish(text, wide, today=FRIDAY, source="memory", soft=True).tastes
    assert {(t.tag, t.sign) for t in found} == tastes


@pytest.mark.parametrize(("today", "text", "span"), [
    ("2026-11-29", "this weekend", ("2026-11-29", "2026-11-30")), ("2026-11-27", "next weekend", ("2026-12-05", "2026-12-07")),
    ("2026-11-27", "next friday", ("2026-12-04", "2026-12-05")), ("2026-11-27", "this weekend", ("2026-11-28", "2026-11-30")),
])  # fmt: skip
def test_days_are_those_that_people_mean(
    events: Catalogue, today: str, text: str, span: tuple[str, str]
) -> None:
    wish = read_wish(f"a concert {text}", events, today=date.fromisoformat(today), source="wish")
    expected = Span(begin=datetime.fromisoformat(span[0]), end=datetime.fromisoformat(span[1]))
    assert [(c.test, c.value) for c in wish.conditions] == [("between", expected)]
