from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyminds.budget.meter import RESERVE, Hold, Meter
from manyminds.core.errors import BudgetExceeded
from manyminds.core.values import Limits, Spend


def meter(limits: Limits, at: float = 0.0) -> Meter:
    return Meter(limits=limits, elapsed=lambda: at)


def spent(tokens: int, usd: str = "0") -> Spend:
    return Spend(tokens_in=tokens, usd=Decimal(usd), kwh_low=0.0, kwh_high=0.0)


def test_members_side_by_side_cannot_both_take_the_last_of_it() -> None:
    m = meter(Limits(tokens=1_000))
    m.hold(tokens=600, usd=None)
    with pytest.raises(BudgetExceeded) as refused:
        m.hold(tokens=600, usd=None)
    assert refused.value.limit == "tokens"


def test_the_reserve_is_for_ending_only() -> None:
    m = meter(Limits(tokens=1_000))
    with pytest.raises(BudgetExceeded):
        m.hold(tokens=900, usd=None)
    assert m.hold(tokens=900, usd=None, ending=True).tokens == 900


def test_what_was_not_used_can_be_held_again() -> None:
    m = meter(Limits(tokens=1_000))
    hold = m.hold(tokens=800, usd=None)
    m.settle(hold, spent(10))
    assert m.hold(tokens=800, usd=None).tokens == 800


def test_an_unknown_price_under_a_dollar_cap_is_refused() -> None:
    with pytest.raises(BudgetExceeded):
        meter(Limits(usd=Decimal(1))).hold(tokens=1, usd=None)


def test_time_for_work_ends_before_time_for_ending() -> None:
    m = meter(Limits(seconds=100), at=95)
    with pytest.raises(BudgetExceeded):
        m.hold(tokens=1, usd=None)
    m.hold(tokens=1, usd=None, ending=True)
    assert m.seconds_left(ending=True) == 5


Step = tuple[int, int, bool]


@given(st.integers(1_000, 50_000), st.lists(st.tuples(st.integers(1, 5_000), st.integers(0, 100), st.booleans()), max_size=60))  # fmt: skip
def test_spending_never_passes_the_limit_however_steps_overlap(
    limit: int, steps: list[Step]
) -> None:
    m = meter(Limits(tokens=limit))
    under_way: list[tuple[Hold, int]] = []
    for most, used, end_one in steps:
        try:
            under_way.append((m.hold(tokens=most, usd=None), most * used // 100))
        except BudgetExceeded:
            assert m.spent.tokens + m.held_tokens + most > limit - int(limit * RESERVE)
        if end_one and under_way:
            hold, real = under_way.pop(0)
            m.settle(hold, spent(real))
        assert m.spent.tokens + m.held_tokens <= limit - int(limit * RESERVE)
    for hold, real in under_way:
        m.settle(hold, spent(real))
    assert m.held_tokens == 0
    assert m.spent.tokens <= limit


money = st.decimals(0, 10, places=6)


@given(st.lists(st.builds(Spend, tokens_in=st.integers(0, 10**6), tokens_out=st.integers(0, 10**6), usd=st.none() | money)))  # fmt: skip
def test_a_sum_of_spends_is_the_same_in_any_order_and_unknown_stays_unknown(
    parts: list[Spend],
) -> None:
    start = Spend(usd=Decimal(0))
    forward, backward = start, start
    for part in parts:
        forward = forward + part
    for part in reversed(parts):
        backward = backward + part
    assert forward == backward
    assert forward.tokens == sum(part.tokens for part in parts)
    assert (forward.usd is None) == any(part.usd is None for part in parts)
