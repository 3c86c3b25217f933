"""Where things are: read wherever a catalogue says it, and how far that is."""

from pathlib import Path

import pytest

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.catalogue.place import Place, place_in, place_of, read_place
from manyminds.recommend.catalogue.read import read_catalogue

HERE = Place(latitude=50.7374, longitude=7.0982)
COLOGNE = "50.9375,6.9603"


@pytest.mark.parametrize(("one", "other", "km"), [
    ("50.7374, 7.0982", COLOGNE, 24.27), ("48.8566,2.3522", "51.5074,-0.1278", 343.6),
    ("0,179.5", "0,-179.5", 111.2), ("-33.8,151.2", "-33.9,151.2", 11.1), ("90,0", "-90,0", 20_015), ("1;2", "1;2", 0),
])  # fmt: skip
def test_ways_are_those_of_the_earth(one: str, other: str, km: float) -> None:
    assert read_place(one).km_to(read_place(other)) == pytest.approx(km, rel=0.002)


@pytest.mark.parametrize("text", ["Bonn", "", "91,0", "0,181", "50.7", "1,2,3", "nan,nan"])
def test_what_is_no_place_is_told(text: str) -> None:
    with pytest.raises(UsageError, match=r"as 50\.73,7\.10"):
        read_place(text)
    assert place_in({"geo": text}) is None


@pytest.mark.parametrize("row", [
    {"lat": "50.9375", "lon": "6.9603"}, {"Latitude": " 50.9375 ", "LNG": "6.9603"},
    {"geo": COLOGNE}, {"latlng": "50.9375; 6.9603"},
])  # fmt: skip
def test_a_row_says_it_in_many_ways(row: dict[str, str]) -> None:
    assert place_in(row) == read_place(COLOGNE)


def test_a_nested_thing_says_it_and_a_list_of_them() -> None:
    geo = {"@type": "GeoCoordinates", "latitude": 50.9375, "longitude": "6.9603"}
    assert place_of({"location": [{"name": "Hall"}, {"address": {"geo": geo}}]}) == COLOGNE
    assert place_of({"location": {"geo": "none"}}) == ""
    # Lists are as GeoJSON has them, longitude first.
    for thing in (
        {"coordinates": [6.9603, 50.9375]},
        {"geometry": {"coordinates": [6.9603, 50.9375]}},
        {"geo": [6.9603, 50.9375]},
    ):
        assert place_of(thing) == COLOGNE
    assert place_of({"lat": "", "lon": ""}) == ""
    assert place_in({"lat": "0", "lon": "0.0"}) is None
    loop: dict = {}
    loop["location"] = loop
    assert place_of(loop) == ""


def test_each_kind_of_file_gets_its_distance_and_what_is_said_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "name,lat,lon,distance\nFar,50.9375,6.9603,\nTold,50.9375,6.9603,3 km\nLost,,,\n", "utf-8"
    )
    (tmp_path / "b.ics").write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Cal\r\n"
        "GEO:50.9375;6.9603\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "utf-8",
    )  # fmt: skip
    (tmp_path / "c.html").write_text(
        '<script type="application/ld+json">{"@type": "MusicEvent", "name": "Page", "genre": '
        '"jazz", "location": {"geo": {"address": "Bonn", "latitude": 50.9375, "longitude": 6.9603}}}</script>', "utf-8",
    )  # fmt: skip
    paths = [tmp_path / name for name in ("a.csv", "b.ics", "c.html")]
    found = read_catalogue(paths, domain_named("events"), near=HERE)
    far = {item.title: item.values.get("distance") for item in found.items}
    assert far == {"Far": 24.27, "Told": 3.0, "Lost": None, "Cal": 24.27, "Page": 24.27}
    # Its own genre, not the name that schema.org has for its kind.
    assert next(i for i in found.items if i.title == "Page").values["genre"] == ("jazz",)
    plain = read_catalogue(paths, domain_named("events"))
    assert [i.title for i in plain.items if "distance" in i.values] == ["Told"]
