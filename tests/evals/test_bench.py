"""`manyminds bench` end to end: a real server on loopback, inspect_ai, rows, report."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from inspect_ai import Task, eval_async
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import read_eval_log_async
from inspect_ai.scorer import choice, match
from inspect_ai.solver import SolverSpec

from manyminds.cli.app import run
from manyminds.core.errors import UnknownName, UsageError
from manyminds.evals.arms import Wallet, parse_arms
from manyminds.evals.bench import rows_of
from manyminds.evals.measures import measure
from manyminds.evals.report.publish import read_bench
from manyminds.runtime.paths import cache_home
from manyminds.tools.sandbox.choose import find_isolation
from tests.evals.test_questions import write_gsm
from tests.stub import Behaviour, Body, Stub

pytestmark = pytest.mark.anyio
ARMS = "single,majority,best_of_n@3,majority@budget,single@budget,oracle"


@pytest.fixture(autouse=True)
def sandbox() -> None:
    isolation = asyncio.run(find_isolation(cache_home()))
    if isolation.jailer is None:
        pytest.skip(f"left out: no sandbox works here: {isolation.refused}")


def right_half_of_the_time(body: Body) -> str:
    """Answer the sums of `write_gsm`, wrongly for odd seeds."""
    text = next(m["content"] for m in body["messages"] if "What is" in str(m["content"]))
    sum_ = str(text).partition("What is ")[2].partition("?")[0]
    a, b = (int(part) for part in sum_.split(" + "))
    off = int(body["seed"]) % 2
    return f"{a} + {b} = {a + b}\nAnswer: {a + b + off}"


def command(stub: Stub, out: Path, *more: str) -> list[str]:
    data = out.parent / "data"
    if not data.exists():
        write_gsm(data)
    return ["bench", "gsm_plus", "--model", stub.model, "--data", str(data), "--out", str(out), *more]  # fmt: skip


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out)


def test_arms_are_compared_and_nothing_is_asked_twice(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.behaviours = [right_half_of_the_time]
    asked = command(stub, tmp_path / "out", "--arms", ARMS, "--limit", "6", "--json")
    assert run(asked) == 0
    found = said(capsys)
    arms = {arm["name"]: arm for arm in found["arms"]}
    budgeted = {"majority@budget(best_of_n@3)", "single@budget(best_of_n@3)"}
    assert set(arms) == {"single", "majority", "best_of_n@3", "oracle"} | budgeted
    assert all(arm["n"] == 6 for arm in arms.values())
    assert arms["oracle"]["accuracy"] >= arms["majority"]["accuracy"]
    # The stub says 120 tokens a request, whatever it is asked.
    assert arms["majority"]["tokens"] == 5 * 120
    assert arms["single"]["tokens"] == 120
    spent = arms["best_of_n@3"]["tokens"]
    assert arms["majority@budget(best_of_n@3)"]["tokens"] == pytest.approx(spent, abs=60)
    assert arms["single@budget(best_of_n@3)"]["tokens"] == pytest.approx(spent, abs=60)
    rows = rows_of(tmp_path / "out")
    assert found["cost"]["tokens_in"] == sum(row.tokens_in for row in rows)
    # Arms that draw the same samples share them: each distinct request reached the server once.
    assert len(stub.requests) < sum(row.requests for row in rows)
    distinct = {json.dumps(body, sort_keys=True) for body in stub.requests}
    assert len(distinct) == len(stub.requests)
    before = len(stub.requests)
    assert run(asked) == 0
    assert len(stub.requests) == before
    assert said(capsys)["arms"] == found["arms"]


def test_a_report_stands_beside_the_rows(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.behaviours = [right_half_of_the_time]
    out = tmp_path / "out"
    assert (
        run(command(stub, out, "--arms", "single,majority,best_of_n,oracle", "--limit", "6")) == 0
    )
    shown = capsys.readouterr().out
    assert "best_of_n" in shown
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http" not in page.replace(stub.model, "")
    told = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert told["n"] == 6
    assert told["origin"]["machine"]
    rows = rows_of(out)
    assert len(rows) == 12
    for row in rows:
        assert (out / "runs" / row.run / "transcript.jsonl").exists()
        assert f"runs/{row.run}/transcript.jsonl" in page
    logs = [asyncio.run(read_eval_log_async(log)) for log in (out / "logs").glob("*.eval")]
    assert {log.eval.task for log in logs} == {"gsm_plus-majority", "gsm_plus-best_of_n"}
    assert all(log.status == "success" and len(log.samples or []) == 6 for log in logs)


def test_what_is_published_gives_the_figures_again_and_nothing_away(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.behaviours = [right_half_of_the_time]
    out, to = tmp_path / "out", tmp_path / "results" / "gsm_plus"
    assert run(command(stub, out, "--arms", "single,best_of_n@3,brief,oracle", "--limit", "6")) == 0
    assert run(["bench", "publish", str(out), str(to), "--note", "Six sums."]) == 0
    told, there = (json.loads((d / "report.json").read_text("utf-8")) for d in (to, out))
    assert {a["name"]: a["accuracy"] for a in told["arms"]} == {
        a["name"]: a["accuracy"] for a in there["arms"]
    }
    rows, members, _ = read_bench(to)
    again = json.loads(json.dumps(asdict(measure(rows, members=members))))
    assert again == {key: value for key, value in told.items() if key != "origin"}
    shown = "".join(file.read_text("utf-8") for file in to.iterdir())
    assert "Six sums." in shown
    assert "Answer:" not in shown
    assert "What is" not in shown
    assert "seed 1" not in shown
    assert all(row.given is None for row in rows)
    assert run(["bench", "publish", str(out), str(to), "--arms", "heavy"]) == 2
    assert run(["bench", "publish", str(tmp_path), str(to)]) == 2
    capsys.readouterr()


def test_a_bench_that_was_killed_goes_on_where_it_was(stub: Stub, tmp_path: Path) -> None:
    stub.behaviours = [right_half_of_the_time]
    stub.delay_s = 0.15
    out = tmp_path / "out"
    line = [sys.executable, "-m", "manyminds.cli", *command(stub, out, "--limit", "6", "--arms", "majority,best_of_n")]  # fmt: skip
    environment = {**os.environ, "MANYMINDS_HOME": str(tmp_path / "home")}
    first = subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while len(rows_of(out)) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    kept = rows_of(out)
    assert 2 <= len(kept) < 12
    received = len(stub.requests)
    subprocess.run(line, env=environment, stdout=subprocess.DEVNULL, check=True)
    rows = rows_of(out)
    assert rows[: len(kept)] == kept
    assert len({(row.question, row.arm) for row in rows}) == len(rows) == 12
    # Only what was under way at the kill, whose reply never came, is asked again.
    asked = [json.dumps(body, sort_keys=True) for body in stub.requests]
    again = len(asked) - len(set(asked))
    assert again <= 5
    assert all(body in asked[:received] for body in asked[received:] if asked.count(body) > 1)


def test_arms_are_read_and_wrong_ones_named() -> None:
    for wrong, told in {
        "hevy": "did you mean 'heavy'",
        "heavy@budget": "after @ stands the number of members",
        "best_of_n@0": "after @ stands the number of members",
        "single@3": "tools is one member with tools",
    }.items():
        with pytest.raises((UnknownName, UsageError), match=told):
            parse_arms(wrong, members=5)
    with pytest.raises(UsageError, match="--equal-to takes an arm that is played"):
        parse_arms("single@budget,heavy", members=5, equal_to="crew")
    arms, derived = parse_arms("oracle,single@budget,best_of_n@3,greedy", members=5)
    assert [(a.name, a.members) for a in arms] == [
        ("majority", 5), ("best_of_n@3", 3), ("greedy", 1), ("single@budget(greedy)", 1),
    ]  # fmt: skip
    assert derived == ["oracle"]
    arms, _ = parse_arms("heavy,majority@budget", members=5, unit="usd")
    assert (arms[-1].name, arms[-1].equal_to) == ("majority@budget(heavy, usd)", "heavy")
    assert [a.members for a in parse_arms("crew_chain@3,tools", members=5)[0]] == [5, 3, 1]


def test_a_question_that_the_model_fails_on_holds_up_nothing_else(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused: list[str] = []

    def moody(body: Body) -> "str | web.Response":
        text = str(body["messages"])
        if "What is 1 + 1?" in text and not refused:
            return web.Response(status=400, text="not that one")
        return right_half_of_the_time(body)

    stub.behaviours = [moody]
    asked = command(stub, tmp_path / "out", "--arms", "majority,best_of_n", "--json")
    assert run(asked) == 4
    shown = capsys.readouterr()
    found = json.loads(shown.out.splitlines()[0])
    assert (found["n"], [arm["name"] for arm in found["arms"]]) == (17, ["majority", "best_of_n"])
    assert "majority: 1 questions could not be played" in shown.err
    refused.append("no longer")
    assert run(asked) == 0
    assert said(capsys)["n"] == 18


def test_rows_outlive_a_torn_line_and_odd_separators(stub: Stub, tmp_path: Path) -> None:
    stub.behaviours = [lambda body: right_half_of_the_time(body) + "\u2028\u0085"]
    out = tmp_path / "out"
    assert run(command(stub, out, "--arms", "majority", "--limit", "3")) == 0
    whole = rows_of(out)
    with (out / "rows.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"suite": "gsm_pl')
    assert rows_of(out) == whole
    assert run(command(stub, out, "--arms", "majority", "--limit", "6")) == 0
    assert rows_of(out)[:3] == whole
    assert len(rows_of(out)) == 6


def test_wrong_use_is_one_line(stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [right_half_of_the_time]
    out = tmp_path / "out"
    for more in (["--arms", "hevy"], ["--equal", "euros"], ["--members", "0"], ["--limit", "0"]):
        assert run(command(stub, out, *more)) == 2
    assert run(["bench", "gsmplus", "--model", stub.model]) == 2
    assert run(command(stub, out, "--limit", "2", "--arms", "majority")) == 0
    assert run(command(stub, out, "--limit", "2", "--arms", "majority", "--seed", "12")) == 2
    shown = capsys.readouterr().err
    assert "holds another bench (seed 11); name another --out" in shown
    assert "Traceback" not in shown


def test_a_wallet_comes_nearest_to_its_amount() -> None:
    spent = [0.0]
    wallet = Wallet(unit="tokens", amount=1_000, spent=lambda: spent[0])
    for total, more in ((300, True), (600, True), (900, False)):
        spent[0] = total
        assert wallet.worth_another() is more
    # Steps that grow are judged by the last one.
    wallet = Wallet(unit="tokens", amount=1_000, spent=lambda: spent[0])
    for total, more in ((100, True), (400, True), (900, False)):
        spent[0] = total
        assert wallet.worth_another() is more
    assert not Wallet(unit="usd", amount=None, spent=lambda: None).worth_another()


def by(answer: str) -> Behaviour:
    return lambda _body: f"So it is.\nAnswer: {answer}"


async def test_any_task_of_inspect_takes_a_strategy_as_its_solver(stub: Stub) -> None:
    stub.behaviours = [by("B")]
    plain = Task(
        dataset=MemoryDataset([Sample(id="p", input="Which letter comes after A?", target="B")]),
        scorer=match(),
    )
    options = Task(
        dataset=MemoryDataset(
            [Sample(id="o", input="Which is a fruit?", choices=["a stone", "a pear"], target="B")]
        ),
        scorer=choice(),
    )
    for task in (plain, options):
        [log] = await eval_async(
            task, model=f"manyminds/{stub.model}", solver=SolverSpec("manyminds/majority"),
        )  # fmt: skip
        assert log.status == "success", log.error
        assert log.results is not None
        assert log.results.scores[0].metrics["accuracy"].value == 1
        [sample] = (await read_eval_log_async(log.location)).samples or []
        # Inspect's own books hold every request.
        assert sum(u.total_tokens for u in sample.model_usage.values()) == 120 * len(
            [e for e in sample.events if e.event == "model"]
        )
    assert "B) a pear" in str(stub.requests[-1]["messages"])


async def test_inspect_s_own_limit_ends_a_run_with_what_there_is(stub: Stub) -> None:
    stub.behaviours = [by("7")]
    task = Task(dataset=MemoryDataset([Sample(input="3 + 4?", target="7")]), scorer=match())
    [log] = await eval_async(
        task, model=f"manyminds/{stub.model}", solver=SolverSpec("manyminds/self_refine"),
        token_limit=100,
    )  # fmt: skip
    assert log.status == "success"
    assert len(stub.requests) <= 2


def test_the_report_renders_in_a_real_browser(stub: Stub, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("left out: no Chromium here")
    stub.behaviours = [right_half_of_the_time]
    out = tmp_path / "out"
    assert (
        run(command(stub, out, "--arms", "single,majority,best_of_n,oracle", "--limit", "6")) == 0
    )
    for mode in ("light", "dark"):
        picture = tmp_path / f"{mode}.png"
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,1800",
                f"--blink-settings=preferredColorScheme={0 if mode == 'dark' else 1}",
                f"--screenshot={picture}", (out / "report.html").as_uri(),
            ],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        assert picture.stat().st_size > 20_000
    assert (tmp_path / "light.png").read_bytes() != (tmp_path / "dark.png").read_bytes()
