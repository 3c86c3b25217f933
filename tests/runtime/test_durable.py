"""Runs that are taken up again: at every event of every strategy, nothing is paid or done twice."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.prompts import prompts_hash
from manyminds.agents.roster import roster
from manyminds.budget.ledger import cost_of
from manyminds.core.errors import ProviderError
from manyminds.core.events import (
    Compared,
    MemberEnded,
    Recorded,
    Replied,
    Requested,
    Resumed,
    RunEnded,
    RunStarted,
    Steered,
)
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.values import VERSION, Answer, Limits, Task
from manyminds.runtime.ask import going_on
from manyminds.runtime.durable import DurableRun
from manyminds.runtime.flight import Patience
from manyminds.strategies.registry import strategy_named, strategy_names
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.toolset import Toolset
from tests.chaos.counts import FULL
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
    events: list[Recorded] | None = None, says: Mapping[int, tuple[Steered, ...]] | None = None,
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

    def said(recorded: Recorded) -> None:
        """Let the person say something once an event has come."""
        for place, one in enumerate((says or {}).get(recorded.number, ())):
            asyncio.get_running_loop().call_later(0.01 * place, run.hear, one)

    if past:
        # One that was taken up in a pause goes on when it is told to.
        go = Steered(what="go", text="", id="z")
        asyncio.get_running_loop().call_later(0.1, lambda: says is not None and run.hear(go))
    else:
        run._sinks = (*run._sinks, said)
    if past:
        run.take_up(past)
    run.begin(
        RunStarted(
            task=TASK, strategy=name, members=members, limits=limits, seed=1, version=VERSION,
            prompts=prompts_hash(),
        )
    )  # fmt: skip
    answer, why = await asyncio.wait_for(going_on(run, strategy_named(name), nothing_before), 20)
    if says is not None:
        run.tell(RunEnded(answer=answer, stopped_by=why, seconds=0.0))
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
    assert last.answer.outcome in ("answered", "partial") or name in (
        "orchestrate",
        "wide",
        "tutor",
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tokens", [2_500, 6_000])
async def test_what_the_budget_refused_is_refused_again(name: str, tokens: int) -> None:
    limits = Limits(tokens=tokens)
    whole = await played(name, limits=limits)
    for cut in range(1, len(whole.events) + 1, 3):
        again = await played(name, whole.events[:cut], chance=cut, limits=limits)
        check_taken_up(whole.events, cut, again)
        assert cost_of(again.events).spend.tokens <= tokens


WORDS = {
    "drop": (Steered(what="drop", text="m2", id="a"),),
    "add": (Steered(what="add", text="", id="a"),),
    "pause": (Steered(what="pause", text="", id="a"), Steered(what="go", text="", id="b")),
    "drop in a pause": (
        Steered(what="pause", text="", id="a"), Steered(what="drop", text="m1", id="b"),
        Steered(what="go", text="", id="c"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ["heavy", "majority", "best_of_n", "debate", "crew", "single"])
@pytest.mark.parametrize("word", WORDS)
async def test_what_the_person_did_to_the_panel_comes_back_at_its_place(name: str, word: str) -> None:  # fmt: skip
    for at in (1, 4, 9):
        whole = await played(name, says={at: WORDS[word]}, chance=at)
        for cut in range(at % 2 + 1, len(whole.events), 2 if FULL else 6):
            again = await played(name, whole.events[:cut], chance=cut, says={})
            check_taken_up(whole.events, cut, again)


def steps_of(played: Played, member: str) -> list[int]:
    found = [(r.number, r.event) for r in played.events]
    return [n for n, e in found if isinstance(e, Requested) and e.member == member]


async def test_a_member_that_is_dropped_gets_no_more_and_the_others_answer() -> None:
    whole = await played("heavy", says={2: WORDS["drop"]})
    [dropped] = [r.number for r in whole.events if isinstance(r.event, Steered)]
    assert [n for n in steps_of(whole, "m2") if n > dropped] == []
    [ended] = [
        r.event for r in whole.events if isinstance(r.event, MemberEnded) and r.event.member == "m2"
    ]
    assert (ended.state, ended.reason) == ("failed", "you dropped m2")
    assert whole.answer.outcome == "answered"
    assert any("you dropped m2" in why for why in whole.answer.missing)


@dataclass(kw_only=True)
class Busy(Improviser):
    """It takes nothing yet."""

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        raise ProviderError("busy", status=503, retryable=True)


async def test_a_member_that_is_dropped_while_it_waits_to_try_again_ends_at_once() -> None:
    events: list[Recorded] = []
    members = roster(2, ["x"], has_docs=False)
    run = DurableRun(
        run_id="r", task=TASK, members=members, endpoints={"x": Busy()}, tools=Toolset([]),
        limits=Limits(seconds=60), seed=1, sinks=[events.append],
        patience=Patience(first_wait_s=30.0),
    )  # fmt: skip
    playing = asyncio.create_task(strategy_named("majority")(run))
    await asyncio.sleep(0.05)
    run.hear(*WORDS["drop"])
    await asyncio.sleep(0.05)
    ended = [r.event for r in events if isinstance(r.event, MemberEnded)]
    assert [(one.member, one.reason) for one in ended] == [("m2", "you dropped m2")]
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)


async def test_a_member_that_is_added_works_and_is_weighed() -> None:
    whole = await played("heavy", says={2: WORDS["add"]})
    assert steps_of(whole, "m5")
    [groups] = [r.event.groups for r in whole.events if isinstance(r.event, Compared)][:1]
    assert any("m5" in group.members for group in groups)


async def test_a_panel_that_is_full_takes_nobody_more() -> None:
    many = {1: tuple(Steered(what="add", text="", id=str(n)) for n in range(30))}
    assert len((await played("heavy", says=many)).run.members) == 16


async def test_a_pause_holds_new_steps_back_and_counts_against_no_limit() -> None:
    pause = (Steered(what="pause", text="", id="a"),)
    events: list[Recorded] = []
    playing = asyncio.create_task(played("heavy", events=events, says={3: pause}))
    await asyncio.sleep(0.4)
    paused = next(r.number for r in events if isinstance(r.event, Steered))
    assert [r for r in events[paused:] if isinstance(r.event, Requested)] == []
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)
    # Taken up, it is paused still; going on, it comes to its end within limits that the pause spent.
    later: list[Recorded] = []
    playing = asyncio.create_task(played("heavy", events, events=later, limits=Limits()))
    await asyncio.sleep(0.3)
    assert not any(isinstance(r.event, RunEnded) for r in later)
    assert [r for r in later[len(events) :] if isinstance(r.event, Requested)] == []
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)


async def test_a_paused_run_ends_when_it_is_told_to_answer() -> None:
    words = (Steered(what="pause", text="", id="a"), Steered(what="now", text="answer now", id="b"))
    whole = await played("heavy", says={3: words})
    assert isinstance(whole.events[-1].event, RunEnded)
    assert whole.run.stopped_by == "answer now"


async def test_time_of_a_pause_is_given_back() -> None:
    words = (Steered(what="pause", text="", id="a"),)
    whole = asyncio.create_task(played("heavy", says={3: words}, limits=Limits(seconds=1.0), events=(events := [])))  # fmt: skip
    await asyncio.sleep(0.01)
    del events
    await asyncio.sleep(1.2)
    assert not whole.done()  # the limit is over by the clock, and not by the run's
    whole.cancel()
    await asyncio.gather(whole, return_exceptions=True)
