"""Several processes at one run: one works it, the others are told; a stopped one keeps it."""

from collections import Counter
from pathlib import Path

from manyminds.core.events import RunEnded
from manyminds.transcript.store import new_transcript_path, read_transcript
from tests.chaos.conftest import COUNTS, FULL, Model, lines_of, replied
from tests.chaos.lives import BUSY


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
