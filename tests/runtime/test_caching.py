"""Prompt caches that have to be asked for: asked for, counted, and paid at their own prices."""

from decimal import Decimal
from pathlib import Path

import pytest

from manyminds.core.values import Task
from manyminds.runtime.ask import Asked, AskOptions, Watch, ask
from manyminds.testing import act, final
from tests.stub import Stub

pytestmark = pytest.mark.anyio

MODEL = "anthropic:claude-sonnet-4-6"
STEPS = [act("calculate", expression="6*7"), act("calculate", expression="42+0"), final("42")]


async def work(stub: Stub, home: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", stub.url.removesuffix("/v1"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
    stub.behaviours = [lambda _body, text=text: text for text in STEPS]
    options = AskOptions(models=(MODEL,), strategy="single", seed=1)
    task = Task(prompt="What is 6 * 7?")
    return await ask(task, options, data=home, cache=home, watch=Watch())


async def test_a_conversation_is_read_from_the_cache_and_costs_less(
    stub: Stub, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.caches = False
    fresh = (await work(stub, own_home, monkeypatch)).cost.spend
    stub.caches, stub.requests = True, []
    asked = await work(stub, own_home, monkeypatch)
    spend = asked.cost.spend
    assert asked.answer.text == "42"
    assert all("cache_control" in body for body in stub.requests)
    assert spend.tokens_in == fresh.tokens_in
    assert spend.tokens_cached > spend.tokens_written > 0
    assert fresh.tokens_cached == fresh.tokens_written == 0
    assert spend.usd is not None
    assert fresh.usd is not None
    assert spend.usd < fresh.usd


async def test_what_is_written_to_the_cache_is_paid_at_its_higher_price(
    stub: Stub, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend = (await work(stub, own_home, monkeypatch)).cost.spend
    plain = spend.tokens_in - spend.tokens_cached - spend.tokens_written
    per_million = plain * 3 + spend.tokens_written * Decimal("3.75")
    per_million += spend.tokens_cached * Decimal("0.3") + spend.tokens_out * 15
    assert spend.usd == per_million / 1_000_000
