"""What of the new is welcome, and what of ratings is gone by."""

import numpy as np
import pytest

from manyminds.recommend.history import History
from manyminds.recommend.ranking.ease import Ease
from manyminds.recommend.ranking.ranker import graded, liked, seen
from manyminds.recommend.ranking.welcome import Welcome


def candidates(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    return chance.standard_normal(200), chance.standard_normal(200)


def after(leaning: float) -> Welcome:
    """What is believed of somebody after 20 lists of ten."""
    chance, welcome = np.random.default_rng(7), Welcome()
    for turn in range(20):
        scores, news = (values[:10] for values in candidates(turn + 1))
        taken = chance.random(10) < 1 / (1 + np.exp(-(scores + leaning * news - 0.5)))
        welcome.told(scores, news, taken)
    return welcome


def test_who_takes_the_new_is_shown_more_of_it_and_who_leaves_it_is_not() -> None:
    scores, news = candidates()
    plain = np.argsort(-scores, kind="stable")[:10]
    keen, wary = (after(leaning).choose(scores, news, most=10) for leaning in (1.5, -1.5))
    assert news[keen].mean() > news[plain].mean() + 0.5
    assert news[wary].mean() <= news[plain].mean() + 0.1


@pytest.mark.parametrize("leaning", [-1.5, -0.5, 0.0, 1.5])
def test_no_list_is_expected_to_please_less_than_the_best_scores(leaning: float) -> None:
    scores, news = candidates(3)
    welcome = after(leaning)
    chances = welcome.chances(scores, news)
    plain = np.argsort(-scores, kind="stable")[:10]
    chosen = welcome.choose(scores, news, most=10)
    assert chances[chosen].mean() >= chances[plain].mean()
    assert len(set(chosen)) == 10
    assert list(chances[chosen]) == sorted(chances[chosen], reverse=True)


def test_a_belief_stays_a_belief_whatever_it_is_told() -> None:
    welcome = Welcome()
    for _ in range(200):
        welcome.told(np.full(10, 141.0), np.full(10, 4.0), np.zeros(10, np.bool_))
    assert welcome.belief.sum() == pytest.approx(1)
    assert np.isfinite(welcome.belief).all()


def test_one_history_is_likes_or_views_or_grades() -> None:
    history = History(
        users=("a",), items=("p", "q", "r"), user=np.zeros(3, np.int64), item=np.arange(3),
        value=np.array([5, 0.5, 4], np.float32), at=np.arange(3),
    )  # fmt: skip
    assert liked(history).toarray().tolist() == [[1, 0, 1]]
    assert seen(history).toarray().tolist() == [[1, 1, 1]]
    assert graded(history).toarray()[0] == pytest.approx([1, -1, 0.556], abs=0.001)
    assert history.matrix(liked=False).toarray().tolist() == [[5, 0.5, 4]]


def test_grades_know_what_was_disliked() -> None:
    chance = np.random.default_rng(0)
    user, item = (part.ravel() for part in np.meshgrid(np.arange(60), np.arange(20)))
    camp = (user % 2) == (item % 2)
    kept = chance.random(len(user)) < 0.6
    history = History(
        users=tuple(map(str, range(60))), items=tuple(map(str, range(20))), user=user[kept],
        item=item[kept], value=np.where(camp, 5, 1).astype(np.float32)[kept], at=np.arange(kept.sum()),
    )  # fmt: skip
    # Somebody who has only said what they do not like.
    averse = History(
        users=("x",), items=history.items, user=np.zeros(2, np.int64), item=np.array([0, 2]),
        value=np.array([1, 1], np.float32), at=np.arange(2),
    )  # fmt: skip
    scores = Ease(ridge=10, signal=graded).learn(history)(averse)[0]
    assert scores[1::2].mean() > 0.02 > -0.02 > scores[4::2].mean()
    assert not Ease(ridge=10).learn(history)(averse).any()
