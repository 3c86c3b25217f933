"""One question with its known answer, and how an answer to it is graded."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from manyminds.core.errors import UsageError
from manyminds.core.values import Candidate, Task
from manyminds.judging.canonical import canonicalize, same
from manyminds.judging.code.source import code_in, program_of
from manyminds.judging.verifiers import Exact, Symbolic
from manyminds.tools.sandbox.tool import Python

__all__ = ["Grade", "Grading", "Question", "grade"]

Grading = Literal["answer", "tests", "choice", "words"]
"""By canonical form; by hidden tests; by the letter of an option; by words in a short answer."""
SHORT = 12
"""Words that an answer may have and still be graded by the words in it."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of a suite."""

    id: str
    prompt: str
    answer: str
    """What is right; for programs the hidden tests, which no member sees."""
    grading: Grading
    kind: str
    """For the breakdown: a perturbation, a level, a subject."""
    cluster: str
    """Questions made from one seed share it: they are not independent."""
    entry: str = ""
    """Name of the function that hidden tests call."""
    chance: float = 0.0
    """Share that guessing gets right."""
    docs: Path | None = None
    """Folder of documents that the question is about."""


@dataclass(frozen=True, kw_only=True)
class Grade:
    """Whether an answer is right, and why it is said to be."""

    right: bool
    reason: str


async def grade(question: Question, given: str | None, python: Python | None = None) -> Grade:
    """Grade an answer; no answer is a wrong one.

    Args:
        question: What was asked.
        given: The answer; `None` where there was none.
        python: Runs hidden tests, in its sandbox; `None` where no question has any.

    Raises:
        UsageError: If there are hidden tests and nothing to run them with.
    """
    if given is None:
        return Grade(right=False, reason="there is no answer")
    match question.grading:
        case "tests":
            if python is None:
                raise UsageError(f"{question.id}: its hidden tests need a sandbox")
            return await _by_tests(question, given, python)
        case "choice":
            return _by_choice(question, given)
        case "words":
            return _by_words(question, given)
        case "answer":
            return await _by_form(question, given)


async def _by_form(question: Question, given: str) -> Grade:
    task = Task(prompt=question.prompt)
    form = canonicalize(given, question=question.prompt)
    candidate = Candidate(text=given, author="", canonical=form)
    for verifier in (Exact(expected=question.answer), Symbolic(expected=question.answer)):
        verdict = await verifier.verify(task, candidate)
        if verdict.outcome == "accepted":
            return Grade(right=True, reason=verdict.reason)
    return Grade(right=False, reason=f"it is {form.key[:80]!r}, not {question.answer!r}")


async def _by_tests(question: Question, given: str, python: Python) -> Grade:
    program = program_of(question.prompt, code_in(given))
    # A program that also runs by itself is not to begin by asking for input.
    tests = f"{question.answer}\ncheck({question.entry})\nprint('passed')"
    code = f"__name__ = 'graded'\n{program}\n{tests}"
    place = f"grade-{question.id}"
    await python.end(place)
    try:
        ran = await python.run(place, code)
    finally:
        await python.end(place)  # names of one program must not help the next one
    if ran.error is None and ran.stdout.strip().endswith("passed"):
        return Grade(right=True, reason="the hidden tests pass")
    last = (ran.error or "they did not end").strip().splitlines()
    return Grade(right=False, reason=f"the hidden tests fail: {last[-1][:160] if last else ''}")


def _by_choice(question: Question, given: str) -> Grade:
    form = canonicalize(given, question=question.prompt)
    right = form.kind == "choice" and form.key == question.answer
    return Grade(right=right, reason=f"it chooses {form.key[:40]!r}; {question.answer!r} is right")


def _by_words(question: Question, given: str) -> Grade:
    wanted = canonicalize(question.answer, question=question.prompt)
    if same(canonicalize(given, question=question.prompt), wanted):
        return Grade(right=True, reason="the same answer")
    named = re.search(rf"\b{re.escape(question.answer)}\b", given, re.IGNORECASE)
    if len(given.split()) <= SHORT and named and wanted.kind == "text":
        return Grade(right=True, reason=f"it names {question.answer!r}")
    return Grade(right=False, reason=f"it does not name {question.answer!r}")
