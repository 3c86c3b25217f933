"""Examples that a question gives of what its function returns.

Read from doctests and from lines like `f(1) == 2`, `f(1) -> 2`, `f(1) returns 2`; arguments and
results must be literals, since nothing of a question is ever run outside the jail.
"""

import ast
import doctest
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Example", "examples_in", "literal"]

_BETWEEN = re.compile(
    r"\s*(?:#\s*)?(?:={1,3}>|-+>|→|➞|➔|⇒|==|=|:|"
    r"(?:should|must|will|would)\s+(?:return|be|give|equal)|"
    r"(?:returns?|gives?|equals?|is|yields)(?:\s+equal\s+to)?)\s*(?:#\s*)?",
    re.IGNORECASE,
)
_DESCRIBED = re.compile(
    r"\b(?:input|for|given|if)\b[:\s]+(?P<given>[^\n]*?)[\s,.]*\n?\s*(?:the\s+)?(?:expected\s+)?"
    r"\b(?:output|result)\s*(?:should be|will be|is|:|=)+\s*(?P<expected>[^\n]*)",
    re.IGNORECASE,
)
_CONSTANTS = {"true": "True", "false": "False", "null": "None", "none": "None"}
_MOST = 40


@dataclass(frozen=True, kw_only=True)
class Example:
    """One call and what it must return."""

    call: str
    expected: str
    """A Python literal."""


def examples_in(question: str, names: Iterable[str]) -> list[Example]:
    """Return the examples of calls to one of `names`, in the order they stand."""
    found: dict[str, Example] = {}
    wanted = [name for name in names if re.search(rf"\b{re.escape(name)}\(", question)]
    for example in (*_doctests(question, wanted), *_lines(question, wanted)):
        found.setdefault(example.call, example)
    defined = re.findall(r"\bdef (\w+)\(", question)
    if not found and defined and defined[-1] in set(names):
        found = {e.call: e for e in _described(question, defined[-1])}
    return list(found.values())[:_MOST]


def literal(text: str) -> tuple[object] | None:
    """Return the value of a literal in a tuple of one; `None` where the text is none."""
    try:
        return (ast.literal_eval(text.strip()),)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _doctests(question: str, names: list[str]) -> Iterator[Example]:
    try:
        # A docstring's closing quotes would be read as a part of the last result.
        found = doctest.DocTestParser().get_examples(re.sub("\"{3}|'{3}", "\n", question))
    except ValueError:  # badly indented: no doctest
        return
    for example in found:
        call, expected = example.source.strip(), example.want.strip()
        if literal(expected) is not None and _is_call(call, names):
            yield Example(call=_without_comment(call), expected=expected)


def _is_call(text: str, names: list[str]) -> bool:
    """Say whether a text is one expression over literals that calls one of the functions."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    loaded = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    harmless = {"round", "sorted", "list", "tuple", "set", "len", "abs", "float", "int", "str"}
    return bool(loaded & set(names)) and loaded <= set(names) | harmless


def _without_comment(call: str) -> str:
    return ast.unparse(ast.parse(call, mode="eval"))


def _lines(question: str, names: list[str]) -> Iterator[Example]:
    for name in names:
        for match in re.finditer(rf"\b{re.escape(name)}\(", question):
            call = balanced(question, match.start(), match.end())
            if not call or not _is_call(call, names):
                continue
            rest = question[match.start() + len(call) :].split("\n", 1)[0]
            between = _BETWEEN.match(rest)
            expected = None if between is None else _leading_literal(rest[between.end() :])
            if expected is not None:
                yield Example(call=_without_comment(call), expected=expected)


def _described(question: str, name: str) -> Iterator[Example]:
    """Read examples like `Input: [1, 2]` above `Output: 3`, and `for k = 3 the result is 4`."""
    for match in _DESCRIBED.finditer(question):
        given = re.sub(r"\b[A-Za-z_]\w*\s*=\s*", "", match["given"]).strip(" ,")
        expected = _leading_literal(match["expected"])
        if given and literal(f"({given},)") is not None and expected is not None:
            yield Example(call=_without_comment(f"{name}({given})"), expected=expected)


def balanced(text: str, start: int, inside: int) -> str:
    """Return the text from `start` to the parenthesis that closes the one before `inside`."""
    depth, quote = 1, ""
    for place in range(inside, min(len(text), inside + 1_000)):
        char = text[place]
        if quote:
            quote = "" if char == quote and text[place - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        else:
            depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0:
            return text[start : place + 1]
    return ""


def _leading_literal(text: str) -> str | None:
    """Return the longest literal that a line begins with."""
    text = text.strip()
    word = re.match(r"[a-z]+\b", text)
    if word is not None and word[0] in _CONSTANTS:
        return _CONSTANTS[word[0]]
    ends = [m.end() for m in re.finditer(r"[\w\]\)\}'\"]", text)][:200]
    for end in reversed(ends):
        whole = text[:end]
        after = text[end:].lstrip(" ")
        if literal(whole) is None or re.match(r"\w", text[end : end + 1]):
            continue
        # A sum that is worked out: `19 - 5 - 6 = 8`.
        return _leading_literal(text.rpartition("=")[2]) if re.match(r"[-+*/]", after) else whole
    return None
