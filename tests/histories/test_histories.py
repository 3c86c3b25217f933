"""Histories of every released version, taken up by this one: the same decisions, to the event.

A folder holds what a release wrote, by strategy. `python -m tests.histories.write` adds those of
the version at hand; one that is released is never written again.
"""

from pathlib import Path

import pytest

from manyminds.core.events import RunEnded, RunStarted
from manyminds.core.values import VERSION
from manyminds.strategies.registry import strategy_names
from manyminds.transcript.store import read_transcript
from tests.runtime.test_durable import played, replied

pytestmark = pytest.mark.anyio
HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*/*.jsonl"))


def test_this_version_has_its_histories() -> None:
    assert {path.stem for path in FILES if path.parent.name == VERSION} == set(strategy_names())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_a_history_is_taken_up_with_the_same_decisions(path: Path) -> None:
    events = read_transcript(path).events
    start = events[0].event
    assert isinstance(start, RunStarted)
    assert not any(isinstance(r.event, RunEnded) for r in events)
    again = await played(start.strategy, events, chance=3)
    # All of it was told again, and only then did the run go on: with nothing more to ask.
    assert again.events[: len(events)] == list(events)
    assert replied(again.events) == replied(events)
    assert again.endpoint.sent == []
