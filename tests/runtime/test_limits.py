"""Random limits over real HTTP: spending and time stay within them."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from manyminds.core.values import Limits, Task
from manyminds.runtime.ask import AskOptions, Watch, ask
from manyminds.runtime.run import MemoryRun
from manyminds.testing import act, final
from tests.stub import Body, Stub

pytestmark = pytest.mark.anyio


async def test_forty_runs_with_random_limits_keep_them(stub: Stub, own_home: Path) -> None:
    chance = random.Random(11)

    def behave(body: Body) -> str:
        forced = "Stop working" in str(body["messages"][-1]["content"])
        if forced or chance.random() < 0.3:
            return final(chance.choice(["41", "42", "43"]))
        return act("calculate", expression=f"{chance.randrange(99)} + 1")

    stub.behaviours = [behave]
    for turn in range(40):
        tokens = chance.choice([None, 2_500, 6_000, 20_000])
        seconds = chance.choice([None, 0.3, 1.0])
        stub.delay_s = 0.2 if seconds is not None else 0.0
        options = AskOptions(
            models=(stub.model,), strategy="heavy", members=chance.choice([1, 4, 8]), seed=turn,
            limits=Limits(tokens=tokens, seconds=seconds),
        )  # fmt: skip
        began = time.monotonic()
        asked = await ask(
            Task(prompt="What?"), options, data=own_home, cache=own_home, watch=Watch()
        )
        took = time.monotonic() - began
        # One request of the stub counts 120 tokens; members may each have one on its way.
        if tokens is not None:
            assert asked.cost.spend.tokens <= tokens + 120 * len(asked.members)
        if seconds is not None:
            assert asked.cost.seconds <= seconds + 1
            assert took <= seconds + 2
        assert asked.answer.outcome in ("answered", "partial", "none")
        assert asked.answer.text is not None or asked.answer.missing


def stop_after(delay_s: float) -> Callable[[MemoryRun], None]:
    def start(run: MemoryRun) -> None:
        asyncio.get_running_loop().call_later(delay_s, run.stop, "interrupted")

    return start


async def test_stopping_at_random_moments_leaves_nothing_behind(stub: Stub, own_home: Path) -> None:
    chance = random.Random(5)
    stub.delay_s = 0.05
    before = len(asyncio.all_tasks())
    for turn in range(20):
        delay = chance.random() * 0.3
        watch = Watch(on_start=stop_after(delay))
        options = AskOptions(models=(stub.model,), strategy="heavy", members=4, seed=turn)
        asked = await ask(Task(prompt="?"), options, data=own_home, cache=own_home, watch=watch)
        assert asked.answer.outcome in ("answered", "partial", "none")
    await asyncio.sleep(0.1)
    assert len(asyncio.all_tasks()) <= before


async def test_members_work_side_by_side(stub: Stub, own_home: Path, papers: Path) -> None:
    """Sixteen members at 0.2 s a request: far less than one after the other."""
    stub.delay_s = 0.2
    stub.behaviours = [lambda body: final(str(len(str(body))))]  # they never agree
    options = AskOptions(models=(stub.model,), strategy="heavy", members=16, seed=1, docs=papers)
    began = time.monotonic()
    asked = await ask(Task(prompt="?"), options, data=own_home, cache=own_home, watch=Watch())
    took = time.monotonic() - began
    assert asked.cost.spend.tokens == 120 * len(stub.requests)
    assert took < 0.6 * 0.2 * len(stub.requests)
