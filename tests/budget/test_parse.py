from decimal import Decimal

import pytest

from manyminds.budget.parse import parse_limits
from manyminds.core.errors import UsageError
from manyminds.core.values import Limits


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("200k", Limits(tokens=200_000)),
        ("200k,0.50usd,5m", Limits(tokens=200_000, usd=Decimal("0.50"), seconds=300)),
        ("$2", Limits(usd=Decimal(2))),
        ("90s", Limits(seconds=90)),
        ("1.5k, 1h", Limits(tokens=1_500, seconds=3_600)),
        ("5000", Limits(tokens=5_000)),
    ],
)
def test_budgets_are_read_as_people_write_them(text: str, limits: Limits) -> None:
    assert parse_limits(text) == limits


@pytest.mark.parametrize(
    "text", ["", ",", "5x", "abc", "-5k", "0", "5k,6k", "1..5usd", "∞", "5 m m"]
)
def test_a_wrong_budget_says_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError, match=r"200k \(tokens\)"):
        parse_limits(text)
