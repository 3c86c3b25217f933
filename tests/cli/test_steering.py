"""A hand on the wheel: the plan changed in an editor, a hint to a table, a branch dropped, a gap worked."""

import fcntl
import json
import os
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from tests.cli.test_ranking import HEIGHTS, listed
from tests.cli.test_ranking import scholar as of_towers
from tests.cli.test_research import PUMP, VALVE, command, finds, page
from tests.scholar import Scholar
from tests.stub import Stub
from tests.tools.web.site import Site

Body = dict[str, object]


def knows(question: str, passages: str) -> tuple[str, list[str]]:
    """Answer from what is shown: of the filter from the pump's page, of the valve from the boiler's."""
    if "valve" in question and "6 bar" in passages:
        return "6 bar", ["The valve of the Beta boiler opens at 6 bar"]
    if "filter" in question and "every 30 days" in passages:
        return "every 30 days", ["The filter of the Alpha pump has to be washed every 30 days"]
    return "cannot be determined", []


def by_query(site: Site, found: dict[str, str]) -> None:
    """Let a search find a page only where its words hold a certain one."""

    async def search(request: web.Request) -> web.StreamResponse:
        query = request.query.get("q", "")
        rows = [
            {"url": site.url(path), "title": path, "content": "a page"}
            for word, path in found.items() if word in query
        ]  # fmt: skip
        return web.json_response({"results": rows})

    class Found(dict[str, object]):
        def get(self, path: str, other: object = None) -> object:
            return search if path.startswith("/search?") else super().get(path, other)

    site.pages = Found(site.pages)  # type: ignore[assignment]


def test_a_hint_is_heard_by_all_who_make_a_table(
    stub: Stub, site: Site, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/towers"] = listed(HEIGHTS)
    model, heard = of_towers(), []

    def told(body: Body) -> str:
        text = str(body["messages"])
        heard.append("adds: only those of stone" in text)
        if "wanted: each item is" in text and not any(heard):
            run(["steer", "last", "hint", "only those of stone"])
            time.sleep(0.8)
        return model(body)

    stub.behaviours = [told]  # type: ignore[list-item]
    asked = f"all towers of {site.url('/towers')} and their height"
    assert run(["wide", "--model", stub.model, "--web-loopback", "--yes", "--json", asked]) == 0
    assert heard[:2] == [False, False]
    assert heard[2:]
    assert all(heard[2:])
    assert len(json.loads(capsys.readouterr().out)["report"]["table"]["rows"]) == 12


def test_a_table_has_no_part_to_drop_and_is_delivered_as_it_stands(
    stub: Stub, site: Site, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/towers"] = listed(dict.fromkeys(HEIGHTS, "very"))
    model, said = of_towers(), []

    def steered(body: Body) -> str:
        text = str(body["messages"])
        if "each item is" not in text and "rows" in str(body.get("response_format")) and not said:
            said.append(run(["steer", "last", "drop", "1"]))
            said.append(run(["steer", "last", "now"]))
            time.sleep(0.8)
        return model(body)

    stub.behaviours = [steered]  # type: ignore[list-item]
    asked = f"all towers of {site.url('/towers')} and their height"
    assert run(["wide", "--model", stub.model, "--web-loopback", "--yes", "--json", asked]) == 1
    printed = capsys.readouterr()
    assert said == [2, 0]
    assert "has no parts to drop" in printed.err
    told = json.loads(printed.out.splitlines()[-1])
    assert (told["stopped_by"], told["outcome"]) == ("answer now", "partial")
    assert len(told["report"]["table"]["rows"]) == 12


def test_a_dropped_branch_ends_and_the_others_are_delivered(
    stub: Stub, site: Site, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/pump"], site.pages["/valve"] = page("Alpha pump", PUMP), page("Beta boiler", VALVE)
    finds(site, "/pump", "/valve")
    scholar = Scholar(
        plan=[("When does the valve open?", "valve"), ("How often is the filter washed?", "filter")],
        know=knows,
    )  # fmt: skip
    search = json.dumps({"action": "search_web", "query": "filter washing"})
    asked: list[str] = []

    def dropping(body: Body) -> str:
        text = str(body["messages"])
        if "claims" in str(body.get("response_format")) and "filter washed?" in text:
            asked.append(text)
            if len(asked) == 1:
                run(["steer", "last", "drop", "2"])
                time.sleep(0.8)
            return search
        return scholar(body)

    stub.behaviours = [dropping]  # type: ignore[list-item]
    assert run(command(stub, site, "--rounds", "1", "--json")) == 1
    told = json.loads(capsys.readouterr().out)
    assert len(asked) <= 2
    assert told["outcome"] == "partial"
    assert "6 bar" in told["answer"]["text"]
    assert [line for line in told["missing"] if line.startswith("How often is the filter washed?")]


def test_a_gap_is_seen_searched_with_other_words_and_closed(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/pump"], site.pages["/valve"] = page("Alpha pump", PUMP), page("Beta boiler", VALVE)
    by_query(site, {"filter": "/pump", "boiler pressure": "/valve"})
    plan = [("How often is the filter washed?", "filter"), ("When does the valve open?", "x")]
    scholar = Scholar(
        plan=plan, know=knows, gaps=[[("When does the Beta valve open?", "boiler pressure")]]
    )
    stub.behaviours = [scholar]
    assert run(command(stub, site, "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert scholar.asked.count("gaps") == 1
    stated = [s["text"] for part in told["report"]["sections"] for s in part["statements"]]
    assert any("6 bar" in text for text in stated)
    assert any("every 30 days" in text for text in stated)
    assert "boiler pressure" in "".join(site.asked).replace("+", " ").replace("%20", " ")


@pytest.mark.parametrize(
    ("flags", "gaps", "rounds"),
    [
        (["--rounds", "1"], [[("When does it open?", "boiler pressure")]], 0), ([], [], 1),
        (["--rounds", "3"], [[("What of A?", "a")], [("What of B?", "b")], [("What of C?", "c")]], 2),
        ([], [[("When does the valve open?", "again")]], 1),
    ],
    ids=["none-allowed", "none-seen", "as-many-as-allowed", "the-same-again"],
)  # fmt: skip
def test_gaps_are_worked_as_often_as_the_plan_allows(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], flags: list[str],
    gaps: list[list[tuple[str, str]]], rounds: int,
) -> None:  # fmt: skip
    site.pages["/pump"] = page("Alpha pump", PUMP)
    by_query(site, {"filter": "/pump"})
    plan = [("How often is the filter washed?", "filter"), ("When does the valve open?", "x")]
    scholar = Scholar(plan=plan, know=knows, gaps=[*gaps])
    stub.behaviours = [scholar]
    assert run(command(stub, site, *flags, "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert scholar.asked.count("gaps") == rounds
    assert any("When does the valve open?: no source" in line for line in told["missing"])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_a_plan_is_changed_in_the_editor_and_worked_as_changed(
    stub: Stub, site: Site, own_home: Path, tmp_path: Path
) -> None:
    site.pages["/pump"], site.pages["/valve"] = page("Alpha pump", PUMP), page("Beta boiler", VALVE)
    finds(site, "/pump", "/valve")
    stub.behaviours = [Scholar(know=knows)]
    editor = tmp_path / "editor"
    editor.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\np = pathlib.Path(sys.argv[1])\n"
        "t = p.read_text()\n"
        "bad = pathlib.Path(__file__).with_name('once')\n"
        "if not bad.exists():\n    bad.touch()\n    p.write_text('what = 1')\n    sys.exit()\n"
        "p.write_text(t.replace('How often is the filter washed?', 'When does the valve open?'))\n"
    )
    editor.chmod(0o755)
    words = [flag for flag in command(stub, site, "--json") if flag != "--yes"]
    person, terminal = os.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "manyminds.cli", *words], stdin=terminal, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True, env=os.environ | {"VISUAL": str(editor)},
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    assert child.stderr is not None
    assert child.stdout is not None
    told = b""

    def until(words: bytes, times: int) -> None:
        nonlocal told
        while told.count(words) < times:
            more = os.read(child.stderr.fileno(), 4096)  # type: ignore[union-attr]
            assert more, told
            told += more

    try:
        until(b"Go on with this plan?", 1)
        os.write(person, b"e\n")  # what it writes is no plan: told, and asked again
        until(b"Go on with this plan?", 2)
        assert b"a plan has no 'what'" in told
        os.write(person, b"e\n")
        until(b"Go on with this plan?", 3)
        os.write(person, b"\n")
        out, _ = child.communicate(timeout=60)
    finally:
        child.kill()
        os.close(person)
        os.close(terminal)
    found = json.loads(out)
    [part] = found["report"]["plan"]["parts"]
    assert part["question"] == "When does the valve open?"
    assert found["answer"]["text"] == "6 bar"
    lines = Path(found["transcript"]).read_text().splitlines()
    [planned] = [e for line in lines if (e := json.loads(line)["event"])["kind"] == "planned"]
    assert planned["changed"] is True
