"""`manyminds bench energy`: the protocol end to end, its arithmetic, what is unknown."""

import csv
import json
import time
from pathlib import Path
from typing import Any

import pytest

from manyminds.cli.app import run
from manyminds.evals.energy import energy_of, energy_questions
from manyminds.evals.suites import MMLU_SUBJECTS, stands_alone
from manyminds.evals.trials import Trial
from manyminds.runtime.power import counter_for
from tests.stub import Body, Stub, fail

STEP_BY_STEP = "reason step by step"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "mmlu" / "test"
    folder.mkdir(parents=True)
    for subject in MMLU_SUBJECTS:
        with (folder / f"{subject}_test.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("question", "choice0", "choice1", "choice2", "choice3", "answer"))
            rows.writerow((f"How many ducks are there in {subject}?", "12", "7", "9", "3", "1"))
            rows.writerow(("Which of the following is a duck?", "this", "that", "it", "none", "2"))
    return tmp_path / "data"


def answers_at_length_where_asked_to(body: Body) -> str:
    text = str(body["messages"][-1]["content"])
    long = STEP_BY_STEP in text
    until = time.thread_time() + (0.4 if long else 0.02)
    while time.thread_time() < until:
        pass
    answer = "B" if "right option" in text else "7"
    return f"There are seven: \\boxed{{{answer}}}" if long else answer


def test_forms_and_ways_are_compared(
    stub: Stub, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("OLLAMA_HOST", f"http://127.0.0.1:{stub.port}")
    stub.behaviours = [answers_at_length_where_asked_to]
    asked = [
        "bench", "energy", "--model", "ollama:stub", "--data", str(data), "--limit", "5",
        "--out", str(tmp_path / "out"), "--json",
    ]  # fmt: skip
    assert run(asked) == 0
    found = json.loads(capsys.readouterr().out)
    drawn = {(d["form"], d["way"]): d for d in found["drawn"]}
    assert len(drawn) == 4
    assert all(d["n"] == 5 for d in drawn.values())
    assert all(0 < d["grams_low"] <= d["grams_high"] for d in drawn.values())
    assert found["methods"] == [counter_for(None).method]
    assert all(drawn[form, "reasoned"]["graded"] for form in ("choice", "open"))
    assert all(r["value"] > 1 for r in found["reasoned_over_brief"].values())
    assert set(found["open_over_choice"]) == {"brief", "reasoned"}
    for form in ("choice", "open"):  # the stub says the same both times
        assert drawn[form, "brief"]["accuracy"] == drawn[form, "reasoned"]["accuracy"]
    before = len(stub.requests)
    assert run(asked[:-1]) == 0
    assert len(stub.requests) == before
    assert "reasoned over brief" in capsys.readouterr().out


def test_what_a_model_elsewhere_draws_is_unknown(
    stub: Stub, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.behaviours = [answers_at_length_where_asked_to]
    out = str(tmp_path / "out")
    asked = ["bench", "energy", "--model", stub.model, "--data", str(data), "--limit", "1", "--out", out]  # fmt: skip
    assert run(asked) == 0
    shown = capsys.readouterr().out
    assert "unknown" in shown
    assert "nothing is known" in shown


def test_a_model_that_fails_is_told_of_and_nothing_is_made_up(
    stub: Stub, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.behaviours = [fail(401)]
    out = str(tmp_path / "out")
    asked = ["bench", "energy", "--model", stub.model, "--data", str(data), "--limit", "1", "--out", out]  # fmt: skip
    assert run(asked) == 4
    shown = capsys.readouterr()
    assert "run the same command to go on" in shown.err
    assert "grams" not in shown.out


def row(question: str, arm: str, kwh: float, tokens_out: int) -> Trial:
    told: dict[str, Any] = dict.fromkeys(
        ("kind", "cluster", "reason", "outcome", "run", "prompts", "code", "at"), ""
    )
    return Trial(
        **told, suite="mmlu_open" if question.startswith("open/") else "mmlu",
        question=question, arm=arm, right=True, given="", confidence=None, drafts=(),
        later=(), tokens_in=10, tokens_cached=0, tokens_out=tokens_out, usd=None, joules=None,
        seconds=1, first_token_s=None, requests=1, by_purpose={}, stopped_by=None, seed=1,
        model="m", kwh=(kwh, 3 * kwh), kwh_by=("guess",),
    )  # fmt: skip


def test_grams_are_kwh_times_the_grid_s_times_a_thousand(data: Path) -> None:
    questions = energy_questions(data, 2)
    rows = [
        row(question.id, arm, kwh, 7)
        for form, asked in questions.items()
        for question in asked
        for arm, kwh in (("brief", 1e-6), ("reasoned", 5e-6 if form == "choice" else 10e-6))
    ]
    found = energy_of(rows, alone=())
    grams = {(d.form, d.way): (d.grams_low, d.grams_high) for d in found.drawn}
    assert grams["choice", "brief"] == pytest.approx((0.48, 1.44))
    assert grams["open", "reasoned"] == pytest.approx((4.8, 14.4))
    assert found.reasoned_over_brief["choice"].value == pytest.approx(5)
    assert found.open_over_choice["reasoned"].value == pytest.approx(2)


def test_open_questions_that_need_their_options_are_not_graded(data: Path) -> None:
    asked = energy_questions(data, 10)["open"]
    assert [stands_alone(q) for q in asked].count(True) == 5
    assert {q.answer for q in asked if stands_alone(q)} == {"7"}
