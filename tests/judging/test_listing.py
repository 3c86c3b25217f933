"""Entries of lists: what is one thing, what is two."""

import pytest

from manyminds.judging.listing import Entry, entries_of, grouped, merged, spread
from manyminds.testing import passage
from manyminds.tools.web.links import line_of


def entries(source: str, *rows: tuple[str, str]) -> list[Entry]:
    return entries_of(passage("".join(line_of(t, a) for t, a in rows), source=source))


def test_what_one_list_names_alike_is_as_many_things() -> None:
    rows = [("Weekly update", f"https://a.example/{week}") for week in range(52)]
    assert len(merged(entries("one", *rows))) == 52


def test_what_two_lists_name_alike_is_one() -> None:
    one = entries("one", ("Alpha", "https://a.example/alpha"), ("Beta", "https://a.example/beta"))
    two = entries("two", ("ALPHA!", "https://a.example/archive/alpha"))
    assert [len(item.entries) for item in merged([*one, *two])] == [2, 1]


def test_names_of_signs_alone_are_no_names() -> None:
    one = entries("one", ("***", "https://a.example/1"))
    two = entries("two", ("---", "https://a.example/2"))
    assert len(merged([*one, *two])) == 2


def test_one_address_is_one_thing_however_it_is_called() -> None:
    rows = entries("one", ("A", "https://www.a.example/x/"), ("B", "https://a.example/x"))
    assert len(merged(rows)) == 1


@pytest.mark.parametrize("address", ["http://[::1", "http://[x]/", "https://a.example/[b"])
def test_an_address_that_cannot_be_taken_apart_breaks_nothing(address: str) -> None:
    rows = entries("one", ("A", address), ("B", "https://a.example/b"))
    assert len(merged(rows)) == 2
    assert sum(len(group.entries) for group in grouped(rows)) == 2


def test_examples_come_from_all_over() -> None:
    assert spread(list(range(100)), 4) == [0, 25, 50, 75]
    assert spread([1, 2], 4) == [1, 2]
    assert spread([], 4) == []
