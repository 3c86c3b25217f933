"""One suite over every strategy there is: budget, failures, stopping, playing again."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.roster import roster
from manyminds.budget.ledger import cost_of
from manyminds.core.events import MemberEnded, MemberStarted, Recorded
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.values import Answer, Limits, Task
from manyminds.runtime.ask import play
from manyminds.runtime.flight import Patience
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.registry import strategy_named, strategy_names
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.toolset import Toolset
from manyminds.transcript.codec import encode
from tests.chaos.counts import COUNTS, FULL
from tests.improviser import Improviser

pytestmark = pytest.mark.anyio
TASK = Task(prompt="Each of 6 boxes holds 7 pens, some of which are red. How many pens are there?")
NAMES = strategy_names()
SOURCED = frozenset({"orchestrate", "wide", "tutor"})
"""They state what sources say; here are none, so they have to say that (tests/cli has sources). And
a tutor keeps back what gives the answer away, as all does that the improviser says."""


def run_on(endpoint: Improviser, limits: Limits | None = None, seed: int = 1, members: int = 4) -> tuple[MemoryRun, list[Recorded]]:  # fmt: skip
    events: list[Recorded] = []
    run = MemoryRun(
        run_id="r", task=TASK, members=roster(members, ["x"], has_docs=False),
        endpoints={"x": endpoint}, tools=Toolset([Calculate()]),
        limits=Limits() if limits is None else limits, seed=seed, sinks=[events.append],
        patience=Patience(tries=1, first_wait_s=0.0),
    )  # fmt: skip
    return run, events


def check_record(events: list[Recorded], answer: Answer) -> None:
    """What holds of every run, however it ended."""
    began = Counter(e.event.member.name for e in events if isinstance(e.event, MemberStarted))
    ended = Counter(e.event.member for e in events if isinstance(e.event, MemberEnded))
    assert began == ended
    if answer.outcome == "none":
        assert answer.text is None
        assert answer.missing
    else:
        assert answer.text
        assert answer.how
        assert answer.confidence is None or 0 <= answer.confidence <= 1


@pytest.mark.parametrize("name", NAMES)
async def test_it_answers(name: str) -> None:
    run, events = run_on(Improviser())
    answer, stopped_by = await play(run, strategy_named(name))
    check_record(events, answer)
    assert stopped_by is None
    if name in SOURCED:
        assert (answer.outcome, answer.text) == ("none", None)
        return
    assert answer.outcome in ("answered", "partial")
    assert answer.canonical in ("42", "41")


@pytest.mark.parametrize("name", NAMES)
async def test_the_ledger_equals_the_provider_s_books(name: str) -> None:
    endpoint = Improviser()
    run, events = run_on(endpoint)
    await play(run, strategy_named(name))
    spend = cost_of(events).spend
    assert (spend.tokens_in, spend.tokens_out) == (endpoint.billed.tokens_in, endpoint.billed.tokens_out)  # fmt: skip
    assert spend.usd == endpoint.billed.usd


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tokens", [2_500, 4_000, 8_000])
async def test_no_budget_is_passed(name: str, tokens: int) -> None:
    run, events = run_on(Improviser(), Limits(tokens=tokens))
    answer, _ = await play(run, strategy_named(name))
    check_record(events, answer)
    assert cost_of(events).spend.tokens <= tokens


@pytest.mark.parametrize("name", NAMES)
async def test_no_dollar_limit_is_passed(name: str) -> None:
    run, events = run_on(Improviser(), Limits(usd=Decimal("0.002")))
    answer, _ = await play(run, strategy_named(name))
    check_record(events, answer)
    assert (cost_of(events).spend.usd or Decimal(0)) <= Decimal("0.002")


@pytest.mark.parametrize("name", NAMES)
async def test_a_provider_that_dies_leaves_what_was_there(name: str) -> None:
    whole = Improviser()
    run, _ = run_on(whole)
    await play(run, strategy_named(name))
    for alive in range(len(whole.calls)):
        run, events = run_on(Improviser(alive=alive))
        answer, _ = await play(run, strategy_named(name))
        check_record(events, answer)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("alive", range(4))
async def test_one_member_of_four_alive_still_answers(name: str, alive: int) -> None:
    endpoints = [Improviser(alive=None if place == alive else 0) for place in range(4)]
    members = roster(4, ["x", "y", "z", "w"], has_docs=False)
    events: list[Recorded] = []
    run = MemoryRun(
        run_id="r", task=TASK, members=members,
        endpoints=dict(zip("xyzw", endpoints, strict=True)), tools=Toolset([Calculate()]),
        limits=Limits(), seed=1, sinks=[events.append], patience=Patience(tries=1),
    )  # fmt: skip
    answer, _ = await play(run, strategy_named(name))
    check_record(events, answer)
    assert answer.text is not None or name in SOURCED


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hold_from", [0, 1, 3])
async def test_stopping_ends_with_what_is_there(name: str, hold_from: int) -> None:
    endpoint = Improviser(hold_from=hold_from)
    run, events = run_on(endpoint)
    playing = asyncio.create_task(play(run, strategy_named(name)))
    held = asyncio.create_task(endpoint.held.wait())
    await asyncio.wait({playing, held}, return_when=asyncio.FIRST_COMPLETED)
    run.stop("interrupted")
    answer, stopped_by = await asyncio.wait_for(playing, 2)
    held.cancel()
    check_record(events, answer)
    assert stopped_by == "interrupted" or not endpoint.held.is_set()
    assert endpoint.under_way == 0


@pytest.mark.parametrize("name", NAMES)
async def test_cancelling_leaves_nothing_behind(name: str) -> None:
    before = asyncio.all_tasks()
    endpoint = Improviser(hold_from=0)
    run, _ = run_on(endpoint)
    playing = asyncio.create_task(play(run, strategy_named(name)))
    await endpoint.held.wait()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert endpoint.under_way == 0
    assert asyncio.all_tasks() - before == set()


@pytest.mark.parametrize("name", NAMES)
async def test_a_hundred_runs_of_one_seed_are_one_transcript(name: str) -> None:
    first = await transcript(name, Improviser())
    assert first
    for _ in range(99):
        assert await transcript(name, Improviser()) == first


class Jumping(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to what is due next: replies take their time, and the test none."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0]._when)
        super()._run_once()


@dataclass(kw_only=True)
class Slow(Improviser):
    """Each reply takes as long as its seed says: others come meanwhile, in another order."""

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        await asyncio.sleep(random.Random(call.seed).uniform(0.2, 40.0))
        return await super().send(call, progress=progress)


@pytest.mark.parametrize("name", NAMES)
def test_runs_of_one_seed_whose_replies_take_their_time_are_one_transcript(name: str) -> None:
    with asyncio.Runner(loop_factory=Jumping) as runner:
        first = runner.run(transcript(name, Slow()))
        assert runner.get_loop().time() > 0.2
    assert first
    for _ in range(99 if FULL else 19):
        with asyncio.Runner(loop_factory=Jumping) as runner:
            assert runner.run(transcript(name, Slow())) == first
    COUNTS["runs of one seed, byte for byte one record but for the clock"] += 100 if FULL else 20


async def transcript(name: str, endpoint: Improviser) -> list[str]:
    """Play a run and return its record but for the clock."""
    run, events = run_on(endpoint, seed=7)
    await play(run, strategy_named(name))
    return [_without_time(encode(event).decode()) for event in events]


def _without_time(line: str) -> str:
    record = json.loads(line)
    record.pop("at")
    record["event"].pop("seconds", None)
    for drawn in ("kwh_low", "kwh_high"):  # an estimate that rests on the seconds
        record["event"].get("spend", {}).pop(drawn, None)
    return json.dumps(record, sort_keys=True)
