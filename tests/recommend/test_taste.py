"""The belief about somebody, and the questions that are put to them."""

from pathlib import Path

import numpy as np
import pytest

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.catalogue.read import Catalogue, read_catalogue
from manyminds.recommend.taste.belief import SLIP, Belief, Kinds, Question, begin
from manyminds.recommend.taste.kinds import drawn_kinds, kinds_of, tags_of

FILMS = "title,genres\n" + "".join(
    f"{genre} {i},{genre}\n" for genre in ("war", "love", "space", "crime") for i in range(10)
)


@pytest.fixture
def films(tmp_path: Path) -> Catalogue:
    path = tmp_path / "films.csv"
    path.write_text(FILMS, "utf-8")
    return read_catalogue([path], domain_named("films"))


def camps() -> Kinds:
    """Return two kinds of people that one question tells apart, and one that tells nobody apart."""
    likes = np.zeros((20, 40), np.float32)
    likes[:10, :20] = likes[10:, 20:] = 1
    yes = np.zeros((20, 2), np.bool_)
    yes[:10, 1] = True
    yes[::2, 0] = True
    return Kinds(
        likes=likes,
        questions=(Question(text="Odd?"), Question(text="First camp?", tag="first")),
        yes=yes,
    )


def test_an_answer_makes_those_likelier_who_would_give_it() -> None:
    belief = begin(camps())
    after = belief.after(1, yes=True)
    assert after.shares[:10].sum() == pytest.approx(1 - SLIP)
    assert after.scores()[:20].min() > after.scores()[20:].max()
    assert after.yes(1) > belief.yes(1) == 0.5


def test_the_question_that_helps_is_asked_and_no_other_one_first() -> None:
    belief = begin(camps())
    assert belief.next() == 1
    assert belief.after(1, yes=True).next() == 0
    assert belief.after(1, yes=True).after(0, yes=None).next() is None
    assert belief.next(within=[0]) == 0


def test_a_question_that_is_skipped_changes_nothing_but_what_was_asked() -> None:
    belief = begin(camps())
    after = belief.after(1, yes=None)
    assert np.array_equal(after.shares, belief.shares)
    assert after.answers == ((1, None),)


def test_shares_stay_shares_after_many_answers() -> None:
    belief = begin(camps())
    for place in range(500):
        belief = belief.after(place % 2, yes=place % 3 == 0)
    assert belief.shares.sum() == pytest.approx(1)
    assert np.isfinite(belief.scores()).all()


def test_what_was_asked_about_or_is_known_is_not_recommended() -> None:
    likes = np.ones((4, 5), np.float32)
    kinds = Kinds(
        likes=likes, questions=(Question(text="Three?", item=3),), yes=np.ones((4, 1), np.bool_)
    )
    belief = begin(kinds, frozenset([1])).after(0, yes=True)
    assert np.flatnonzero(belief.scores() < 0).tolist() == [1, 3]


def test_real_people_become_kinds_with_questions_about_tags_and_titles(films: Catalogue) -> None:
    tags, has = tags_of(films)
    assert tags == ["crime", "love", "space", "war"]
    assert has.sum() == 40
    likes = np.zeros((8, 40), np.float32)
    for person in range(7):
        likes[person, (person % 4) * 10 : (person % 4) * 10 + 5] = 1
    kinds = kinds_of(likes, tags, has, [item.title for item in films.items])
    assert len(kinds.likes) == 7
    assert [q.tag for q in kinds.questions[:4]] == tags
    assert all(q.item is not None for q in kinds.questions[4:])
    war = next(i for i, q in enumerate(kinds.questions) if q.tag == "war")
    assert kinds.yes[0, war]
    assert not kinds.yes[1, war]


def test_without_people_tags_are_asked_and_lead_to_what_has_them(films: Catalogue) -> None:
    kinds = drawn_kinds(films)
    belief = begin(kinds)
    for place, question in enumerate(kinds.questions):
        belief = belief.after(place, yes=question.tag == "space")
    best = np.argsort(-belief.scores(), kind="stable")[:5]
    assert {films.items[i].values["genre"] for i in best} == {("space",)}


def test_drawn_kinds_are_the_same_each_time(films: Catalogue) -> None:
    first, second = drawn_kinds(films), drawn_kinds(films)
    assert np.array_equal(first.likes, second.likes)
    assert np.array_equal(first.yes, second.yes)


def test_five_questions_find_a_camp_sooner_than_chance(films: Catalogue) -> None:
    kinds = drawn_kinds(films, seed=3)
    chance = np.random.default_rng(0)

    def regret(person: int, ask) -> float:
        belief: Belief = begin(kinds)
        for _ in range(2):
            question = ask(belief)
            belief = belief.after(question, yes=bool(kinds.yes[person, question]))
        top = np.argsort(-belief.scores(), kind="stable")[:5]
        return 1 - float(kinds.likes[person, top].mean())

    people = range(0, 400, 4)
    ours = np.mean([regret(p, lambda b: b.next()) for p in people])
    random = np.mean(
        [regret(p, lambda b: int(chance.integers(len(kinds.questions)))) for p in people]
    )
    assert ours < random


@pytest.mark.parametrize("text", ["title,price\nA,1\nB,2\n", "title,genres\nA,war\nB,war\n"])
def test_a_catalogue_without_telling_tags_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "films.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match="no tags"):
        drawn_kinds(read_catalogue([path], domain_named("films")))


def test_a_history_of_nobody_says_so() -> None:
    with pytest.raises(UsageError, match="nobody"):
        kinds_of(np.zeros((3, 2), np.float32), [], np.zeros((2, 0), np.float32), ["a", "b"])
