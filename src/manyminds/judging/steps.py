"""Checking the working: which step of an arithmetic or code trace is the first wrong one?

A step is an equality that both sides of can be computed: `3 * 4 = 12`, `total = 5 + 7 = 12`,
`x += 2 -> x = 9`. What cannot be read is passed over, never called wrong: words, unknowns and
rounded results within half of the last shown digit are no mistakes.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from manyminds.core.errors import ToolRetry
from manyminds.judging.canonical.markup import plain_math
from manyminds.tools.calculator.expression import Real, evaluate, parse_expression, show

__all__ = ["Step", "check_steps", "first_wrong"]

_NUMBER = r"\d[\d,]*(?:\.\d+)?|\.\d+"
_CLAIMED = re.compile(rf"\s*(?P<sign>[-−]?)\s*[$€£]?\s*(?P<number>{_NUMBER})\s*(?P<percent>%?)")
_ARITHMETIC = re.compile(r"[\d\s.+\-*/()]+$")
_NAMED = re.compile(r"^\s*(?P<name>[A-Za-z_]\w*)\s*=(?!=)\s*(?P<rest>.+)$")
_STATEMENT = re.compile(
    r"^[\s\-*\d.)]*`?(?P<code>[A-Za-z_]\w*\s*(?:[-+*/%]|//|\*\*)?=[^=`#→;]+?)`?\s*"
    r"(?:#|->|→|=>|;)\s*(?P<name>[A-Za-z_]\w*)\s*(?:=|is(?: now)?|becomes)\s*(?P<claim>-?[\d.,]+)"
)
_LABEL = re.compile(
    r"(?P<number>\d)\s+(?:[A-Za-z][A-Za-z'/-]+)(?:\s+[A-Za-z][A-Za-z'/-]+){0,3}(?=\s*[-+*/=)])"
)
_WORD_BEFORE = re.compile(
    r"(?:twice|thrice|half|double|triple|times|plus|minus|"
    r"(?:half|thirds?|quarters?|fourths?|fifths?|tenths?|percent|%|\d)\s+of|[A-Za-z]\d*\s*[-+*/^]|(?:^|[\s(\d*/+-])(?![aAI]\b)[A-Za-z])\s*[(\s]*$",
    re.IGNORECASE,
)
_REWRITES = (
    (re.compile(r"<<.*?>>"), ""),  # the calculator marks of GSM8K
    (re.compile(r"\\\$|[$€£]|\\[()\[\]]"), ""),
    (re.compile(r"\((?:the )?[A-Za-z][A-Za-z ,'-]*\)"), ""),
    (re.compile(r"(?<=\d)/[A-Za-z]{2,}"), ""),  # per month
    (re.compile(r"[×·∙]|\\times|\\cdot"), "*"),
    (re.compile(r"÷|\\div"), "/"),
    (re.compile(r"[−–]"), "-"),
    (re.compile(r"≈|≃|\\approx"), "="),
    (re.compile(r"(?<=\d),(?=\d{3}\b)"), ""),
    (re.compile(r"(?<=[\d)])\s*[xX]\s*(?=[\d(])"), "*"),
    (re.compile(r"(\d+(?:\.\d+)?)\s*%\s*of\s*"), r"(\1/100)*"),
    (re.compile(r"(\d+(?:\.\d+)?)\s*%(?=\s*[-+*/)=])"), r"(\1/100)"),
    (re.compile(r"(?<=[\d)])\("), "*("),
    (re.compile(r"\^"), "**"),
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step that could be checked."""

    number: int
    """Its place among the steps that could be checked, from 1."""
    text: str
    stated: str
    right: bool
    correct: str
    """What it should have come to."""


def first_wrong(text: str) -> Step | None:
    """Return the first wrong step; `None` where none is wrong, or none could be checked."""
    return next((step for step in check_steps(text) if not step.right), None)


def check_steps(text: str) -> Iterator[Step]:
    """Check the steps of a working in order."""
    names: dict[str, Real] = {}
    number = 0
    for line in re.split(r"[\n;]|(?<=[a-z\d)])\.\s+(?=[A-Z])", text[:20_000]):
        for left, stated, percent in _claims(line, names):
            number += 1
            right = _near(left, stated) or (percent and _near(left * 100, stated))
            yield Step(
                number=number, text=line.strip()[:200], stated=stated, right=right,
                correct=show(left),
            )  # fmt: skip


def _claims(line: str, names: dict[str, Real]) -> Iterator[tuple[Real, str, bool]]:
    """Return each computed left side with the number it is said to be."""
    statement = _STATEMENT.match(line)
    if statement is not None:
        done = _assign(statement["code"], names)
        if done is not None and done == statement["name"]:
            yield names[done], statement["claim"].rstrip(".,").replace(",", ""), False
        return
    plain = _plain(line)
    named = _NAMED.match(plain)
    parts = plain.split("=")
    for place, (left, right) in enumerate(zip(parts, parts[1:], strict=False)):
        claimed = _CLAIMED.match(right)
        value = _value(left, names)
        if claimed is None or value is None or _goes_on(right[claimed.end() :]):
            continue
        stated = claimed["sign"].replace("−", "-") + claimed["number"].replace(",", "")
        if named is not None and place == len(parts) - 2:
            names[named["name"]] = Fraction(stated)
        yield value, stated, bool(claimed["percent"])
    if named is not None and len(parts) == 2:
        _assign(f"{named['name']} = {named['rest']}", names)


def _plain(line: str) -> str:
    text = plain_math(line) if "\\" in line else line
    for pattern, by in _REWRITES:
        text = pattern.sub(by, text)
    return _LABEL.sub(lambda m: m["number"], text)


def _goes_on(after: str) -> bool:
    """Say whether the number is only the beginning of a longer side, as in `= 3 * 4`."""
    return re.match(r"\s*(?:[*/(^]|\d|[-+]\s*[\d(])", after) is not None and "=" not in after


def _value(left: str, names: dict[str, Real]) -> Real | None:
    """Compute the arithmetic that a left side ends in; `None` where it is not plain."""
    found = _ARITHMETIC.search(left)
    if found is None:
        return _named_value(left, names)
    before, text = left[: found.start()], found[0].strip()
    if _WORD_BEFORE.search(before) or before.rstrip().endswith(("%", "^", "_", "{", "[", "/", "*")):
        return _named_value(left, names)
    # A label's number may stand before it, as in "Step 2. 3 + 4".
    for start in [0, *(m.end() for m in re.finditer(r"[.)]\s+|\s{2,}", text))]:
        value = _computed(text[start:], {})
        if value is not None:
            return value
    return _named_value(left, names)


def _named_value(left: str, names: dict[str, Real]) -> Real | None:
    """Compute a left side that uses names whose values are known."""
    text = left.rpartition(":")[2].strip()
    return _computed(text, names) if names and re.search(r"[A-Za-z_]", text) else None


def _computed(text: str, names: dict[str, Real]) -> Real | None:
    if not re.search(r"[-+*/]", text.lstrip("-+ ")):
        return None  # a bare number states nothing
    try:
        return evaluate(parse_expression(text), names)
    except ToolRetry:
        return None


def _assign(code: str, names: dict[str, Real]) -> str | None:
    """Play one assignment; return the name it sets, `None` where it cannot be played."""
    try:
        node = ast.parse(code.strip()).body[0]
    except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
        return None
    try:
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            left = ast.Name(id=node.target.id, ctx=ast.Load())
            value = evaluate(ast.BinOp(left=left, op=node.op, right=node.value), names)
            names[node.target.id] = value
            return node.target.id
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = evaluate(node.value, names)
            return node.targets[0].id
    except ToolRetry:
        target = node.target if isinstance(node, ast.AugAssign) else None
        if isinstance(target, ast.Name):
            names.pop(target.id, None)  # not known any more
    return None


def _near(left: Real, stated: str) -> bool:
    """Say whether a stated number is the computed one, rounded or cut at its last shown digit."""
    value = Fraction(stated)
    places = len(stated.partition(".")[2])
    exact = Fraction(left) if isinstance(left, Fraction) else Fraction(str(left))
    unit = Fraction(1, 10**places)
    rounded, cut = abs(exact - value) <= unit / 2, 0 <= abs(exact) - abs(value) < unit
    # A whole number is never the rounded form of another whole number.
    return exact == value or (exact.denominator != 1 and (rounded or (cut and places > 0)))
