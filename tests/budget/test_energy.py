"""Energy: exact arithmetic on a stated basis, and nothing where there is none."""

import logging

import pytest

from manyminds.budget import energy
from manyminds.budget.prices import price_of
from manyminds.core.values import Spend

KWH = 3.6e6
"""Joules."""


def test_what_was_counted_is_one_number_and_what_was_modelled_is_a_range() -> None:
    counted = energy.local(seconds=5, joules=(7.2, 7.2))
    assert (counted.kwh_low, counted.kwh_high, counted.by) == (2e-6, 2e-6, energy.COUNTED)
    modelled = energy.local(seconds=5, joules=(10.0, 40.0))
    assert (modelled.kwh_low * KWH, modelled.kwh_high * KWH) == pytest.approx((10, 40))
    assert modelled.by == energy.MODELLED


def test_a_hosted_model_has_a_range_and_an_unknown_one_has_none() -> None:
    found = energy.hosted("openai", "gpt-5-mini", tokens_out=200, seconds=3.0)
    assert found is not None
    assert 0 < found.kwh_low < found.kwh_high < 1e-3
    assert energy.hosted("openai", "no-such-model", tokens_out=200, seconds=3.0) is None
    assert energy.hosted("http", "gpt-5-mini", tokens_out=200, seconds=3.0) is None


def test_the_library_changes_no_logging_of_ours(capfd: pytest.CaptureFixture[str]) -> None:
    energy.hosted("anthropic", "no-such-model", tokens_out=1, seconds=1.0)
    assert logging.getLoggerClass() is logging.Logger
    assert capfd.readouterr() == ("", "")


def test_a_sum_names_every_method_and_forgets_no_unknown() -> None:
    here = price_of("embedded", "any").of(Spend(tokens_out=5), seconds=1, joules=(1.0, 4.0))
    there = price_of("openai", "gpt-5-mini").of(Spend(tokens_out=5), seconds=1)
    assert (here + there).kwh_by == tuple(sorted(("EcoLogits", energy.MODELLED)))
    nowhere = price_of("http", "any").of(Spend(tokens_out=5), seconds=1)
    assert (here + nowhere).kwh_low is None
