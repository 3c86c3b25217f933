"""`manyminds diagnose` as a person uses it: on runs of theirs, files, folders, and many at once."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.diagnosis.diagnose import diagnosed
from manyminds.diagnosis.modes import MODES
from manyminds.diagnosis.report.lanes import lanes
from tests.diagnosis.seeded import BROKEN, chat_of
from tests.stub import Stub, say

Out = pytest.CaptureFixture[str]
FIELDS = {"code", "step", "member", "evidence", "why", "confidence", "by", "prevents"}


def told(capsys: Out, *words: str) -> dict:
    capsys.readouterr()
    assert run(["diagnose", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(chat_of(BROKEN)))
    return path


def test_a_run_of_ours_is_diagnosed(stub: Stub, own_home: Path, capsys: Out) -> None:
    stub.behaviours = [say("6 * 7 = 42\nAnswer: 42")]
    assert run(["ask", "--model", stub.model, "--strategy", "majority", "--members", "3", "How many pens do 6 boxes of 7 hold?"]) == 0  # fmt: skip
    found = told(capsys)
    assert (found["source"], found["outcome"]) == ("manyminds", "answered")
    assert found["acts"] > 5
    for finding in found["findings"]:
        assert finding.keys() >= FIELDS
    assert run(["diagnose", found["run"]]) == 0
    assert "majority" in found["run"] or found["run"] in capsys.readouterr().out


def test_a_chat_of_others_is_diagnosed(broken: Path, capsys: Out) -> None:
    found = told(capsys, str(broken))
    codes = [finding["code"] for finding in found["findings"]]
    assert "FM-2.2" in codes
    assert found["decisive"]["code"] == "FM-2.2"
    for finding in found["findings"]:
        assert finding["evidence"].strip()
    assert run(["diagnose", str(broken)]) == 0
    shown = capsys.readouterr().out
    assert "▶" in shown
    assert MODES["2.2"].prevents in shown


def test_a_run_is_drawn_as_lanes() -> None:
    drawn = list(lanes(BROKEN, diagnosed(BROKEN)))
    names = list(BROKEN.authors)[:8]
    assert [line.split("  ")[0].strip() for line in drawn[: len(names)]] == names
    signs = "".join(line[max(map(len, names)) :] for line in drawn[: len(names)])
    assert signs.count("▶") == 1
    long = replace(BROKEN, acts=BROKEN.acts * 200)
    assert all(len(line) < 100 for line in lanes(long, diagnosed(long, [])))
    assert list(lanes(replace(BROKEN, acts=BROKEN.acts[:2]), diagnosed(BROKEN, []))) == []


class Page(HTMLParser):
    """What a page asks for, and whether its tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.asks: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.asks += [value for name in ("src", "href") if (value := given.get(name)) and not value.startswith("#")]  # fmt: skip
        self.links += [value[1:] for name, value in attrs if name == "href" and value and value.startswith("#")]  # fmt: skip
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in ("meta", "circle", "line", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("circle", "line"):
            assert self.open.pop() == tag


def test_it_is_written_as_a_page_and_for_ci(broken: Path, tmp_path: Path, capsys: Out) -> None:
    page, sarif = tmp_path / "d.html", tmp_path / "d.sarif"
    assert run(["diagnose", str(broken), "--out", str(page)]) == 0
    assert run(["diagnose", str(broken), "--out", str(sarif)]) == 0
    read = Page(page.read_text())
    assert (read.asks, read.open) == ([], [])
    assert set(read.links) <= set(read.ids)
    assert len(read.ids) == len(set(read.ids))
    log = json.loads(sarif.read_text())
    assert log["version"] == "2.1.0"
    results = log["runs"][0]["results"]
    rules = {rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in results} == rules
    assert "2.2" in rules


def test_what_a_run_says_is_no_markup(tmp_path: Path) -> None:
    path, page = tmp_path / "evil.json", tmp_path / "evil.html"
    nasty = "<script>alert(1)</script> \x1b[31m I assume 640 of them. <img src=x onerror=alert(2)>"
    path.write_text(json.dumps([{"role": "user", "content": nasty}, {"role": "assistant", "name": "<b>x", "content": nasty}]))  # fmt: skip
    assert run(["diagnose", str(path), "--out", str(page)]) == 0
    assert "<script" not in page.read_text()
    assert "<img" not in page.read_text()


def test_many_runs_are_counted(tmp_path: Path, capsys: Out) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.json").write_text(json.dumps(chat_of(BROKEN)))
    found = told(capsys, str(folder), "--fleet")
    assert found["runs"] == 3
    [row] = [row for row in found["codes"] if row["code"] == "2.2"]
    assert (row["runs"], row["share"], row["decisive"]) == (3, 1.0, 3)
    assert len(told(capsys, str(folder))["runs"]) == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.json"], "no file nowhere.json"), (["no-such-run"], "no run"),
        (["last"], "no run"), (["last", "--out", "x.pdf"], ".html"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_one_line(words: list[str], says: str, capsys: Out) -> None:
    assert run(["diagnose", *words]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert len(said.strip().splitlines()) == 1


ASSUMES = "The text leaves out how many were lost; I assume 350 of them.\nAnswer: 42"
QUESTION = "How many pens do 6 boxes hold when some were lost?"


def test_a_repair_is_proposed_made_and_looked_at_again(stub: Stub, own_home: Path, capsys: Out) -> None:  # fmt: skip
    stub.behaviours = [say(ASSUMES)]
    assert run(["ask", "--model", stub.model, "--strategy", "majority", "--members", "2", QUESTION]) == 0  # fmt: skip
    assert run(["diagnose", "--fix"]) == 0
    shown = capsys.readouterr().out
    assert "fix         ask" in shown
    first = told(capsys)
    finding = next(one for one in first["findings"] if one["code"] == "FM-2.2")
    assert "350" in finding["fix"]["hint"]
    stub.behaviours = [say("Answer: cannot be determined")]
    assert run(["diagnose", "--retry", "--json"]) == 0
    came = json.loads(capsys.readouterr().out)
    assert (came["repair"], came["gone"], came["code"]) == ("ask", True, "2.2")
    assert came["before"] != came["after"]
    assert "Do not assume" in json.dumps(stub.requests[-1])
    # The other run stays as it is, and a failure that comes again is told.
    stub.behaviours = [say(ASSUMES)]
    assert run(["diagnose", first["run"], "--retry"]) == 1
    assert "still there" in capsys.readouterr().out


def test_where_nothing_is_to_be_repaired_nothing_is_played(stub: Stub, own_home: Path, capsys: Out) -> None:  # fmt: skip
    stub.behaviours = [say("6 * 7 = 42, checked by counting.\nAnswer: 42")]
    assert run(["ask", "--model", stub.model, "--strategy", "majority", QUESTION]) == 0
    sent = len(stub.requests)
    assert run(["diagnose", "--retry"]) == 2
    assert "no failure" in capsys.readouterr().err
    assert len(stub.requests) == sent


def test_a_model_reads_it_too(stub: Stub, broken: Path, capsys: Out) -> None:
    vote = {
        "why": "it is about pens",
        "there": "yes",
        "entry": 0,
        "quote": BROKEN.acts[0].text[:40],
    }
    stub.behaviours = [say(json.dumps(vote))]
    found = told(capsys, str(broken), "--model", stub.model)
    by = {finding["code"]: finding["by"] for finding in found["findings"]}
    assert by["FM-2.2"] == "rule"
    assert by["FM-2.3"] == stub.model
    capsys.readouterr()
    assert run(["diagnose", str(broken), "--model", stub.model, "--budget", "1k"]) == 0
    assert "unsure of" in capsys.readouterr().err
