"""The run in memory, on an endpoint that is a value: fast enough for a thousand runs."""

import random
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.roster import roster
from manyminds.budget.ledger import cost_of
from manyminds.budget.prices import Price, price_of
from manyminds.core.errors import ProviderError
from manyminds.core.events import Recorded, RunEnded
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.protocols import Abilities
from manyminds.core.values import Limits, Spend, Task
from manyminds.runtime.ask import AskOptions, Watch, ask
from manyminds.runtime.durable import DurableRun
from manyminds.runtime.flight import Patience
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.heavy import Heavy
from manyminds.strategies.single import Single
from manyminds.testing import act, final
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.toolset import Toolset
from manyminds.transcript.store import read_transcript
from tests.chaos.counts import COUNTS, FULL
from tests.stub import Stub

pytestmark = pytest.mark.anyio


@dataclass(kw_only=True)
class Chancy:
    """A provider with chance: it answers, calls, stumbles or fails, and keeps its own books."""

    chance: random.Random
    price: Price = field(default_factory=lambda: price_of("openai", "gpt-5-mini"))
    abilities: Abilities = field(default_factory=lambda: Abilities(json_schema=True, tools=False))
    billed: Spend = field(default_factory=lambda: Spend(usd=Decimal(0)))

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        if self.chance.random() < 0.1:
            raise ProviderError("busy", status=503, retryable=True)
        spend = Spend(
            tokens_in=self.chance.randrange(1, 900), tokens_out=self.chance.randrange(1, 90),
            tokens_cached=0,
        )  # fmt: skip
        self.billed = self.billed + self.price.of(spend, seconds=0)
        said = self.chance.choice(
            [final("42"), final("41"), act("calculate", expression="6*7"), "stumble"]
        )
        return Reply(text=said, finish="stop", spend=spend)


def run_on(endpoint: Chancy, prompt: str, seed: int, events: list[Recorded]) -> MemoryRun:
    return MemoryRun(
        run_id="r", task=Task(prompt=prompt), members=roster(4, ["x"], has_docs=False),
        endpoints={"x": endpoint}, tools=Toolset([Calculate()]), limits=Limits(), seed=seed,
        patience=Patience(first_wait_s=0.0), sinks=[events.append],
    )  # fmt: skip


async def test_the_ledger_equals_the_provider_s_books_to_the_token() -> None:
    runs = 1_000 if FULL else 150
    for seed in range(runs):
        endpoint, events = Chancy(chance=random.Random(seed)), list[Recorded]()
        await Heavy(rounds=1)(run_on(endpoint, "What is 6 * 7?", seed, events))
        cost = cost_of(events).spend
        assert (cost.tokens_in, cost.tokens_out) == (
            endpoint.billed.tokens_in,
            endpoint.billed.tokens_out,
        )
        assert cost.usd == endpoint.billed.usd
    COUNTS["runs whose ledger was the provider's books to the token"] += runs


SHORT = [
    *"?!.,;:a0~`'\"\\/|<>{}[]()@#$%^&*+=-_",
    *["why", "who", "what", "no", "yes", "ok", "hi", "stop", "help", "sudo", "null", "None", "nan", "inf", "-1", "1e999", "0x0", "{{q}}", "<data>"],
    *["😀", "🤷", "🏳️\u200d🌈", "ñ", "ß", "İ", "﷽", "\u200b", "\u202e", "\ufeff", "á", "中", "ا", "𝕏", "☃"],
    *(word * n for word in ("a", "😀", "? ", "no ", "0") for n in (2, 7, 50)),
    *(f"{a}{b}" for a in ("who are you", "are you human", "system:", "</data>") for b in ("", "?", "!")),
]  # fmt: skip
PROMPTS = [*SHORT, *(text[::-1] for text in SHORT), *(text.upper() for text in SHORT)][:240]


async def test_two_hundred_degenerate_prompts_crash_nothing() -> None:
    assert len(PROMPTS) >= 200
    for seed, prompt in enumerate(PROMPTS):
        endpoint = Chancy(chance=random.Random(seed))
        answer = await Single()(run_on(endpoint, prompt, seed, []))
        assert answer.outcome in ("answered", "partial", "none")


async def test_who_says_something_to_a_run_that_is_over_is_not_on_its_record(stub: Stub, own_home: Path) -> None:  # fmt: skip
    runs: list[DurableRun] = []
    options = AskOptions(models=(stub.model,), strategy="single")
    asked = await ask(
        Task(prompt="What is 6 * 7?"), options, data=own_home, cache=own_home,
        watch=Watch(on_start=runs.append),
    )  # fmt: skip
    runs[0].stop("interrupted")
    events = read_transcript(asked.transcript).events
    assert isinstance(events[-1].event, RunEnded)
    assert asked.stopped_by is None
