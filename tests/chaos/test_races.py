"""Several processes at one run: one works it, the others are told; a stopped one keeps it."""

from collections import Counter
from pathlib import Path

from manyminds.core.events import RunEnded
from manyminds.transcript.store import new_transcript_path, read_transcript
from tests.chaos.conftest import Model, lines_of, replied, share
from tests.chaos.counts import COUNTS, FULL
from tests.chaos.lives import BUSY, TAKEN, events_of


def test_two_at_one_run_commit_nothing_twice(tmp_path: Path, improviser: Model) -> None:
    races = 100 if FULL else 16
    given = {
        "home": str(tmp_path), "run": "r", "model": improviser.stub.model, "way": "heavy",
        "race": races, "members": 2,
    }  # fmt: skip
    rows = lines_of(given, 60 + 5 * races)
    assert len(rows) == races
    for row in rows:
        # Whoever comes second is refused, or finds the run over.
        assert row["codes"].count(0) >= 1
        assert set(row["codes"]) <= {0, BUSY}
        events = read_transcript(new_transcript_path(tmp_path, row["run"])).events
        assert [r.number for r in events] == list(range(len(events)))
        assert sum(isinstance(r.event, RunEnded) for r in events) == 1
        answered = replied(events)
        assert answered == Counter(dict.fromkeys(answered, 1))
    stopped = rows[3::4]
    assert all(row["codes"] == [0, BUSY] for row in stopped)
    # Each request was sent once a run: the seeds are the same in all of them.
    assert max(Counter(seed for _, seed in improviser.asked).values()) <= races
    COUNTS["races of two processes for one run"] += races
    COUNTS["of these with the first one stopped"] += len(stopped)
    COUNTS["double commits"] += 0


def test_a_leader_that_was_stopped_is_followed_and_writes_nothing_more(tmp_path: Path, improviser: Model, fleet_url: str) -> None:  # fmt: skip
    """Between machines a stopped one does not keep its run: the other waits out its lease."""
    races = 100 if FULL else 12
    share(fleet_url, [f"r{number}" for number in range(races)])
    given = {
        "home": str(tmp_path), "run": "r", "model": improviser.stub.model, "way": "heavy",
        "race": races, "members": 2, "fleet": fleet_url,
    }  # fmt: skip
    rows = lines_of(given, 60 + 10 * races)
    assert len(rows) == races
    stopped, taken = len(rows[3::4]), 0
    for row in rows:
        assert row["codes"].count(0) == 1
        assert set(row["codes"]) <= {0, BUSY, TAKEN}
        taken += TAKEN in row["codes"]
        events = events_of({**given, "run": row["run"]})
        assert [r.number for r in events] == list(range(len(events)))
        assert sum(isinstance(r.event, RunEnded) for r in events) == 1
        answered = replied(events)
        assert answered == Counter(dict.fromkeys(answered, 1))
    COUNTS["races of two workers for one run, PostgreSQL"] += races
    # A race says something only where the stopped one came back to write.
    assert taken >= stopped * 0.8
    COUNTS["of these with the first one stopped, PostgreSQL"] += stopped
    COUNTS["of these with the first one refused afterwards, PostgreSQL"] += taken
    COUNTS["double commits"] += 0
