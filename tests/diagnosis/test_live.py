"""The monitor of a run that goes on: what it says, to whom, once, and again after a kill."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.roster import roster
from manyminds.core.events import Nudged, Recorded, Resumed, RunStarted, ToolCalled
from manyminds.core.messages import ModelCall, Reply, ToolCall, ToolSpec
from manyminds.core.values import Evidence, Limits, Spend, Task
from manyminds.diagnosis.live import Monitor
from manyminds.runtime.ask import going_on
from manyminds.runtime.durable import DurableRun
from manyminds.strategies.single import Single
from manyminds.testing import act, final
from manyminds.tools.toolset import Toolset
from manyminds.tools.web.tool import ReadPage, SearchWeb
from tests.improviser import Improviser
from tests.runtime.test_durable import nothing_before

pytestmark = pytest.mark.anyio
TASK = Task(prompt="What is 6 * 7?")
LOOPS = [*(act("look_up", word=str(n)) for n in range(4)), final("42")]


def called(step: int, tool: str = "look_up", **arguments: str) -> ToolCalled:
    return ToolCalled(step=step, member="m1", tool=tool, arguments=dict(arguments))


def nudged(*calls: ToolCalled) -> list[str]:
    monitor = Monitor([ToolSpec(name="look_up", description="", parameters={}, several="word")])
    return [n.code for call in calls for n in monitor.seen(call)]


def test_look_ups_one_by_one_are_noticed_once_where_several_can_be_asked_for() -> None:
    assert nudged(*(called(n, word=str(n)) for n in range(8))) == ["unbatched_calls"]
    assert nudged(*(called(n, "other", word=str(n)) for n in range(8))) == []
    assert nudged(*(called(n, word=f"a\n{n}") for n in range(8))) == []
    assert (
        nudged(*(called(n, "look_up" if n % 3 else "other", word=str(n)) for n in range(8))) == []
    )


def test_the_tools_that_take_several_say_so() -> None:
    assert SearchWeb.spec.several == "query"
    assert ReadPage.spec.several == "address"


@dataclass
class LookUp:
    """Looks words up, several at once if asked so."""

    spec: ToolSpec = ToolSpec(
        name="look_up", description="looks words up", several="word",
        parameters={"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
    )  # fmt: skip

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        return (Evidence(id="", tool="look_up", request="", output=f"it is {call.arguments}"),)


@dataclass(kw_only=True)
class Looping(Improviser):
    """Says what it is to say, in order; a run that is taken up goes on in the middle."""

    said: list[str] = field(default_factory=lambda: list(LOOPS))

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        self.calls.append(call)
        return Reply(text=self.said.pop(0), finish="stop", spend=Spend(tokens_in=1, tokens_out=1))


async def played(past: Sequence[Recorded], said: list[str]) -> tuple[list[Recorded], Looping]:
    events, endpoint = list(past), Looping(said=said)
    members = roster(1, ["x"], has_docs=False)
    run = DurableRun(
        run_id="r", task=TASK, members=members, endpoints={"x": endpoint},
        tools=Toolset([LookUp()]), limits=Limits(), seed=1, sinks=[events.append],
    )  # fmt: skip
    if past:
        run.take_up(past)
    run.begin(
        RunStarted(
            task=TASK,
            strategy="single",
            members=members,
            limits=Limits(),
            seed=1,
            version="",
            prompts="",
        )  # fmt: skip
    )
    answer, _ = await going_on(run, Single(), nothing_before)
    assert answer.text == "42"
    return events, endpoint


async def test_a_member_is_told_with_its_next_request() -> None:
    events, endpoint = await played((), list(LOOPS))
    [told] = [r.event for r in events if isinstance(r.event, Nudged)]
    assert (told.member, told.code) == ("m1", "unbatched_calls")
    heard = [told.text in "\n".join(m.text for m in call.messages) for call in endpoint.calls]
    assert heard == [False, False, False, True, False]


async def test_after_a_kill_anywhere_it_is_told_once_and_heard() -> None:
    whole, _ = await played((), list(LOOPS))
    for cut in range(1, len(whole)):
        past = whole[:cut]
        done = sum(r.event.kind == "replied" for r in past)
        events, endpoint = await played(past, LOOPS[done:])
        assert list(events[:cut]) == list(past)
        assert any(isinstance(r.event, Resumed) for r in events[cut:])
        assert sum(isinstance(r.event, Nudged) for r in events) == 1, cut
        heard = ["one a line" in "\n".join(m.text for m in c.messages) for c in endpoint.calls]
        assert sum(heard) == (done < 4), cut
