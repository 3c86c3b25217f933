"""What does something outside is done by one hand, once, however many sit on the panel."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.roster import roster
from manyminds.core.events import Recorded, ToolCalled
from manyminds.core.messages import ModelCall, Reply, ToolCall, ToolSpec
from manyminds.core.values import Evidence, Limits, Spend, Task
from manyminds.runtime.ask import play
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.registry import strategy_named
from manyminds.testing import act, final
from manyminds.tools.toolset import Toolset
from tests.improviser import Improviser

pytestmark = pytest.mark.anyio
TASK = Task(prompt="Book a table for four.")
PANELS = ("single", "debate", "mixture", "majority", "heavy", "swarm")


@dataclass
class Book:
    """A tool that books."""

    booked: list[str] = field(default_factory=list[str])
    spec: ToolSpec = ToolSpec(
        name="book", description="books a table", effect="unkeyed",
        parameters={"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
    )  # fmt: skip

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        self.booked.append(f"{member}: {call.arguments['what']}")
        return (Evidence(id="", tool="book", request="", output="booked"),)


@dataclass(kw_only=True)
class Eager(Improviser):
    """Books whenever it may, in whatever round it is asked."""

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        self.calls.append(call)
        told = "\n".join(message.text for message in call.messages)
        if "Result of book" not in told and '"book"' in json.dumps(call.schema):
            return Reply(text=act("book", what="four"), finish="stop", spend=Spend(tokens_in=1))
        if call.purpose == "work":
            return Reply(text=final("booked"), finish="stop", spend=Spend(tokens_in=1))
        return await super().send(call, progress=progress)


async def booked(strategy: str) -> tuple[Book, Sequence[Recorded]]:
    tool, events = Book(), list[Recorded]()
    run = MemoryRun(
        run_id="r", task=TASK, members=roster(4, ["x"], has_docs=False, acts=True),
        endpoints={"x": Eager()}, tools=Toolset([tool]), limits=Limits(), seed=1,
        sinks=[events.append],
    )  # fmt: skip
    await play(run, strategy_named(strategy))
    return tool, events


@pytest.mark.parametrize("strategy", PANELS)
async def test_a_panel_books_once(strategy: str) -> None:
    tool, events = await booked(strategy)
    assert len(tool.booked) <= 1
    assert {r.event.member for r in events if isinstance(r.event, ToolCalled)} <= {"m1"}


@pytest.mark.parametrize("strategy", ["single", "heavy"])
async def test_the_hand_acts(strategy: str) -> None:
    tool, _ = await booked(strategy)
    assert tool.booked == ["m1: four"]


async def test_the_same_is_not_done_again_and_another_thing_is() -> None:
    tool = Book()
    members = roster(2, ["x"], has_docs=False, acts=True)
    run = MemoryRun(
        run_id="r", task=TASK, members=members, endpoints={"x": Improviser()},
        tools=Toolset([tool]), limits=Limits(), seed=1,
    )  # fmt: skip
    refused = list[bool]()
    for what in ("four", "four", "five"):
        call = ToolCall(id=run.new_id("c"), name="book", arguments={"what": what})
        outcome = await run.call(members[0], call)
        refused.append(outcome.error is not None)
    assert refused == [False, True, False]
    assert tool.booked == ["m1: four", "m1: five"]


def test_the_first_seat_is_the_hand_where_there_is_something_to_do() -> None:
    assert [m.way for m in roster(2, ["x"], has_docs=False, acts=True)] == ["act", "derive"]
    assert [m.way for m in roster(2, ["x"], has_docs=False)] == ["compute", "derive"]
