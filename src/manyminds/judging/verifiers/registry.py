"""Verifiers by name, as in `--verifier pattern:[0-9]+`: a dictionary, plus what packages add.

A package adds one with an entry point in the group `manyminds.verifiers` that names a callable
taking the run and the text after the colon, and returning a `Verifier`.
"""

import json
import re
from collections.abc import Callable
from importlib.metadata import entry_points

from manyminds.agents.schemas import check_schema
from manyminds.core.errors import UnknownName, UsageError
from manyminds.core.protocols import Run, Verifier
from manyminds.judging.backed import Backed
from manyminds.judging.code.examples import Example
from manyminds.judging.verifiers.answers import Exact, Numeric, Pattern, Schema, Symbolic
from manyminds.judging.verifiers.citations import Cited
from manyminds.judging.verifiers.constraints import Constraint, Constraints, Kind, kinds
from manyminds.judging.verifiers.member_tests import MemberTests
from manyminds.judging.verifiers.programs import Differential, Examples, UnitTests
from manyminds.judging.verifiers.refusals import NoRefusal
from manyminds.judging.verifiers.rubric import Rubric
from manyminds.judging.verifiers.steps import Steps

__all__ = ["VerifierMaker", "verifier_named", "verifier_names"]

VerifierMaker = Callable[[Run, str], Verifier]


def _schema(_run: Run, text: str) -> Verifier:
    try:
        schema = json.loads(text)
        check_schema(schema)
    except (ValueError, UsageError) as error:
        raise UsageError(f"--verifier schema: not a JSON Schema: {error}") from None
    return Schema(schema=schema)


def _constraints(_run: Run, text: str) -> Verifier:
    found: list[Constraint] = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        word, _, value = part.partition("=")
        kind: Kind | None = next((k for k in kinds() if k == word.strip()), None)
        if kind is None:
            raise UnknownName("constraint", word.strip(), kinds())
        found.append(Constraint(kind=kind, value=value.strip()))
    return Constraints(constraints=tuple(found))


def _tests(run: Run, text: str) -> Verifier:
    found: list[Example] = []
    for line in filter(None, (part.strip() for part in text.splitlines())):
        call, equal, expected = line.partition("==")
        if not equal:
            raise UsageError(f"--verifier tests: {line!r} is not CALL == VALUE")
        found.append(Example(call=call.strip(), expected=expected.strip()))
    return UnitTests(run=run, tests=tuple(found))


def _pattern(_run: Run, text: str) -> Verifier:
    try:
        re.compile(text)
    except re.error as error:
        raise UsageError(f"--verifier pattern: not a regular expression: {error}") from None
    return Pattern(pattern=text)


def _rubric(run: Run, text: str) -> Verifier:
    criteria = tuple(filter(None, (part.strip() for part in text.split(";"))))
    if not criteria:
        raise UsageError("--verifier rubric: name the criteria, with ; between them")
    return Rubric(run=run, judge=run.members[0], criteria=criteria)


_BUILT_IN: dict[str, VerifierMaker] = {
    "backed": lambda _run, _text: Backed(),
    "cited": lambda _run, _text: Cited(),
    "constraints": _constraints,
    "differential": lambda run, _text: Differential(run=run),
    "exact": lambda _run, text: Exact(expected=text),
    "examples": lambda run, _text: Examples(run=run),
    "member_tests": lambda run, _text: MemberTests(run=run, authors=tuple(run.members)),
    "numeric": lambda _run, text: Numeric(expected=text),
    "pattern": _pattern,
    "refusal": lambda _run, _text: NoRefusal(),
    "rubric": _rubric,
    "schema": _schema,
    "steps": lambda _run, _text: Steps(),
    "symbolic": lambda _run, text: Symbolic(expected=text),
    "tests": _tests,
}


def verifier_names() -> tuple[str, ...]:
    """Return every verifier that can be asked for."""
    return (*_BUILT_IN, *sorted(e.name for e in entry_points(group="manyminds.verifiers")))


def verifier_named(text: str, run: Run) -> Verifier:
    """Make the verifier that `NAME` or `NAME:ARGUMENT` asks for.

    Raises:
        UnknownName: If there is none of that name; the nearest one is offered.
        UsageError: If its argument cannot be used.
    """
    name, _, argument = text.partition(":")
    if name in _BUILT_IN:
        return _BUILT_IN[name](run, argument)
    for entry in entry_points(group="manyminds.verifiers", name=name):
        make: VerifierMaker = entry.load()
        return make(run, argument)
    raise UnknownName("verifier", name, verifier_names())
