"""Random limits over real HTTP: spending and time stay within them."""

import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from manyminds.core.errors import UsageError
from manyminds.core.events import MemberEnded, Recorded, Replied
from manyminds.core.values import Limits, Task
from manyminds.runtime.ask import AskOptions, Watch, ask
from manyminds.runtime.run import MemoryRun
from manyminds.testing import act, final
from tests.chaos.counts import COUNTS, FULL, LATE_S
from tests.stub import Body, Stub

pytestmark = pytest.mark.anyio


async def test_runs_with_random_limits_keep_them(stub: Stub, own_home: Path) -> None:
    chance = random.Random(11)

    def behave(body: Body) -> str:
        forced = "Stop working" in str(body["messages"][-1]["content"])
        if forced or chance.random() < 0.3:
            return final(chance.choice(["41", "42", "43"]))
        return act("calculate", expression=f"{chance.randrange(99)} + 1")

    stub.behaviours = [behave]
    for turn in range(500 if FULL else 40):
        tokens = chance.choice([None, 2_500, 6_000, 20_000])
        seconds = chance.choice([None, 0.3, 1.0])
        stub.delay_s = 0.0 if seconds is None else chance.choice([0.2, 60.0])
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
            assert asked.cost.seconds <= seconds + 1 + LATE_S
            assert took <= seconds + 1 + LATE_S
        assert asked.answer.outcome in ("answered", "partial", "none")
        assert asked.answer.text is not None or asked.answer.missing
        COUNTS["runs with random limits"] += 1
    COUNTS["of these over a limit by more than it allows"] += 0


def stop_after(delay_s: float) -> Callable[[MemoryRun], None]:
    def start(run: MemoryRun) -> None:
        asyncio.get_running_loop().call_later(delay_s, run.stop, "interrupted")

    return start


_NOT_HELD = ("TIME_WAIT", "LISTEN", "NONE")
"""Of sockets: what the system keeps for itself, and the stub's own."""


def what_is_held() -> dict[str, int]:
    """Count what a run might leave behind: processes, sockets, folders, tasks."""
    me = psutil.Process()
    return {
        "processes": len(me.children(recursive=True)),
        "sockets": len([c for c in me.net_connections() if c.status not in _NOT_HELD]),
        "folders": len(list(Path(tempfile.gettempdir()).iterdir())),
        "tasks": len(asyncio.all_tasks()),
    }


@pytest.fixture
def own_folder_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is counted here apart from what tests beside this one make in the shared one."""
    own = tmp_path / "temporary"
    own.mkdir()
    monkeypatch.setenv("TMPDIR", str(own))
    monkeypatch.setattr(tempfile, "tempdir", str(own))


@pytest.mark.usefixtures("own_folder_for_temporary_files")
async def test_stopping_at_random_moments_leaves_nothing_behind(stub: Stub, own_home: Path) -> None:
    chance = random.Random(5)

    def behave(_body: Body) -> str:
        slow = "import time\ntime.sleep(0.1)\nprint(6 * 7)"
        return act("python", code=slow) if chance.random() < 0.5 else final("42")

    stub.behaviours, stub.delay_s = [behave], 0.05
    before = what_is_held()
    for turn in range(200 if FULL else 20):
        delay = chance.random() * 0.6
        watch = Watch(on_start=stop_after(delay))
        options = AskOptions(models=(stub.model,), strategy="heavy", members=4, seed=turn)
        asked = await ask(Task(prompt="?"), options, data=own_home, cache=own_home, watch=watch)
        assert asked.answer.outcome in ("answered", "partial", "none")
        COUNTS["runs stopped at a random moment"] += 1
    ends = time.monotonic() + 2.0
    held = what_is_held()
    while any(held[name] > before[name] for name in before) and time.monotonic() < ends:
        await asyncio.sleep(0.1)
        held = what_is_held()
    assert {name: held[name] for name in before if held[name] > before[name]} == {}
    COUNTS["processes, sockets, folders, tasks left by them after 2 s"] += 0


async def test_members_work_side_by_side(stub: Stub, own_home: Path, papers: Path) -> None:
    """Two begin, and disagree; then the model answers nobody before the other fourteen asked."""
    stub.until = lambda: len(stub.requests) <= 2 or stub.most >= 14
    stub.behaviours = [lambda body: final(str(len(str(body))))]  # they never agree
    options = AskOptions(models=(stub.model,), strategy="heavy", members=16, seed=1, docs=papers)
    asked = await ask(Task(prompt="?"), options, data=own_home, cache=own_home, watch=Watch())
    assert asked.cost.spend.tokens == 120 * len(stub.requests)
    assert stub.most == 14


async def test_a_swarm_of_a_hundred_loses_nobody_and_stays_small(stub: Stub, own_home: Path, papers: Path) -> None:  # fmt: skip
    numbers = itertools.count()

    def behave(body: Body) -> str:
        if len(body["messages"]) < 4:
            return act("calculate", expression="6*7")
        return final(str(next(numbers)))

    stub.behaviours, stub.delay_s = [behave], 0.05
    events: list[Recorded] = []
    before = psutil.Process().memory_info().rss
    options = AskOptions(
        models=(stub.model,), strategy="swarm", members=100, seed=1, docs=papers
    )  # fmt: skip
    watch = Watch(sinks=(events.append,))
    asked = await ask(Task(prompt="?"), options, data=own_home, cache=own_home, watch=watch)
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    heard = {r.event.member for r in events if isinstance(r.event, MemberEnded)}
    assert len(heard) == 100
    assert sum(isinstance(r.event, Replied) for r in events) == 200
    assert asked.answer.how is not None
    assert "1 of 100 members agree" in asked.answer.how
    assert grown < 200
    COUNTS["members of a swarm, one process"] += 100
    COUNTS["MB that they took"] += round(grown)
    COUNTS["of them lost"] += 0


async def test_a_swarm_ends_when_nobody_could_change_it(stub: Stub, own_home: Path, papers: Path) -> None:  # fmt: skip
    stub.behaviours = [lambda _body: final("42")]
    options = AskOptions(models=(stub.model,), strategy="swarm", members=40, seed=1, docs=papers)
    asked = await ask(Task(prompt="?"), options, data=own_home, cache=own_home, watch=Watch())
    assert asked.answer.text == "42"
    assert len(stub.requests) == 25
    with pytest.raises(UsageError, match="1 to 16, not 40"):
        await ask(
            Task(prompt="?"), replace(options, strategy="heavy"), data=own_home, cache=own_home,
            watch=Watch(),
        )  # fmt: skip
