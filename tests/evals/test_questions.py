"""Suites are read in one order, and answers graded by what they say."""

import gzip
import json
from pathlib import Path

import pytest

from manyminds.core.errors import UnknownName, UsageError
from manyminds.evals.questions import Grading, Question, grade
from manyminds.evals.suites import load_suite
from manyminds.tools.sandbox.tool import Python

pytestmark = pytest.mark.anyio
TESTS = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(-3) == -6"
STUB = '```python\ndef double(x: int) -> int:\n    """ Return twice x. """\n```'


def question(answer: str, grading: Grading, prompt: str = "?") -> Question:
    return Question(
        id="q", prompt=prompt, answer=answer, grading=grading, kind="k", cluster="q", entry="double"
    )


@pytest.mark.parametrize(
    ("grading", "answer", "given", "right"),
    [
        ("answer", "18", "$18.00", True),
        ("answer", "\\frac{3}{2}", "1.5", True),
        ("answer", "x^3+3x-6", "-6 + 3x + x^3", True),
        ("answer", "cannot be determined", "It cannot be determined.", True),
        ("answer", "cannot be determined", "18", False),
        ("answer", "18", "19", False),
        ("answer", "18", None, False),
        ("choice", "B", "B) 120", True),
        ("choice", "B", "The answer is (b).", True),
        ("choice", "B", "C", False),
        ("choice", "B", "120", False),
        ("words", "blue", "The blue one, K7-3319.", True),
        ("words", "blue", "It is not known which of the many colours that there are, perhaps blue", False),
        ("tests", TESTS, "```python\ndef double(x):\n    return 2 * x\n```", True),
        ("tests", TESTS, "```python\ndef double(x):\n    return x * x\n```", False),
        ("tests", TESTS, "```python\nimport sys; print('passed'); sys.exit(0)\n```", False),
    ],
)  # fmt: skip
async def test_answers_are_graded_by_what_they_say(
    python: Python,
    grading: Grading,
    answer: str,
    given: str | None,
    right: bool,  # noqa: FBT001
) -> None:
    asked = question(
        answer, grading, prompt=f"Complete this.\n{STUB}" if grading == "tests" else "?"
    )
    found = await grade(asked, given, python)
    assert found.right is right
    assert found.reason


async def test_a_program_is_graded_without_the_names_of_another(python: Python) -> None:
    asked = question(TESTS, "tests", prompt=f"Complete this.\n{STUB}")
    right = "```python\ndef twice(x):\n    return 2 * x\n\ndef double(x):\n    return twice(x)\n```"
    leans = "```python\ndef double(x):\n    return twice(x)\n```"
    other = "```python\ndef doubled(x):\n    return 2 * x\n```"
    asks = "```python\ndef double(x):\n    return 2 * x\n\nif __name__ == '__main__':\n    input()\n```"
    given = (right, leans, other, asks, right)
    assert [(await grade(asked, g, python)).right for g in given] == [
        True,
        False,
        False,
        True,
        True,
    ]


def write_gsm(folder: Path, count: int = 6) -> None:
    rows = [
        {
            "question": f"What is {n} + {kind}?", "answer": "None" if kind == 2 else str(n + kind),
            "perturbation_type": f"kind {kind}", "seed_question": f"seed {n}",
        }
        for n in range(count)
        for kind in range(3)
    ]  # fmt: skip
    (folder / "gsm_plus").mkdir(parents=True)
    text = "\n".join(json.dumps(row) for row in rows)
    (folder / "gsm_plus" / "dev.jsonl").write_text(text, encoding="utf-8")


def test_a_larger_limit_only_adds(tmp_path: Path) -> None:
    write_gsm(tmp_path)
    whole = [q.id for q in load_suite("gsm_plus", tmp_path)]
    assert len(set(whole)) == 18
    for limit in range(1, 18):
        some = load_suite("gsm_plus", tmp_path, limit=limit)
        assert [q.id for q in some] == whole[:limit]
    first = load_suite("gsm_plus", tmp_path, limit=3)
    assert sorted(q.kind for q in first) == ["kind 0", "kind 1", "kind 2"]
    assert [q.answer for q in first if q.kind == "kind 2"] == ["cannot be determined"]
    assert first[0].cluster.startswith("seed ")


def test_every_suite_is_read(tmp_path: Path) -> None:
    (tmp_path / "humaneval").mkdir()
    row = {"task_id": "H/0", "prompt": "def double(x):\n", "test": TESTS, "entry_point": "double"}
    with gzip.open(tmp_path / "humaneval" / "HumanEval.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps(row))
    (tmp_path / "math500").mkdir()
    row = {"problem": "1+1", "answer": "2", "level": 3, "subject": "Algebra", "unique_id": "a"}
    (tmp_path / "math500" / "dev.jsonl").write_text(json.dumps(row), encoding="utf-8")
    (tmp_path / "mmlu" / "test").mkdir(parents=True)
    for subject in ("abstract_algebra", "high_school_mathematics", "high_school_world_history", "international_law", "philosophy"):  # fmt: skip
        text = "question,choice0,choice1,choice2,choice3,answer\nWhich?,w,x,y,z,2\n"
        (tmp_path / "mmlu" / "test" / f"{subject}_test.csv").write_text(text, encoding="utf-8")
    row = {"id": "d1", "kind": "docs", "question": "Which?", "answer": "blue"}
    (tmp_path / "questions.json").write_text(json.dumps([row]), encoding="utf-8")
    [code], [maths] = load_suite("humaneval", tmp_path), load_suite("math500", tmp_path)
    assert (code.entry, code.grading, maths.kind) == ("double", "tests", "level 3")
    choices = load_suite("mmlu", tmp_path)
    assert [(q.answer, q.chance) for q in choices] == [("C", 0.25)] * 5
    assert choices[0].prompt.splitlines()[1:5] == ["A) w", "B) x", "C) y", "D) z"]
    [everyday] = load_suite("everyday", tmp_path)
    assert everyday.docs == tmp_path / "docs"


def test_what_cannot_be_read_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'gsm_plus'"):
        load_suite("gsmplus", tmp_path)
    with pytest.raises(UsageError, match="name the folder that holds it with --data"):
        load_suite("gsm_plus", tmp_path)
    write_gsm(tmp_path)
    with pytest.raises(UsageError, match="1 or more"):
        load_suite("gsm_plus", tmp_path, limit=0)
    (tmp_path / "gsm_plus" / "dev.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        load_suite("gsm_plus", tmp_path)
