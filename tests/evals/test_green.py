"""The green route: learned from benches, applied to a question, its saving measured honestly."""

import json
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from manyminds.cli.app import run
from manyminds.core.errors import UsageError
from manyminds.core.values import Task
from manyminds.evals.green import Played, learn_ways, played_below, saving
from manyminds.evals.trials import Trial
from manyminds.runtime.choose import AskOptions, greener
from manyminds.runtime.green import LEAST, Way, greenest, keep_ways, load_ways
from manyminds.runtime.web import WebOptions
from manyminds.strategies.question import Family, family_of
from tests.evals.test_bench import right_half_of_the_time
from tests.evals.test_questions import write_gsm
from tests.stub import Stub

MODEL = "embedded:any"
ONLY_HEAVY = (0, 4)
"""Questions that only `heavy` has right: one in either half, less than one of a hundred."""


def way(strategy: str, accuracy: float, joules: float, **more: Any) -> Way:
    known: dict[str, Any] = {"family": "words", "model": MODEL, "members": 5, "n": 100}
    return Way(strategy=strategy, accuracy=accuracy, joules=joules, **{**known, **more})


def played(question: int, strategy: str, *, right: bool, joules: float, members: int = 5) -> Played:
    told: dict[str, Any] = dict.fromkeys(
        ("suite", "kind", "reason", "outcome", "prompts", "code", "at"), ""
    )
    made = Trial(
        **told, question=str(question), cluster=str(question), arm=strategy, right=right, given="",
        confidence=None, drafts=(), later=(), tokens_in=10, tokens_cached=0, tokens_out=1, usd=None,
        joules=joules, seconds=1, first_token_s=None, requests=1, by_purpose={}, stopped_by=None,
        seed=1, model=MODEL, run="r",
    )  # fmt: skip
    return Played(family="words", strategy=strategy, members=members, row=made)


@pytest.mark.parametrize(
    ("question", "family"),
    [
        ("Write a function that reverses a list.", "code"),
        ("Which is a duck?\nA) this\nB) that\nAnswer with the letter.", "choice"),
        ("Ann has 3 ducks and buys 4 more. How many has she?", "number"),
        ("Who wrote Faust?", "words"),
        ("A. Einstein was born in which town?", "words"),
    ],
)
def test_the_kind_of_a_question(question: str, family: Family) -> None:
    assert family_of(question) == family


def test_the_frugal_way_may_lose_a_point_and_no_more() -> None:
    heavy, near, far = way("heavy", 0.80, 90), way("brief", 0.795, 5), way("auto", 0.78, 1)
    assert greenest([heavy, near, far], "words", [MODEL]) == (near, heavy)
    assert greenest([heavy, far], "words", [MODEL]) == (heavy, heavy)


def test_what_was_hardly_measured_is_not_believed() -> None:
    few = way("brief", 0.9, 1, n=LEAST - 1)
    assert greenest([way("heavy", 0.8, 90), few], "words", [MODEL]) is None
    assert greenest([way("heavy", 0.8, 90), way("brief", 0.8, 1)], "code", [MODEL]) is None
    assert greenest([way("heavy", 0.8, 90), way("brief", 0.8, 1)], "words", ["other"]) is None


def test_the_options_are_chosen_and_the_reason_is_told(tmp_path: Path) -> None:
    keep_ways(tmp_path, [way("heavy", 0.805, 90), way("brief", 0.80, 5, members=1)])
    asked, why = greener(
        AskOptions(models=(MODEL, "other")), Task(prompt="Who wrote Faust?"), tmp_path
    )
    assert (asked.models, asked.strategy, asked.members) == ((MODEL,), "brief", 1)
    assert "5 J" in why
    assert "90 J" in why
    unknown, why = greener(AskOptions(models=(MODEL,)), Task(prompt="Add 3 and 4."), tmp_path)
    assert (unknown.strategy, unknown.members) == ("auto", None)
    assert "number" in why
    for options, task in (
        (AskOptions(models=(MODEL,), docs=tmp_path), Task(prompt="Who wrote Faust?")),
        (AskOptions(models=(MODEL,), web=WebOptions()), Task(prompt="Who wrote Faust?")),
        (AskOptions(models=(MODEL,)), Task(prompt="Who wrote Faust?", schema_json="{}")),
    ):
        assert greener(options, task, tmp_path)[0].strategy == "auto"


def test_what_contradicts_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave out --strategy"):
        greener(AskOptions(models=(MODEL,), strategy="heavy"), Task(prompt="Who?"), tmp_path)
    with pytest.raises(UsageError, match="manyminds bench"):
        greener(AskOptions(models=(MODEL,)), Task(prompt="Who?"), tmp_path)


def test_ways_are_compared_on_the_questions_that_all_of_them_have_played() -> None:
    """The frugal way has played easy questions besides: they do not count for it."""
    rows = [played(n, "heavy", right=n % 2 == 0, joules=100) for n in range(60)]
    rows += [played(n, "brief", right=n % 3 == 0 or n >= 60, joules=1) for n in range(160)]
    rows += [played(n, "debate", right=True, joules=1) for n in range(LEAST - 1)]
    found = {w.strategy: w for w in learn_ways(rows)}
    assert {name: w.n for name, w in found.items()} == {"heavy": 60, "brief": 60}
    assert found["heavy"].accuracy == 0.5
    assert found["brief"].accuracy == pytest.approx(1 / 3)


def test_the_saving_is_that_of_questions_it_has_not_seen() -> None:
    chance = random.Random(1)
    rows: list[Played] = []
    for n in range(400):
        known = n not in ONLY_HEAVY and chance.random() < 0.7
        rows.append(played(n, "heavy", right=known or n in ONLY_HEAVY, joules=100))
        rows.append(played(n, "brief", right=known, joules=10))
        rows.append(played(n, "single", right=known and chance.random() < 0.5, joules=1))
    found = saving(rows)
    assert found is not None
    assert found.n == 400
    assert asdict(found)["chosen"] == {"brief": 400}
    assert found.joules is not None
    assert found.joules.value == pytest.approx(0.1)
    assert -0.01 <= found.accuracy.mean <= 0


def test_from_a_bench_to_a_question(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", f"http://127.0.0.1:{stub.port}")
    monkeypatch.setenv("MANYMINDS_HOME", str(tmp_path / "home"))
    write_gsm(tmp_path / "data", count=LEAST)
    stub.behaviours = [right_half_of_the_time]
    bench = ["bench", "gsm_plus", "--model", "ollama:stub", "--data", str(tmp_path / "data")]
    arms = "brief,best_of_n@3,majority_adaptive@2,tools,best_of_n@17"
    assert run([*bench, "--arms", arms, "--limit", str(LEAST)]) == 0
    capsys.readouterr()
    assert run(["route", "green", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    # `best_of_n@17` is more than `ask` takes; `majority` without its stop is no strategy.
    assert {(w["strategy"], w["members"]) for w in told["ways"]} == {
        ("brief", 1), ("best_of_n", 3), ("majority", 2), ("single", 1),
    }  # fmt: skip
    [home] = {Path(told["file"]).parent}
    assert len(load_ways(home)) == 4
    asked = ["ask", "What is 3 + 4?", "--model", "ollama:stub", "--prefer", "energy", "--json"]
    assert run(asked) == 0
    answer = json.loads(capsys.readouterr().out)
    best = greenest(load_ways(home), "number", ["ollama:stub"])
    assert best is not None
    assert answer["strategy"] == best[0].strategy
    for transcript in (home / "bench").glob("*/runs/*/transcript.jsonl"):
        transcript.unlink()
    assert played_below(home / "bench") == ([], 4 * LEAST)


def test_no_bench_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["route", "green", "--benches", str(tmp_path)]) == 2
    assert "manyminds bench" in capsys.readouterr().err
