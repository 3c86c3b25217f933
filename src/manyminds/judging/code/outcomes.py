"""What a program's functions return when they are called, found out in the sandbox.

What is expected never enters the sandbox: it is compared out here, so a program cannot read the
answer it is checked against.
"""

import ast
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from manyminds.core.messages import JsonValue, ToolCall
from manyminds.core.protocols import Run
from manyminds.core.values import Canonical, Member
from manyminds.judging.code.examples import literal
from manyminds.judging.code.source import definitions_of

__all__ = ["Outcome", "behaviour_of", "can_run", "covers", "crashes_in", "outcomes_of", "returned"]

CALL_SECONDS = 1.0
"""CPU time of one call, so that one that never ends does not hide the others."""

_RESULT_CHARACTERS = 2_000
_MESSAGE_CHARACTERS = 120
_FLOAT = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
_SPEAKS_OF_ERRORS = re.compile(r"\brais(?:e|es|ing)\b|\bexceptions?\b|\w*Error\b")
_TOLERANCE = 1e-6
"""Relative, for floats: what HumanEval's own tests allow."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one call."""

    call: str
    shown: str
    """`repr` of the result, or "raises NAME"."""
    message: str = ""
    """What the error said, where it raised one."""

    @property
    def raised(self) -> bool:
        """Whether it raised an error instead of returning."""
        return self.shown.startswith("raises ")


def can_run(run: Run) -> bool:
    """Say whether programs can be run here."""
    return any(tool.name == "python" for tool in run.tools)


async def outcomes_of(run: Run, program: str, calls: Sequence[str]) -> list[Outcome] | None:
    """Make the calls in a jail of its own; `None` where the program did not get that far.

    Args:
        run: Whose `python` tool and budget are used.
        program: Defines the functions.
        calls: Expressions.

    Raises:
        BudgetExceeded: If the time for work is over.
    """
    if not calls:
        return None
    judge = Member(name=run.new_id("judge"), way="behaviour", model="")
    mark = sha256(f"outcomes {run.seed(judge)}".encode()).hexdigest()[:16]
    code: dict[str, JsonValue] = {
        "code": probe_program(definitions_of(program), calls, mark),
        "fresh": True,
    }
    done = await run.call(judge, ToolCall(id=judge.name, name="python", arguments=code))
    return read_outcomes(done.evidence[0].output, calls, mark) if done.evidence else None


def probe_program(program: str, calls: Sequence[str], mark: str) -> str:
    """Return a program that makes the calls and prints what came of each.

    What it uses of the language is taken before the candidate's own code runs, which has names of
    its own, and what it prints begins with a mark that the candidate cannot know: neither can be
    taken over.

    Args:
        program: Defines the functions.
        calls: Expressions.
        mark: A word that is another one each time.
    """
    return f"""def _ready():
    import json, signal
    say, show, kind, text, make, run = print, repr, type, str, eval, exec
    write, late_error, error_ = json.dumps, TimeoutError, Exception
    limit, timer = getattr(signal, "setitimer", None), getattr(signal, "ITIMER_VIRTUAL", None)
    def late(*_):
        raise late_error
    if limit:
        signal.signal(signal.SIGVTALRM, late)
    def probe(program, calls, names):
        run(program, names)
        results = []
        for call in calls:
            try:
                if limit:
                    limit(timer, {CALL_SECONDS})
                shown, message = show(make(call, names)), ""
            except error_ as error:
                shown = "raises " + kind(error).__name__
                message = text(error)[:{_MESSAGE_CHARACTERS}]
            finally:
                if limit:
                    limit(timer, 0)
            results.append([shown[:{_RESULT_CHARACTERS}], message])
        say({mark!r} + write(results))
    return probe
_ready()({program!r}, {list(calls)!r}, {{"__name__": "candidate"}})
"""


def read_outcomes(output: str, calls: Sequence[str], mark: str) -> list[Outcome] | None:
    """Read what `probe_program` printed; `None` if it did not get that far."""
    lines = [line for line in output.splitlines() if line.startswith(mark)]
    if len(lines) != 1:  # more than one: the program has written such a line itself
        return None
    try:
        shown: JsonValue = json.loads(lines[0].removeprefix(mark))
    except ValueError:
        return None
    pairs = [one for one in shown if isinstance(one, list)] if isinstance(shown, list) else []
    if len(pairs) != len(calls) or any(len(pair) != 2 for pair in pairs):
        return None
    return [
        Outcome(call=call, shown=str(result), message=str(message))
        for call, (result, message) in zip(calls, pairs, strict=True)
    ]


def behaviour_key(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what is shown of each call, floats to nine digits."""
    return [_FLOAT.sub(lambda m: f"{float(m[0]):.9g}", o.shown) for o in outcomes]


def behaviour_of(outcomes: Sequence[Outcome]) -> Canonical:
    """Return the form that programs with these outcomes share; floats agree to nine digits."""
    digest = sha256(json.dumps(behaviour_key(outcomes)).encode()).hexdigest()[:16]
    return Canonical(kind="code", key=f"behaves like {digest} on {len(outcomes)} calls")


def crashes_in(question: str, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the calls that a program has no answer to, the plainest first.

    There are none where the question speaks of errors itself, for then raising may be right; a
    call that was only too slow is none.
    """
    if _SPEAKS_OF_ERRORS.search(question):
        return []
    crashed = [o for o in outcomes if o.raised and o.shown != "raises TimeoutError"]
    return sorted(crashed, key=lambda o: len(o.call))


def covers(question: str, one: Sequence[Outcome], other: Sequence[Outcome]) -> bool:
    """Say whether a program does all that another does, and more.

    It returns the same wherever the other returns, and something where the other crashes: who
    votes for the other has nothing against it.
    """
    if [o.call for o in one] != [o.call for o in other] or not crashes_in(question, other):
        return False
    mine, theirs = behaviour_key(one), behaviour_key(other)
    return mine != theirs and all(
        a == b or o.raised for a, b, o in zip(mine, theirs, other, strict=True)
    )


def returned(outcome: Outcome, expected: str) -> bool:
    """Say whether a call returned what was expected; floats may differ by a millionth."""
    wanted, found = literal(expected), literal(outcome.shown)
    if wanted is None:
        return _plain(outcome.shown) == _plain(expected)
    return found is not None and _equal(found[0], wanted[0])


def _plain(text: str) -> str:
    try:
        return ast.unparse(ast.parse(text, mode="eval"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text.strip()


def _equal(a: object, b: object) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, int | float) and isinstance(b, int | float):
        return a == b or math.isclose(a, b, rel_tol=_TOLERANCE, abs_tol=1e-9)
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        one, other = cast("Sequence[object]", a), cast("Sequence[object]", b)
        return len(one) == len(other) and all(map(_equal, one, other))
    return a == b
