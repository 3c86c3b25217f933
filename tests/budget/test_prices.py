from decimal import Decimal

from manyminds.budget.prices import price_of
from manyminds.core.values import Spend

SPEND = Spend(tokens_in=1_000, tokens_out=500)


def test_a_model_on_this_machine_costs_no_dollars_and_some_energy() -> None:
    priced = price_of("embedded", "any").of(SPEND, seconds=36.0)
    assert priced.usd == Decimal(0)
    assert priced.kwh_low == 36.0 * 10 / 3.6e6
    assert priced.kwh_high == 36.0 * 40 / 3.6e6


def test_a_hosted_model_costs_what_the_price_list_says() -> None:
    priced = price_of("openai", "gpt-5-mini").of(SPEND, seconds=1.0)
    assert priced.usd is not None
    assert priced.usd > 0


def test_cached_tokens_are_cheaper() -> None:
    price = price_of("openai", "gpt-5-mini")
    cached = price.of(Spend(tokens_in=1_000, tokens_cached=900), seconds=1).usd
    fresh = price.of(Spend(tokens_in=1_000), seconds=1).usd
    assert cached is not None
    assert fresh is not None
    assert cached < fresh


def test_behind_a_bare_address_no_price_is_known() -> None:
    price = price_of("http", "gpt-5-mini")
    assert price.of(SPEND, seconds=1.0).usd is None
    assert not price.known
