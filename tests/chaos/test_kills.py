"""A run whose process is killed, at every event and at any moment: nothing lost, paid or done twice."""

import json
import random
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from manyminds.core.events import RunEnded
from tests.chaos.conftest import Counting, Lived, Model, live, replied
from tests.chaos.counts import COUNTS, FULL


def check_paid_once(model: Model, lived: Lived) -> None:
    """What a life left on record no later one sends again; the run is not lost."""
    assert lived.lives[-1]["over"]
    answered = replied(lived.events)
    assert answered == Counter(dict.fromkeys(answered, 1))
    through = lived.lives[-1]["ended"]
    for life in lived.lives:
        later = {seed for at, seed in model.asked if life["ended"] < at <= through}
        assert not later & set(life["replied"])


@pytest.fixture(params=["files", "postgresql"])
def fleet(request: pytest.FixtureRequest) -> str:
    """Where transcripts are: beside the run, or in a database that machines share."""
    return str(request.getfixturevalue("fleet_url")) if request.param == "postgresql" else ""


def place(fleet: str) -> str:
    return ", PostgreSQL" if fleet else ""


@pytest.mark.parametrize("way", ["heavy", "errands"])
def test_a_kill_at_every_event_loses_nothing(way: str, fleet: str, tmp_path: Path, improviser: Model, counting: Counting) -> None:  # fmt: skip
    given = {"effects": counting.url, "fleet": fleet}
    whole = live(tmp_path, improviser, way, {"whole": []}, **given)["whole"]
    cuts = range(0, len(whole.events) - 1, 1 if FULL else 24 if fleet else 11)
    runs: dict[str, list[int]] = {f"at{at}": [at] for at in cuts}
    improviser.asked.clear()
    counting.done.clear()
    lives = list(live(tmp_path, improviser, way, runs, **given).values())
    for lived in lives:
        assert lived.kills == 1
        check_paid_once(improviser, lived)
        assert way == "errands" or _answer(lived) == _answer(whole)
    if way == "errands":
        check_done_once(counting, *lives)
    COUNTS[f"kills at an event, {way}{place(fleet)}"] += len(runs)
    COUNTS["runs lost"] += 0
    COUNTS["requests on record that were sent again"] += 0


def _answer(lived: Lived) -> str | None:
    end = lived.events[-1].event
    assert isinstance(end, RunEnded)
    return end.answer.text


@pytest.mark.parametrize("way", ["heavy", "errands"])
def test_a_run_that_is_killed_again_and_again_comes_to_its_end(way: str, fleet: str, tmp_path: Path, improviser: Model, counting: Counting) -> None:  # fmt: skip
    if fleet and not FULL:
        pytest.skip("left out here: minutes on PostgreSQL; make chaos has it")
    chance, kills, turn = random.Random(way), 0, 0
    # What is done to the world is counted for one run at a time.
    together = 1 if way == "errands" else 8
    while kills < (150 if FULL else 20):
        improviser.asked.clear()
        counting.done.clear()
        runs: dict[str, list[float]] = {}
        for _ in range(together):
            # In a fleet a life begins with what is left of the lease of the one before.
            first, last = (0.1, 1.0) if fleet else (0.02, 0.2)
            runs[f"r{turn}"], turn = [chance.uniform(first, last) for _ in range(10)], turn + 1
        given = {"effects": counting.url, "fleet": fleet}
        for lived in live(tmp_path, improviser, way, runs, **given).values():
            check_paid_once(improviser, lived)
            kills += lived.kills
            if way == "errands":
                check_done_once(counting, lived)
                asked = Counter(seed for _, seed in improviser.asked)
                COUNTS["requests under way at a kill, sent again"] += asked.total() - len(asked)
    COUNTS[f"kills at a random moment, {way}{place(fleet)}"] += kills
    COUNTS[f"runs that lived through them, {way}{place(fleet)}"] += turn


def check_done_once(counting: Counting, *lives: Lived) -> None:
    """What has a key is done once a run; what has none once, or said to be unverified."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for lived in lives:
        became = json.loads(_answer(lived) or "")
        assert len(became) == 24
        for name, outcome in became.items():
            told[name][outcome] += 1
    done = Counter(counting.done)
    for name, outcomes in told.items():
        tool, what = name.split(" ", 1)
        COUNTS[f"effects {'with' if tool == 'book' else 'without'} a key"] += len(lives)
        if tool == "book":
            assert outcomes == {"done": len(lives)}
            assert done[tool, what] == len(lives)
        else:
            assert set(outcomes) <= {"done", "interrupted"}
            COUNTS["of these told as unverified"] += outcomes["interrupted"]
            assert outcomes["done"] <= done[tool, what] <= len(lives)
    COUNTS["effects done twice"] += 0
    COUNTS["effects without a key done again"] += 0
