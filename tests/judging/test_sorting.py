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
        ("since", ["Python 2.7", "version 3.3", "v3.11"]),
        ("number", ["3.10", "3.2", "3.9"]),
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


def test_equal_values_stay_as_they_stood() -> None:
    texts = ["b 1", "1 kg", "1000 g", "2 kg", "1.0 kg"]
    assert in_order(texts, name="w", descending=False).places == (1, 2, 4, 3)
    assert in_order(texts, name="w", descending=True).places == (3, 1, 2, 4)


def test_names_go_by_their_letters() -> None:
    names = ["beta", "Alpha", None, "gamma"]
    assert in_order(names, name="name", descending=False, words=True).places == (1, 0, 3)
