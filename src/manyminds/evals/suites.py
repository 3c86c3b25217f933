"""Suites: sets of questions with known answers, read from a folder that the caller names.

Nothing is fetched and nothing is part of the package. The same limit gives the same questions in
the same order, spread over the kinds of a suite.
"""

import csv
import gzip
import json
import random  # noqa: TID251 (a fixed order, not chance)
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from manyminds.core.errors import UnknownName, UsageError
from manyminds.evals.questions import Question

__all__ = ["MMLU_SUBJECTS", "SUITES", "Suite", "data_mark", "load_suite", "stands_alone"]

MMLU_SUBJECTS = (
    "abstract_algebra", "high_school_mathematics", "high_school_world_history",
    "international_law", "philosophy",
)  # fmt: skip
"""The five of Dauner and Socher 2025, Energy costs of communicating with AI."""
LETTERS = "ABCD"
SHORT_ANSWER = 4
"""Words that the right option may have where an answer in other words is to be recognised."""
_OPTIONS = re.compile(
    r"\b(?:following|these|which one|which of|statements?|except|best)\b|_{2,}", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Where a suite's questions stand and how they are read."""

    name: str
    file: str
    """Below the data folder; its absence is told by this name."""
    read: Callable[[Path], Sequence[Question]]
    """Given the file, returns all questions."""


def load_suite(name: str, data: Path, *, limit: int | None = None) -> list[Question]:
    """Read the questions of a suite.

    Args:
        name: Of the suite.
        data: Folder that the suite's folder or file stands in.
        limit: How many questions; `None` for all.

    Raises:
        UnknownName: If there is no such suite.
        UsageError: If its data is not there, cannot be read, or the limit is none.
    """
    if name not in SUITES:
        raise UnknownName("suite", name, SUITES)
    suite = SUITES[name]
    path = data / suite.file
    if not path.exists():
        raise UsageError(f"{name}: there is no {path}; name the folder that holds it with --data")
    if limit is not None and limit < 1:
        raise UsageError(f"--limit takes 1 or more, not {limit}")
    try:
        questions = suite.read(path)
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise UsageError(
            f"{name}: {path} cannot be read: {type(error).__name__}: {error}"
        ) from None
    return _spread(questions, limit)


def data_mark(name: str, data: Path) -> str:
    """Return a name for the content of a suite's data: 12 hexadecimal digits."""
    path = data / SUITES[name].file
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    content = b"".join(file.read_bytes() for file in files if file.is_file())
    return sha256(content).hexdigest()[:12]


def _spread(questions: Sequence[Question], limit: int | None) -> list[Question]:
    """Take questions kind by kind in turn, so that every kind is there whatever the limit.

    Within a kind places are drawn, and those drawn before left out: a larger limit only adds.
    """
    by_kind: dict[str, list[Question]] = {}
    for question in questions:
        by_kind.setdefault(question.kind, []).append(question)
    for place, kind in enumerate(sorted(by_kind)):
        mine, chance = by_kind[kind], random.Random(place)
        drawn = (chance.randrange(len(mine)) for _ in range(20 * len(mine)))
        order = dict.fromkeys([*drawn, *range(len(mine))])
        by_kind[kind] = [mine[i] for i in order]
    found: list[Question] = []
    for turn in range(max(map(len, by_kind.values()), default=0)):
        found += [mine[turn] for _, mine in sorted(by_kind.items()) if turn < len(mine)]
    return found[:limit]


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    yield from ((number, json.loads(line)) for number, line in enumerate(lines) if line.strip())


def _humaneval(path: Path) -> list[Question]:
    """Read HumanEval. Source: Chen et al. 2021, Evaluating Large Language Models on Code."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    ask = "Complete this Python function. Give the whole function.\n\n```python\n{}```"
    return [
        Question(
            id=row["task_id"], prompt=ask.format(row["prompt"]), answer=row["test"],
            grading="tests", kind="humaneval", cluster=row["task_id"], entry=row["entry_point"],
        )
        for row in rows
    ]  # fmt: skip


def _gsm_plus(path: Path) -> list[Question]:
    """Read GSM-Plus. Source: Li et al. 2024, GSM-Plus (ACL).

    Eight perturbations of each seed question share a cluster. "None" is the answer where data is
    missing.
    """
    return [
        Question(
            id=f"gsm_plus/{number}", prompt=row["question"],
            answer="cannot be determined" if row["answer"] == "None" else row["answer"],
            grading="answer", kind=row["perturbation_type"], cluster=row["seed_question"],
        )
        for number, row in _json_lines(path)
    ]  # fmt: skip


def _math500(path: Path) -> list[Question]:
    """Read MATH-500. Source: Hendrycks et al. 2021; the split of Lightman et al. 2023."""
    return [
        Question(
            id=row["unique_id"], prompt=row["problem"], answer=row["answer"], grading="answer",
            kind=f"level {row['level']}", cluster=row["unique_id"],
        )
        for _, row in _json_lines(path)
    ]  # fmt: skip


def _mmlu(path: Path) -> list[Question]:
    """Read MMLU, multiple choice; five subjects.

    Source: Hendrycks et al. 2021, Measuring Massive Multitask Language Understanding (ICLR).
    """
    return [
        Question(
            id=f"{subject}/{number}", prompt=_with_options(row), answer=_letter(row["answer"]),
            grading="choice", kind=subject, cluster=f"{subject}/{number}", chance=0.25,
        )
        for subject in MMLU_SUBJECTS
        for number, row in enumerate(_table(path / f"{subject}_test.csv"))
    ]  # fmt: skip


def _mmlu_open(path: Path) -> list[Question]:
    """Read the same questions without their options: how long are answers then?

    Graded by the words of the right option, which is fair only to short ones (`stands_alone`).
    """
    return [
        Question(
            id=f"open/{subject}/{number}", prompt=row["question"],
            answer=row[f"choice{LETTERS.index(_letter(row['answer']))}"], grading="words",
            kind=subject, cluster=f"open/{subject}/{number}",
        )
        for subject in MMLU_SUBJECTS
        for number, row in enumerate(_table(path / f"{subject}_test.csv"))
    ]  # fmt: skip


def stands_alone(question: Question) -> bool:
    """Say whether a question of `mmlu_open` can be answered, and graded, without its options."""
    return _OPTIONS.search(question.prompt) is None and len(question.answer.split()) <= SHORT_ANSWER


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _with_options(row: Mapping[str, str]) -> str:
    options = (f"{letter}) {row[f'choice{i}']}" for i, letter in enumerate(LETTERS))
    return "\n".join((row["question"], *options, "Answer with the letter of the right option."))


def _letter(answer: str) -> str:
    return LETTERS[int(answer)] if answer.isdigit() else answer.strip().upper()


def _everyday(path: Path) -> list[Question]:
    """Read the everyday questions of this project: `--data benchmarks/everyday`."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [
        Question(
            id=row["id"], prompt=row["question"], answer=row["answer"], grading="words",
            kind=row["kind"], cluster=row["id"],
            docs=path.parent / "docs" if row["kind"] == "docs" else None,
        )
        for row in rows
    ]  # fmt: skip


SUITES: Mapping[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite(name="humaneval", file="humaneval/HumanEval.jsonl.gz", read=_humaneval),
        Suite(name="gsm_plus", file="gsm_plus/dev.jsonl", read=_gsm_plus),
        Suite(name="math500", file="math500/dev.jsonl", read=_math500),
        Suite(name="mmlu", file="mmlu/test", read=_mmlu),
        Suite(name="mmlu_open", file="mmlu/test", read=_mmlu_open),
        Suite(name="everyday", file="questions.json", read=_everyday),
    )
}
"""The suites there are."""
