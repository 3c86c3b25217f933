"""The same request is asked once, whoever asks, and what came of it outlives the process."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from manyminds.agents.models import Progress
from manyminds.budget.prices import Price, price_of
from manyminds.core.errors import ProviderError
from manyminds.core.messages import ModelCall, Reply, Said, ToolCall
from manyminds.core.protocols import Abilities
from manyminds.core.values import Spend
from manyminds.evals.replies import KeepingEndpoint, KeptReplies, request_key

pytestmark = pytest.mark.anyio


@dataclass(kw_only=True)
class Counting:
    """An endpoint that counts what reaches it."""

    error: ProviderError | None = None
    price: Price = field(default_factory=lambda: price_of("embedded", "x"))
    abilities: Abilities = field(default_factory=Abilities)
    asked: int = 0
    most: int = 0
    under_way: int = 0

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        self.asked += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0.01)
        self.under_way -= 1
        if self.error is not None:
            raise self.error
        calls = (ToolCall(id="1", name="python", arguments={"code": "1", "deep": [{"a": None}]}),)
        spend = Spend(tokens_in=9, tokens_cached=4, tokens_out=2, usd=Decimal("0.25"))
        return Reply(text=f"é {call.seed}", calls=calls, finish="tools", spend=spend)


def call(seed: int, *, text: str = "?", temperature: float = 0.7) -> ModelCall:
    said = (Said(role="user", text=text),)
    return ModelCall(messages=said, max_tokens=9, temperature=temperature, seed=seed)


def keeping(endpoint: Counting, file: Path, *, model: str = "m", places: int = 3) -> KeepingEndpoint:  # fmt: skip
    return KeepingEndpoint(endpoint, KeptReplies(file), model, places=anyio.Semaphore(places))


async def test_a_reply_comes_back_as_it_was_and_says_how_long_it_took(tmp_path: Path) -> None:
    endpoint = Counting()
    first = await keeping(endpoint, tmp_path / "r.sqlite").send(call(1))
    again = await keeping(endpoint, tmp_path / "r.sqlite").send(call(1))
    assert again == first
    assert endpoint.asked == 1
    assert again.seconds is not None
    assert 0.005 < again.seconds < 5


async def test_two_that_ask_the_same_at_once_pay_for_it_once(tmp_path: Path) -> None:
    endpoint = Counting()
    kept = keeping(endpoint, tmp_path / "r.sqlite")
    replies = await asyncio.gather(*(kept.send(call(n % 5)) for n in range(50)))
    assert endpoint.asked == 5
    assert endpoint.most == 3
    assert [reply.text for reply in replies[:5]] == [f"é {n}" for n in range(5)]


async def test_another_seed_word_temperature_or_model_is_another_request(tmp_path: Path) -> None:
    endpoint = Counting()
    kept = keeping(endpoint, tmp_path / "r.sqlite")
    for asked in (call(1), call(2), call(1, text="!"), call(1, temperature=0.1)):
        await kept.send(asked)
    await keeping(endpoint, tmp_path / "r.sqlite", model="n").send(call(1))
    assert endpoint.asked == 5
    assert request_key(call(1)) == request_key(call(1))


async def test_failures_are_not_kept(tmp_path: Path) -> None:
    endpoint = Counting(error=ProviderError("cut off"))
    kept = keeping(endpoint, tmp_path / "r.sqlite")
    for _ in range(2):
        with pytest.raises(ProviderError, match="cut off"):
            await kept.send(call(1))
    endpoint.error = None
    assert (await kept.send(call(1))).text == "é 1"
    assert endpoint.asked == 3
