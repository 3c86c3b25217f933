"""Copies, altered copies, and which side is nearer to the origin."""

from dataclasses import replace

import pytest

from manyminds.core.values import Evidence
from manyminds.judging.citing.conflicts import conflict_of
from manyminds.judging.citing.copies import altered, copies, texts_of
from manyminds.judging.citing.spans import best_spans
from manyminds.judging.citing.support import Cited
from manyminds.testing import passage
from manyminds.tools.web.credits import credits_in

TEXT = (
    "The bridge over the river Ostrava was opened in 1932. It is 412 metres long and carries two "
    "lanes. Anna Berg planned it, and Karl Holm built it in three years for the city."
)
CLAIM = "The bridge over the river Ostrava is 412 metres long"


def page(text: str, host: str, *, date: str | None = None) -> Evidence:
    return replace(passage(text, source=f"https://{host}/bridge", id_=host), date=date)


def cited(read: list[Evidence], host: str) -> Cited:
    span = next(s for s in best_spans(CLAIM, read, most=9) if host in s.source)
    return Cited(claim=CLAIM, support="supported", by=[span])


def test_copies_with_other_numbers_are_copies() -> None:
    other = TEXT.replace("412", "512").replace("1932", "1941")
    different = (
        "Bananas are sweet. They grow where it is warm, and are sold all over the world now."
    )
    found = copies({"a": TEXT, "b": other, "c": different})
    assert found == (("a", "b"),)


def test_pages_of_one_pdf_are_one_text() -> None:
    read = [
        passage("One.", source="a.pdf#page=1"),
        passage("Two.", source="a.pdf#page=2", id_="e2"),
    ]
    assert texts_of(read) == {"a.pdf": "One.\nTwo."}


def test_an_altered_number_and_swapped_names_are_seen() -> None:
    mine = page(TEXT, "a.org")
    number = page(TEXT.replace("412", "512"), "b.org")
    names = page(TEXT.replace("Anna Berg planned", "Karl Holm planned"), "c.org")
    read = [mine, number, names]
    long = "It is 412 metres long and carries two lanes"
    span = best_spans(long, [mine])[0]
    assert [s.source for s in altered(long, span, read)] == ["https://b.org/bridge"]
    planned = "Anna Berg planned it, and Karl Holm built it"
    span = best_spans(planned, [mine])[0]
    assert [s.source for s in altered(planned, span, read)] == ["https://c.org/bridge"]


def test_the_likest_sentence_is_the_altered_one_and_no_other_things() -> None:
    mine = page("Changed in version 3.17: Added the context parameter.", "a.org")
    listed = "Changed in version 3.8: Added the name parameter. Changed in version 3.11: Added the context parameter."
    claim = "Changed in version 3.17: Added the context parameter"
    span = best_spans(claim, [mine])[0]
    [found] = altered(claim, span, [mine, page(listed, "b.org")])
    assert found.quote == "Changed in version 3.11: Added the context parameter."
    only = page("Changed in version 3.8: Added the name parameter.", "b.org")
    assert altered(claim, span, [mine, only]) == []


def test_what_the_claim_does_not_say_is_no_conflict_of_it() -> None:
    read = [page(TEXT, "a.org"), page(TEXT.replace("1932", "1941"), "b.org")]
    assert conflict_of(cited(read, "a.org"), read, ()) is None


def test_the_same_words_are_no_conflict() -> None:
    read = [page(TEXT, "a.org"), page(TEXT, "b.org")]
    assert conflict_of(cited(read, "a.org"), read, ()) is None


def test_a_site_that_the_person_named_is_followed() -> None:
    read = [page(TEXT.replace("412", "512"), "copy.net"), page(TEXT, "city.org")]
    found = conflict_of(cited(read, "city.org"), read, ("city.org",))
    assert found is not None
    assert found.followed == 0
    turned = conflict_of(cited([page(TEXT, "copy.net")], "copy.net"), [
        page(TEXT, "copy.net"), page(TEXT.replace("412", "512"), "city.org"),
    ], ("city.org",))  # fmt: skip
    assert turned is not None
    assert turned.followed == 1


def test_what_others_say_they_have_it_from_is_followed() -> None:
    read = [
        page(TEXT, "city.org"),
        page(TEXT.replace("412", "512") + " Source: https://city.org/bridge", "copy.net"),
    ]
    found = conflict_of(cited(read, "city.org"), read, ())
    assert found is not None
    assert (found.followed, "from there" in found.why) == (0, True)


def test_the_older_one_is_followed_and_many_copies_are_not() -> None:
    wrong = TEXT.replace("412", "512")
    read = [
        page(TEXT, "city.org", date="2019-01-01"),
        *(page(wrong, f"copy{n}.net", date=f"2024-0{n}-01") for n in range(1, 5)),
    ]
    found = conflict_of(cited(read, "city.org"), read, ())
    assert found is not None
    assert found.followed == 0
    assert len(found.sides) == 2
    assert len(found.sides[1]) == 4


def test_where_nothing_tells_nothing_is_followed() -> None:
    read = [page(TEXT, "a.org"), page(TEXT.replace("412", "512"), "b.org")]
    found = conflict_of(cited(read, "a.org"), read, ())
    assert found is not None
    assert found.followed is None


def test_pages_of_one_file_are_one_source() -> None:
    one = passage("It is 412 metres long and carries two lanes.", source="a.pdf#page=1")
    two = passage("It is 512 metres long and carries two lanes.", source="a.pdf#page=2", id_="e2")
    claim = "It is 412 metres long and carries two lanes"
    mine = Cited(claim=claim, support="supported", by=best_spans(claim, [one]))
    assert conflict_of(mine, [one, two], ()) is None


def test_a_part_of_a_name_points_nowhere() -> None:
    mine = page(TEXT, "sea.org")
    other = page(TEXT.replace("412", "512") + " Source: overseas.org and sea.org.uk", "b.org")
    read = [mine, other]
    found = conflict_of(cited(read, "sea.org"), read, ())
    assert found is not None
    assert found.followed is None
    pointing = page(TEXT.replace("412", "512") + " Source: sea.org.", "b.org")
    found = conflict_of(cited([mine, pointing], "sea.org"), [mine, pointing], ())
    assert found is not None
    assert found.followed == 0


def followed(credit: str, *, other: str = "https://evil.example/bridge") -> int | None:
    """Return the side that is followed where the city's page has a credit: 0 is the other's."""
    honest = replace(page(TEXT, "city.org"), credits="\n".join(credits_in(credit)) or None)
    wrong = replace(page(TEXT.replace("412", "512"), "x"), source=other, id="e9")
    claim = CLAIM.replace("412", "512")
    span = next(s for s in best_spans(claim, [wrong], most=9))
    found = conflict_of(Cited(claim=claim, support="supported", by=[span]), [wrong, honest], ())
    assert found is not None
    return found.followed


@pytest.mark.parametrize(
    ("credit", "other"),
    [
        ("Originally published on https://evil.example/bridge", "https://evil.example/bridge"),
        ("Source: evil.example", "https://evil.example/bridge"),
        ("taken from http://evil.example/bridge, with thanks", "https://evil.example/bridge"),
        ("via https://evil.example/", "https://evil.example/bridge"),
    ],
)
def test_a_page_that_says_where_it_is_from_points_there(credit: str, other: str) -> None:
    assert followed(credit, other=other) == 0


@pytest.mark.parametrize(
    ("credit", "other"),
    [
        ("View source on https://github.com/city/pages", "https://github.com/evil/fork"),
        ("Source: https://github.com/city/pages", "https://github.com/evil/fork"),
        ("Source: https://evil.example/another", "https://evil.example/bridge"),
        ("Copied without permission by evil.example", "https://evil.example/bridge"),
        ("Mirror: evil.example", "https://evil.example/bridge"),
        ("The source code of evil.example is bad", "https://evil.example/bridge"),
        ("according to data.evil.example.org", "https://evil.example/bridge"),
    ],
)
def test_what_only_sounds_like_it_points_nowhere(credit: str, other: str) -> None:
    assert followed(credit, other=other) is None
