"""Three roles: who asks, who reads the person, who acts. No one of them can do another's work."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.recommend.memory.home import PREFERENCES, PROFILE
from tests.recommend.wizard import Wizard
from tests.stub import Stub, say

CANARY = "zanzibar-7391"
ROOT = Path(__file__).parents[2]


def test_who_acts_cannot_read_and_who_reads_cannot_act() -> None:
    found = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert "Who acts does not read the person KEPT" in found.stdout
    assert "Who reads the person does not act KEPT" in found.stdout


def test_nothing_of_the_person_reaches_who_looks_for_a_way_and_who_reads_them_has_no_tools(
    stub: Stub, tmp_path: Path, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    me = own_home / "me"
    (tmp_path / "notes.md").write_text(f"I love {CANARY} pottery courses.\n", "utf-8")
    assert run(["me", "add", str(tmp_path / "notes.md")]) == 0
    for file in ("preferences", "profile"):
        assert run(["memory", "add", f"hobby: {CANARY}", "--to", file]) == 0
    assert CANARY in (me / PREFERENCES).read_text("utf-8")
    assert CANARY in (me / PROFILE).read_text("utf-8")
    capsys.readouterr()

    told = {"state": "go", "correction": False, "correction_text": ""}
    steps = ('press "Begin"', 'fill "Subject" with "Pottery"', "fill the rest in as you think")
    stub.behaviours = [
        *(say(json.dumps(told | {"next_step": step})) for step in steps),
        say('{"steps": [{"do": "press", "element": "Next", "value": ""}]}'),
        say(json.dumps(told | {"state": "over", "next_step": "enough"})),
    ]
    with Wizard() as wizard:
        plan = tmp_path / "plan.json"
        command = ["way", "Enrol me in pottery", "--site", wizard.origin, "--model", stub.model]
        assert run([*command, "--with", "name=Ann", "--out", str(plan), "--json"]) == 1
    assert len(stub.requests) == 5
    assert CANARY not in json.dumps(stub.requests)
    assert CANARY not in capsys.readouterr().out

    stub.requests.clear()
    stub.behaviours = [say('{"answer": "pottery", "sentence": 1}')]
    run(["me", "ask", "What does he love?", "--model", stub.model])
    assert CANARY in json.dumps(stub.requests)  # who reads them does
    assert all(not request.get("tools") for request in stub.requests)
