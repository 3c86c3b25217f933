"""Calls to try a function with: the question's examples, their variations, and by annotation."""

import ast
from collections.abc import Iterator, Sequence
from typing import cast

from manyminds.judging.code.examples import Example, examples_in
from manyminds.judging.code.source import code_in, functions_in

__all__ = ["calls_for", "main_function"]

MAX_CALLS = 24
_BY_ANNOTATION: dict[str, tuple[object, ...]] = {
    "int": (0, 1, 2, 7, 10, -3),
    "float": (0.0, 1.5, -2.25, 10.0),
    "str": ("", "a", "Hello World", "abcba", "a1 b2"),
    "bool": (True, False),
    "list[int]": ([], [1], [3, 1, 2], [1, 2, 2, 5], [-1, 0, 4]),
    "list[float]": ([], [1.0], [3.5, 1.0, 2.25]),
    "list[str]": ([], ["a"], ["ab", "b", "abc"]),
    "list": ([], [1], [3, 1, 2], [1, 2, 2, 5]),
    "dict": ({}, {"a": "b"}),
}


def main_function(question: str, answers: Sequence[str]) -> str | None:
    """Return the name of the function a question asks for.

    The one that all answers define and the question names last; where it names none, the last
    one they all define.
    """
    shared = [list(functions_in(code_in(answer))) for answer in answers]
    names = [n for n in (shared[0] if shared else []) if all(n in other for other in shared)]
    named = [name for name in names if f"{name}(" in question]
    return max(named, key=question.rfind) if named else (names[-1] if names else None)


def calls_for(question: str, answer: str) -> tuple[list[Example], list[str]]:
    """Return the examples of an answer's functions, and calls to try: theirs, then variations."""
    functions = functions_in(code_in(answer))
    examples = examples_in(question, sorted(functions))
    own = [example.call for example in examples]
    varied = [ast.unparse(v) for call in own for v in _vary(call, set(functions))]
    name = main_function(question, [answer])
    typed = [] if name is None or varied else list(_typed(functions[name]))
    return examples, list(dict.fromkeys([*own, *varied, *typed]))[:MAX_CALLS]


def _vary(text: str, names: set[str]) -> Iterator[ast.expr]:
    """Change one argument of a call at a time."""
    call = ast.parse(text, mode="eval").body
    if not isinstance(call, ast.Call) or call.keywords:
        return
    if not (isinstance(call.func, ast.Name) and call.func.id in names):
        return
    for place, argument in enumerate(call.args):
        try:
            value: object = ast.literal_eval(argument)
        except (ValueError, TypeError):
            continue
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


def _typed(function: ast.FunctionDef) -> Iterator[str]:
    """Make calls from annotations, where there are no examples to vary."""
    arguments = function.args.args
    pools = [_pool(a.annotation) for a in arguments]
    known = [pool for pool in pools if pool is not None]
    if not arguments or len(known) < len(pools):
        return
    for turn in range(max(len(pool) for pool in known)):
        values = [repr(pool[(turn + place) % len(pool)]) for place, pool in enumerate(known)]
        yield f"{function.name}({', '.join(values)})"


def _pool(annotation: ast.expr | None) -> tuple[object, ...] | None:
    if annotation is None:
        return None
    name = ast.unparse(annotation).replace("typing.", "").replace("List", "list")
    return _BY_ANNOTATION.get(name.replace("Dict", "dict").replace(" ", ""))
