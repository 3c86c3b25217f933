import json
import random
from decimal import Decimal
from pathlib import Path

import pytest

from manyminds.core.errors import RecordError, UsageError
from manyminds.core.events import (
    Checked,
    Event,
    NoteShared,
    Ranked,
    Recorded,
    RunEnded,
    RunStarted,
    Selected,
)
from manyminds.core.values import (
    Answer,
    Cost,
    Limits,
    Member,
    Note,
    Ranking,
    Spend,
    Task,
    Verdict,
)
from manyminds.judging.canonical import canonicalize
from manyminds.runtime.choose import doubt_about_judge, doubting
from manyminds.runtime.history import expected, remember
from manyminds.runtime.labels import (
    abstaining,
    calibrated,
    fit_labels,
    label,
    labels,
    learned_weights,
    report,
)
from manyminds.runtime.routing import fit_from_runs, load_router
from manyminds.strategies.crew import Crew
from manyminds.strategies.debate import MODERATED, Debate
from manyminds.strategies.majority import Majority
from manyminds.testing import recorded
from manyminds.transcript.store import TranscriptWriter, new_transcript_path

ME = Member(name="m1", way="compute", model="x")


def keep(home: Path, run: str, *, confidence: float, accepted: bool, question: str = "?", alone: bool = True, ranker: str | None = None, other: str = "42", verifier: str = "rubric", why: str | None = None) -> None:  # fmt: skip
    """Write the transcript of a small panel's run."""
    answer = Answer(
        outcome="answered", text="42", canonical="42", confidence=confidence, author="m1"
    )
    verdict = Verdict(outcome="accepted" if accepted else "rejected", reason="r", verifier=verifier)
    task = Task(prompt=question)

    def note(member: str, text: str) -> NoteShared:
        form = canonicalize(text)
        return NoteShared(note=Note(member=member, round=1, answer=text, canonical=form, reason=""))

    events: list[Event] = [
        RunStarted(task=task, strategy="heavy", members=(ME,), limits=Limits(), seed=1, version="", prompts=""),
        Checked(author="m1", verdict=verdict),
        note("m1", "42" if alone else "41"),
        note("m2", other),
    ]  # fmt: skip
    if ranker is not None:
        ranking = Ranking(order=(1, 0), scores=(0.2, 0.8), reason="r", ranker=ranker)
        events.append(Ranked(authors=("m2", "m1"), ranking=ranking))
    if why is not None:
        events.append(Selected(author="m1", canonical="42", scores={}, why=why))
    events.append(RunEnded(answer=answer, stopped_by=None, seconds=1.0))
    writer = TranscriptWriter(new_transcript_path(home, run))
    kept: list[Recorded] = recorded(run, events)
    for event in kept:
        writer.write(event)
    writer.close()


def test_what_a_ranker_goes_by_is_learned_from_labels(tmp_path: Path) -> None:
    """People who prefer answers that stand by themselves get a ranker that does, too."""
    rambling = "42, as above, see above, etc"
    for number in range(25):
        name = f"20260101-{number:02}"
        keep(tmp_path, name, confidence=0.9, accepted=True, other=rambling)
        label(tmp_path, name, right=True)
    assert learned_weights(tmp_path) is None
    found = fit_labels(tmp_path).weights
    assert found is not None
    assert learned_weights(tmp_path) == found
    assert max(found, key=lambda name: found[name]) == "reusable"
    assert found["reusable"] > 0
    (tmp_path / "features.json").write_text("{")
    with pytest.raises(RecordError, match="judge fit"):
        learned_weights(tmp_path)


def test_labels_are_kept_and_the_latest_counts(tmp_path: Path) -> None:
    keep(tmp_path, "20260101-a", confidence=0.9, accepted=True)
    assert label(tmp_path, "last", right=True) == "20260101-a"
    label(tmp_path, "20260101", right=False)
    assert labels(tmp_path) == {"20260101-a": False}


def test_a_run_there_is_not_cannot_be_labelled(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        label(tmp_path, "nothing", right=True)


def test_judges_are_compared_and_confidence_fitted_on_labels(tmp_path: Path) -> None:
    rng = random.Random(1)
    for n in range(60):
        right = rng.random() < 0.5
        accepted = right if rng.random() < 0.95 else not right
        keep(tmp_path, f"20260101-{n:03}", confidence=0.95 if right else 0.85, accepted=accepted)
        label(tmp_path, f"20260101-{n:03}", right=right)
    found = report(tmp_path)
    assert found.labels == 60
    assert found.judges["rubric"].may_decide()
    assert fit_labels(tmp_path).calibration is not None
    sure = Answer(outcome="answered", text="x", canonical="x", confidence=0.85)
    fitted = calibrated(tmp_path, sure)
    assert fitted.stated == 0.85
    assert fitted.confidence is not None
    assert fitted.confidence < 0.4
    assert abstaining(fitted, 0.5).outcome == "partial"
    assert "below the 50%" in abstaining(fitted, 0.5).missing[0]
    assert abstaining(fitted, 0.01) == fitted
    assert abstaining(fitted, None) == fitted


def test_a_ranker_that_mostly_chose_wrong_answers_may_not_decide(tmp_path: Path) -> None:
    for n in range(24):
        ranker = "pairwise" if n % 2 == 0 or n > 15 else None
        keep(tmp_path, f"20260101-{n:03}", confidence=0.9, accepted=True, ranker=ranker)
        label(tmp_path, f"20260101-{n:03}", right=n % 8 == 0)
    few = report(tmp_path).rankers["pairwise"]
    assert (few.n, few.right, few.may_decide()) == (16, 3, True)
    for n in range(24, 40):
        keep(tmp_path, f"20260101-{n:03}", confidence=0.9, accepted=True, ranker="pairwise")
        label(tmp_path, f"20260101-{n:03}", right=n % 8 == 0)
    many = report(tmp_path).rankers["pairwise"]
    assert (many.n, many.right, many.may_decide()) == (32, 5, False)
    assert many.low < 5 / 32 < many.high < 0.5


def test_crews_and_debates_go_by_what_is_known_of_their_judges(tmp_path: Path) -> None:
    assert doubt_about_judge(Crew(), tmp_path) is None
    for n in range(40):
        keep(tmp_path, f"20260101-{n:03}", confidence=0.9, accepted=n % 2 == 0, verifier="verifier", why=MODERATED)  # fmt: skip
        label(tmp_path, f"20260101-{n:03}", right=n % 4 == 1)
    new_transcript_path(tmp_path, "20260101-005").write_text("no record")
    agreed, chosen = (doubt_about_judge(one, tmp_path) for one in (Crew(), Debate()))
    assert agreed is not None
    assert "on 39 labels" in agreed
    assert (
        chosen == "the moderator may not decide: you found 9 of the 39 answers right that it chose"
    )
    assert doubting(Crew(), agreed) == Crew(doubt=agreed)
    assert doubting(Debate(), None) == Debate()
    assert doubt_about_judge(Majority(), tmp_path) is None


def test_without_labels_nothing_is_fitted_or_changed(tmp_path: Path) -> None:
    answer = Answer(outcome="answered", text="x", canonical="x", confidence=0.85)
    assert calibrated(tmp_path, answer) == answer
    with pytest.raises(UsageError, match="manyminds judge label"):
        fit_labels(tmp_path)


def test_the_router_learns_from_kept_panels(tmp_path: Path) -> None:
    assert load_router(tmp_path).runs == 0
    for n in range(25):
        keep(tmp_path, f"20260101-e{n:02}", confidence=0.9, accepted=True, question="Who wrote Faust?")  # fmt: skip
        keep(tmp_path, f"20260101-h{n:02}", confidence=0.9, accepted=True, alone=n % 5 == 0, question="Prove and compare both. Why?")  # fmt: skip
    router = fit_from_runs(tmp_path)
    assert router == load_router(tmp_path)
    assert router.runs == 50
    assert router.alone("Who wrote Emma?") > 0.8 > 0.5 > router.alone("Prove and compare all. Why?")


def test_what_a_run_will_cost_is_told_from_history(tmp_path: Path) -> None:
    unknown = expected(tmp_path, "heavy", "x", 4, free=False)
    assert (unknown.runs, unknown.usd) == (0, None)
    assert expected(tmp_path, "heavy", "x", 4, free=True).usd == 0
    rows = [
        {"strategy": "heavy", "model": "x", "members": 4, "tokens": t, "usd": None, "seconds": s, "wh": None}
        for t, s in ((1_000, 10.0), (3_000, 30.0), (2_000, 20.0))
    ]  # fmt: skip
    lines = [json.dumps(row) for row in rows] + ['{"torn']
    (tmp_path / "history.jsonl").write_text("\n".join(lines))
    found = expected(tmp_path, "heavy", "x", 4, free=False)
    assert (found.tokens, found.seconds, found.usd, found.runs) == (2_000, 20.0, None, 3)
    assert "about 2,000 tokens, $ unknown, 20 s" in str(found)


def test_what_other_runs_on_a_model_cost_says_what_a_new_kind_will(tmp_path: Path) -> None:
    unknown = expected(tmp_path, "heavy", "m", 4, free=False)
    assert (unknown.usd, unknown.seconds, unknown.wh) == (None, None, None)
    for tokens in (1_000, 2_000, 4_000):
        spend = Spend(tokens_in=tokens, usd=Decimal(tokens) / 1_000_000)
        remember(tmp_path, "single", "m", 1, Cost(spend=spend, seconds=tokens / 100))
    found = expected(tmp_path, "heavy", "m", 4, free=False)
    assert found.seconds == pytest.approx(found.tokens / 100)
    assert found.usd == pytest.approx(found.tokens / 1_000_000)
    assert (found.wh, found.runs) == (None, 0)
    assert expected(tmp_path, "heavy", "other", 4, free=True).seconds is None


def test_runs_like_it_are_found_behind_many_others(tmp_path: Path) -> None:
    def keep(strategy: str, members: int, tokens: int) -> None:
        spend = Spend(tokens_in=tokens, usd=Decimal(0))
        remember(tmp_path, strategy, "m", members, Cost(spend=spend, seconds=1.0))

    for _ in range(3):
        keep("heavy", 4, 5_000)
    for _ in range(200):
        keep("brief", 1, 100)
        keep("heavy", 8, 9_000)
    found = expected(tmp_path, "heavy", "m", 4, free=True)
    assert (found.tokens, found.runs) == (5_000, 3)
