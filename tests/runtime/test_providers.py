"""What services can do wrong, over real HTTP: a clear error, a partial answer, nothing lost."""

import time
from pathlib import Path

import pytest

from manyminds.core.errors import ProviderError, UsageError
from manyminds.core.events import MemberEnded, MemberStarted, Replied, RequestFailed
from manyminds.core.values import Limits, Task
from manyminds.runtime.ask import Asked, AskOptions, Watch, ask
from manyminds.runtime.flight import Patience
from manyminds.testing import act, final
from manyminds.transcript.store import read_transcript
from tests.chaos.counts import LATE_S
from tests.stub import (
    Behaviour,
    Stub,
    broken_json,
    fail,
    hang,
    html,
    no_choices,
    nothing,
    odd_shape,
    say,
)

pytestmark = pytest.mark.anyio


SHORT = Patience(first_wait_s=0.01)


async def run(stub: Stub, home: Path, *, stream: bool = False, **options: object) -> Asked:
    settings = {"strategy": "single", "seed": 1, "patience": SHORT, **options}
    watch = Watch(on_progress=(lambda _member, _pieces, _text: None) if stream else None)
    chosen = AskOptions(models=(stub.model,), **settings)
    return await ask(Task(prompt="What is 6 * 7?"), chosen, data=home, cache=home, watch=watch)


def kinds(asked: Asked, kind: type) -> list[object]:
    events = read_transcript(asked.transcript).events
    return [r.event for r in events if isinstance(r.event, kind)]


FAULTS: dict[str, Behaviour] = {
    "401": fail(401, '{"error": {"message": "bad key"}}', content_type="application/json"),
    "403": fail(403),
    "404": fail(404),
    "429": fail(429),
    "429 with a wait": fail(429, retry_after="0"),
    "500": fail(500, "oops"),
    "503 page": fail(503, "<html>busy</html>"),
    "a page instead": html,
    "broken JSON": broken_json,
    "no choices": no_choices,
    "an odd shape": odd_shape,
    "nothing": nothing,
    "an empty reply": say(""),
    "no action": say("hello"),
    "half an action": say('{"action": "ans'),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_that_stays_ends_in_a_typed_partial(
    stub: Stub, own_home: Path, fault: str, *, stream: bool
) -> None:
    stub.behaviours = [FAULTS[fault]]
    asked = await run(stub, own_home, stream=stream)
    assert asked.answer.outcome == "none"
    assert asked.answer.text is None
    assert asked.answer.missing
    assert all("\n" not in line for line in asked.answer.missing)
    assert len(kinds(asked, MemberStarted)) == len(kinds(asked, MemberEnded)) == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    "fault", ["429", "429 with a wait", "500", "broken JSON", "no choices", "nothing", "no action"]
)
async def test_a_fault_that_passes_costs_a_try_and_not_the_answer(
    stub: Stub, own_home: Path, fault: str, *, stream: bool
) -> None:
    stub.behaviours = [FAULTS[fault], say(final("42"))]
    asked = await run(stub, own_home, stream=stream)
    assert (asked.answer.outcome, asked.answer.text) == ("answered", "42")


async def test_a_wrong_key_is_told_once_and_not_tried_again(stub: Stub, own_home: Path) -> None:
    stub.behaviours = [FAULTS["401"]]
    asked = await run(stub, own_home)
    assert len(stub.requests) == 1
    assert asked.stopped_by == "provider"
    assert "manyminds keys set" in asked.answer.missing[0]


async def test_retry_after_is_obeyed(stub: Stub, own_home: Path) -> None:
    stub.behaviours = [fail(429, retry_after="1"), say(final("42"))]
    began = time.monotonic()
    asked = await run(stub, own_home)
    assert asked.answer.text == "42"
    assert 1 <= time.monotonic() - began < 4 + LATE_S


async def test_a_wait_longer_than_we_would_is_given_up_at_once(stub: Stub, own_home: Path) -> None:
    stub.behaviours = [fail(429, retry_after="3600")]
    began = time.monotonic()
    await run(stub, own_home)
    assert time.monotonic() - began < 3 + LATE_S
    assert len(stub.requests) == 1


async def test_a_stream_that_breaks_off_is_tried_again_and_on_record(
    stub: Stub, own_home: Path
) -> None:
    stub.cut = True
    asked = await run(stub, own_home, stream=True)
    failures = kinds(asked, RequestFailed)
    assert asked.answer.outcome == "none"
    assert len(failures) == SHORT.tries
    assert all(f.spend.tokens > 0 and f.spend.estimated for f in failures)


async def test_one_dead_member_never_takes_the_others_along(
    stub: Stub, own_home: Path, papers: Path
) -> None:
    def by_way(body: dict) -> object:
        text = str(body["messages"])
        return fail(500)(body) if "step by step" in text else final("42")

    stub.behaviours = [by_way]
    asked = await run(stub, own_home, strategy="heavy", members=4, docs=papers)
    assert asked.answer.text == "42"
    states = [event.state for event in kinds(asked, MemberEnded)]
    assert states.count("failed") == 1


async def test_a_service_that_never_answers_ends_at_the_time_limit(
    stub: Stub, own_home: Path
) -> None:
    stub.behaviours = [hang]
    began = time.monotonic()
    asked = await run(stub, own_home, limits=Limits(seconds=2))
    assert time.monotonic() - began < 3.5 + LATE_S
    assert asked.cost.seconds <= 3 + LATE_S
    assert asked.stopped_by == "seconds"
    assert asked.answer.outcome == "none"


async def test_the_token_limit_holds_and_leaves_enough_to_answer(
    stub: Stub, own_home: Path, papers: Path
) -> None:
    stub.behaviours = [say(act("calculate", expression=f"{n} + 1")) for n in range(99)]

    def turn(body: dict) -> str:
        forced = "Stop working" in str(body["messages"][-1]["content"])
        return final("42") if forced else act("calculate", expression=f"{len(stub.requests)} + 1")

    stub.behaviours = [turn]
    limits = Limits(tokens=6_000)
    asked = await run(stub, own_home, limits=limits, strategy="heavy", members=4, docs=papers)
    assert asked.cost.spend.tokens <= 6_000
    assert asked.answer.text == "42"


async def test_the_ledger_is_the_sum_of_what_the_service_counted(
    stub: Stub, own_home: Path
) -> None:
    asked = await run(stub, own_home, strategy="heavy", members=4)
    replies = kinds(asked, Replied)
    assert asked.cost.spend.tokens_in == 100 * len(replies)
    assert asked.cost.spend.tokens_out == 20 * len(replies)
    assert asked.cost.spend.usd is None


async def test_nothing_listens_there(own_home: Path) -> None:
    options = AskOptions(models=("http://127.0.0.1:9/v1#none",), strategy="single")
    with pytest.raises(ProviderError, match="nothing answers at"):
        await ask(Task(prompt="?"), options, data=own_home, cache=own_home, watch=Watch())


async def test_a_question_longer_than_the_context_is_told_before_it_is_sent(
    stub: Stub, own_home: Path
) -> None:
    options = AskOptions(models=(stub.model,), strategy="single")
    task = Task(prompt="word " * 60_000)
    with pytest.raises(UsageError, match="too long"):
        await ask(task, options, data=own_home, cache=own_home, watch=Watch())
    assert stub.requests == []


async def test_an_abilities_probe_is_made_once_and_kept(stub: Stub, own_home: Path) -> None:
    await run(stub, own_home)
    assert (own_home / "probes.json").exists()
    before = (own_home / "probes.json").read_text()
    await run(stub, own_home)
    assert (own_home / "probes.json").read_text() == before
    assert '"json_schema": true' in before
    assert '"tools": false' in before
    assert '"context_tokens": 32768' in before
