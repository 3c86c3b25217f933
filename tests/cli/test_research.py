"""`research`: from a question to a report whose citations stand in stored pages."""

import fcntl
import json
import os
import re
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from manyminds.cli.plans import plan_as_toml, read_plan
from manyminds.cli.research import given
from manyminds.cli.web import WebFlags
from manyminds.core.errors import UsageError
from manyminds.core.values import Part, Plan
from manyminds.tools.web.sources import Sources
from tests.scholar import Scholar
from tests.stub import Stub
from tests.tools.web.site import Site

PUMP = (
    "The filter of the Alpha pump is blue. It has to be washed every 30 days in warm water. "
    "The pump itself weighs 12 kg and was first sold in 1998 by a maker in Ghent. " * 2
)
VALVE = (
    "The valve of the Beta boiler opens at 6 bar. We think it should be checked each year by "
    "somebody who knows it, for it is the best valve of its kind that was ever made anywhere. "
)


def page(title: str, text: str) -> str:
    return f"<title>{title}</title><article><h1>{title}</h1><p>{text}</p><p>{'More. ' * 60}</p></article>"


def finds(site: Site, *paths: str) -> None:
    """Let the search engine find pages, whatever is looked for."""

    async def found(_request: web.Request) -> web.StreamResponse:
        rows = [{"url": site.url(p), "title": p, "content": "a page"} for p in paths]
        return web.json_response({"results": rows})

    class Found(dict):
        def get(self, path: str, other: object = None) -> object:
            return found if path.startswith("/search?") else super().get(path, other)

    site.pages = Found(site.pages)


def command(
    stub: Stub, site: Site, *more: str, question: str = "How often is the filter washed?"
) -> list[str]:
    return [
        "research", "--model", stub.model, "--web-loopback", "--search",
        f"searxng={site.url('')}", "--yes", *more, question,
    ]  # fmt: skip


def knows_pump(_question: str, passages: str) -> tuple[str, list[str]]:
    assert "every 30 days" in passages
    return "every 30 days", [
        "The filter of the Alpha pump has to be washed every 30 days",
        "The pump weighs 15 kg",
    ]


def test_a_report_holds_what_stands_and_marks_what_does_not(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site.pages["/pump"] = page("Alpha pump", PUMP)
    finds(site, "/pump")
    scholar = Scholar(know=knows_pump)
    stub.behaviours = [scholar]
    outs = [tmp_path / "r.html", tmp_path / "r.md", tmp_path / "r.json"]
    flags = [flag for out in outs for flag in ("--out", str(out))]
    assert run(command(stub, site, "--json", *flags)) == 0
    told = json.loads(capsys.readouterr().out)
    answer, report = told["answer"], told["report"]
    assert (told["outcome"], answer["text"]) == ("answered", "every 30 days")
    [statement] = report["sections"][0]["statements"]
    citation = answer["citations"][statement["citations"][0]]
    sources = Sources(Path(told["transcript"]).with_name("sources.sqlite"))
    stored = sources.text_of(citation["source"]) or ""
    assert stored[citation["start"] : citation["end"]] == citation["quote"]
    assert "every 30 days" in citation["quote"]
    assert citation["title"] == "Alpha pump"
    assert citation["read_at"].startswith("20")
    assert [s["text"] for s in report["unsupported"]] == ["The pump weighs 15 kg"]
    html, md = outs[0].read_text(), outs[1].read_text()
    assert re.search(r'<a class="n" href="#c1">1</a>', html)
    assert '<figure id="c1">' in html
    assert site.url("/pump") + "#:~:text=" in html
    assert "<script" not in html
    assert "[[1]](#c1)" in md
    assert json.loads(outs[2].read_text())["report"] == report
    assert scholar.asked[0] == "plan"


def test_the_terminal_shows_answer_passages_and_what_was_not_found(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/pump"] = page("Alpha pump", PUMP)
    site.pages["/robots.txt"] = web.Response(text="User-agent: *\nDisallow: /secret")
    finds(site, "/pump", "/gone", "/secret")
    stub.behaviours = [Scholar(know=knows_pump)]
    assert run(command(stub, site)) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("every 30 days\n")
    assert "[1] Alpha pump: “" in shown
    assert "has no such page (404)" in shown
    assert "robots.txt forbids it" in shown
    assert run(["show", "last"]) == 0
    assert capsys.readouterr().out.startswith("every 30 days\n")


def test_parts_are_worked_side_by_side_and_one_that_dies_costs_only_itself(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/pump"], site.pages["/valve"] = page("Alpha pump", PUMP), page("Beta boiler", VALVE)
    finds(site, "/pump", "/valve")

    def know(question: str, passages: str) -> tuple[str, list[str]]:
        if "valve" in question:
            return "6 bar", ["The valve of the Beta boiler opens at 6 bar"]
        return "x", []

    scholar = Scholar(
        plan=[("When does the valve open?", "valve"), ("Broken part?", "filter")], know=know
    )

    def dies(body: dict[str, object]) -> object:
        if "Broken part?" in str(body["messages"]) and "You lead" not in str(body["messages"]):
            return web.Response(status=400, text="no")
        return scholar(body)  # type: ignore[arg-type]

    stub.behaviours = [dies]  # type: ignore[list-item]
    assert run(command(stub, site, "--rounds", "1", "--json")) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "partial"
    assert "6 bar" in told["answer"]["text"]
    assert any("Broken part?" in line for line in told["missing"])


def test_what_only_stands_near_the_question_is_a_partial_answer(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/pump"] = page("Alpha pump", PUMP)
    finds(site, "/pump")
    said = "It has to be washed every 30 days in warm water"
    stub.behaviours = [Scholar(know=lambda _q, _p: (said, [said]), answers=False)]
    assert run(command(stub, site, "--json")) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["answer"]["confidence"]) == ("partial", None)
    assert told["missing"][0] == "what stands in the sources does not answer the question itself"
    assert told["report"]["sections"]


def test_opinions_are_somebodys(stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.pages["/valve"] = page("Beta boiler", VALVE)
    finds(site, "/valve")
    claim = "It should be checked each year by somebody who knows it"
    stub.behaviours = [Scholar(know=lambda _q, _p: (claim, [claim]))]
    run(command(stub, site))
    assert f"According to 127.0.0.1:{site.port}: {claim}" in capsys.readouterr().out


def test_altered_copies_are_told_and_what_they_have_it_from_is_followed(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/pump"] = page("Alpha pump", PUMP)
    wrong = PUMP.replace("30 days", "90 days") + f"Copied from {site.url('/pump')}, with thanks."
    site.pages["/copy"] = page("Alpha pump", wrong)
    finds(site, "/copy", "/pump")

    def misled(_question: str, _passages: str) -> tuple[str, list[str]]:
        return "every 90 days", ["The filter of the Alpha pump has to be washed every 90 days"]

    stub.behaviours = [Scholar(know=misled)]
    run(command(stub, site, "--json"))
    told = json.loads(capsys.readouterr().out)
    [dispute] = told["report"]["disputes"]
    assert dispute["followed"]
    assert "30 days" in dispute["sides"][0]["text"]
    assert "90 days" in dispute["sides"][1]["text"]
    assert "30 days" in told["answer"]["text"]
    assert [d["answer"] for d in told["answer"]["dissent"]] == ["every 90 days"]
    assert told["report"]["copies"] == [[site.url("/copy"), site.url("/pump")]]


def test_nothing_found_invents_nothing(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    finds(site)
    invented = (
        "every 7 days",
        ["The filter is washed every 7 days, says https://example.com/made-up"],
    )
    stub.behaviours = [Scholar(know=lambda _q, _p: invented)]
    assert run(command(stub, site, "--json")) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["answer"]["text"]) == ("none", None)
    assert told["answer"]["citations"] == []
    assert "nothing could be read" in told["missing"]
    assert any("found nothing" in n["why"] for n in told["report"]["not_found"])


def test_a_plan_is_printed_read_back_and_worked(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site.pages["/pump"] = page("Alpha pump", PUMP)
    finds(site, "/pump")
    scholar = Scholar(know=knows_pump)
    stub.behaviours = [scholar]
    assert run(command(stub, site, "--plan-only")) == 0
    file = tmp_path / "plan.toml"
    file.write_text(capsys.readouterr().out.replace("How often", "How very often", 1))
    assert scholar.asked == ["plan"]
    assert run(command(stub, site, "--plan", str(file), "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["report"]["plan"]["parts"][0]["question"].startswith("How very often")
    assert scholar.asked.count("plan") == 1


def test_only_docs_reads_nothing_else_and_refuses_what_runs_elsewhere(
    stub: Stub, papers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claim = "The filter is blue"
    stub.behaviours = [Scholar(know=lambda _q, _p: ("blue", [claim]))]
    here = ["research", "--only-docs", "--docs", str(papers), "--yes", "--json", "What colour?"]
    assert run([*here, "--model", stub.model]) == 0
    told = json.loads(capsys.readouterr().out)
    started = json.loads(Path(told["transcript"]).read_text().splitlines()[0])["event"]
    assert started["stays_here"] is True
    assert not {"search_web", "read_page"} & set(started["tools"])
    assert run([*here, "--model", "openai:gpt-5-mini"]) == 2
    assert "runs elsewhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--out", "report.pdf"], ".html"), (["--out", "nowhere/r.md"], "no folder"),
        (["--pages", "0"], "1 to 10"), (["--rounds", "9"], "1 to 4"), (["--only-docs"], "--docs FOLDER"),
        (["--plan", "nowhere.toml"], "cannot be read"), (["--site", "10.0.0.1"], "example.com"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line(
    stub: Stub, capsys: pytest.CaptureFixture[str], flags: list[str], word: str
) -> None:
    assert run(["research", "--model", stub.model, "--yes", *flags, "What?"]) == 2
    assert word in capsys.readouterr().err.strip().splitlines()[-1]
    assert stub.requests == []


def test_without_a_terminal_the_plan_needs_a_yes(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["research", "--model", stub.model, "What?"]) == 2
    assert "--yes" in capsys.readouterr().err


def test_plans_are_read_as_they_are_written() -> None:
    part = Part(question='What is "this" \\ that?', query="this that")
    plan = Plan(goal="g", parts=(part,), sites=("a.org",), no_sites=("b.org",), pages=2, rounds=1)
    assert read_plan(plan_as_toml(plan), where="x") == plan


@pytest.mark.parametrize(
    "text",
    [
        "goal = 3",
        "pages = 0",
        "what = 1",
        "[[part]]\nquery = 'x'",
        "not toml",
        "sites = ['10.0.0.1']",
        "[[part]]\nquestion = 'x'\n" * 7,
    ],
)
def test_a_plan_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_plan(text, where="the plan")


def test_a_plan_that_names_no_sites_opens_none(tmp_path: Path) -> None:
    asked = "What does https://docs.example.org/x say?"
    assert given(asked, None, WebFlags(), {}).sites == ("docs.example.org",)
    plan = tmp_path / "plan.toml"
    plan.write_text("sites = []")
    assert given(asked, plan, WebFlags(), {}).sites == ()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_the_plan_is_shown_and_an_interrupt_there_ends_it(stub: Stub, own_home: Path) -> None:
    stub.behaviours = [Scholar()]
    words = [sys.executable, "-m", "manyminds.cli", "research", "--model", stub.model, "How is it?"]
    person, terminal = os.openpty()
    child = subprocess.Popen(
        words, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    try:
        assert child.stderr is not None
        told = b""
        while b"Go on with this plan?" not in told:
            told += os.read(child.stderr.fileno(), 4096)
        assert b"Expected: about 2,600 tokens" in told
        os.write(person, b"\x03")
        assert child.wait(timeout=20) == 130
    finally:
        child.kill()
        child.communicate()
        os.close(person)
        os.close(terminal)


def test_a_hint_reaches_workers_and_now_ends_the_run(
    stub: Stub, site: Site, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/pump"] = page("Alpha pump", PUMP)
    finds(site, "/pump")
    scholar = Scholar(know=knows_pump)
    search = json.dumps({"action": "search_web", "query": "pump washing"})
    seen: list[str] = []

    def slow(body: dict[str, object]) -> str:
        text = str(body["messages"])
        seen.append(text)
        if "claims" in str(body.get("response_format")) and "adds: in litres" not in text:
            run(["steer", "last", "hint", "in litres"])
            time.sleep(0.8)
            return search
        return scholar(body)  # type: ignore[arg-type]

    stub.behaviours = [slow]  # type: ignore[list-item]
    assert run(command(stub, site, "--json")) == 0
    assert any("The person who asks adds: in litres" in text for text in seen)
    assert '"kind":"steered"' in Path(json.loads(capsys.readouterr().out)["transcript"]).read_text()


def test_now_delivers_what_is_there(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "The filter of the Alpha pump has to be washed every 30 days. It is small."
    site.pages["/pump"] = page("Alpha pump", said)
    finds(site, "/pump")
    scholar = Scholar(
        plan=[("How often is the filter washed?", "filter"), ("Who sells it?", "seller")],
        know=knows_pump,
    )

    def now() -> None:
        while "work" not in scholar.asked:
            time.sleep(0.05)
        time.sleep(1)
        run(["steer", "last", "now"])

    def hangs(body: dict[str, object]) -> str | None:
        works = "claims" in str(body.get("response_format"))
        if works and "Who sells it?" in str(body["messages"]):
            threading.Thread(target=now).start()
            return None
        return scholar(body)  # type: ignore[arg-type]

    stub.behaviours = [hangs]  # type: ignore[list-item]
    assert run(command(stub, site, "--json")) == 1
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["stopped_by"], told["outcome"]) == ("answer now", "partial")
    [section] = told["report"]["sections"]
    [statement] = section["statements"]
    assert "every 30 days" in statement["text"]
    assert statement["citations"] == [0]
    assert "Who sells it?: not worked to the end" in told["missing"]


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (["last", "hint", "\udcff"], "no run"),
        (["nowhere", "now"], "nowhere"),
        (["last", "dance"], "no run"),
        (["last", "drop", "x"], "part"),
    ],
)
def test_what_cannot_be_steered_is_told(
    stub: Stub, capsys: pytest.CaptureFixture[str], said: list[str], word: str
) -> None:
    assert run(["steer", *said]) in (1, 2)
    assert word in capsys.readouterr().err
