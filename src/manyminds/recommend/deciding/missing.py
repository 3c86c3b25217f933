"""The one thing worth asking: whose answer would change what comes first, and by how much."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from manyminds.recommend.catalogue.domain import Field
from manyminds.recommend.catalogue.item import Item, Value, shown
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.span import Hours
from manyminds.recommend.deciding.weigh import Option, Wanted, leader
from manyminds.recommend.deciding.wish import Condition, Span, Test, holds

__all__ = ["WORTH", "Answer", "Asked", "most_telling", "with_answer"]

WORTH = 0.05
"""Expected gain, of a score from 0 to 1, from which on a question is worth a person's time."""
_ANSWERS = 6


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer that would be understood, and what it leads to."""

    text: str
    condition: Condition
    leads_to: str
    """Title of the option that would come first."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question to the person."""

    field: str
    text: str
    answers: tuple[Answer, ...]
    gain: float
    """What the score of what comes first gains by asking, in the mean of the answers: the value of
    the information (Howard 1966), each answer, "it does not matter" too, as likely as another."""


def most_telling(catalogue: Catalogue, wanted: Wanted, options: Sequence[Option]) -> Asked | None:
    """Return the question that gains most; `None` where none is worth asking.

    Args:
        catalogue: What there is.
        wanted: What is known of what the person wants.
        options: What is feasible, the best first.
    """
    if len(options) < 2:
        return None
    asked = [
        found
        for one in catalogue.domain.fields.values()
        if one.ask and one.name not in wanted.settled
        and (found := _asked(one, catalogue, wanted, options)) is not None
    ]  # fmt: skip
    best = max(asked, key=lambda one: one.gain, default=None)
    return best if best is not None and best.gain >= WORTH else None


def with_answer(wanted: Wanted, field: str, conditions: Sequence[Condition] = ()) -> Wanted:
    """Return what is wanted once a question has been answered; nothing said is no matter."""
    return replace(
        wanted, conditions=(*wanted.conditions, *conditions), settled=wanted.settled | {field}
    )


def _asked(
    one: Field, catalogue: Catalogue, wanted: Wanted, options: Sequence[Option]
) -> Asked | None:
    top = options[0].item
    items = [option.item for option in options]
    answers: list[Answer] = []
    gain = 0.0
    for condition in _answers(one, items):
        # All the others hold of these already.
        fit = [item for item in items if holds(condition, item, wanted.been)]
        if not fit:
            continue
        best, score = leader(catalogue, fit, wanted)
        # What does not meet the answer is worth nothing to who gave it.
        kept = holds(condition, top, wanted.been)
        gain += 0.0 if kept else score
        answers.append(Answer(text=_said(condition, one), condition=condition, leads_to=best.title))
    if all(answer.leads_to == top.title for answer in answers):
        return None
    return Asked(
        field=one.name, text=one.ask or "", answers=tuple(answers), gain=gain / (len(answers) + 1)
    )


def _answers(one: Field, items: Sequence[Item]) -> Iterator[Condition]:
    """Yield answers that are likely of a person, by what the options have."""
    there = [item.values[one.name] for item in items if one.name in item.values]
    if one.measured and one.better:
        numbers = sorted({value for value in there if isinstance(value, float)})
        for place in sorted(
            {len(numbers) * step // 4 for step in (1, 2, 3)} if len(numbers) > 1 else ()
        ):
            yield _answer(one, "at_most" if one.better == "less" else "at_least", numbers[place])
    elif one.kind == "tags":
        counts: dict[str, int] = {}
        for value in there:
            for tag in value if isinstance(value, tuple) else ():
                counts[tag] = counts.get(tag, 0) + 1
        for tag in sorted(counts, key=lambda tag: (-counts[tag], tag))[:_ANSWERS]:
            yield _answer(one, "all", (tag,))
    elif one.kind == "yes":
        yield _answer(one, "is", True)
    elif one.kind == "time":
        days = sorted({value.date() for value in there if isinstance(value, datetime)})
        for day in days[: _ANSWERS + 1]:
            begin = datetime.combine(day, datetime.min.time())
            yield _answer(one, "between", Span(begin=begin, end=begin + timedelta(days=1)))


def _answer(one: Field, test: Test, value: Value | Span) -> Condition:
    return Condition(field=one.name, test=test, value=value, said="", source="answer")


def _said(condition: Condition, one: Field) -> str:
    """Return an answer as a person would write it."""
    value = condition.value
    if isinstance(value, Span):
        return value.begin.date().isoformat()
    if isinstance(value, Hours):
        return str(value)
    if isinstance(value, float):
        bound = "at most" if condition.test == "at_most" else "at least"
        return f"{bound} {shown(value, one.unit)}"
    return shown(value)
