"""Rankers, and what is measured of them."""

import math
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from manyminds.core.errors import UsageError
from manyminds.judging.logistic import fit_logistic
from manyminds.recommend.experiment import Verdict, ab_test, interleaved, preferred
from manyminds.recommend.history import LIKED, History, read_history, split_in_time
from manyminds.recommend.measures import held_against, rating_error
from manyminds.recommend.ranking.blend import Blend
from manyminds.recommend.ranking.codes import Spelled, coded
from manyminds.recommend.ranking.context import InContext, weekend
from manyminds.recommend.ranking.diversity import (
    coverage,
    inner_distance,
    novelty,
    page_of_rows,
    spread_out,
)
from manyminds.recommend.ranking.ease import Ease
from manyminds.recommend.ranking.factors import Factors
from manyminds.recommend.ranking.neighbours import ItemNeighbours
from manyminds.recommend.ranking.popularity import Popularity, PredictedRating, TwoParameters
from manyminds.recommend.ranking.ranker import Linear, Ranker
from manyminds.recommend.ranking.rbm import Rbm
from manyminds.recommend.ranking.star import Star
from manyminds.recommend.ranking.tensor import Tensor
from manyminds.recommend.ranking.towers import TwoTowers
from manyminds.recommend.ranking.updating import Hybrid

CAMPS, EACH, PEOPLE = 4, 25, 40


def camps(seed: int = 0) -> History:
    """Return people of four camps: each likes twelve things of their own camp."""
    chance = np.random.default_rng(seed)
    rows: list[tuple[int, int, float]] = []
    for person in range(CAMPS * PEOPLE):
        camp = person % CAMPS
        for item in chance.choice(EACH, 12, replace=False) + camp * EACH:
            rows.append((person, int(item), 4.5))
    return History(
        users=tuple(f"u{i}" for i in range(CAMPS * PEOPLE)), items=tuple(f"i{i}" for i in range(CAMPS * EACH)),
        user=np.array([r[0] for r in rows]), item=np.array([r[1] for r in rows]),
        value=np.array([r[2] for r in rows], np.float32), at=np.arange(len(rows)),
    )  # fmt: skip


def words() -> np.ndarray:
    """Return what the things are about: the camp, and a little of their own."""
    chance = np.random.default_rng(1)
    vectors = np.eye(CAMPS)[np.arange(CAMPS * EACH) // EACH] + 0.1 * chance.random(
        (CAMPS * EACH, CAMPS)
    )
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


RANKERS: dict[str, Ranker] = {
    "neighbours": ItemNeighbours(), "factors": Factors(factors=8, regularization=0.1), "ease": Ease(ridge=10),
    "towers": TwoTowers(width=8, rate=0.02, features=words()), "star": Star(vectors=words()),
    "rbm": Rbm(hidden=16, passes=120, rate=0.1), "blend": Blend(parts={"a": ItemNeighbours(), "b": Ease(ridge=10)}),
}  # fmt: skip


@pytest.mark.parametrize("name", RANKERS)
def test_a_ranker_finds_what_people_of_the_same_kind_like(name: str) -> None:
    past, later = split_in_time(camps())
    found = held_against(RANKERS[name].learn(past), past, later, k=5)
    plain = held_against(Popularity().learn(past), past, later, k=5)
    assert found.ndcg.mean() > plain.ndcg.mean() + 0.05
    own = [
        item // EACH == int(user[1:]) % CAMPS
        for user, row in zip(found.users, found.shown, strict=True)
        for item in row
    ]
    assert np.mean(own) > 0.9


@pytest.mark.parametrize("name", [*RANKERS, "popularity"])
def test_people_it_has_never_seen_are_ranked_by_what_they_like(name: str) -> None:
    history = camps()
    known = history.where(history.user < 100)
    ranker = RANKERS.get(name, Popularity())
    scores = ranker.learn(known)(history.of(np.array([120, 121])))
    assert scores.shape == (2, len(history.items))
    assert np.isfinite(scores).all()
    if name != "popularity":
        assert scores[0, :EACH].mean() > scores[1, :EACH].mean()


@pytest.mark.parametrize("name", RANKERS)
def test_the_same_history_is_ranked_the_same(name: str) -> None:
    past, _ = split_in_time(camps())
    first, second = (RANKERS[name].learn(past)(past) for _ in range(2))
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("ranker", [ItemNeighbours(), Ease(ridge=10)])
def test_taking_a_named_cause_away_lowers_the_score(ranker: Ranker) -> None:
    past, _ = split_in_time(camps())
    linear = ranker.learn(past)
    assert isinstance(linear, Linear)
    person = past.of(np.array([3]))
    scores = linear(person)[0]
    liked = person.liked().item
    for item in np.argsort(-scores)[:10]:
        for cause in linear.because(liked, int(item)):
            assert linear(person.where(person.item != cause))[0, item] < scores[item]


def test_two_weights_are_found_again() -> None:
    chance = np.random.default_rng(0)
    people, items = 400, 200
    quality, known = chance.normal(3.5, 0.5, items), chance.normal(size=items)
    rows = []
    for person in range(people):
        pull = 1.5 * known + chance.gumbel(size=items)
        for item in np.argsort(-pull)[:20]:
            rows.append(
                (person, item, float(np.clip(quality[item] + chance.normal(0, 0.3), 0.5, 5)))
            )
    history = History(
        users=tuple(map(str, range(people))), items=tuple(map(str, range(items))), user=np.array([r[0] for r in rows]),
        item=np.array([r[1] for r in rows]), value=np.array([r[2] for r in rows], np.float32), at=np.arange(len(rows)),
    )  # fmt: skip
    popular, rated = TwoParameters().weights(history)
    assert popular > 1.0 > abs(rated)


@pytest.mark.parametrize("pull", [0.6, 1.0])
def test_the_weights_that_made_a_history_are_found_within_a_twentieth(pull: float) -> None:
    """People take things by their pull alone, so that is what popularity has to count, and all."""
    chance = np.random.default_rng(3)
    people, items, each = 12_000, 400, 3
    known = pull * chance.normal(size=items)
    drawn = np.argsort(-(known + chance.gumbel(size=(people, items))), axis=1)[:, :each]
    history = History(
        users=tuple(map(str, range(people))), items=tuple(map(str, range(items))),
        user=np.repeat(np.arange(people), each), item=drawn.ravel(),
        value=chance.choice([4.0, 4.5, 5.0], people * each).astype(np.float32),
        at=np.arange(people * each),
    )  # fmt: skip
    popular, rated = TwoParameters(pairs=200_000).weights(history)
    # Of features of deviation 1: the deviation of the logarithm of how often each was taken.
    planted = np.log1p(np.bincount(history.item, minlength=items)).std()
    assert popular == pytest.approx(planted, rel=0.05)
    assert abs(rated) < 0.05 * planted


@pytest.mark.parametrize("planted", [(1.5, 0.4), (0.8, -0.8), (2.0, 1.0)])
def test_planted_weights_are_found_within_a_twentieth(planted: tuple[float, float]) -> None:
    chance = np.random.default_rng(1)
    leads = chance.normal(size=(400_000, 2))
    won = chance.random(len(leads)) < 1 / (1 + np.exp(-leads @ np.array(planted)))
    found = fit_logistic(
        np.where(won[:, None], leads, -leads), np.ones(len(leads)), np.full(2, 1.0)
    )
    assert found == pytest.approx(planted, rel=0.05)


def test_good_at_ratings_is_not_good_at_ranking() -> None:
    past, later = split_in_time(_rated())
    rating, popular = PredictedRating(damping=1).learn(past), Popularity().learn(past)
    assert rating_error(rating, past, later) < rating_error(popular, past, later)
    assert (
        held_against(rating, past, later, k=5).ndcg.mean()
        < held_against(popular, past, later, k=5).ndcg.mean()
    )


def _rated() -> History:
    """Return things that many take and like well enough, and things that few take and love."""
    chance = np.random.default_rng(2)
    rows = []
    for person in range(300):
        for item in chance.permutation(40):
            loved = item >= 20
            if chance.random() < (0.05 if loved else 0.5):
                rows.append((person, int(item), 5.0 if loved else float(chance.choice([3.0, 4.0]))))
    return History(
        users=tuple(map(str, range(300))), items=tuple(map(str, range(40))), user=np.array([r[0] for r in rows]),
        item=np.array([r[1] for r in rows]), value=np.array([r[2] for r in rows], np.float32), at=np.arange(len(rows)),
    )  # fmt: skip


def test_measures_are_what_their_formulas_say() -> None:
    history = History(
        users=("a", "b"), items=("w", "x", "y", "z"), user=np.array([0, 0, 0, 1]), item=np.array([0, 1, 3, 2]),
        value=np.array([5, 5, 4, 1], np.float32), at=np.arange(4),
    )  # fmt: skip
    past, later = history.where(history.at < 1), history.where(history.at >= 1)
    found = held_against(
        lambda people: np.tile(np.array([9, 1, 3, 2], np.float32), (len(people.users), 1)),
        past,
        later,
        k=2,
    )
    assert found.users == ("a",)
    assert found.shown.tolist() == [[2, 3]]
    assert found.ndcg[0] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert (found.recall[0], found.hit[0]) == (0.5, 1.0)


def test_the_split_is_in_time_and_loses_nothing() -> None:
    history = camps()
    past, later = split_in_time(history)
    assert len(past.value) + len(later.value) == len(history.value)
    for person in range(0, len(history.users), 17):
        mine, after = past.at[past.user == person], later.at[later.user == person]
        assert mine.max() < after.min()
        assert len(mine) == math.floor(0.8 * 12)


def test_spreading_out_trades_score_for_difference() -> None:
    scores = np.array([1.0, 0.99, 0.98, 0.5])
    alike = np.ones((4, 4))
    alike[3, :3] = alike[:3, 3] = 0
    assert spread_out(scores, alike, most=3, relevance=1.0) == [0, 1, 2]
    assert spread_out(scores, alike, most=2, relevance=0.5) == [0, 3]
    assert spread_out(scores, alike, most=3, relevance=0.5) == [0, 1, 3]  # shown by score
    assert spread_out(scores, alike, most=9, relevance=0.5) == [0, 1, 2, 3]


def test_what_is_repeated_counts_by_the_mean_of_those_chosen() -> None:
    scores = np.array([1.0, 0.9, 0.5, 0.45, 0.0])
    alike = np.eye(5)
    alike[1, 0] = alike[0, 1] = 0.2
    alike[2, 0] = alike[0, 2] = 1.0  # like one of the two: half
    alike[3, :2] = alike[:2, 3] = 0.7  # like both, less than that one
    assert spread_out(scores, alike, most=3, relevance=0.5) == [0, 1, 2]


def test_nothing_stands_twice_on_a_page() -> None:
    rows = {
        "for you": [1, 2, 3, 4],
        "because of 1": [2, 1, 5, 6, 7],
        "same": [1, 2, 3],
        "new": [8, 9, 3],
    }
    page = page_of_rows(rows, across=3, down=3)
    assert page == {"for you": [1, 2, 3], "because of 1": [5, 6, 7], "new": [8, 9]}
    shown = [item for row in page.values() for item in row]
    assert len(shown) == len(set(shown))


def test_measures_of_what_is_shown_together() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    shown = np.array([[0, 1], [0, 2]])
    assert inner_distance(shown, vectors).tolist() == [0.0, 1.0]
    assert coverage(shown, 6) == 0.5
    assert novelty(np.array([[0, 1]]), np.array([2.0, 2.0, 0.0]))[0] == 1.0


@pytest.mark.parametrize(("text", "message"), [
    ("user,item\n", "column of the rating"), ("userId,movieId,rating,timestamp\n", "no ratings"),
    ("userId,movieId,rating,timestamp\n1,2,good,3\n", "line 2"), ("", "column of the user"), ("userId,movieId,rating,timestamp\n1,2\n", "line 2"),
])  # fmt: skip
def test_a_file_that_holds_no_ratings_says_why(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=message):
        read_history(path)


def test_ratings_are_read_by_the_names_that_files_have(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating,timestamp\nann,a,4.5,7\nbob,a,2,8\n", "utf-8")
    history = read_history(path)
    assert (history.users, history.items) == (("ann", "bob"), ("a",))
    assert history.liked().user.tolist() == [0]
    assert LIKED == 4.0


def _timed(effect: float, seed: int = 5) -> History:
    """Return likes of a week: half of the things are liked `effect` times as much at weekends."""
    chance = np.random.default_rng(seed)
    rows = []
    for person in range(400):
        at = int(chance.integers(0, 52 * 7)) * 86_400
        now = weekend(np.array([at]))[0] == 1
        likely = np.where(np.arange(60) < 30, effect if now else 1.0, 1.0)
        for item in chance.choice(60, 8, replace=False, p=likely / likely.sum()):
            rows.append((person, int(item), 5.0, at + len(rows) % 80_000))
    return History(
        users=tuple(map(str, range(400))), items=tuple(map(str, range(60))), user=np.array([r[0] for r in rows]),
        item=np.array([r[1] for r in rows]), value=np.array([r[2] for r in rows], np.float32), at=np.array([r[3] for r in rows]),
    )  # fmt: skip


def test_what_is_liked_at_weekends_is_found_out() -> None:
    lift = InContext(base=Popularity(), of=weekend, now=1).lift(_timed(5.0))
    assert lift[:30].min() > lift[30:].max()
    assert InContext(base=Popularity(), of=weekend, now=0).lift(_timed(5.0))[:30].mean() < 0


def test_the_moment_helps_where_it_matters_and_does_no_harm_where_it_does_not() -> None:
    def quality(effect: float, ranker: Ranker) -> float:
        past, later = _timed(effect, 1), _timed(effect, 2)
        later = later.where(weekend(later.at) == 1)
        fresh = past.where(np.zeros(len(past.user), np.bool_))
        return float(
            held_against(
                lambda people: ranker.learn(past)(fresh.of(np.arange(len(people.users)))),
                fresh,
                later,
                k=10,
            ).ndcg.mean()
        )

    now = InContext(base=Popularity(), of=weekend, now=1)
    assert quality(5.0, now) > quality(5.0, Popularity()) + 0.01
    assert quality(1.0, now) > quality(1.0, Popularity()) - 0.005


def test_a_page_without_repeats_is_clicked_more_than_stacked_rows() -> None:
    chance = np.random.default_rng(0)
    lead: list[int] = []
    for _ in range(500):
        liked = set(chance.choice(60, 6, replace=False).tolist())
        best = sorted(range(60), key=lambda i: (i not in liked) + chance.random() * 1.2)
        rows = {
            "for you": best[:12],
            "like the first": [best[0], *best[4:15]],
            "popular": best[2:14],
            "new": list(range(40, 52)),
        }
        page = page_of_rows(rows, across=6, down=4)
        stacked = [row[:6] for row in rows.values()]
        ours, theirs = (_clicked(shown, liked, chance) for shown in (page.values(), stacked))
        lead.append(len(ours) - len(theirs))
    assert np.mean(lead) > 3 * np.std(lead) / np.sqrt(len(lead))


def _clicked(rows, liked: set[int], chance: np.random.Generator) -> set[int]:
    """Return what somebody clicks who looks row by row and gives up now and then (cascade)."""
    found: set[int] = set()
    for row in rows:
        for item in row:
            if item in liked and item not in found:
                found.add(item)
            elif chance.random() < 0.03:
                return found
    return found


def test_weekends_are_saturdays_and_sundays() -> None:
    days = np.array(
        [
            int(datetime.fromisoformat(f"2026-11-{d}T12:00+00:00").timestamp())
            for d in (27, 28, 29, 30)
        ]
    )
    assert weekend(days).tolist() == [0, 1, 1, 0]


def test_things_are_spelled_by_codes_and_no_word_is_none() -> None:
    codes = coded(words(), levels=2, codes=8)
    assert len(set(codes.words)) == CAMPS * EACH
    past, later = split_in_time(camps())
    scorer = Spelled(codes=codes, beams=10_000).learn(past)
    following = codes.trie()
    assert all(word[:n] in following for word in codes.words for n in range(len(word)))
    everything = held_against(scorer, past, later, k=10)
    assert (
        everything.ndcg.mean()
        > held_against(Popularity().learn(past), past, later, k=10).ndcg.mean()
    )
    few = Spelled(codes=codes, beams=5).learn(past)(past)
    # For everybody five words are spelled, each a thing's; what no beam reaches stands behind.
    assert ((few > few.min(axis=1, keepdims=True)).sum(axis=1) == 5).all()


def test_a_moment_that_matters_is_factorised_and_one_that_does_not_does_no_harm() -> None:
    history = in_moments(matters=True)
    past, later = split_in_time(history)
    for now in (0, 1):
        mine = later.where(parity(later.at) == now)
        with_it = Tensor(of=parity, now=now, moments=2, width=8, ridge=1).learn(past)
        without = Tensor(of=np.zeros_like, now=0, moments=1, width=8, ridge=1).learn(past)
        lead = (
            held_against(with_it, past, mine).ndcg.mean()
            - held_against(without, past, mine).ndcg.mean()
        )
        assert lead > 0.02, lead
    past, later = split_in_time(in_moments(matters=False))
    with_it = Tensor(of=parity, now=0, moments=2, width=8, ridge=1).learn(past)
    without = Tensor(of=np.zeros_like, now=0, moments=1, width=8, ridge=1).learn(past)
    assert (
        abs(
            held_against(with_it, past, later).ndcg.mean()
            - held_against(without, past, later).ndcg.mean()
        )
        < 0.03
    )


def parity(at: np.ndarray) -> np.ndarray:
    return at % 2


def in_moments(*, matters: bool) -> History:
    """Return people of camps who like one half of their things in even seconds, the other in odd."""
    chance = np.random.default_rng(2)
    rows: list[tuple[int, int, int]] = []
    for person in range(CAMPS * PEOPLE):
        camp = person % CAMPS
        for place, item in enumerate(chance.choice(EACH, 16, replace=False)):
            odd = int(item) % 2 if matters else int(chance.integers(2))
            rows.append((person, int(item) + camp * EACH, 2 * place + odd))
    return History(
        users=tuple(f"u{i}" for i in range(CAMPS * PEOPLE)), items=tuple(f"i{i}" for i in range(CAMPS * EACH)),
        user=np.array([r[0] for r in rows]), item=np.array([r[1] for r in rows]),
        value=np.full(len(rows), 5, np.float32), at=np.array([r[2] for r in rows]),
    )  # fmt: skip


def test_an_ab_test_of_a_and_a_finds_nothing_more_often_than_it_says() -> None:
    chance = np.random.default_rng(0)
    same = [
        ab_test((int(a), int(b)), (5_000, 5_000)).found
        for a, b in chance.binomial(5_000, 0.1, (4_000, 2))
    ]
    assert 0.04 <= np.mean(same) <= 0.06
    pairs = zip(chance.binomial(80_000, 0.1, 400), chance.binomial(80_000, 0.105, 400), strict=True)
    told = [ab_test((int(a), int(b)), (80_000, 80_000)) for a, b in pairs]
    assert np.mean([one.found and one.lift > 0 for one in told]) > 0.85
    assert ab_test((0, 0), (10, 10)) == Verdict(lift=None, p=1.0)
    assert ab_test((0, 4), (10, 10)).p == pytest.approx(0.0867, abs=0.001)  # by Fisher's test
    with pytest.raises(UsageError):
        ab_test((0, 0), (0, 10))


def test_two_rankings_in_one_list_are_told_apart_by_fewer_sessions() -> None:
    chance = np.random.default_rng(1)
    good, bad = list(range(10)), list(range(9, -1, -1))
    draft = interleaved(good, bad, 6, chance)
    assert len({item for item, _ in draft}) == 6
    assert [team for _, team in draft].count("a") == 3

    def likes(item: int) -> bool:
        return bool(chance.random() < (0.3 if item < 3 else 0.1))

    found = preferred(300, lambda: interleaved(good, bad, 6, chance), likes)
    assert found.found
    assert found.lift is not None
    assert found.lift < 0
    assert preferred(4, lambda: [(1, "b"), (2, "a")], lambda item: item == 1).p == 0.125
    assert [team for _, team in interleaved([1], [1, 2, 3, 4, 5], 5, chance)].count("b") <= 1
    same = [
        preferred(
            200,
            lambda: interleaved(good, good[::-1], 6, chance),
            lambda _i: bool(chance.random() < 0.2),
        ).found
        for _ in range(200)
    ]
    assert np.mean(same) < 0.1


def test_rankers_that_keep_up_learn_rarely_and_look_daily() -> None:
    day, history = 86_400, camps()
    hybrid = Hybrid(dear=Ease(ridge=10), every_days=28)
    for week in range(20):
        scorer = hybrid.day(history, week * 7 * day)
    assert hybrid.refits == 5
    assert scorer(history).shape == (len(history.users), len(history.items))
    old = replace(history, at=np.where(history.item < EACH, 0, 400 * day))
    mixed = old.where((old.user == 0) | (old.user == 1))
    latest = Hybrid(dear=Ease(ridge=10), share=1.0).day(old, 400 * day)
    both = replace(mixed, user=np.zeros_like(mixed.user), users=("u",))
    scores = latest(both)[0]
    assert scores[EACH : 2 * EACH].mean() > 5 * scores[:EACH].mean()  # what was liked lately leads


def test_a_thing_rated_again_counts_as_it_was_rated_last() -> None:
    twice = History(
        users=("u",), items=("i",), user=np.array([0, 0]), item=np.array([0, 0]),
        value=np.array([5, 1], np.float32), at=np.array([1, 2]),
    )  # fmt: skip
    assert twice.matrix(liked=True).sum() == 0
    assert twice.matrix(liked=False).sum() == 1


def test_a_catalogue_that_grows_is_learned_again() -> None:
    history = camps()
    hybrid = Hybrid(dear=Ease(ridge=10))
    hybrid.day(history, 0)
    grown = replace(history, items=(*history.items, "new"))
    assert hybrid.day(grown, 1)(grown).shape[1] == len(grown.items)
    assert hybrid.refits == 2
    nothing = history.where(np.zeros(len(history.user), np.bool_))
    assert Rbm(passes=1).learn(nothing)(history).shape == (len(history.users), len(history.items))
