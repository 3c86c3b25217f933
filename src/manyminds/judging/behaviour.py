"""Comparing code by what it does: the same calls, the same results.

Calls are taken from the question's own examples and varied. Where it has none there is nothing to
compare by, and code is equal only to its own text. Equal behaviour on these calls is evidence that
two programs do the same, not a proof.
"""

import ast
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import cast

from manyminds.core.values import Canonical

__all__ = ["behaviour_of", "probe_calls", "probe_program"]

MAX_CALLS = 24
_FENCED = re.compile(r"```(?:\w+)?\n(.*?)```", re.DOTALL)
_MARK = "behaviour of the candidate: "
_RESULT_CHARACTERS = 300


def code_in(answer: str) -> str:
    """Return the program in an answer, out of its Markdown fence."""
    fenced = _FENCED.search(answer)
    return fenced[1] if fenced else answer


def probe_calls(question: str, answer: str) -> list[str]:
    """Return calls of the functions that an answer defines, the question's own examples first."""
    try:
        tree = ast.parse(code_in(answer))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    examples = [call for name in sorted(names) for call in _examples(question, name)]
    varied = [ast.unparse(v) for example in examples for v in _vary(example)]
    own = [ast.unparse(example) for example in examples]
    return list(dict.fromkeys([*own, *varied]))[:MAX_CALLS]


def _examples(question: str, name: str) -> Iterator[ast.Call]:
    for match in re.finditer(rf"\b{re.escape(name)}\(", question):
        text = _balanced(question, match.start(), match.end())
        try:
            call = ast.parse(text, mode="eval").body
            if isinstance(call, ast.Call) and not call.keywords:
                for argument in call.args:
                    ast.literal_eval(argument)
                yield call
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue


def _balanced(text: str, start: int, inside: int) -> str:
    depth = 1
    for place in range(inside, min(len(text), inside + 500)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return text[start : place + 1]
    return ""


def _vary(call: ast.Call) -> Iterator[ast.Call]:
    """Change one argument at a time."""
    for place, argument in enumerate(call.args):
        value: object = ast.literal_eval(argument)
        for other in _others(value):
            node = ast.parse(repr(other), mode="eval").body
            arguments = [*call.args[:place], node, *call.args[place + 1 :]]
            yield ast.Call(func=call.func, args=arguments, keywords=[])


def _others(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (0, 1, -value, value + 1, value * 2)
    elif isinstance(value, str):
        yield from ("", value[::-1], value * 2, value[:1], value.upper())
    elif isinstance(value, list):
        yield from _shorter_and_longer(cast("list[object]", value))
    elif isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        yield from (tuple(other) for other in _shorter_and_longer(list(items)))


def _shorter_and_longer(items: list[object]) -> Iterator[list[object]]:
    yield from ([], items[::-1], items[:1], items * 2, items[1:])


def probe_program(answer: str, calls: list[str]) -> str:
    """Return a program that makes the calls and prints what came of each."""
    return f"""{code_in(answer)}
def _behave():
    import json
    results = []
    for call in {calls!r}:
        try:
            result = repr(eval(call))
        except Exception as error:
            result = "raises " + type(error).__name__
        results.append(result[:{_RESULT_CHARACTERS}])
    print({_MARK!r} + json.dumps(results))
_behave()
"""


def behaviour_of(output: str) -> Canonical | None:
    """Return the form of a program that printed this; `None` if it did not get that far."""
    lines = [line for line in output.splitlines() if line.startswith(_MARK)]
    if not lines:
        return None
    try:
        results = json.loads(lines[-1].removeprefix(_MARK))
    except ValueError:
        return None
    digest = sha256(json.dumps(results).encode()).hexdigest()[:16]
    return Canonical(kind="code", key=f"behaves like {digest} on {len(results)} calls")
