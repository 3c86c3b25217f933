"""A run whose process is killed, at every event and at any moment: nothing lost, paid or done twice."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from manyminds.core.events import RunEnded
from tests.chaos.conftest import FULL, Counting, Lived, Model, live, replied


def check_paid_once(model: Model, lived: Lived) -> None:
    """What a life left on record no later one sends again; the run is not lost."""
    assert lived.lives[-1]["over"]
    answered = replied(lived.events)
    assert answered == Counter(dict.fromkeys(answered, 1))
    for life in lived.lives:
        later = {seed for at, seed in model.asked if at > life["ended"]}
        assert not later & set(life["replied"])


@pytest.mark.parametrize("way", ["heavy", "errands"])
def test_a_kill_at_every_event_loses_nothing(way: str, tmp_path: Path, improviser: Model, counting: Counting) -> None:  # fmt: skip
    whole = live(tmp_path / "whole", improviser, way, [], effects=counting.url)
    text = _answer(whole)
    count = len(whole.events)
    for at in range(0, count - 1, 1 if FULL else 7):
        improviser.asked.clear()
        run = f"at{at}"
        lived = live(tmp_path / "home", improviser, way, [at], run=run, effects=counting.url)
        assert lived.kills == 1
        check_paid_once(improviser, lived)
        assert way == "errands" or _answer(lived) == text


def _answer(lived: Lived) -> str | None:
    end = lived.events[-1].event
    assert isinstance(end, RunEnded)
    return end.answer.text


@pytest.mark.parametrize("way", ["heavy", "errands"])
def test_a_run_that_is_killed_again_and_again_comes_to_its_end(way: str, tmp_path: Path, improviser: Model, counting: Counting) -> None:  # fmt: skip
    chance = random.Random(way)
    kills, run = 0, 0
    while kills < (200 if FULL else 30):
        improviser.asked.clear()
        counting.done.clear()
        moments = [chance.uniform(0.02, 0.25) for _ in range(10)]
        lived = live(tmp_path, improviser, way, moments, run=f"r{run}", effects=counting.url)
        check_paid_once(improviser, lived)
        if way == "errands":
            check_done_once(counting, lived)
        kills, run = kills + lived.kills, run + 1


def check_done_once(counting: Counting, lived: Lived) -> None:
    """What has a key is done once; what has none is done once, or said to be unverified."""
    became = json.loads(_answer(lived) or "")
    assert len(became) == 24
    done = Counter(counting.done)
    for name, outcome in became.items():
        tool, what = name.split(" ", 1)
        if tool == "book":
            assert outcome == "done"
            assert done[tool, what] == 1
        else:
            assert outcome in ("done", "interrupted")
            assert done[tool, what] == 1 or (outcome == "interrupted" and done[tool, what] <= 1)
