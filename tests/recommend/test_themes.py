"""A few likes: what they have in common, and more of it, out of the catalogue and with a reason."""

import itertools
import json
import random
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.catalogue.read import Catalogue, read_catalogue
from manyminds.recommend.taste.themes import item_called, themes_of

TAGS = ("war", "love", "space", "crime", "noir", "music")
ROWS = [
    (f"Film {n}", "|".join(pair))
    for n, pair in enumerate(itertools.islice(itertools.cycle(itertools.combinations(TAGS, 2)), 90))
]


@pytest.fixture
def films(tmp_path: Path) -> Catalogue:
    path = tmp_path / "films.csv"
    path.write_text("title,genres\n" + "".join(f"{t},{g}\n" for t, g in ROWS), "utf-8")
    return read_catalogue([path], domain_named("films"))


def titles(*tags: str, most: int = 3) -> list[str]:
    return [title for title, has in ROWS if set(tags) <= set(has.split("|"))][:most]


def test_what_likes_share_is_a_theme_and_what_is_offered_has_it(films: Catalogue) -> None:
    liked = [item_called(films, title) for title in titles("space", "noir")]
    first, *_ = themes_of(films, liked)
    assert set(first.tags) == {"space", "noir"}
    assert first.likes == tuple(liked)
    assert len(first.options) == 3
    for item in first.options:
        assert item.title in titles("space", "noir", most=90)
        assert item not in liked
    known = {item.id: float(n) for n, item in enumerate(films.items)}
    best = themes_of(films, liked, known)[0].options[0]
    assert best.title == titles("space", "noir", most=90)[-1]


def test_two_tastes_are_two_themes(films: Catalogue) -> None:
    named = [*titles("war", "love", most=2), *titles("crime", "music", most=2)]
    themes = themes_of(films, [item_called(films, title) for title in named])
    assert {frozenset(theme.tags) for theme in themes[:2]} == {
        frozenset(("war", "love")),
        frozenset(("crime", "music")),
    }


def test_nothing_is_offered_twice_or_from_elsewhere_and_the_order_of_likes_does_not_matter(
    films: Catalogue,
) -> None:
    chance = random.Random(11)
    for _ in range(50):
        liked = chance.sample(films.items, chance.randint(1, 6))
        themes = themes_of(films, liked)
        offered = [item for theme in themes for item in theme.options]
        assert set(map(id, offered)) <= set(map(id, films.items))
        assert len({item.id for item in offered}) == len(offered)
        assert not {item.id for item in offered} & {item.id for item in liked}
        again = themes_of(films, chance.sample(liked, len(liked)))
        assert [(t.tags, t.options) for t in again] == [(t.tags, t.options) for t in themes]


def test_likes_without_anything_in_common_have_no_theme(films: Catalogue) -> None:
    named = [titles("war", "love")[0], titles("space", "crime")[0], titles("noir", "music")[0]]
    assert themes_of(films, [item_called(films, title) for title in named]) == []


def test_a_title_that_is_not_there_is_told_with_near_ones(films: Catalogue) -> None:
    assert item_called(films, " film 12 ").title == "Film 12"
    with pytest.raises(UsageError, match="there are: Film 1"):
        item_called(films, "Flim 1")
    with pytest.raises(UsageError, match=r"90 things .*Film 0 \(Film 0, films.csv:2\)"):
        item_called(films, "film")


def test_two_of_one_title_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("id,title,genres\n1,Heat,crime\n2,Heat,love\n3,Ame\u0301lie,love\n", "utf-8")
    two = read_catalogue([path], domain_named("films"))
    with pytest.raises(UsageError, match="2 things are called 'Heat'"):
        item_called(two, "Heat")
    assert item_called(two, "2").values["genre"] == ("love",)
    assert item_called(two, "Am\u00e9lie").id == "3"


def test_a_theme_without_anything_else_to_offer_makes_room_for_one_with(tmp_path: Path) -> None:
    own = "|".join(f"q{n}" for n in range(6))
    rows = [("A", f"{own}|scifi"), ("B", f"{own}|scifi"), *((f"S{n}", "scifi") for n in range(20))]
    rows += [(f"X{n}", "love") for n in range(60)]
    path = tmp_path / "own.csv"
    path.write_text("title,genres\n" + "".join(f"{t},{g}\n" for t, g in rows), "utf-8")
    found = read_catalogue([path], domain_named("films"))
    liked = [item_called(found, title) for title in ("A", "B")]
    [theme] = themes_of(found, liked)
    assert (theme.tags, len(theme.options)) == (("scifi",), 4)
    # Where nobody who rated knows what is liked, it is by tags all the same.
    assert themes_of(found, liked, dict.fromkeys("AB", 0.0)) == [theme]
    assert themes_of(found, liked[::-1]) == [theme]


def test_on_the_command_line(films: Catalogue, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path.cwd() / "films.csv"
    asked = ["taste", "--from", str(path)]
    for title in titles("space", "noir", most=2):
        asked += ["--like", title]
    assert run(asked) == 0
    said = capsys.readouterr().out
    assert said.startswith("noir and space, because you like Film")
    assert run([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["themes"][0]["tags"] == ["noir", "space"]
    assert run(["taste", "--from", str(path), "--like", "Nope"]) == 2
