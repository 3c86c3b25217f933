"""Problems with known answers, and how an answer is graded. Data is read from `--data`."""

import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path

from manyminds.core.values import Candidate, Task
from manyminds.judging.canonical import canonicalize
from manyminds.judging.code.source import code_in, program_of
from manyminds.judging.verifiers import Exact
from manyminds.tools.sandbox.tool import Python


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem."""

    id: str
    kind: str
    prompt: str
    answer: str
    """For HumanEval: the hidden tests."""
    entry: str = ""


def humaneval(data: Path, count: int) -> list[Problem]:
    """Return `count` problems of HumanEval, spread evenly over its length."""
    with gzip.open(data / "humaneval" / "HumanEval.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    picked = [rows[round(i * (len(rows) - 1) / (count - 1))] for i in range(count)]
    return [
        Problem(
            id=row["task_id"], kind="humaneval", entry=row["entry_point"], answer=row["test"],
            prompt=f"Complete this Python function. Give the whole function.\n\n```python\n{row['prompt']}```",
        )
        for row in picked
    ]  # fmt: skip


def gsm_plus(data: Path, count: int) -> list[Problem]:
    """Return `count` problems of GSM-Plus, as many of each perturbation, from as many seeds."""
    lines = (data / "gsm_plus" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    by_type: dict[str, list[tuple[int, dict]]] = {}
    for number, line in enumerate(lines):
        row = json.loads(line)
        by_type.setdefault(row["perturbation_type"], []).append((number, row))
    each = count // len(by_type)
    found = []
    for place, (kind, rows) in enumerate(sorted(by_type.items())):
        for number, row in random.Random(place).sample(rows, each):
            known = "cannot be determined" if row["answer"] == "None" else row["answer"]
            found.append(
                Problem(id=f"gsm_plus/{number}", kind=kind, prompt=row["question"], answer=known)
            )
    return found


async def is_right(problem: Problem, given: str | None, python: Python) -> bool:
    """Grade an answer: by hidden tests in the sandbox, or by canonical form."""
    if given is None:
        return False
    if problem.kind == "humaneval":
        program = program_of(problem.prompt, code_in(given))
        code = f"{program}\n{problem.answer}\ncheck({problem.entry})\nprint('passed')"
        place = f"grade-{problem.id}"
        try:
            ran = await python.run(place, code)
        finally:
            await python.end(place)  # names of one program must not help the next one
        return ran.error is None and ran.stdout.strip().endswith("passed")
    task = Task(prompt=problem.prompt)
    form = canonicalize(given, question=problem.prompt)
    candidate = Candidate(text=given, author="", canonical=form)
    return (await Exact(expected=problem.answer).verify(task, candidate)).outcome == "accepted"
