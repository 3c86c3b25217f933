"""Mixture: each layer reads the one before, one writes the end."""

import pytest

from manyminds.agents.roster import roster
from manyminds.core.errors import ProviderError
from manyminds.core.events import PhaseStarted
from manyminds.core.values import Task
from manyminds.strategies.mixture import Mixture
from manyminds.testing import ScriptedRun

pytestmark = pytest.mark.anyio
TASK = Task(prompt="How many pens are in 6 boxes of 7?")


def says(*answers: str) -> list[str]:
    return [f"It is so.\nAnswer: {answer}" for answer in answers]


def run_of(script: dict) -> ScriptedRun:
    return ScriptedRun(
        task=TASK, script=script, members=roster(2, ["scripted:model"], has_docs=False)
    )


async def test_every_layer_reads_the_one_before() -> None:
    run = run_of({"m1": says("1", "3", "5"), "m2": says("2", "4", "6"), "aggregator1": says("7")})
    answer = await Mixture(layers=3)(run)
    assert answer.text == "7"
    phases = [
        (e.event.phase, e.event.round) for e in run.events if isinstance(e.event, PhaseStarted)
    ]
    assert phases == [("propose", 1), ("propose", 2), ("propose", 3), ("aggregate", 4)]
    told = {}
    for name, call in run.calls:
        told.setdefault(name, []).append(call.messages[-1].text)
    for name in ("m1", "m2"):
        assert all(f"- {n}" in told[name][1] for n in (1, 2))
        assert all(f"- {n}" in told[name][2] for n in (3, 4))
    assert all(f"- {n}" in told["aggregator1"][0] for n in (5, 6))
    assert len(run.calls) == 7


async def test_without_its_aggregator_most_proposals_stand() -> None:
    run = run_of({"m1": says("42"), "m2": says("42"), "aggregator1": [ProviderError("gone")]})
    answer = await Mixture()(run)
    assert answer.text == "42"
    assert answer.how == "most proposals; the aggregation failed"
