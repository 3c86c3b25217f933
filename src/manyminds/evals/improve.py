"""A prompt is mended on some examples, and kept only if it does better on others it never met.

Source: prompts rewritten from what they got wrong are those of Pryzant et al. 2023, Automatic
Prompt Optimization with "Gradient Descent" and Beam Search. The held-out half is asked twice, with
the first prompt and the last one, and decides.
"""

import csv
import io
import json
import random  # noqa: TID251 (a fixed split, not chance)
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError, UsageError
from manyminds.core.messages import JsonValue, ModelCall, Said
from manyminds.core.protocols import Run
from manyminds.core.values import Failure, Member
from manyminds.evals.questions import Grade, Question, grade
from manyminds.evals.statistics import McNemar, mcnemar
from manyminds.tools.fence import fence

__all__ = ["BLANK", "FEWEST", "Improved", "Tried", "improve", "read_examples"]

BLANK = "{{question}}"
"""Where in a prompt the question stands."""
FEWEST = 10
"""Examples; half of them decide."""
_SHOWN = 5
"""Wrong answers that the writer of a new prompt is shown."""
_REPLY = 500
_DARING = 0.7
"""Temperature of new prompts: each round is to bring another one."""
_FIELDS: dict[str, JsonValue] = {"why": {"type": "string"}, "prompt": {"type": "string"}}


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One prompt on the examples that may be looked at."""

    text: str
    right: int
    why: str = ""
    """What was wrong with the one before, as its writer says."""


@dataclass(frozen=True, kw_only=True)
class Improved:
    """What came of it."""

    tried: tuple[Tried, ...]
    """The first prompt, then each new one."""
    seen: int
    """Examples that each was tried on."""
    best: str
    held_out: McNemar | None
    """The best against the first on the other half; `None` where no other one was better."""
    right: tuple[int, int] | None
    """On that half: by the first prompt, by the best."""
    of: int
    """Examples of that half."""

    @property
    def kept(self) -> bool:
        """Whether it does better on what it never met."""
        return self.right is not None and self.right[1] > self.right[0]


def read_examples(path: Path) -> list[Question]:
    """Read questions with their answers: JSON lines or CSV, `question` and `answer` in each.

    Raises:
        UsageError: If it is no such file, one is missing, or a question has two answers.
    """
    try:
        text = path.read_text("utf-8-sig")
        rows: list[Any] = (
            list(csv.DictReader(io.StringIO(text))) if path.suffix.casefold() == ".csv"
            else [json.loads(line) for line in text.split("\n") if line.strip()]
        )  # fmt: skip
        pairs = [(_cell(row["question"]), _cell(row["answer"])) for row in rows]
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f'{path}: a line is {{"question": …, "answer": …}}: {error}') from error
    known = dict(pairs)
    if twice := [question for question, answer in pairs if known[question] != answer]:
        raise UsageError(f"{path}: two answers to {twice[0][:80]!r}")
    return [
        Question(
            id=f"{number}", prompt=question, answer=answer, kind="", cluster=f"{number}",
            grading="answer" if any(c.isdigit() for c in answer) else "words",
        )
        for number, (question, answer) in enumerate(known.items(), 1)
    ]  # fmt: skip


def _cell(told: object) -> str:
    text = str(told).strip() if isinstance(told, str | int | float) else ""
    if not text:
        raise ValueError("one is empty")
    return text


async def improve(
    text: str, examples: Sequence[Question], run: Run, member: Member, *, rounds: int = 3
) -> Improved:  # fmt: skip
    """Mend a prompt.

    Cost: a request for each seen example and prompt, one for each new prompt, and two for each
    example that is held out, where a new prompt was better on the seen ones.

    Args:
        text: The prompt; where it has no BLANK, the question comes after it.
        examples: At least FEWEST; which half may be looked at depends on nothing but their order.
        run: Whose budget pays.
        member: Answers, and writes the new prompts.
        rounds: New prompts at most.

    Raises:
        UsageError: If there are too few examples, or the budget ends before all were asked.
        BudgetExceeded: If a new prompt cannot be paid.
        ProviderError: If the model failed; nothing is known then.
    """
    if len(examples) < FEWEST:
        raise UsageError(f"{len(examples)} examples are too few: {FEWEST} at least, half decide")
    order = list(examples)
    random.Random(0).shuffle(order)
    seen, other = order[: len(order) // 2], order[len(order) // 2 :]
    text = text if BLANK in text else f"{text.rstrip()}\n\n{BLANK}"
    graded = await _graded(text, seen, run, member)
    tried = [Tried(text=text, right=_count(graded))]
    best, of_best = tried[0], graded
    for _ in range(rounds):
        if best.right == len(seen):
            break
        why, new = await _rewritten(best.text, of_best, run, member)
        if BLANK not in new or any(one.text == new for one in tried):
            continue
        graded = await _graded(new, seen, run, member)
        tried.append(Tried(text=new, right=_count(graded), why=why))
        if tried[-1].right > best.right:
            best, of_best = tried[-1], graded
    held, right = None, None
    if best.text != text:
        first = await _graded(text, other, run, member)
        last = await _graded(best.text, other, run, member)
        held, right = mcnemar(_by_id(last), _by_id(first)), (_count(first), _count(last))
    return Improved(
        tried=tuple(tried), seen=len(seen), best=best.text, held_out=held, right=right,
        of=len(other),
    )  # fmt: skip


_Graded = list[tuple[Question, str, Grade]]


async def _graded(text: str, examples: Sequence[Question], run: Run, member: Member) -> _Graded:
    """Answer examples with a prompt, and grade what is said."""

    async def said(question: Question) -> str:
        asked = text.replace(BLANK, question.prompt)
        call = ModelCall(
            messages=(Said(role="user", text=asked),), max_tokens=_REPLY, temperature=0.0,
            seed=run.seed(member),
        )  # fmt: skip
        return (await run.request(member, call)).text

    found = await run.gather([said(question) for question in examples])
    for one in found:
        # An answer that nobody heard is neither right nor wrong.
        if isinstance(one, Failure):
            why = f"not all examples could be asked: {one.message}"
            raise UsageError(f"{why}; a larger --budget?") if one.fatal else ProviderError(why)
    answers = {question.answer for question in examples}
    return [
        (question, str(answer), await _grade(question, str(answer), answers - {question.answer}))
        for question, answer in zip(examples, found, strict=True)
    ]


async def _grade(question: Question, said: str, others: set[str]) -> Grade:
    """Grade an answer; one that names another example's answer, too, chooses none of them."""
    found = await grade(question, said)
    if not found.right or question.grading != "words":
        return found
    # "unhappy" is not "happy", and what is part of the right answer is no other one.
    plain = re.sub(rf"(?<!\w){re.escape(question.answer)}(?!\w)", " ", said, flags=re.IGNORECASE)
    named = [o for o in others if re.search(rf"(?<!\w){re.escape(o)}(?!\w)", plain, re.IGNORECASE)]
    denied = re.search(rf"\b(?:not|no|n't)\W+{re.escape(question.answer)}\b", said, re.IGNORECASE)
    if named or denied:
        return Grade(right=False, reason=f"it names {named[0] if named else 'what it is not'!r}")
    return found


async def _rewritten(text: str, graded: _Graded, run: Run, member: Member) -> tuple[str, str]:
    """Return what was wrong with a prompt, and a new one; "" where none came."""
    wrong = [
        f"question: {question.prompt}\nanswered: {answer[:300]}\nright: {question.answer}"
        for question, answer, grade_ in graded
        if not grade_.right
    ][:_SHOWN]
    asked = prompt(
        "improve", blank=BLANK, text=fence(text, source="prompt", limit=8_000),
        wrong=fence("\n\n".join(wrong), source="answers", limit=6_000),
    )  # fmt: skip
    told = await inquire(
        run, member, asked, _FIELDS, max_tokens=700, purpose="lead", temperature=_DARING
    )
    return str(told.get("why") or ""), str(told.get("prompt") or "").strip()


def _count(graded: _Graded) -> int:
    return sum(one.right for _, _, one in graded)


def _by_id(graded: _Graded) -> dict[str, float]:
    return {question.id: float(one.right) for question, _, one in graded}
