"""The monitor of a run that goes on: what it says, to whom, once, and again after a kill."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.roster import roster
from manyminds.core.errors import ProviderError
from manyminds.core.events import (
    Clarified,
    HeldBack,
    NoteShared,
    Nudged,
    Recorded,
    Resumed,
    RunStarted,
    Steered,
    ToolCalled,
)
from manyminds.core.messages import ModelCall, Reply, ToolCall, ToolSpec
from manyminds.core.protocols import Run
from manyminds.core.values import AgentEffort, Answer, Evidence, Limits, Note, Spend, Task
from manyminds.diagnosis.diagnose import diagnosed
from manyminds.diagnosis.interventions import interventions
from manyminds.diagnosis.live import Monitor, objection_to
from manyminds.diagnosis.readers.ours import read_events
from manyminds.diagnosis.report.page import as_page
from manyminds.judging.canonical import canonicalize
from manyminds.runtime.ask import going_on
from manyminds.runtime.durable import DurableRun
from manyminds.runtime.journal import Journal
from manyminds.strategies.panel import Panel
from manyminds.strategies.single import Single
from manyminds.testing import act, final
from manyminds.tools.toolset import Toolset
from manyminds.tools.web.tool import ReadPage, SearchWeb
from tests.improviser import Improviser
from tests.runtime.test_durable import nothing_before

pytestmark = pytest.mark.anyio
TASK = Task(prompt="What is 6 * 7?")
RUNS = list[DurableRun]()
"""The one that is played."""
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
    limits: Limits | None = None,
    effort: AgentEffort | None = None,
) -> tuple[list[Recorded], Looping]:
    events, endpoint = list(past), Looping(said=said)
    members = roster(1, ["x"], has_docs=False, efforts=() if effort is None else (effort,))
    run = DurableRun(
        run_id="r", task=task, members=members, endpoints={"x": endpoint},
        tools=Toolset([LookUp(), Python()]), limits=limits or Limits(), seed=1, sinks=[events.append],
    )  # fmt: skip
    run.ask_back = person
    RUNS[:] = [run]
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


def noted(answer: str, reason: str = "", *, seen: str = "") -> Note:
    evidence = (Evidence(id="e1", tool="read_page", request="", output=seen),) if seen else ()
    form = canonicalize(answer)
    return Note(
        member="m1", round=1, answer=answer, canonical=form, reason=reason, evidence=evidence
    )


ASSUMED = "We assume 7 chairs in each row."


def test_what_speaks_against_an_answer() -> None:
    found = objection_to(CHAIRS.prompt, noted("42", ASSUMED), {"python"})
    assert found is not None
    assert (found.code, ASSUMED in found.text) == ("2.2", True)
    assert found.question is not None
    told = f"{CHAIRS.prompt}\nThe person says: 7 in each row."
    assert objection_to(CHAIRS.prompt, noted("42", ASSUMED), {"python"}, known=told) is None
    unrun = objection_to(CODE.prompt, noted(PROGRAM), {"python"})
    assert unrun is not None
    assert unrun.code == "3.2"
    value = objection_to(CODE.prompt, noted("8"), ())
    assert value is not None
    assert (value.code, '"8"' in value.text) == ("1.1", True)


@pytest.mark.parametrize(
    ("task", "note", "unused"),
    [
        ("How many chairs do 6 rows of 7 make?", noted("42", ASSUMED), ()),
        (CHAIRS.prompt, noted("42", "6 rows make 42 chairs."), ()),
        (CHAIRS.prompt, noted("42", "Assuming 7 chairs in each row.", seen="rows have 7 chairs"), ()),
        ("For which x is x * x = 9?", noted("3", "Suppose x = 3. Then it is 9."), ()),
        (CODE.prompt, noted(PROGRAM), {"look_up"}),
        (CODE.prompt, noted("cannot be determined"), {"python"}),
        ("Write a summary of the function of the heart.", noted("It pumps."), {"python"}),
        ("Complete the sentence: a class of 30", noted("has 30 pupils"), {"python"}),
        ("Give an overview of the Apollo program.", noted("It flew to the moon."), {"python"}),
    ],
)  # fmt: skip
def test_nothing_speaks_against_others(task: str, note: Note, unused: Collection[str]) -> None:
    assert objection_to(task, note, unused) is None


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
    trace = read_events(events)
    assert "is told" in as_page(trace, diagnosed(trace))


async def test_who_answers_with_what_a_program_gives_is_asked_for_the_program() -> None:
    said = [act("python", code="print(8)"), final("8"), final(PROGRAM)]
    events, _ = await played((), list(said), task=CODE, answer=PROGRAM)
    [told] = interventions(read_events(events))
    assert (told.code, told.heeded) == ("1.1", True)
    events, _ = await played((), said[:2] + said[1:2], task=CODE, answer="8")
    [told] = interventions(read_events(events))
    assert told.heeded is False


async def test_a_program_that_was_not_run_is_to_be_run() -> None:
    said = [final(PROGRAM), act("python", code="print(1)"), final(PROGRAM)]
    events, _ = await played((), list(said), task=CODE, answer=PROGRAM)
    [told] = interventions(read_events(events))
    assert (told.code, told.heeded) == ("3.2", True)
    events, _ = await played((), [final(PROGRAM)] * 2, task=CODE, answer=PROGRAM)
    [told] = interventions(read_events(events))
    assert told.heeded is False
    events, _ = await played((), said[1:], task=CODE, answer=PROGRAM)
    assert list(interventions(read_events(events))) == []


LINES = [ASSUMES, final("48")]


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("later", [False, True])
async def test_after_a_kill_anywhere_it_is_held_back_once_and_the_person_asked_once(*, there: bool, later: bool) -> None:  # fmt: skip
    """Whether somebody is there to be asked when it begins, and when it is taken up."""
    asked = list[str]()

    async def person(question: str) -> str:
        asked.append(question)
        return "There are 8 in each."

    first, second = (person if here else None for here in (there, later))
    whole, _ = await played((), list(LINES), task=CHAIRS, answer="48", person=first)
    assert len(asked) == there
    for cut in range(1, len(whole)):
        past = whole[:cut]
        done = sum(r.event.kind == "replied" for r in past)
        went_on = sum(r.event.kind == "member_started" for r in past) > 1
        asked.clear()
        events, endpoint = await played(past, LINES[done:], task=CHAIRS, answer="48", person=second)
        assert list(events[:cut]) == list(past)
        assert sum(isinstance(r.event, HeldBack) for r in events) == 1, cut
        on_record = any(isinstance(r.event, Clarified) for r in past)
        assert len(asked) == (later and not on_record and not went_on), cut
        if endpoint.calls and (asked or on_record):
            assert "There are 8 in each." in endpoint.calls[-1].messages[-1].text


@pytest.mark.parametrize("there", [False, True])
async def test_what_was_said_before_is_so_again_whatever_rules_and_limits_say_now(monkeypatch: pytest.MonkeyPatch, *, there: bool) -> None:  # fmt: skip
    async def person(_question: str) -> str:
        return "There are 8 in each."

    who = person if there else None
    strict, _ = await played((), list(LINES), task=CHAIRS, answer="48", person=who)
    mild = Limits(seconds=1e9)
    with monkeypatch.context() as patch:
        patch.setattr("manyminds.runtime.run.objection_to", lambda *_, **__: None)
        calm, _ = await played((), [ASSUMES], task=CHAIRS)
        at = next(n for n, r in enumerate(strict) if isinstance(r.event, HeldBack))
        for cut in range(at + 1, len(strict)):
            done = sum(r.event.kind == "replied" for r in strict[:cut])
            events, _ = await played(strict[:cut], LINES[done:], task=CHAIRS, answer="48", person=who, limits=mild)  # fmt: skip
            assert list(events[:cut]) == list(strict[:cut])
    noted_at = next(n for n, r in enumerate(calm) if isinstance(r.event, NoteShared))
    assert noted_at + 2 <= len(calm)
    for cut in range(noted_at + 2, len(calm) + 1):
        events, _ = await played(calm[:cut], [], task=CHAIRS)
        assert not any(isinstance(r.event, HeldBack) for r in events)


async def test_one_whose_answer_stood_is_not_objected_to_while_others_are_played(monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    lines = {"m1": [ASSUMES], "m2": [act("look_up", word="x"), ASSUMES]}
    with monkeypatch.context() as patch:
        patch.setattr("manyminds.runtime.run.objection_to", lambda *_, **__: None)
        calm = await both(lines, (), nobody_says, answer="42")
    first = next(n for n, r in enumerate(calm) if isinstance(r.event, NoteShared))
    for cut in range(first + 2, len(calm)):
        left = {name: left_of(name, said, calm[:cut]) for name, said in lines.items()}
        left["m2"].append(final("42"))  # where it has not ended, it is objected to
        events = await both(left, calm[:cut], nobody_says, answer="42")
        assert list(events[:cut]) == list(calm[:cut])
        assert {r.event.member for r in events if isinstance(r.event, HeldBack)} <= {"m2"}


async def nobody_says(_question: str) -> None:
    """Say nothing."""


def left_of(name: str, said: list[str], past: Sequence[Recorded]) -> list[str]:
    done = sum(r.event.kind == "replied" and r.event.member == name for r in past)
    return said[done:]


async def test_two_who_assume_the_same_while_the_person_is_asked() -> None:
    async def person(_question: str) -> str:
        await asyncio.sleep(0.05)
        return "There are 8 in each."

    lines = {"m1": list(LINES), "m2": list(LINES)}
    whole = await both(lines, (), person)
    assert sum(isinstance(r.event, Clarified) for r in whole) == 1
    assert sum(isinstance(r.event, HeldBack) for r in whole) == 2
    for cut in range(1, len(whole)):
        left = {name: left_of(name, said, whole[:cut]) for name, said in lines.items()}
        events = await both(left, whole[:cut], person)
        assert list(events[:cut]) == list(whole[:cut])
        assert sum(isinstance(r.event, Clarified) for r in events) == 1, cut


async def test_what_the_person_says_to_one_reaches_all_who_work() -> None:
    async def person(_question: str) -> str:
        return "There are 8 in each."

    lines = {"m1": list(LINES), "m2": [act("look_up", word="x"), ASSUMES, final("48")]}
    calls: dict[str, list[ModelCall]] = {}
    whole = await both(lines, (), person, calls)
    assert all("There are 8 in each." in asked[-1].messages[-1].text for asked in calls.values())
    for cut in range(1, len(whole)):
        left = {name: left_of(name, said, whole[:cut]) for name, said in lines.items()}
        events = await both(left, whole[:cut], person, calls)
        assert list(events[:cut]) == list(whole[:cut])
        assert sum(isinstance(r.event, Clarified) for r in events) == 1, cut
        for asked in calls.values():  # who still had to ask has heard it
            assert not asked or "There are 8 in each." in asked[-1].messages[-1].text, cut


async def both(lines: Mapping[str, list[str]], past: Sequence[Recorded], person: Callable[[str], Awaitable[str | None]], calls: dict[str, list[ModelCall]] | None = None, answer: str = "48") -> list[Recorded]:  # fmt: skip
    """Let two members work side by side, each on a model of its own."""
    events = list(past)
    members = roster(2, ["a", "b"], has_docs=False)
    endpoints = {"a": Looping(said=list(lines["m1"])), "b": Looping(said=list(lines["m2"]))}
    run = DurableRun(
        run_id="r", task=CHAIRS, members=members, endpoints=endpoints, tools=Toolset([LookUp()]),
        limits=Limits(), seed=1, sinks=[events.append],
    )  # fmt: skip
    run.ask_back = person
    if calls is not None:
        calls.update({name: one.calls for name, one in endpoints.items()})
    if past:
        run.take_up(past)
    run.begin(
        RunStarted(
            task=CHAIRS, strategy="x", members=members, limits=Limits(), seed=1, version="",
            prompts="",
        )
    )  # fmt: skip

    async def strategy(run: Run) -> Answer:
        panel = Panel(run=run)
        await panel.work(run.members, turns=6, temperature=lambda _place: 0.0)
        return panel.deliver(panel.weighed(), how="votes")

    given, _ = await going_on(run, strategy, nothing_before)
    assert given.text == answer
    return events


@pytest.mark.parametrize("then", [[], ["{", "{", "{"], [act("look_up", word="x")] * 9])
async def test_an_answer_that_was_held_back_is_not_lost(then: list[str]) -> None:
    """Not where the model is gone, says what cannot be read, or gets no further."""
    events, _ = await played((), [ASSUMES, *then], task=CHAIRS)
    assert any(isinstance(r.event, HeldBack) for r in events)


async def test_nothing_is_said_that_cannot_be_paid_or_acted_on() -> None:
    events, _ = await played((), [ASSUMES], task=CHAIRS, effort="low")
    assert not any(isinstance(r.event, HeldBack) for r in events)
    await played((), [final("42")], task=CHAIRS, limits=Limits(tokens=5_000, seconds=60))
    for tokens, seconds, told in ((1_000, 1.0, True), (9_000, 1.0, False), (1_000, 99.0, False)):
        found = await RUNS[0].objection(noted("42", ASSUMED), (), tokens=tokens, seconds=seconds)
        assert (found is not None) == told
    form = replace(CHAIRS, schema_json='{"type": "integer"}')
    said = json.dumps(
        {"action": "answer", "reason": "We assume 7 chairs.", "answer": 42, "confidence": 9}
    )
    events, _ = await played((), [said], task=form)
    assert not any(isinstance(r.event, HeldBack) for r in events)


@pytest.mark.parametrize(("again_s", "took_s"), [(None, 8.0), (6.0, 4.0)])
async def test_time_that_the_person_took_is_theirs_when_a_run_is_taken_up(again_s: float | None, took_s: float) -> None:  # fmt: skip
    """Asked after 2 s, and again after 6 where it was taken up then; answered after 10."""
    held = HeldBack(member="m1", code="2.2", text="?", answer="48", question="How many?")
    share = NoteShared(note=noted("48"))
    told = [(2.0, held), (5.0, share), (10.0, Clarified(question="How many?", answer="8"))]
    if again_s is not None:
        told.insert(2, (again_s, Resumed(elapsed_s=again_s, version="", prompts="")))
    started = RunStarted(
        task=CHAIRS, strategy="x", members=(), limits=Limits(), seed=1, version="", prompts=""
    )
    begun = datetime(2026, 11, 27, tzinfo=UTC)
    events = [
        Recorded(run="r", number=n, at=begun + timedelta(seconds=s), event=event)
        for n, (s, event) in enumerate([(0.0, started), *told])
    ]
    journal = Journal(events=events)
    journal.open()
    journal.tell(held)
    journal.tell(share)
    said = journal.clarified("How many?")
    assert said is not None
    await said
    assert (journal.away, journal.elapsed) == (took_s, 10.0)


async def test_stopped_while_the_person_is_asked_the_answer_stands() -> None:
    async def person(_question: str) -> str | None:
        RUNS[-1].stop("answer now")
        await asyncio.sleep(5)
        return None

    events, _ = await played((), [ASSUMES], task=CHAIRS, person=person)
    assert isinstance(events[-2].event, Steered) or any(
        isinstance(r.event, Steered) for r in events
    )
