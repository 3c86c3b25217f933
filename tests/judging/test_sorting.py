"""Values of a column in order: what can be compared is, what cannot is put nowhere."""

import random

import pytest

from manyminds.judging.sorting import in_order


def order(
    texts: list[str | None], name: str = "x", *, descending: bool = False
) -> list[str | None]:
    return [texts[place] for place in in_order(texts, name=name, descending=descending).places]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("weight", ["900 g", "1 kg", "1,200 g", "2 kg"]),
        ("height", ["-3", "0.5", "12", "1,000", "2 million"]),
        ("price", ["$5", "$12.50", "$1,000"]),
        ("since", ["3.2", "3.9", "3.10", "3.12"]),
        ("since", ["Python 2.7", "Python 3.3", "Python 3.11"]),
        ("added in", ["version 3.3", "v3.9", "3.11"]),
        ("version", ["2024.1.2", "2024.9.1", "2024.13.0"]),
        ("number", ["3.10", "3.2", "3.9"]),
        ("score at release", ["8.75", "8.9"]),
        ("Rating since 2020", ["8.75", "8.9"]),
        ("worth", ["$2K", "$900,000", "$500M", "$1.2 bn", "$3B", "$4 trillion"]),
        ("cost", ["€3.50", "€12", "€1,200"]),
        ("build", ["1.9.9", "1.10", "1.10.1"]),
        ("born", ["2 May 1999", "2001-01-31", "March 3, 2020"]),
        ("share", ["5%", "12 %", "50 percent"]),
        ("words", ["two", "three", "twenty-one"]),
    ],
)
def test_values_of_one_kind_are_put_in_order(name: str, texts: list[str]) -> None:
    for seed in range(20):
        mixed: list[str | None] = [*texts]
        random.Random(seed).shuffle(mixed)
        assert order(mixed, name) == texts
        assert order(mixed, name, descending=True) == texts[::-1]


def test_what_cannot_be_compared_with_the_most_is_left() -> None:
    texts = ["12 kg", None, "heavy", "3 m", "900 g", "2024-01-01", "5 kg"]
    found = in_order(texts, name="weight", descending=True)
    assert [texts[p] for p in found.places] == ["12 kg", "5 kg", "900 g"]
    assert [texts[p] for p in found.left] == [None, "heavy", "3 m", "2024-01-01"]
    assert in_order(["tall", "small"], name="size", descending=True).places == ()
    assert in_order([], name="size", descending=True).left == ()


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("people", ["1.234.567", "987.654.321", "12.345.678"]), ("season", ["2018/19", "2019/20"]),
        ("founded", ["753 BC", "27 BC", "44 BCE"]), ("price", ["€1.234,56", "€3,5"]),
        ("price", ["$5–$10", "$50 per year", "$5 per month"]), ("size", ["3M", "12K"]),
        ("length", ["3–5 m", "2 to 4 m"]), ("size", ["", "n/a", "-"]),
    ],
)  # fmt: skip
def test_what_may_be_read_in_two_ways_is_ranked_by_none(name: str, texts: list[str]) -> None:
    for descending in (True, False):
        found = in_order([*texts], name=name, descending=descending)
        assert found.places == ()
        assert len(found.left) == len(texts)


def test_versions_of_two_things_are_not_compared() -> None:
    texts = ["Python 3.11", "Django 5.0", "Python 3.9"]
    assert order([*texts], "since") == ["Python 3.9", "Python 3.11"]


def test_equal_values_stay_as_they_stood() -> None:
    texts = ["b 1", "1 kg", "1000 g", "2 kg", "1.0 kg"]
    assert in_order(texts, name="w", descending=False).places == (1, 2, 4, 3)
    assert in_order(texts, name="w", descending=True).places == (3, 1, 2, 4)


def test_names_go_by_their_letters() -> None:
    names = ["beta", "Alpha", None, "gamma"]
    assert in_order(names, name="name", descending=False, words=True).places == (1, 0, 3)
