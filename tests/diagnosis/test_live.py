"""The monitor of a run that goes on: what it says, to whom, once, and again after a kill."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.roster import roster
from manyminds.core.errors import ProviderError
from manyminds.core.events import (
    Clarified,
    HeldBack,
    Nudged,
    Recorded,
    Resumed,
    RunStarted,
    ToolCalled,
)
from manyminds.core.messages import ModelCall, Reply, ToolCall, ToolSpec
from manyminds.core.values import Evidence, Limits, Spend, Task
from manyminds.diagnosis.interventions import interventions
from manyminds.diagnosis.live import Monitor, objection_to
from manyminds.diagnosis.readers.ours import read_events
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


@dataclass
class Python:
    """Says that a program ran."""

    spec: ToolSpec = ToolSpec(
        name="python", description="runs a program",
        parameters={"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]},
    )  # fmt: skip

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        return (Evidence(id="", tool="python", request="", output="ok"),)


@dataclass(kw_only=True)
class Looping(Improviser):
    """Says what it is to say, in order; a run that is taken up goes on in the middle."""

    said: list[str] = field(default_factory=lambda: list(LOOPS))

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        self.calls.append(call)
        if not self.said:
            raise ProviderError("gone", retryable=False)
        return Reply(text=self.said.pop(0), finish="stop", spend=Spend(tokens_in=1, tokens_out=1))


async def played(
    past: Sequence[Recorded],
    said: list[str],
    *,
    task: Task = TASK,
    answer: str = "42",
    person: Callable[[str], Awaitable[str | None]] | None = None,
) -> tuple[list[Recorded], Looping]:
    events, endpoint = list(past), Looping(said=said)
    members = roster(1, ["x"], has_docs=False)
    run = DurableRun(
        run_id="r", task=task, members=members, endpoints={"x": endpoint},
        tools=Toolset([LookUp(), Python()]), limits=Limits(), seed=1, sinks=[events.append],
    )  # fmt: skip
    run.ask_back = person
    if past:
        run.take_up(past)
    run.begin(
        RunStarted(
            task=task,
            strategy="single",
            members=members,
            limits=Limits(),
            seed=1,
            version="",
            prompts="",
        )  # fmt: skip
    )
    given, _ = await going_on(run, Single(), nothing_before)
    assert given.text == answer
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


CHAIRS = Task(prompt="How many chairs do 6 rows make?")
ASSUMES = final("42", reason="We assume 7 chairs in each row, so 6 * 7 = 42.")
UNKNOWN = final(
    "cannot be determined", reason="The question does not say how many chairs a row has."
)
CODE = Task(prompt="Write a function double(x) that returns twice x.")
PROGRAM = "```python\ndef double(x):\n    return 2 * x\n```"


def test_what_speaks_against_an_answer() -> None:
    found = objection_to(CHAIRS.prompt, "We assume 7 chairs in each row.", {"python"})
    assert found is not None
    assert (found.code, "We assume 7 chairs in each row." in found.text) == ("2.2", True)
    assert found.question is not None
    assert objection_to("How many chairs do 6 rows of 7 make?", "We assume 7 chairs.", ()) is None
    assert objection_to(CHAIRS.prompt, "6 rows make 42 chairs.", ()) is None
    unrun = objection_to(CODE.prompt, PROGRAM, {"python"})
    assert unrun is not None
    assert unrun.code == "3.2"
    assert objection_to(CODE.prompt, PROGRAM, {"look_up"}) is None


async def test_an_answer_that_rests_on_what_nobody_said_is_held_back_once() -> None:
    events, endpoint = await played(
        (), [ASSUMES, UNKNOWN], task=CHAIRS, answer="cannot be determined"
    )
    [held] = [r.event for r in events if isinstance(r.event, HeldBack)]
    assert (held.code, held.answer) == ("2.2", "42")
    assert [held.text in "\n".join(m.text for m in c.messages) for c in endpoint.calls] == [
        False,
        True,
    ]
    [told] = interventions(read_events(events))
    assert (told.code, told.heeded) == ("2.2", True)
    events, _ = await played((), [ASSUMES, ASSUMES], task=CHAIRS)
    [told] = interventions(read_events(events))
    assert told.heeded is False


async def test_a_program_that_was_not_run_is_to_be_run() -> None:
    said = [final(PROGRAM), act("python", code="print(1)"), final(PROGRAM)]
    events, _ = await played((), list(said), task=CODE, answer=PROGRAM)
    [told] = interventions(read_events(events))
    assert (told.code, told.heeded) == ("3.2", True)
    events, _ = await played((), said[1:], task=CODE, answer=PROGRAM)
    assert list(interventions(read_events(events))) == []


@pytest.mark.parametrize("there", [False, True])
async def test_after_a_kill_anywhere_it_is_held_back_once_and_the_person_asked_once(
    *,
    there: bool,
) -> None:
    asked = list[str]()

    async def person(question: str) -> str:
        asked.append(question)
        return "There are 8 in each."

    lines = [ASSUMES, final("48")]
    whole, _ = await played(
        (), list(lines), task=CHAIRS, answer="48", person=person if there else None
    )
    assert len(asked) == there
    for cut in range(1, len(whole)):
        past = whole[:cut]
        done = sum(r.event.kind == "replied" for r in past)
        asked.clear()
        events, endpoint = await played(
            past, lines[done:], task=CHAIRS, answer="48", person=person if there else None
        )
        assert list(events[:cut]) == list(past)
        assert sum(isinstance(r.event, HeldBack) for r in events) == 1, cut
        on_record = any(isinstance(r.event, Clarified) for r in past)
        assert len(asked) == (there and not on_record), cut
        if endpoint.calls and there:
            assert "There are 8 in each." in endpoint.calls[-1].messages[-1].text


@pytest.mark.parametrize("then", [[], ["{", "{", "{"], [act("look_up", word="x")] * 9])
async def test_an_answer_that_was_held_back_is_not_lost(then: list[str]) -> None:
    """Not where the model is gone, says what cannot be read, or gets no further."""
    events, _ = await played((), [ASSUMES, *then], task=CHAIRS)
    assert any(isinstance(r.event, HeldBack) for r in events)
