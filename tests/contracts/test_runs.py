"""One suite over every implementation of `Run`."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from manyminds.agents.roster import roster
from manyminds.core.errors import ProviderError
from manyminds.core.events import PhaseStarted, Recorded
from manyminds.core.messages import ModelCall, Said, ToolCall
from manyminds.core.protocols import Run
from manyminds.core.values import Candidate, Failure, Limits, Task
from manyminds.judging.backed import Backed
from manyminds.judging.canonical import canonicalize
from manyminds.runtime.endpoints import connect
from manyminds.runtime.flight import Patience
from manyminds.runtime.run import MemoryRun
from manyminds.testing import ScriptedRun, final
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.toolset import Toolset
from tests.stub import Stub

pytestmark = pytest.mark.anyio
TASK = Task(prompt="What is 6 * 7?")
Made = tuple[Run, list[Recorded]]


@pytest.fixture(params=["scripted", "in memory"])
async def made(request: pytest.FixtureRequest, stub: Stub, tmp_path: Path) -> AsyncIterator[Made]:
    if request.param == "scripted":
        run = ScriptedRun(task=TASK, script={f"m{n}": [final("42")] for n in range(1, 5)})
        yield run, run.events
        return
    endpoint = await connect(stub.model, cache=tmp_path)
    events: list[Recorded] = []
    yield (
        MemoryRun(
            run_id="r1", task=TASK, members=roster(4, [stub.model], has_docs=False),
            endpoints={stub.model: endpoint}, tools=Toolset([Calculate()]), limits=Limits(), seed=1,
            sinks=[events.append], patience=Patience(first_wait_s=0.01),
        ),
        events,
    )  # fmt: skip
    await endpoint.close()


def call(run: Run) -> ModelCall:
    said = Said(role="user", text="Answer.")
    return ModelCall(
        messages=(said,), max_tokens=50, temperature=0.0, seed=run.seed(run.members[0])
    )


async def test_a_request_is_on_record_before_and_after(made: Made) -> None:
    run, events = made
    reply = await run.request(run.members[0], call(run))
    assert reply.text == final("42")
    assert [r.event.kind for r in events] == ["requested", "replied"]


async def test_a_tool_call_is_on_record_and_its_evidence_numbered(made: Made) -> None:
    run, events = made
    asked = ToolCall(id="c", name="calculate", arguments={"expression": "6*7"})
    first = await run.call(run.members[0], asked)
    second = await run.call(run.members[1], asked)
    assert [e.id for e in (*first.evidence, *second.evidence)] == ["e1", "e2"]
    assert [r.event.kind for r in events] == ["tool_called", "tool_returned"] * 2


async def test_a_tool_error_is_a_value(made: Made) -> None:
    run, _ = made
    asked = ToolCall(id="c", name="calculate", arguments={"expression": "6*"})
    outcome = await run.call(run.members[0], asked)
    assert outcome.error is not None
    assert outcome.evidence == ()


async def test_events_are_numbered_and_time_never_goes_back(made: Made) -> None:
    run, events = made
    for n in range(20):
        run.tell(PhaseStarted(phase="p", round=n, why=""))
    assert [r.number for r in events] == list(range(20))
    assert [r.at for r in events] == sorted(r.at for r in events)


async def test_gather_keeps_order_and_makes_failures_values(made: Made) -> None:
    run, _ = made

    async def step(n: int) -> int:
        await asyncio.sleep(0.01 * (3 - n))
        if n == 1:
            raise ProviderError("gone")
        return n

    results = await run.gather([step(n) for n in range(3)])
    assert results[0] == 0
    assert isinstance(results[1], Failure)
    assert results[1].kind == "ProviderError"
    assert results[2] == 2


async def test_gather_lets_mistakes_of_ours_through(made: Made) -> None:
    run, _ = made

    async def broken() -> int:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await run.gather([broken()])


async def test_gather_stops_when_enough_has_come(made: Made) -> None:
    run, _ = made

    async def step(n: int) -> int:
        await asyncio.sleep(0 if n < 2 else 30)
        return n

    results = await run.gather([step(n) for n in range(4)], enough=lambda done: len(done) >= 2)
    assert results[:2] == [0, 1]
    assert all(isinstance(r, Failure) and not r.fatal for r in results[2:])


async def test_names_and_seeds_are_the_same_at_each_playing(made: Made) -> None:
    run, _ = made
    assert [run.new_id("e"), run.new_id("e"), run.new_id("x")] == ["e1", "e2", "x1"]
    assert run.seed(run.members[0]) >= 0


async def test_a_verifier_is_the_real_one(made: Made) -> None:
    run, _ = made
    candidate = Candidate(text="42", author="m1", canonical=canonicalize("42"))
    assert (await run.check(Backed(), candidate)).outcome == "unsure"


async def test_a_stopped_run_ends_what_is_under_way_and_refuses_more(stub: Stub, tmp_path: Path) -> None:  # fmt: skip
    endpoint = await connect(stub.model, cache=tmp_path)
    stub.delay_s = 30
    run = MemoryRun(
        run_id="r1", task=TASK, members=roster(2, [stub.model], has_docs=False),
        endpoints={stub.model: endpoint}, tools=Toolset([]), limits=Limits(), seed=1,
    )  # fmt: skip
    asyncio.get_running_loop().call_later(0.2, run.stop, "interrupted")
    results = await run.gather([run.request(m, call(run)) for m in run.members])
    assert all(isinstance(r, Failure) and r.fatal for r in results)
    again = await run.gather([run.request(run.members[0], call(run))])
    assert isinstance(again[0], Failure)
    assert again[0].kind == "RunCancelled"
    await endpoint.close()
