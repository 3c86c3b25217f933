"""Effort of one member: how often it may try, how much its model may think, what it says at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from manyminds.agents.models import Progress
from manyminds.agents.roster import roster
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.values import AgentEffort, Limits, Spend, Task
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.single import Single
from manyminds.testing import act, final
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.toolset import Toolset
from tests.improviser import Improviser

pytestmark = pytest.mark.anyio
TASK = Task(prompt="What is 6 * 7?")


@dataclass(kw_only=True)
class Restless(Improviser):
    """Computes another thing as often as it may, and answers where nothing else is left."""

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        self.calls.append(call)
        forced = "anyOf" not in (call.schema or {})
        text = final("42") if forced else act("calculate", expression=f"6 * {len(self.calls)}")
        return Reply(text=text, finish="stop", spend=Spend(tokens_in=call.size // 4, tokens_out=9))


async def worked(efforts: Sequence[AgentEffort], *, endpoint: Restless | None = None, **more: bool) -> tuple[Restless, int]:  # fmt: skip
    endpoint = endpoint or Restless()
    run = MemoryRun(
        run_id="r", task=TASK, endpoints={"x": endpoint}, tools=Toolset([Calculate()]),
        members=roster(1, ["x"], has_docs=False, efforts=efforts), limits=Limits(), seed=1, **more,
    )  # fmt: skip
    assert (await Single()(run)).text == "42"
    return endpoint, run.meter.spent.tokens


async def test_more_effort_tries_more_often_and_spends_more() -> None:
    found = [await worked([effort]) for effort in ("low", "medium", "high")]
    assert [len(endpoint.calls) for endpoint, _ in found] == [1, 3, 6]
    assert [tokens for _, tokens in found] == sorted(tokens for _, tokens in found)
    assert [{c.thinking for c in endpoint.calls} for endpoint, _ in found] == [
        {"low"}, {"medium"}, {"high"},
    ]  # fmt: skip


async def test_what_is_said_of_all_members_goes_before_it() -> None:
    endpoint, _ = await worked(["high"], thinking=False)
    assert {call.thinking for call in endpoint.calls} == {False}
    unsaid, _ = await worked([])
    assert {call.thinking for call in unsaid.calls} == {None}


def test_efforts_are_given_in_turn() -> None:
    members = roster(4, ["a", "b"], has_docs=False, efforts=("low", "high", "medium"))
    assert [member.effort for member in members] == ["low", "high", "medium", "low"]
    assert {member.effort for member in roster(3, ["a"], has_docs=False)} == {None}


async def test_one_of_low_effort_is_heard_after_a_slip() -> None:
    """It has to answer at once, and may be asked again where nobody can read what it says."""

    @dataclass(kw_only=True)
    class Slipping(Restless):
        async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
            reply = await super().send(call, progress=progress)
            return reply if len(self.calls) > 1 else replace(reply, text="{")

    endpoint, _ = await worked(["low"], endpoint=Slipping())
    assert len(endpoint.calls) == 2


def test_the_hand_that_acts_is_not_hurried() -> None:
    first, second = roster(2, ["x"], has_docs=False, acts=True, efforts=("low", "low"))
    assert (first.way, first.effort, second.effort) == ("act", None, "low")
