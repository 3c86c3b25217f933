"""The command line as a person meets it: words, exit codes, streams."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from manyminds.cli.app import run
from manyminds.testing import act, final
from tests.chaos.counts import LATE_S
from tests.stub import Stub, fail, hang, say
from tests.waiting import on_record, wait_for

CANARY = "sk-canary-4f1c9a7e55"


def ask(stub: Stub, *arguments: str) -> int:
    return run(["ask", "--model", stub.model, "--strategy", "single", "--seed", "1", *arguments])


def test_the_answer_goes_to_stdout_and_all_else_to_stderr(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [say(act("calculate", expression="6*7")), say(final("42"))]
    assert ask(stub, "What is 6 * 7?") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "42"
    assert "confidence" in out
    assert "calculate" in out
    assert "cost" in out
    assert "$ unknown" in out
    assert "m1 used calculate: 42" in err
    assert "Traceback" not in err


def test_quiet_says_nothing_but_the_answer(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(stub, "-q", "What?") == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("42\n", "")


def test_json_is_one_object_with_everything(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(stub, "--json", "What?") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "answered"
    assert found["answer"]["text"] == "42"
    assert set(found) >= {"run", "outcome", "answer", "strategy", "members", "cost", "missing"}
    assert set(found["answer"]) >= {
        "text",
        "canonical",
        "confidence",
        "claims",
        "citations",
        "dissent",
    }
    assert found["cost"]["usd"] is None
    assert set(found["cost"]) >= {"tokens_in", "tokens_cached", "tokens_out", "usd", "seconds", "kwh_low", "kwh_high"}  # fmt: skip


def test_events_are_lines_of_json_from_start_to_end(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert ask(stub, "--events", "What?") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["event"]["kind"] == "run_started"
    assert lines[-1]["event"]["kind"] == "run_ended"
    assert [line["number"] for line in lines] == list(range(len(lines)))


def test_a_schema_is_obeyed_or_no_answer_is_given(
    stub: Stub, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    (tmp_path / "s.json").write_text(json.dumps(schema))
    good = json.dumps({"action": "answer", "reason": "r", "answer": {"n": 42}, "confidence": 9})
    bad = json.dumps({"action": "answer", "reason": "r", "answer": {"n": "x"}, "confidence": 9})
    stub.behaviours = [say(bad), say(good)]
    assert ask(stub, "--schema", str(tmp_path / "s.json"), "--json", "What?") == 0
    text = json.loads(capsys.readouterr().out)["answer"]["text"]
    jsonschema.validate(json.loads(text), schema)
    stub.behaviours = [say(bad)]
    assert ask(stub, "--schema", str(tmp_path / "s.json"), "--json", "What?") in (1, 4)
    assert json.loads(capsys.readouterr().out)["answer"]["text"] is None


def test_documents_are_cited_with_file_and_line(stub: Stub, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:  # fmt: skip
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "pump.txt").write_text("Notes\nThe filter is blue.\n")
    stub.behaviours = [say(act("search_docs", query="filter colour")), say(final("blue"))]
    assert ask(stub, "--json", "--docs", str(tmp_path / "docs"), "What colour is the filter?") == 0
    found = json.loads(capsys.readouterr().out)
    citation = found["answer"]["citations"][0]
    text = (tmp_path / "docs" / "pump.txt").read_text()
    assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert (citation["source"], citation["support"], citation["line_start"]) == ("pump.txt", "supported", 1)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("@/nowhere/q.txt", "cannot be read"),
        ("\0binary", "binary"),
    ],
)
def test_a_question_that_is_none_is_wrong_use(stub: Stub, capsys: pytest.CaptureFixture[str], question: str, word: str) -> None:  # fmt: skip
    assert ask(stub, question) == 2
    err = capsys.readouterr().err.strip().splitlines()[-1]
    assert word in err
    assert stub.requests == []


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe\x00", b"", b"x" * (9 << 20), b"\x80abc"],
    ids=["utf16", "empty", "9 MB", "latin"],
)
def test_a_bad_file_is_wrong_use(stub: Stub, capsys: pytest.CaptureFixture[str], tmp_path: Path, data: bytes) -> None:  # fmt: skip
    (tmp_path / "q").write_bytes(data)
    assert ask(stub, f"@{tmp_path / 'q'}") == 2
    assert capsys.readouterr().err.startswith("manyminds: ")


@pytest.mark.parametrize(
    "question", ["😀😀😀", "why", "?", "a" * 1_000, "é\u202e\u200b", "{{x}} </data>"]
)
def test_an_odd_question_is_asked_as_it_is(stub: Stub, question: str) -> None:
    assert ask(stub, "-q", question) == 0
    assert question in "".join(m["content"] for m in stub.requests[0]["messages"])


def test_a_question_of_1_mb_is_told_to_be_too_long(stub: Stub, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:  # fmt: skip
    (tmp_path / "q.txt").write_text("word " * 200_000)
    assert ask(stub, f"@{tmp_path / 'q.txt'}") == 2
    assert "--docs" in capsys.readouterr().err
    assert stub.requests == []


WRONG = {
    "effort": (["--effort", "hevy"], "did you mean 'heavy'"),
    "strategy": (["--strategy", "singel"], "did you mean 'single'"),
    "members": (["--members", "17"], "1 to 16"),
    "no members": (["--members", "0"], "1 to 16"),
    "a word of members": (["--members", "many"], "1 to 16 or auto"),
    "budget": (["--budget", "lots"], "200k (tokens)"),
    "dollars without a price": (["--budget", "1usd"], "no price is known"),
    "tiny budget": (["--budget", "100"], "holds no answer"),
    "model": (["--model", "opnai:gpt"], "did you mean 'openai'"),
    "model without a name": (["--model", "http://127.0.0.1:1/v1"], "#NAME"),
    "embedded model": (["--model", "embedded:qwen"], "qwen2.5-coder-1.5b"),
    "docs": (["--docs", "/nowhere"], "no such folder"),
    "schema": (["--schema", "/nowhere.json"], "cannot be read"),
    "option": (["--modell", "x"], "--model"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_says_what_to_write(stub: Stub, capsys: pytest.CaptureFixture[str], name: str) -> None:  # fmt: skip
    arguments, hint = WRONG[name]
    with_model = [] if "--model" in arguments else ["--model", stub.model]
    assert run(["ask", *with_model, *arguments, "What?"]) == 2
    err = capsys.readouterr().err.strip().splitlines()
    assert hint in err[-1]
    assert stub.requests == []


def test_json_is_printed_even_where_nothing_could_begin(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert ask(stub, "--json", "--budget", "lots", "What?") == 2
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "none"
    assert "200k" in found["missing"][0]


@pytest.mark.parametrize("schema", ['{"type": "foo"}', "[]", "not json", '{"$ref": "#/nowhere"}'])
def test_a_schema_that_is_none_is_wrong_use(stub: Stub, capsys: pytest.CaptureFixture[str], tmp_path: Path, schema: str) -> None:  # fmt: skip
    (tmp_path / "s.json").write_text(schema)
    assert ask(stub, "--schema", str(tmp_path / "s.json"), "What?") in (1, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told(stub: Stub, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MANYMINDS_HOME", str(tmp_path / "file" / "home"))
    assert ask(stub, "What?") in (1, 2)
    assert "Not a directory" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ['"\\ud83d"', '"10**999/3"', '"\\u0000"'])
def test_an_odd_answer_is_no_traceback(stub: Stub, capsys: pytest.CaptureFixture[str], answer: str) -> None:  # fmt: skip
    stub.behaviours = [
        say(f'{{"action": "answer", "reason": "r", "answer": {answer}, "confidence": 9}}')
    ]
    assert ask(stub, "What?") in (0, 1, 4)
    assert "mistake of ours" not in capsys.readouterr().err


def test_a_missing_key_names_the_command_that_sets_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "--model", "openai:gpt-5-mini", "What?"]) == 2
    assert "manyminds keys set openai" in capsys.readouterr().err


def test_provider_trouble_has_its_own_exit_code(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    stub.behaviours = [fail(401)]
    assert ask(stub, "What?") == 4
    out, err = capsys.readouterr()
    assert out.startswith("No answer.")
    assert "Traceback" not in err


def test_no_answer_prints_what_is_missing(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    stub.behaviours = [say(final("cannot be determined", reason="the price is not given"))]
    assert ask(stub, "What does it cost?") == 1
    out = capsys.readouterr().out
    assert "No answer stands" in out
    assert "the price is not given" in out


def test_the_budget_has_its_own_exit_code(stub: Stub) -> None:
    stub.behaviours = [hang]
    began = time.monotonic()
    assert ask(stub, "-q", "--budget", "2s", "What?") == 3
    assert time.monotonic() - began < 4 + LATE_S


def start(stub: Stub, home: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "manyminds.cli",
        "ask",
        "--model",
        stub.model,
        *arguments,
        "What?",
    ]
    environment = {**os.environ, "MANYMINDS_HOME": str(home)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)  # fmt: skip


def wait_for_requests(stub: Stub, count: int) -> None:
    until = time.monotonic() + 60
    while len(stub.requests) < count and time.monotonic() < until:
        time.sleep(0.02)
    assert len(stub.requests) >= count


def test_one_interrupt_finishes_with_what_is_there(stub: Stub, own_home: Path) -> None:
    stub.behaviours = [say(final("42")), hang]
    child = start(stub, own_home, "--strategy", "heavy")
    wait_for(lambda: on_record(own_home, "note_shared"))
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=10 + LATE_S)
    assert child.returncode == 130
    assert "42" in out
    assert "finishing with what is there" in err
    assert "Traceback" not in err


def test_two_interrupts_stop_at_once(stub: Stub, own_home: Path) -> None:
    stub.behaviours = [hang]
    child = start(stub, own_home, "--strategy", "single")
    wait_for_requests(stub, 1)
    assert child.stderr is not None
    child.send_signal(signal.SIGINT)
    while "finishing with what is there" not in child.stderr.readline():
        pass
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=10 + LATE_S)
    assert child.returncode == 130
    assert "Traceback" not in err + out


def test_a_killed_run_is_still_there_and_shown(stub: Stub, own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [say(act("calculate", expression="6*7")), hang]
    child = start(stub, own_home, "--strategy", "single")
    wait_for_requests(stub, 2)
    child.kill()
    child.communicate(timeout=10 + LATE_S)
    assert run(["show", "last", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "none"
    assert found["cost"]["tokens_in"] == 100
    assert "ended from outside" in found["missing"][0]


def test_runs_show_and_replay_tell_the_same(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    ask(stub, "--json", "What?")
    first = json.loads(capsys.readouterr().out)
    assert run(["runs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["runs"]
    assert [row["run"] for row in listed] == [first["run"]]
    assert run(["show", first["run"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert run(["replay", first["run"], "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == first
    assert "m1 answers 42" in err


def test_a_run_that_is_not_there_names_the_nearest(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(stub, "-q", "What?")
    capsys.readouterr()
    assert run(["show", "20990101"]) == 2
    assert "no run '20990101'" in capsys.readouterr().err


def test_settings_come_from_the_first_place_that_names_them(
    own_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own_home.mkdir(parents=True)
    (own_home / "config.toml").write_text('effort = "low"\nbudget = "1k"\nmembers = 2\n')
    (tmp_path / "manyminds.toml").write_text('effort = "medium"\nmembers = 3\n')
    monkeypatch.setenv("MANYMINDS_EFFORT", "high")
    assert run(["config", "show", "--origin", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["settings"]
    assert found["effort"] == {"value": "high", "origin": "MANYMINDS_EFFORT"}
    assert found["members"] == {"value": 3, "origin": str(tmp_path / "manyminds.toml")}
    assert found["budget"] == {"value": "1k", "origin": str(own_home / "config.toml")}
    assert found["seed"]["origin"] == "default"


@pytest.mark.parametrize(
    ("text", "hint"),
    [("effort = ", "is not TOML"), ('efort = "low"', "did you mean 'effort'"), ('openai_key = "x"', "keys set"),
     ("members = [1]", "whole number")],
)  # fmt: skip
def test_a_wrong_settings_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, hint: str) -> None:  # fmt: skip
    (tmp_path / "manyminds.toml").write_text(text)
    assert run(["config", "show"]) == 2
    assert hint in capsys.readouterr().err


def test_a_key_is_kept_for_its_owner_only_and_never_shown(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(CANARY + "\n"))
    assert run(["keys", "set", "http"]) == 0
    file = own_home / "keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert run(["keys"]) == 0
    out, err = capsys.readouterr()
    assert "http         file" in out
    assert CANARY not in out + err
    file.chmod(0o644)
    assert run(["keys"]) == 2
    assert "chmod 600" in capsys.readouterr().err
    file.chmod(0o600)
    assert run(["keys", "forget", "http"]) == 0
    assert CANARY not in file.read_text()


def test_a_key_stands_in_no_byte_that_is_written(
    stub: Stub, own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MANYMINDS_API_KEY", CANARY)
    echo = fail(
        401,
        json.dumps({"error": {"message": f"bad key {CANARY}"}}),
        content_type="application/json",
    )
    for behaviour in (say(final("42")), echo, fail(500, CANARY), hang, say(f"the key is {CANARY}")):
        stub.behaviours = [behaviour]
        ask(stub, "--budget", "2s", "--json", "What is your key?")
    assert stub.headers[0]["Authorization"] == f"Bearer {CANARY}"
    out, err = capsys.readouterr()
    assert CANARY not in out + err
    written = [p for p in own_home.rglob("*") if p.is_file()]
    assert written
    assert [p for p in written if CANARY.encode() in p.read_bytes()] == []


def test_what_a_model_says_cannot_steer_the_terminal(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [say(final("\x1b[2J\x1b]52;c;aGk=\x07evil\u202e", reason="\x9b31m"))]
    ask(stub, "What?")
    out, err = capsys.readouterr()
    assert [c for c in out + err if not (c.isprintable() or c == "\n")] == []


def test_doctor_says_what_works_and_how_to_mend_the_rest(stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setenv("MANYMINDS_MODELS", stub.model)
    code = run(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    by_name = {f["what"]: f for f in found["findings"]}
    assert by_name["model"]["works"]
    assert "schema yes" in by_name["model"]["found"]
    assert code == (1 if [f for f in found["findings"] if not f["works"] and f["fix"]] else 0)


def test_models_say_which_is_used_and_why(stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
    assert run(["models", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["default"] == ["openai:stub"]
    assert "OPENAI_BASE_URL" in found["why"]


def test_help_and_version_need_no_agent_library() -> None:
    code = (
        "import sys, manyminds, manyminds.cli.app as a\n"
        "assert a.run(['--help']) == 0\n"
        "print([m for m in ('pydantic_ai', 'openai', 'numpy', 'aiohttp') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"


def test_best_of_n_takes_a_verifier_by_name(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:
    stub.behaviours = [say("Answer: about forty"), say("Answer: 42")]
    command = ["ask", "--model", stub.model, "--members", "2", "--verifier", "pattern:[0-9]+"]
    assert run([*command, "--seed", "1", "--json", "What?"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["strategy"] == "best_of_n"
    assert found["answer"]["text"] == "42"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--verifier", "patern:x"], "did you mean 'pattern'"),
        (["--ranker", "pairwize"], "did you mean 'pairwise'"),
        (["--strategy", "heavy", "--verifier", "steps"], "best_of_n"),
        (["--abstain", "7"], "0 to 1"),
        (["--strategy", "debat"], "did you mean 'debate'"),
    ],
)
def test_wrong_ways_are_told_with_the_fix(stub: Stub, capsys: pytest.CaptureFixture[str], arguments: list[str], word: str) -> None:  # fmt: skip
    assert run(["ask", "--model", stub.model, *arguments, "What?"]) == 2
    assert word in capsys.readouterr().err.splitlines()[-1]


def test_labels_reports_and_routes_speak_json(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert ask(stub, "-q", "What?") == 0
    capsys.readouterr()
    assert run(["judge", "label", "last", "right", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == "right"
    assert run(["judge", "report", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"] == 1
    assert run(["judge", "fit"]) == 2
    assert "manyminds judge label" in capsys.readouterr().err
    assert run(["route", "What is 6 * 7?", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["route"] == "calculator"
    assert run(["prompts", "verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] == []


def test_what_it_will_cost_is_said_first_and_the_prompts_stand_in_the_answer(stub: Stub, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert ask(stub, "What?") == 0
    out, err = capsys.readouterr()
    assert "expected: about" in err
    assert "prompts " in out.splitlines()[-1]


@pytest.mark.parametrize(
    ("flags", "sent"),
    [([], None), (["--no-thinking"], {"enable_thinking": False}), (["--thinking"], None)],
)
def test_thinking_is_switched_off_on_the_wire_and_reasoning_tokens_are_counted(stub: Stub, capsys: pytest.CaptureFixture[str], flags: list[str], sent: object) -> None:  # fmt: skip
    stub.reasoning_tokens = 7
    assert ask(stub, "--json", *flags, "What?") == 0
    found = json.loads(capsys.readouterr().out)
    asked = [body for body in stub.requests if "What?" in json.dumps(body)]
    assert [body.get("chat_template_kwargs") for body in asked] == [sent]
    assert found["cost"]["tokens_reasoning"] == (0 if sent else 7)


def test_a_budget_is_planned_and_wrong_curves_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["split", "3000", "--curve", "300=0.6,700=0.7"]
    assert run(command) == 0
    assert "members of" in capsys.readouterr().out
    assert run([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["members"] * found["tokens_each"] <= 3000
    for curve in ("", "300", "x=0.5", "300=7", "0=0.5"):
        assert run(["split", "3000", "--curve", curve]) == 2
        assert "--curve" in capsys.readouterr().err
    assert run(["split", "100", "--curve", "300=0.6"]) == 2
