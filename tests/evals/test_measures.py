"""What is said of rows: derived arms, costs, kinds, comparisons, equal cost."""

from dataclasses import replace

import pytest

from manyminds.evals.measures import equal_cost, measure
from manyminds.evals.trials import Trial

ROW = Trial(
    suite="s", question="q", kind="k", cluster="q", arm="majority", right=False, reason="r",
    given="x", outcome="answered", confidence=None, drafts=(), later=(), tokens_in=80,
    tokens_cached=10, tokens_out=20, usd=None, joules=5.0, seconds=2.0, first_token_s=None,
    requests=2, by_purpose={"work": 100}, stopped_by=None, run="r", seed=1, model="m",
    prompts="p", code="c", at="2026-01-01T00:00:00+00:00",
)  # fmt: skip


def rows(arm: str, rights: str, **changed: object) -> list[Trial]:
    return [
        replace(ROW, arm=arm, question=f"q{n}", cluster=f"q{n}", right=r == "1", **changed)  # type: ignore[arg-type]
        for n, r in enumerate(rights)
    ]


def test_single_and_oracle_are_read_off_the_draws_and_no_answer_is_a_wrong_one() -> None:
    base = [
        replace(ROW, question="a", cluster="a", right=True, drafts=(True, True)),
        replace(ROW, question="b", cluster="b", right=False, drafts=(True,)),
        replace(ROW, question="c", cluster="c", right=False, drafts=()),
    ]
    found = measure(base, members=2)
    single, oracle, majority = found.arms
    assert (single.name, single.accuracy, oracle.accuracy) == ("single", pytest.approx(0.5), pytest.approx(2 / 3))  # fmt: skip
    assert (single.tokens, majority.tokens, single.seconds) == (50, 100, 1)
    assert single.seconds_p99 is None
    assert majority.gap_closed == pytest.approx((1 / 3 - 1 / 2) / (2 / 3 - 1 / 2))
    assert majority.usd is None
    assert majority.joules == 5
    assert majority.calibration_error is None


def test_only_questions_that_all_arms_played_count() -> None:
    found = measure([*rows("majority", "1111"), *rows("heavy", "11")], members=1, derived=())
    assert (found.n, found.left_out) == (2, 2)
    with pytest.raises(ValueError, match="every arm"):
        measure([*rows("majority", "1"), replace(ROW, arm="heavy", question="z")], members=1)
    with pytest.raises(ValueError, match="every arm"):
        measure([], members=1)


def test_a_win_needs_the_interval_and_the_adjusted_p() -> None:
    few = measure([*rows("majority", "0" * 20), *rows("heavy", "1111" + "0" * 16)], members=1, derived=())  # fmt: skip
    [comparison] = few.arms[1].comparisons
    assert comparison.difference.low > 0
    assert comparison.p_holm == pytest.approx(0.125)
    assert comparison.finding == "not shown"
    many = measure([*rows("majority", "0" * 20), *rows("heavy", "1" * 9 + "0" * 11)], members=1, derived=())  # fmt: skip
    assert many.arms[1].comparisons[0].finding == "win"
    assert many.arms[0].comparisons[0].finding == "loss"
    assert many.arms[1].low < 0.45 < many.arms[1].high


def test_questions_of_one_seed_are_one_piece_of_evidence() -> None:
    both = [*rows("majority", "0" * 40), *rows("heavy", "1" * 10 + "0" * 30)]
    alone = measure(both, members=1, derived=()).arms[1].comparisons[0]
    together = measure(
        [replace(t, cluster=str(int(t.question[1:]) // 10)) for t in both], members=1, derived=()
    ).arms[1].comparisons[0]  # fmt: skip
    assert alone.finding == "win"
    assert together.finding == "not shown"
    assert together.p_holm is not None
    assert together.p_holm > 0.9


def test_kinds_calibration_and_purposes() -> None:
    base = [
        replace(t, kind="even" if n % 2 == 0 else "odd", confidence=0.9 if t.right else 0.2)
        for n, t in enumerate(rows("majority", "1011", by_purpose={"work": 60, "check": 40}))
    ]
    [arm] = measure(base, members=1, derived=()).arms
    assert arm.by_kind == {"even": 1.0, "odd": 0.5}
    assert arm.by_purpose == {"check": 40, "work": 60}
    assert [(b.n, b.accuracy) for b in arm.bins] == [(1, 0.0), (3, 1.0)]
    assert arm.calibration_error == pytest.approx(0.25 * 0.2 + 0.75 * 0.1)


def test_what_was_not_equal_cost_is_told() -> None:
    arms = [*rows("majority", "0" * 10), *rows("heavy", "1" * 10)]
    near = rows("majority@budget(heavy)", "0" * 10, tokens_in=78, equal_to="heavy")
    far = rows("majority@budget(heavy)", "0" * 10, tokens_in=40, equal_to="heavy")
    [line] = equal_cost(measure([*arms, *near], members=1, derived=()))
    assert line == (
        "heavy minus majority@budget(heavy): +100.0 points (+100.0 to +100.0), win; "
        "majority@budget(heavy) spent 98% of its tokens"
    )
    [line] = equal_cost(measure([*arms, *far], members=1, derived=()))
    assert line.endswith("spent 60% of its tokens, more than 5% off: not equal cost")
