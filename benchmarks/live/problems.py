"""The problems of the live runs, out of the suites of `manyminds bench`."""

from pathlib import Path

from manyminds.evals.questions import Question
from manyminds.evals.suites import load_suite


def humaneval(data: Path, count: int) -> list[Question]:
    """Return `count` problems of HumanEval, spread evenly over its length."""
    found = sorted(load_suite("humaneval", data), key=lambda q: int(q.id.partition("/")[2]))
    return [found[round(i * (len(found) - 1) / (count - 1))] for i in range(count)]


def gsm_plus(data: Path, count: int) -> list[Question]:
    """Return `count` problems of GSM-Plus, as many of each perturbation."""
    return load_suite("gsm_plus", data, limit=count)
