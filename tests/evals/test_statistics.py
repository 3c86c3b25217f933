"""Statistics against closed forms, against scipy, and against planted truths."""

import itertools

import numpy as np
import pytest
from scipy import stats

from manyminds.evals.statistics import (
    difference,
    gap_closed,
    holm,
    mcnemar,
    pareto_front,
    pass_hat_k,
    ratio,
)
from manyminds.judging.interval import share_interval


def scores(values: list[float]) -> dict[str, float]:
    return {f"q{n}": value for n, value in enumerate(values)}


def test_a_ratio_is_that_of_the_means_and_its_interval_goes_by_clusters() -> None:
    a, b = {f"q{n}": 4.0 + n % 3 for n in range(90)}, {f"q{n}": 2.0 for n in range(90)}
    found = ratio(a, b)
    assert found is not None
    assert found.value == pytest.approx(2.5)
    assert found.low < 2.5 < found.high
    by_seed = ratio(a, b, clusters={q: f"seed {int(q[1:]) % 3}" for q in a})
    assert by_seed is not None
    assert by_seed.high - by_seed.low > 3 * (found.high - found.low)
    assert ratio(a, {}) is None
    assert ratio(a, dict.fromkeys(b, 0.0)) is None


def test_a_lead_that_is_always_the_same_has_no_width() -> None:
    found = difference(scores([1.0] * 40), scores([0.0] * 40))
    assert (found.mean, found.low, found.high, found.n) == (1, 1, 1, 40)
    assert found.finding == "win"
    assert difference(scores([0.0] * 40), scores([1.0] * 40)).finding == "loss"


def test_the_interval_is_the_normal_one_where_there_are_many() -> None:
    rng = np.random.default_rng(1)
    gaps = rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.7, 0.2], size=2_000)
    found = difference(scores(list(gaps)), scores([0.0] * 2_000))
    half = 1.96 * gaps.std() / 2_000**0.5
    assert found.mean == pytest.approx(gaps.mean())
    assert found.low == pytest.approx(gaps.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(gaps.mean() + half, abs=0.1 * half)


def test_the_bootstrap_is_scipy_s() -> None:
    gaps = np.random.default_rng(2).choice([-1.0, 0.0, 1.0], p=[0.1, 0.6, 0.3], size=120)
    ours = difference(scores(list(gaps)), scores([0.0] * 120), resamples=20_000)
    theirs = stats.bootstrap(
        (gaps,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(3)
    ).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.01)
    assert ours.high == pytest.approx(theirs.high, abs=0.01)


def test_copies_of_a_question_are_not_new_evidence() -> None:
    gaps = list(np.random.default_rng(4).choice([-1.0, 0.0, 1.0], p=[0.1, 0.6, 0.3], size=50))
    alone = difference(scores(gaps), scores([0.0] * 50))
    copied = scores(gaps * 8)
    clusters = {question: str(n % 50) for n, question in enumerate(copied)}
    together = difference(copied, scores([0.0] * 400), clusters=clusters)
    careless = difference(copied, scores([0.0] * 400))
    assert (together.n, together.clusters) == (400, 50)
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.05)
    assert careless.high - careless.low < 0.5 * (together.high - together.low)


def test_clusters_of_different_sizes_weigh_by_their_questions() -> None:
    a = {"a1": 1.0, "a2": 1.0, "a3": 1.0, "b1": 0.0}
    clusters = {"a1": "a", "a2": "a", "a3": "a", "b1": "b"}
    found = difference(a, dict.fromkeys(a, 0.0), clusters=clusters)
    assert found.mean == 0.75
    assert (found.low, found.high) == (0, 1)


def test_only_questions_of_both_arms_count() -> None:
    assert difference({"a": 1.0, "b": 1.0}, {"b": 0.0, "c": 1.0}).n == 1
    with pytest.raises(ValueError, match="share no question"):
        difference({"a": 1.0}, {"b": 1.0})


def test_equal_arms_are_called_a_win_in_at_most_one_of_twenty() -> None:
    rng = np.random.default_rng(5)
    wins = 0
    for seed in range(1_000):
        hard = rng.random(100)  # both arms find the same questions hard
        a, b = ((rng.random(100) < hard).astype(float) for _ in range(2))
        found = difference(scores(list(a)), scores(list(b)), resamples=1_000, seed=seed)
        wins += found.finding == "win"
    assert wins <= 50


def test_five_points_that_are_there_are_found() -> None:
    rng = np.random.default_rng(6)
    found = 0
    for seed in range(100):
        base = rng.random(1_000) < 0.6
        better = np.where(base, rng.random(1_000) > 0.02, rng.random(1_000) < 0.155)
        gap = difference(
            scores(list(better.astype(float))), scores(list(base.astype(float))),
            resamples=1_000, seed=seed,
        )  # fmt: skip
        found += gap.finding == "win"
    assert found >= 95


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (1, 0), (9, 0), (12, 5), (7, 7), (30, 14)])
def test_mcnemar_is_the_binomial_test(fixed: int, broken: int) -> None:
    a = scores([1.0] * fixed + [0.0] * broken + [1.0] * 3 + [0.0] * 4)
    b = scores([0.0] * fixed + [1.0] * broken + [1.0] * 3 + [0.0] * 4)
    found = mcnemar(a, b)
    assert (found.fixed, found.broken) == (fixed, broken)
    wanted = stats.binomtest(fixed, fixed + broken).pvalue if fixed + broken else 1.0
    assert found.p == pytest.approx(wanted)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_share_s_interval_is_scipy_s() -> None:
    for right, n in ((0, 10), (7, 10), (50, 64), (64, 64)):
        wanted = stats.binomtest(right, n).proportion_ci(method="wilson")
        assert share_interval(right, n) == pytest.approx((wanted.low, wanted.high), abs=1e-4)
    with pytest.raises(ValueError, match="nothing"):
        share_interval(0, 0)


def test_the_gap_to_the_oracle() -> None:
    assert gap_closed(0.7, 0.6, 0.8) == pytest.approx(0.5)
    assert gap_closed(0.9, 0.6, 0.8) == pytest.approx(1.5)
    assert gap_closed(0.6, 0.8, 0.8) is None


def test_the_front_has_what_nothing_beats_at_both() -> None:
    points = {"dear": (9, 0.7), "cheap": (1, 0.5), "worse": (2, 0.4), "same": (9, 0.7), "mid": (4, 0.6)}  # fmt: skip
    assert pareto_front(points) == ["cheap", "mid", "dear"]


def test_pass_hat_k_is_the_share_of_draws_that_are_all_right() -> None:
    tries = {"a": [1, 1, 1, 0], "b": [1, 1, 0, 0], "c": [0, 0, 0, 0], "d": [1, 1, 1, 1]}
    counts = [(sum(right), len(right)) for right in tries.values()]
    for k in (1, 2, 3, 4):
        drawn = [
            np.mean([all(draw) for draw in itertools.combinations(right, k)])
            for right in tries.values()
        ]
        assert pass_hat_k(counts, k) == pytest.approx(np.mean(drawn))
    with pytest.raises(ValueError, match="5 tries"):
        pass_hat_k(counts, 5)
    with pytest.raises(ValueError, match="one"):
        pass_hat_k([], 1)
