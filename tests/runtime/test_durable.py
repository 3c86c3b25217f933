"""Runs that are taken up again: at every event of every strategy, nothing is paid or done twice."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.prompts import prompts_hash
from manyminds.agents.roster import roster
from manyminds.budget.ledger import cost_of
from manyminds.core.errors import ProviderError
from manyminds.core.events import (
    Recorded,
    Replied,
    Resumed,
    RunEnded,
    RunStarted,
)
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.values import VERSION, Answer, Limits, Task
from manyminds.runtime.ask import going_on
from manyminds.runtime.durable import DurableRun
from manyminds.runtime.flight import Patience
from manyminds.strategies.registry import strategy_named, strategy_names
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.toolset import Toolset
from tests.improviser import Improviser

pytestmark = pytest.mark.anyio
TASK = Task(prompt="Each of 6 boxes holds 7 pens, some of which are red. How many pens are there?")
NAMES = strategy_names()


@dataclass(kw_only=True)
class Wavering(Improviser):
    """It takes its time, another one each time it is asked, and now and then is busy."""

    chance: random.Random = field(default_factory=lambda: random.Random(0))
    sent: list[int] = field(default_factory=list[int])
    """Seeds of the requests that were answered."""

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        await asyncio.sleep(self.chance.random() * 0.004)
        if self.chance.random() < 0.1:
            raise ProviderError("busy", status=503, retryable=True)
        reply = await super().send(call, progress=progress)
        self.sent.append(call.seed)
        return reply


async def nothing_before() -> None:
    """Nobody is asked back."""


@dataclass(kw_only=True)
class Played:
    run: DurableRun
    events: list[Recorded]
    endpoint: Wavering
    answer: Answer


async def played(
    name: str, past: Sequence[Recorded] = (), *, chance: int = 0, limits: Limits | None = None,
    events: list[Recorded] | None = None,
) -> Played:  # fmt: skip
    endpoint, events = Wavering(chance=random.Random(chance)), [] if events is None else events
    events += past
    members = roster(4, ["x"], has_docs=False)
    limits = Limits() if limits is None else limits
    run = DurableRun(
        run_id="r", task=TASK, members=members, endpoints={"x": endpoint},
        tools=Toolset([Calculate()]), limits=limits, seed=1, sinks=[events.append],
        patience=Patience(first_wait_s=0.001),
    )  # fmt: skip
    if past:
        run.take_up(past)
    run.begin(
        RunStarted(
            task=TASK, strategy=name, members=members, limits=limits, seed=1, version=VERSION,
            prompts=prompts_hash(),
        )
    )  # fmt: skip
    answer, _ = await asyncio.wait_for(going_on(run, strategy_named(name), nothing_before), 20)
    return Played(run=run, events=events, endpoint=endpoint, answer=answer)


def replied(events: Sequence[Recorded]) -> Counter[tuple[str, int]]:
    found = (r.event for r in events)
    return Counter((e.member, e.seed) for e in found if isinstance(e, Replied))


def check_taken_up(whole: Sequence[Recorded], cut: int, again: Played) -> None:
    """What holds of a run that was taken up at an event."""
    assert again.events[:cut] == list(whole[:cut])
    assert [r.number for r in again.events] == list(range(len(again.events)))
    assert isinstance(again.events[cut].event, Resumed)
    # Nothing that was answered is asked again.
    assert replied(again.events) == Counter(dict.fromkeys(replied(again.events), 1))
    before = replied(whole[:cut])
    assert len(again.endpoint.sent) >= len(replied(again.events)) - len(before)
    seeds = Counter(seed for _, seed in before)
    assert not any(seed in seeds for seed in again.endpoint.sent)
    # The budget goes on where it was.
    assert again.run.meter.spent == cost_of(again.events).spend


@pytest.mark.parametrize("name", NAMES)
async def test_a_run_goes_on_from_every_event(name: str) -> None:
    whole = await played(name)
    for cut in range(1, len(whole.events) + 1):
        again = await played(name, whole.events[:cut], chance=cut)
        check_taken_up(whole.events, cut, again)
        assert again.answer.outcome == whole.answer.outcome


@pytest.mark.parametrize("name", NAMES)
async def test_a_run_that_is_let_fall_in_one_process_is_taken_up_by_another(name: str) -> None:
    chance = random.Random(name)
    for turn in range(6):
        events: list[Recorded] = []
        playing = asyncio.create_task(played(name, chance=turn, events=events))
        await asyncio.sleep(chance.random() * 0.02)
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        cut = len(events)
        if cut and not isinstance(events[-1].event, RunEnded):
            check_taken_up(events[:cut], cut, await played(name, events, chance=turn))


@pytest.mark.parametrize("name", NAMES)
async def test_a_run_that_dies_again_and_again_comes_to_its_end(name: str) -> None:
    events: list[Recorded] = []
    chance = random.Random(name)
    for life in range(12):
        again = await played(name, events, chance=life)
        assert replied(again.events) == Counter(dict.fromkeys(replied(again.events), 1))
        fresh = len(again.events) - len(events)
        events = again.events[: len(events) + chance.randint(1, max(1, fresh // 2))]
    last = await played(name, events, chance=99)
    assert last.answer.outcome in ("answered", "partial") or name in ("orchestrate", "wide")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tokens", [2_500, 6_000])
async def test_what_the_budget_refused_is_refused_again(name: str, tokens: int) -> None:
    limits = Limits(tokens=tokens)
    whole = await played(name, limits=limits)
    for cut in range(1, len(whole.events) + 1, 3):
        again = await played(name, whole.events[:cut], chance=cut, limits=limits)
        check_taken_up(whole.events, cut, again)
        assert cost_of(again.events).spend.tokens <= tokens
