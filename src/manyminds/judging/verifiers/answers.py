"""Verifiers that compare an answer with what is known of the right one. No model, no tool."""

import json
import re
from dataclasses import dataclass
from fractions import Fraction

from manyminds.agents.schemas import violation
from manyminds.core.messages import JsonSchema, JsonValue
from manyminds.core.values import Candidate, Task, Verdict
from manyminds.judging.canonical import canonicalize, same
from manyminds.judging.canonical.number import Quantity, read_quantity
from manyminds.tools.calculator.units import convert

__all__ = ["Exact", "Numeric", "Pattern", "Schema", "Symbolic"]


def _verdict(name: str, reason: str, *, holds: bool) -> Verdict:
    return Verdict(outcome="accepted" if holds else "rejected", reason=reason, verifier=name)


def _unsure(name: str, reason: str) -> Verdict:
    return Verdict(outcome="unsure", reason=reason, verifier=name)


@dataclass(frozen=True, kw_only=True)
class Exact:
    """Accepts the expected answer in any of its forms: "120", "120.0", "120 pens"."""

    expected: str
    name: str = "exact"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Compare canonical forms."""
        wanted = canonicalize(self.expected, question=task.prompt)
        if not candidate.canonical.key:
            return _verdict(self.name, "there is no answer", holds=False)
        equal = same(candidate.canonical, wanted)
        word = "is" if equal else "is not"
        said = f"{candidate.text[:80]!r} {word} {self.expected[:80]!r}"
        return _verdict(self.name, said, holds=equal)


@dataclass(frozen=True, kw_only=True)
class Numeric:
    """Accepts a number near enough to the expected one, units converted."""

    expected: str
    """The right value, with its unit where it has one."""
    relative: Fraction = Fraction(0)
    """Tolerance as a share of the expected value."""
    absolute: Fraction = Fraction(0)
    """Tolerance in the unit of the expected value."""
    name: str = "numeric"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Compare values; a missing unit is taken for the expected one, a wrong one is wrong."""
        wanted, given = read_quantity(self.expected), read_quantity(candidate.text.strip())
        if wanted is None:
            return _unsure(self.name, f"{self.expected!r} is no number to compare with")
        if given is None:
            return _verdict(self.name, f"{candidate.text[:80]!r} is not a number", holds=False)
        if given.label and (wanted.unit is not None or wanted.percent):
            why = f"{given.label!r} is no unit that is known here; {self.expected!r} has one"
            return _unsure(self.name, why)
        value = _in_unit_of(given, wanted)
        if value is None:
            why = f"its unit is not comparable with {self.expected!r}"
            return _verdict(self.name, why, holds=False)
        distance = abs(value - wanted.number)
        within = distance <= max(self.absolute, self.relative * abs(wanted.number))
        said = f"it is {float(distance):.6g} away from {self.expected}"
        return _verdict(self.name, said, holds=within)


def _in_unit_of(given: Quantity, wanted: Quantity) -> Fraction | None:
    """Return the value of `given` in the unit of `wanted`; `None` where there is no way."""
    if given.percent or wanted.percent:
        if given.unit is not None or wanted.unit is not None:
            return None
        if given.percent == wanted.percent:
            return given.number
        if given.percent:
            return given.number / 100
        # A bare number beside a percentage is one itself, or a share: 50 and 0.5 are both 50 %.
        return min(given.number, given.number * 100, key=lambda n: abs(n - wanted.number))
    if given.unit is None or given.unit == wanted.unit:
        return given.number
    return None if wanted.unit is None else convert(given.number, given.unit, wanted.unit)


@dataclass(frozen=True, kw_only=True)
class Symbolic:
    """Accepts an expression that is equal to the expected one, however it is written."""

    expected: str
    name: str = "symbolic"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Compare by value at fixed points, to 12 digits."""
        wanted = canonicalize(self.expected)
        if wanted.kind not in ("expression", "number", "quantity"):
            return _unsure(self.name, f"{self.expected!r} is no expression to compare with")
        equal = same(canonicalize(candidate.text), wanted)
        word = "equals" if equal else "does not equal"
        said = f"{candidate.text[:80]!r} {word} {self.expected[:80]!r}"
        return _verdict(self.name, said, holds=equal)


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Accepts an answer that matches a regular expression as a whole."""

    pattern: str
    name: str = "pattern"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Match the words as they stand."""
        matches = re.fullmatch(self.pattern, candidate.text.strip(), re.DOTALL) is not None
        word = "matches" if matches else "does not match"
        return _verdict(self.name, f"it {word} {self.pattern!r}", holds=matches)


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Accepts JSON that obeys a schema."""

    schema: JsonSchema
    name: str = "schema"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Validate; what is not JSON is rejected."""
        try:
            value: JsonValue = json.loads(candidate.text)
        except (ValueError, RecursionError):
            return _verdict(self.name, "it is not JSON", holds=False)
        why = violation(value, self.schema)
        return _verdict(self.name, why or "it obeys the schema", holds=why is None)
