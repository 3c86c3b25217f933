"""A prompt is mended on examples, and kept only where others that it never met agree."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.core.errors import UsageError
from manyminds.evals.improve import BLANK, read_examples
from tests.stub import Body, Stub, fail

YOURS = "Give the day."
GOOD = f"Write the day as YYYY-MM-DD and nothing else.\n\n{BLANK}"
COUNT = 24


def examples(folder: Path, count: int = COUNT) -> Path:
    path = folder / "days.jsonl"
    rows = [
        {"question": f"May {n}, 2024", "answer": f"2024-05-{n:02}"} for n in range(1, count + 1)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


def asked(body: Body) -> str:
    return str(body["messages"][-1]["content"])


def model(new: Callable[[str], str]) -> Callable[[Body], str]:
    """Answer in the wrong form unless the prompt names the form; write prompts as `new` does."""

    def reply(body: Body) -> str:
        text = asked(body)
        if "You mend prompts" in text:
            return json.dumps({"why": "it names no form", "prompt": new(text)})
        number = next(n for n in range(COUNT, 0, -1) if f"May {n}, 2024" in text)
        known = "YYYY-MM-DD" in text or f"[{number}]" in text
        return f"2024-05-{number:02}" if known else "some day in spring"

    return reply


def improve(stub: Stub, folder: Path, *more: str, capsys: pytest.CaptureFixture[str]) -> dict:
    (folder / "day.md").write_text(YOURS, "utf-8")
    command = ["prompts", "improve", str(folder / "day.md"), "--examples", str(examples(folder))]
    code = run([*command, "--model", stub.model, "--json", *more])
    told = json.loads(capsys.readouterr().out)
    assert code == (0 if told["kept"] else 1)
    assert (folder / "day.md").read_text("utf-8") == YOURS
    return told


def test_a_better_prompt_is_kept_beside_yours(stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [model(lambda _text: GOOD)]
    told = improve(stub, tmp_path, capsys=capsys)
    assert (told["before"], told["after"], told["held_out"]) == (0, 12, 12)
    assert (told["fixed"], told["broken"]) == (12, 0)
    assert told["p"] < 0.05
    assert (tmp_path / "day.better.md").read_text("utf-8").strip() == GOOD
    # It was found at once: no second prompt is paid.
    assert len(told["tried"]) == 2
    assert len(stub.requests) == 12 + 1 + 12 + 12 + 12


def test_who_writes_the_new_prompt_sees_nothing_of_the_other_half(stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [model(lambda _text: GOOD)]
    improve(stub, tmp_path, capsys=capsys)
    texts = [asked(body) for body in stub.requests]
    place = next(i for i, text in enumerate(texts) if "You mend prompts" in text)
    looked_at = {
        n for n in range(1, COUNT + 1) if any(f"May {n}, 2024" in t for t in texts[:place])
    }
    named = {n for n in range(1, COUNT + 1) if f"May {n}, 2024" in texts[place]}
    assert len(looked_at) == 12
    assert named
    assert named <= looked_at


def test_what_only_learned_examples_by_heart_is_not_kept(stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    def by_heart(text: str) -> str:
        named = [n for n in range(1, COUNT + 1) if f"May {n}, 2024" in text]
        return f"Know {''.join(f'[{n}]' for n in named)}. {BLANK}"

    stub.behaviours = [model(by_heart)]
    told = improve(stub, tmp_path, "--rounds", "1", capsys=capsys)
    assert told["tried"][1]["right"] > told["tried"][0]["right"]
    assert (told["before"], told["after"]) == (0, 0)
    assert not (tmp_path / "day.better.md").exists()


@pytest.mark.parametrize("new", ["Write YYYY-MM-DD.", "", f"{YOURS}\n\n{BLANK}"])
def test_what_asks_no_question_or_is_yours_is_no_new_prompt(stub: Stub, tmp_path: Path, new: str, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [model(lambda _text: new)]
    told = improve(stub, tmp_path, capsys=capsys)
    assert (len(told["tried"]), told["before"]) == (1, None)


@pytest.mark.parametrize(("yours", "new", "why"), [
    (YOURS, "", "none came that asks the question"), (YOURS, f"Say it. {BLANK}", "no new one does better"),
    (GOOD, "", "nothing wrong to learn from"),
])  # fmt: skip
def test_why_nothing_is_kept_is_said(stub: Stub, tmp_path: Path, yours: str, new: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    (tmp_path / "day.md").write_text(yours, "utf-8")
    stub.behaviours = [model(lambda _text: new)]
    command = ["prompts", "improve", str(tmp_path / "day.md"), "--model", stub.model]
    assert run([*command, "--examples", str(examples(tmp_path))]) == 1
    assert f"Not kept: {'yours has ' if yours == GOOD else ''}{why}." in capsys.readouterr().out


def test_a_failing_model_is_no_wrong_answer(stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    (tmp_path / "day.md").write_text(YOURS, "utf-8")
    stub.behaviours = [fail(400, "no such thing")]
    command = ["prompts", "improve", str(tmp_path / "day.md"), "--model", stub.model]
    assert run([*command, "--examples", str(examples(tmp_path))]) not in (0, 1)
    assert "not all examples could be asked" in capsys.readouterr().err
    assert not (tmp_path / "day.better.md").exists()


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ('{"question": "a"}', "a line is"),
        ("[1]", "a line is"),
        (
            '{"question": "a", "answer": "1"}\n{"question": "a", "answer": "2"}',
            "two answers to 'a'",
        ),
    ],
)
def test_examples_that_are_none_are_refused(tmp_path: Path, lines: str, why: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(lines, "utf-8")
    with pytest.raises(UsageError, match=why):
        read_examples(path)


@pytest.mark.parametrize(
    "line", ['{"question": "a", "answer": null}', '{"question": "", "answer": "b"}', '{"question": "a", "answer": []}']
)  # fmt: skip
def test_an_empty_cell_is_no_answer(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line, "utf-8")
    with pytest.raises(UsageError, match="one is empty"):
        read_examples(path)


CLASSES = {"happy": "It works.", "unhappy": "It broke."}


def moods(folder: Path) -> Path:
    path = folder / "moods.jsonl"
    rows = [
        {"question": f"{n}: {text}", "answer": word}
        for n in range(12)
        for word, text in CLASSES.items()
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


def test_an_answer_that_names_them_all_chooses_none(stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    def reply(body: Body) -> str:
        text = asked(body)
        if "You mend prompts" in text:
            return json.dumps({"why": "", "prompt": f"Name both. {BLANK}"})
        right = "unhappy" if "broke" in text else "happy"
        other = "happy" if right == "unhappy" else "unhappy"
        return "happy or unhappy" if "Name both" in text else f"It is not {other}, nor {right}"

    (tmp_path / "m.md").write_text("Which?", "utf-8")
    stub.behaviours = [reply]
    command = ["prompts", "improve", str(tmp_path / "m.md"), "--model", stub.model, "--json"]
    assert run([*command, "--examples", str(moods(tmp_path))]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {one["right"] for one in told["tried"]} == {0}


def test_nothing_of_yours_is_written_over(stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    (tmp_path / "day.md").write_text(YOURS, "utf-8")
    command = ["prompts", "improve", str(tmp_path / "day.md"), "--model", stub.model]
    command += ["--examples", str(examples(tmp_path)), "--out"]
    for place, why in (("day.md", "is there already"), ("none/x.md", "no such folder")):
        assert run([*command, str(tmp_path / place)]) == 2
        assert why in capsys.readouterr().err
    assert stub.requests == []


def test_a_budget_that_ends_is_no_wrong_answer(stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    (tmp_path / "day.md").write_text(YOURS, "utf-8")
    stub.behaviours = [model(lambda _text: GOOD)]
    command = ["prompts", "improve", str(tmp_path / "day.md"), "--model", stub.model]
    assert run([*command, "--examples", str(examples(tmp_path)), "--budget", "1k"]) == 2
    assert "a larger --budget" in capsys.readouterr().err


def test_a_few_examples_decide_nothing(stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    (tmp_path / "day.md").write_text(YOURS, "utf-8")
    command = ["prompts", "improve", str(tmp_path / "day.md"), "--model", stub.model]
    assert run([*command, "--examples", str(examples(tmp_path, 9))]) == 2
    assert "9 examples are too few" in capsys.readouterr().err


def test_examples_may_be_a_table(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text('question,answer\n"May 1, 2024",2024-05-01\nred or green?,red\n', "utf-8")
    found = read_examples(path)
    assert [(q.prompt, q.answer, q.grading) for q in found] == [
        ("May 1, 2024", "2024-05-01", "answer"), ("red or green?", "red", "words"),
    ]  # fmt: skip
