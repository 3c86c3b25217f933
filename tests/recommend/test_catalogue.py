"""Catalogues of all kinds, and what their cells say."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from manyminds.core.errors import UnknownName, UsageError
from manyminds.recommend.catalogue.domain import domain_named, domain_names, domain_of, read_domain
from manyminds.recommend.catalogue.item import Value
from manyminds.recommend.catalogue.read import Catalogue, number_of, read_catalogue, value_of

DINING = 'name,cuisine,price,rating,distance km,diet,open,terrace,url\nKumo,"ramen, noodles",16,4.6,1.2,vegetarian,Tue-Sun,no,https://kumo.example/\nLa Piazza,pizza,22 €,"4,2",0.4,,daily,yes,\n'
ICAL = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//t//t//EN
BEGIN:VEVENT
UID:a1
DTSTART:20261128T200000
SUMMARY:Trio Night
LOCATION:Old Hall
CATEGORIES:jazz,music
URL:https://hall.example/a1
X-PRICE:12.50
END:VEVENT
BEGIN:VEVENT
UID:a2
DTSTART;VALUE=DATE:20261129
SUMMARY:A day of books that is told of in a line so long that it is folded as calenda
 rs do
CATEGORIES:reading
END:VEVENT
END:VCALENDAR
"""
PAGE = """<html><head><script type="application/ld+json">
{"@context": "https://schema.org", "@graph": [
 {"@type": "MusicEvent", "name": "Trio Night", "startDate": "2026-11-28T20:00", "url": "https://hall.example/a1",
  "location": {"@type": "Place", "name": "Old Hall"}, "offers": {"@type": "Offer", "price": "12.50", "priceCurrency": "EUR"}},
 {"@type": "Organization", "name": "No event"}]}
</script></head><body>x</body></html>"""
TABLE = "<table><tr><th>Title</th><th>Ticket price</th></tr><tr><td><a href='https://x.example/1'>Trio</a></td><td>ask at the door</td></tr><tr><td>Duo</td><td>9,50 €</td></tr></table>"
JOBS = '[{"title": "Data engineer", "baseSalary": {"value": {"minValue": 60000}}, "jobLocation": {"address": {"addressLocality": "Bonn"}}, "skills": ["python", "sql"], "remote": true}, {"title": "Cook", "remote": false}]'


def read(tmp_path: Path, name: str, text: str, domain: str) -> Catalogue:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_catalogue([path], domain_named(domain))


def test_a_table_becomes_items_with_the_line_each_stands_in(tmp_path: Path) -> None:
    first, second = read(tmp_path, "dining.csv", DINING, "dining").items
    assert (first.title, first.source, first.link) == (
        "Kumo",
        "dining.csv:2",
        "https://kumo.example/",
    )
    assert first.values["cuisine"] == ("ramen", "japanese", "noodles")
    assert first.values["days"] == (
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    )
    assert (second.values["price"], second.values["rating"], second.values["outdoor"]) == (
        22.0,
        4.2,
        True,
    )
    assert "diet" not in second.values
    assert second.link is None


def test_a_calendar_becomes_events(tmp_path: Path) -> None:
    first, second = read(tmp_path, "city.ics", ICAL, "events").items
    assert (first.id, first.values["start"], first.values["genre"]) == (
        "a1",
        datetime.fromisoformat("2026-11-28T20:00"),
        ("jazz", "music"),
    )
    assert (first.values["price"], first.values["venue"], first.link) == (
        12.5,
        "Old Hall",
        "https://hall.example/a1",
    )
    assert second.title.endswith("as calendars do")
    assert second.values["start"] == datetime.fromisoformat("2026-11-29")
    assert first.source == "city.ics#a1"


AGAIN = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:quiz
SUMMARY:Pub quiz
DTSTART:20260106T193000
RRULE:FREQ=WEEKLY;BYDAY=TU
EXDATE:20261208T193000
END:VEVENT
BEGIN:VEVENT
UID:quiz
SUMMARY:Pub quiz, Christmas special
RECURRENCE-ID:20261222T193000
DTSTART:20261223T200000
END:VEVENT
BEGIN:VEVENT
UID:fair
SUMMARY:Spring fair
DTSTART;VALUE=DATE:20270401
END:VEVENT
BEGIN:VEVENT
UID:over
SUMMARY:Summer course
DTSTART:20260601T100000
RRULE:FREQ=DAILY;COUNT=5
END:VEVENT
BEGIN:VEVENT
UID:tick
SUMMARY:Every second
DTSTART:20261201T100000
RRULE:FREQ=SECONDLY
END:VEVENT
BEGIN:VEVENT
UID:never
SUMMARY:On the 30th of February
DTSTART:20260101T100000
RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30
END:VEVENT
BEGIN:VEVENT
SUMMARY:Without a name
DTSTART:20261201T100000
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""


def test_what_comes_again_is_listed_each_time_for_two_months(tmp_path: Path) -> None:
    (tmp_path / "city.ics").write_text(AGAIN, "utf-8")
    events = domain_named("events")
    found = read_catalogue([tmp_path / "city.ics"], events, today=date(2026, 11, 28)).items
    starts = {(item.title, str(item.values["start"])) for item in found}
    tuesdays = ("12-01", "12-15", "12-29", "2027-01-05", "2027-01-12", "2027-01-19", "2027-01-26")
    assert starts == {
        *(("Pub quiz", f"{d if d[:2] == '20' else f'2026-{d}'} 19:30:00") for d in tuesdays),
        ("Pub quiz, Christmas special", "2026-12-23 20:00:00"),
        ("Spring fair", "2027-04-01 00:00:00"),
        ("Every second", "2026-12-01 10:00:00"),
        ("Without a name", "2026-12-01 10:00:00"),
        # What does not come any more, as it was: a wish leaves out what is past.
        ("Summer course", "2026-06-01 10:00:00"),
        ("On the 30th of February", "2026-01-01 10:00:00"),
    }
    assert len({item.id for item in found}) == len(found) == 13
    once = read_catalogue([tmp_path / "city.ics"], events).items
    assert [item.title for item in once].count("Pub quiz") == 1


def test_what_comes_again_keeps_its_hour_in_its_calendars_zone(tmp_path: Path) -> None:
    event = (
        "BEGIN:VEVENT\nUID:a\nSUMMARY:A\nDTSTART:20260601T160000Z\nRRULE:FREQ=WEEKLY\nEND:VEVENT"
    )
    for zone in ("", "X-WR-TIMEZONE:America/New_York\n"):
        text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{zone}{event}\nEND:VCALENDAR\n"
        (tmp_path / f"{bool(zone)}.ics").write_text(text, "utf-8")
    plain, zoned = (
        read_catalogue(
            [tmp_path / f"{zone}.ics"], domain_named("events"), today=date(2026, 12, 1)
        ).items[0]
        for zone in (False, True)
    )
    # Noon in New York is another hour of everybody else's in winter.
    assert isinstance(plain.values["start"], datetime)
    assert isinstance(zoned.values["start"], datetime)
    assert zoned.values["start"] - plain.values["start"] == timedelta(hours=1)


@pytest.mark.parametrize(
    "broken",
    [
        "RRULE:FREQ=DAILY;INTERVAL=0",
        "RRULE:FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,1,2,3;BYSECOND=0,1,2,3",
        "RRULE:FREQ=WEEKLY;COUNT=x",
        "RRULE:FREQ=WEEKLY;BYDAY=XX",
        "RRULE:FREQ=WEEKLY\nDTEND:20261202T100000\nDTEND:20261203T100000",
        "RRULE:FREQ=WEEKLY\nSEQUENCE:x",
        "RRULE:FREQ=WEEKLY\nDURATION:X",
        "RRULE:FREQ=WEEKLY\nUID:two",
        "RDATE:never",
        "RECURRENCE-ID:foo",
    ],
)
def test_a_rule_that_is_broken_costs_no_other_event(tmp_path: Path, broken: str) -> None:
    event = f"BEGIN:VEVENT\nUID:one\nSUMMARY:Odd\nDTSTART:20261201T100000\n{broken}\nEND:VEVENT\n"
    lost = f"BEGIN:VEVENT\nUID:gone\nSUMMARY:Lost\nRRULE:FREQ=DAILY\n{broken}\nEND:VEVENT\n"
    fair = "BEGIN:VEVENT\nUID:fair\nSUMMARY:Fair\nDTSTART:20261205T100000\nEND:VEVENT\n"
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{event}{lost}{fair}END:VCALENDAR\n"
    (tmp_path / "city.ics").write_text(text, "utf-8")
    read = read_catalogue([tmp_path / "city.ics"], domain_named("events"), today=date(2026, 11, 28))
    titles = [item.title for item in read.items]
    assert titles.count("Fair") == 1
    assert 1 <= titles.count("Odd") <= 10
    assert "Lost" in titles


def test_a_page_is_read_by_what_it_says_to_machines(tmp_path: Path) -> None:
    [event] = read(tmp_path, "hall.html", PAGE, "events").items
    assert (event.title, event.values["start"], event.values["price"]) == (
        "Trio Night",
        datetime.fromisoformat("2026-11-28T20:00"),
        12.5,
    )
    assert event.values["venue"] == "Old Hall"


def test_a_page_without_that_is_read_by_its_table(tmp_path: Path) -> None:
    first, second = read(tmp_path, "list.html", TABLE, "events").items
    assert (first.title, first.link, first.values.get("price")) == (
        "Trio",
        "https://x.example/1",
        None,
    )
    assert second.values["price"] == 9.5


def test_nested_json_is_read_where_its_values_stand(tmp_path: Path) -> None:
    first, second = read(tmp_path, "jobs.json", JOBS, "jobs").items
    assert first.values == {
        "salary": 60000.0,
        "place": ("bonn",),
        "skills": ("python", "sql"),
        "remote": True,
    }
    assert second.values == {"remote": False}


def test_two_items_of_one_name_are_told_apart(tmp_path: Path) -> None:
    items = read(tmp_path, "a.csv", "title,price\nTrio,1\nTrio,2\n", "events").items
    assert len({item.id for item in items}) == 2
    assert {item.title for item in items} == {"Trio"}


@pytest.mark.parametrize(("text", "number"), [
    ("€ 12.50", 12.5), ("12,50 €", 12.5), ("1.200,00", 1200.0), ("1,200.50", 1200.5), ("1,200", 1200.0), ("1 200 €", 1200.0),
    ("1.200.000", 1_200_000.0), ("-2", -2.0), ("0,5", 0.5), ("about 7 km", 7.0), ("free", None), ("", None), ("1e9", 1.0),
])  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: str, number: float | None) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(("domain", "field", "text", "value"), [
    ("dining", "distance", "800 m", 0.8), ("shopping", "weight", "1500 g", 1.5), ("films", "minutes", "2h 10min", 130.0), ("films", "minutes", "PT2H10M", 130.0),
    ("shopping", "delivery", "1 week", 7.0), ("dining", "price", "20-60 €", 60.0), ("dining", "price", "2 courses 25 €", 25.0), ("dining", "price", "free", 0.0),
    ("dining", "price", "Menu - 20 €", 20.0), ("shopping", "price", "1.299 €", 1299.0), ("jobs", "salary", "60k", 60000.0), ("jobs", "salary", "50.000 - 70.000 €", 50000.0),
    ("shopping", "weight", "0,125 kg", 0.125), ("dining", "distance", "10 minutes", None), ("dining", "rating", "4.2 (120 reviews)", 4.2), ("dining", "distance", "1.2", 1.2),
    ("dining", "days", "closed Monday", ("tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")), ("dining", "days", "Mon to Wed", ("monday", "tuesday", "wednesday")),
    ("dining", "days", "daily except Sunday", ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")), ("dining", "days", "weekends", ("saturday", "sunday")),
    ("events", "start", "10.10.2026 20:00", datetime.fromisoformat("2026-10-10T20:00")), ("events", "start", "Oct 11, 2026", datetime.fromisoformat("2026-10-11")),
    ("shopping", "stock", "Out of stock", False), ("shopping", "stock", "In stock", True), ("dining", "outdoor", "Yes (heated)", True),
    ("dining", "outdoor", "Yes", True), ("dining", "outdoor", "maybe", None), ("shopping", "stock", "https://schema.org/InStock", True),
    ("shopping", "stock", "https://schema.org/OutOfStock", False), ("dining", "diet", "n/a", None), ("films", "genre", "(no genres listed)", None),
    ("films", "genre", "Drama|War", ("drama", "war")), ("dining", "days", "Fri-Mon", ("monday", "friday", "saturday", "sunday")),
    ("events", "start", "28.11.2026", datetime.fromisoformat("2026-11-28")), ("events", "start", "soon", None), ("dining", "price", "unknown", None),
])  # fmt: skip
def test_what_a_cell_does_not_say_is_not_known(
    domain: str, field: str, text: str, value: Value | None
) -> None:
    assert value_of(text, domain_named(domain).fields[field]) == value


@pytest.mark.parametrize(("name", "text"), [
    ("a.csv", ""), ("a.csv", "title,price\n"), ("a.json", "{"), ("a.json", "3"), ("a.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR\n"),
    ("a.html", ""), ("a.html", "<p>nothing</p>"), ("a.txt", "Trio"), ("a.jsonl", "{]"), ("a.json", "[" * 100_000),
])  # fmt: skip
def test_a_file_that_holds_nothing_is_an_error_in_one_line(
    tmp_path: Path, name: str, text: str
) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, name, text, "events")
    assert str(error.value).startswith(str(tmp_path))
    assert "\n" not in str(error.value)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_catalogue([tmp_path / "gone.csv"], domain_named("events"))


def test_every_domain_that_comes_with_us_is_whole() -> None:
    assert {"dining", "events", "travel", "shopping", "jobs"} <= set(domain_names())
    for name in domain_names():
        domain = domain_named(name)
        asked = [field for field in domain.fields.values() if field.ask]
        assert all((domain.about, domain.done, asked)), name
        assert all(
            field.ask and field.ask.endswith("?") and field.ask.count("?") == 1 for field in asked
        )
        assert any(field.weight and field.better for field in domain.fields.values())


@pytest.mark.parametrize(("wish", "domain"), [
    ("dinner tonight", "dining"), ("a concert on Saturday", "events"), ("a weekend trip by train", "travel"),
    ("buy headphones", "shopping"), ("a job with Python", "jobs"), ("a film for tonight", "films"), ("something nice", None),
])  # fmt: skip
def test_the_words_of_a_wish_say_what_it_is_about(wish: str, domain: str | None) -> None:
    found = domain_of(wish)
    assert (found and found.name) == domain


def test_a_domain_of_ones_own_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plants.yaml"
    path.write_text(
        "name: plants\nabout: [plant]\nfields:\n  height: {kind: number, unit: cm, better: more, weight: 1}\n",
        "utf-8",
    )
    assert domain_named(str(path)).fields["height"].unit == "cm"


@pytest.mark.parametrize("text", ["- a", "fields: {a: {kind: colour}}", "fields: {a: {kind: tags, wieght: 1}}", "fields: {a: 3}", "a: [", "fields: {a: {kind: number, better: big}}"])  # fmt: skip
def test_a_domain_that_is_none_says_what_is_wrong(text: str) -> None:
    with pytest.raises(UsageError, match=r"mine\.yaml: "):
        read_domain(text, "mine.yaml")


def test_an_unknown_domain_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'dining'"):
        domain_named("dinning")
