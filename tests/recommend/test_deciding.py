"""Two options, what they give up, what would change them, and what is worth asking."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.catalogue.read import Catalogue, read_catalogue
from manyminds.recommend.deciding.decide import decide
from manyminds.recommend.deciding.missing import with_answer
from manyminds.recommend.deciding.weigh import Wanted, feasible, weigh
from manyminds.recommend.deciding.wish import holds, read_wish
from tests.recommend.test_wish import DINING

FRIDAY = date(2026, 11, 27)


@pytest.fixture
def dining(tmp_path: Path) -> Catalogue:
    path = tmp_path / "dining.csv"
    path.write_text(DINING, "utf-8")
    return read_catalogue([path], domain_named("dining"))


def wanted(text: str, catalogue: Catalogue, **more: object) -> Wanted:
    wish = read_wish(text, catalogue, today=FRIDAY, source="wish")
    return replace(
        Wanted(
            conditions=wish.conditions,
            tastes=wish.tastes,
            stressed=wish.stressed,
            settled=frozenset(wish.settled()),
        ),
        **more,
    )


def test_both_options_meet_every_condition(dining: Catalogue) -> None:
    asked = wanted("under 25 €, nothing spicy", dining)
    decision = decide(dining, asked)
    assert decision.top
    assert decision.backup
    for option in (decision.top, decision.backup):
        assert all(holds(condition, option.item, frozenset()) for condition in asked.conditions)


def test_what_does_not_say_that_it_fits_is_counted_and_not_chosen(dining: Catalogue) -> None:
    decision = decide(dining, wanted("within 5 km", dining))
    assert "Sushi Ume" not in {option.item.title for option in decision.options}
    assert decision.unsure == 1


def test_nothing_that_fits_says_which_condition_leaves_all_out(dining: Catalogue) -> None:
    decision = decide(dining, wanted("vegan, under 10 €", dining))
    assert decision.top is None
    assert decision.backup is None
    assert {(turn.what, turn.leads_to) for turn in decision.turns} == {
        ('without "under 10 €"', "La Piazza")
    }


def test_scores_are_the_mean_of_their_parts(dining: Catalogue) -> None:
    items, _ = feasible(dining, Wanted())
    options = weigh(dining, items, Wanted())
    assert [option.score for option in options] == sorted((o.score for o in options), reverse=True)
    kumo = next(option for option in options if option.item.title == "Kumo")
    shares = {part.field: part.share for part in kumo.parts}
    assert shares["price"] == 1.0
    assert shares["rating"] == pytest.approx(0.8)
    assert shares["distance"] == pytest.approx((2.1 - 1.2) / (2.1 - 0.4))
    assert kumo.score == pytest.approx((1.0 + 2 * 0.8 + shares["distance"]) / 4)


def test_what_is_not_known_counts_as_the_middle(dining: Catalogue) -> None:
    items, _ = feasible(dining, Wanted())
    ume = next(o for o in weigh(dining, items, Wanted()) if o.item.title == "Sushi Ume")
    assert {part.field: part.share for part in ume.parts}["distance"] is None


def test_a_weight_that_is_named_as_turning_turns(dining: Catalogue) -> None:
    decision = decide(dining, Wanted())
    weights = {part.field: part.weight for part in decision.options[0].parts}
    turns = [turn for turn in decision.turns if turn.factor is not None]
    assert turns
    for turn in turns:
        assert turn.factor is not None
        before, after = (
            decide(dining, Wanted(weights={turn.field: weights[turn.field] * turn.factor * nudge}))
            for nudge in ((0.99, 1.01) if turn.factor > 1 else (1.01, 0.99))
        )  # fmt: skip
        assert before.top
        assert after.top
        assert decision.top
        assert before.top.item.id == decision.top.item.id
        assert after.top.item.title == turn.leads_to


def test_a_condition_that_is_named_as_turning_turns(dining: Catalogue) -> None:
    asked = wanted("nothing spicy, somewhere new", dining, been=frozenset(["kumo"]))
    decision = decide(dining, asked)
    for turn in decision.turns:
        if turn.factor is None:
            [gone] = [c for c in asked.conditions if f'"{c.said}"' in turn.what]
            rest = replace(asked, conditions=tuple(c for c in asked.conditions if c is not gone))
            other = decide(dining, rest).top
            assert other
            assert other.item.title == turn.leads_to


def test_trade_offs_are_what_the_rows_say(dining: Catalogue) -> None:
    decision = decide(dining, Wanted())
    assert decision.top
    assert decision.backup
    for trade in decision.trade_offs:
        first, second = (
            decision.top.item.values.get(trade.field),
            decision.backup.item.values.get(trade.field),
        )
        assert (trade.first, trade.second) == (first, second)
        assert first != second
        if trade.better and isinstance(first, float) and isinstance(second, float):
            better = domain_named("dining").fields[trade.field].better
            assert (trade.better == "first") == ((first > second) == (better == "more"))


def test_the_question_is_one_whose_answers_lead_elsewhere(dining: Catalogue) -> None:
    asked = decide(dining, Wanted()).asked
    assert asked is not None
    assert asked.text.count("?") == 1
    firsts = set()
    for answer in asked.answers:
        after = decide(dining, with_answer(Wanted(), asked.field, [answer.condition]))
        assert after.top
        assert after.top.item.title == answer.leads_to
        firsts.add(answer.leads_to)
    top = decide(dining, Wanted()).top
    assert top
    assert firsts - {top.item.title}


def test_nothing_is_asked_that_was_said_or_answered(dining: Catalogue) -> None:
    state, asked = Wanted(), []
    while (question := decide(dining, state).asked) is not None:
        asked.append(question.field)
        state = with_answer(state, question.field)
    assert len(asked) == len(set(asked)) >= 2
    settled = frozenset(name for name, field in domain_named("dining").fields.items() if field.ask)
    assert decide(dining, Wanted(settled=settled)).asked is None


def test_nothing_is_asked_where_one_is_left(dining: Catalogue) -> None:
    assert decide(dining, wanted("pizza", dining)).asked is None
    assert decide(dining, wanted("pizza", dining)).backup is None
