"""Constraints on an answer that can be checked by counting and looking."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from manyminds.core.errors import UsageError
from manyminds.core.values import Candidate, Task, Verdict
from manyminds.judging.canonical.number import read_quantity

__all__ = ["Constraint", "Constraints", "Kind", "kinds"]

Kind = Literal[
    "at_least_words", "at_most_words", "at_most_characters", "contains", "excludes", "starts_with",
    "ends_with", "lines", "at_least", "at_most", "multiple_of", "lowercase", "uppercase", "integer",
]  # fmt: skip


_COUNTS: frozenset[Kind] = frozenset(
    ("at_least_words", "at_most_words", "at_most_characters", "lines")
)
_NUMBERS: frozenset[Kind] = frozenset(("at_least", "at_most", "multiple_of"))
_WITHOUT: frozenset[Kind] = frozenset(("lowercase", "uppercase", "integer"))


def kinds() -> tuple[Kind, ...]:
    """Return every kind of constraint."""
    return get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """One condition; `value` is a text or a number, as its kind wants."""

    kind: Kind
    value: str = ""

    def __post_init__(self) -> None:
        """Refuse a value that its kind cannot be checked by.

        Raises:
            UsageError: If it is none.
        """
        value, wanted, number = self.value, "", _number(self.value)
        if self.kind in _COUNTS and not (value.isascii() and value.isdecimal()):
            wanted = "a whole number"
        elif self.kind in _NUMBERS and number is None:
            wanted = "a number"
        elif self.kind == "multiple_of" and number == 0:
            wanted = "a number other than 0"
        elif self.kind in _WITHOUT and value:
            wanted = "no value"
        elif self.kind in ("contains", "excludes", "starts_with", "ends_with") and not value:
            wanted = "a text"
        if wanted:
            raise UsageError(f"the constraint {self.kind} wants {wanted}, and got {value[:40]!r}")

    @property
    def shown(self) -> str:
        """The condition in words."""
        return f"{self.kind.replace('_', ' ')} {self.value}".strip()


def _words(text: str) -> int:
    return len(re.findall(r"\b\w[\w'-]*", text))


def _number(text: str) -> float | None:
    found = read_quantity(text.strip())
    return None if found is None else float(found.number)


def _compared(text: str, value: str, hold: Callable[[float, float], bool]) -> bool:
    found, bound = _number(text), _number(value)
    return found is not None and bound is not None and hold(found, bound)


_CHECKS: dict[Kind, Callable[[str, str], bool]] = {
    "at_least_words": lambda text, value: _words(text) >= int(value),
    "at_most_words": lambda text, value: _words(text) <= int(value),
    "at_most_characters": lambda text, value: len(text) <= int(value),
    "contains": lambda text, value: value.casefold() in text.casefold(),
    "excludes": lambda text, value: value.casefold() not in text.casefold(),
    "starts_with": lambda text, value: text.strip().startswith(value),
    "ends_with": lambda text, value: text.strip().endswith(value),
    "lines": lambda text, value: len(text.strip().splitlines()) == int(value),
    "at_least": lambda text, value: _compared(text, value, lambda a, b: a >= b),
    "at_most": lambda text, value: _compared(text, value, lambda a, b: a <= b),
    "multiple_of": lambda text, value: _compared(text, value, lambda a, b: b != 0 and a % b == 0),
    "lowercase": lambda text, _value: text == text.lower(),
    "uppercase": lambda text, _value: text == text.upper(),
    "integer": lambda text, _value: (found := _number(text)) is not None and found.is_integer(),
}


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """Accepts an answer that meets every condition; names the first one it breaks."""

    constraints: tuple[Constraint, ...]
    name: str = "constraints"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Check them in order."""
        for constraint in self.constraints:
            if not _CHECKS[constraint.kind](candidate.text, constraint.value):
                why = f"it breaks: {constraint.shown}"
                return Verdict(outcome="rejected", reason=why, verifier=self.name)
        met = "; ".join(c.shown for c in self.constraints) or "no condition was set"
        outcome = "accepted" if self.constraints else "unsure"
        return Verdict(outcome=outcome, reason=f"it meets: {met}", verifier=self.name)
