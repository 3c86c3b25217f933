"""Arithmetic expressions read as syntax, never run as code, and computed exactly.

Numbers are fractions; roots, logarithms and circular functions, which have no exact value, are
floats of 15 digits. Every size is bounded, so that no expression can hold the process up.
"""

import ast
import math
import warnings
from collections.abc import Callable
from fractions import Fraction

from manyminds.core.errors import ToolRetry

__all__ = ["Real", "evaluate", "parse_expression", "show"]

Real = Fraction | float
"""Exact where it can be, 15 digits where it cannot."""

MAX_CHARACTERS = 2_000
MAX_BITS = 14_000
"""Size of a whole number: some 4,200 digits, just under what Python agrees to print."""
MAX_FACTORIAL = 5_000


def parse_expression(text: str) -> ast.expr:
    """Read an expression without running anything.

    Raises:
        ToolRetry: If it is none.
    """
    if len(text) > MAX_CHARACTERS:
        raise ToolRetry(f"the expression is longer than {MAX_CHARACTERS} characters")
    try:
        with warnings.catch_warnings():
            # Python only warns of "5and 7"; whoever writes so has not written an expression.
            warnings.simplefilter("error", SyntaxWarning)
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ToolRetry(f"not an expression: {text.strip()[:80]!r}") from error


def evaluate(node: ast.expr, names: dict[str, Real] | None = None) -> Real:
    """Compute an expression.

    Args:
        node: As `parse_expression` returns it.
        names: Values of variables.

    Raises:
        ToolRetry: If it holds what is no arithmetic, divides by zero or grows too large.
    """
    try:
        return _compute(node, names or {}, 0)
    except ZeroDivisionError as error:
        raise ToolRetry("division by zero") from error
    except (OverflowError, ValueError, TypeError) as error:
        raise ToolRetry(f"cannot be computed: {error}") from error


def _compute(node: ast.expr, names: dict[str, Real], depth: int) -> Real:
    if depth > 100:
        raise ToolRetry("the expression is nested too deeply")
    if isinstance(node, ast.Constant) and not isinstance(node.value, bool):
        return _number(node.value)
    if isinstance(node, ast.Name):
        return _named(node.id, names)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _compute(node.operand, names, depth + 1)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp):
        left = _compute(node.left, names, depth + 1)
        right = _compute(node.right, names, depth + 1)
        return _binary(node.op, left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        return _call(node.func.id, [_compute(arg, names, depth + 1) for arg in node.args])
    raise ToolRetry(
        f"only arithmetic is understood, not {ast.unparse(node)[:40]!r}; use python for the rest"
    )


def _number(value: object) -> Fraction:
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, float) and math.isfinite(value):
        # The shortest text that reads back as this float is what was written: 0.1 is a tenth.
        return Fraction(repr(value))
    raise ToolRetry(f"{value!r} is no number")


def _named(name: str, names: dict[str, Real]) -> Real:
    if name in names:
        return names[name]
    if name == "pi":
        return math.pi
    if name == "e":
        return math.e
    raise ToolRetry(f"unknown name {name!r}")


def _binary(sign: ast.operator, left: Real, right: Real) -> Real:
    if isinstance(sign, ast.Pow):
        return _power(left, right)
    simple: dict[type[ast.operator], Callable[[Real, Real], Real]] = {
        ast.Add: lambda a, b: a + b,
        ast.Sub: lambda a, b: a - b,
        ast.Mult: lambda a, b: a * b,
        ast.Div: lambda a, b: a / b,
        ast.FloorDiv: lambda a, b: Fraction(math.floor(a / b)),
        ast.Mod: lambda a, b: a - b * math.floor(a / b),
    }
    compute = simple.get(type(sign))
    if compute is None:
        raise ToolRetry("only + - * / // % ** are understood")
    return _bounded(compute(left, right))


def _power(base: Real, exponent: Real) -> Real:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if bits * abs(exponent.numerator) > MAX_BITS:
            raise ToolRetry("the power is too large to write down")
        return base**exponent.numerator
    if base < 0:
        raise ToolRetry("the power is no real number")
    return _bounded(float(base) ** float(exponent))


def _bounded(value: Real) -> Real:
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
            raise ToolRetry("the number is too large to write down")
    elif not math.isfinite(value):
        raise ToolRetry("the result is not finite")
    return value


def _whole(value: Real) -> int:
    if not isinstance(value, Fraction) or value.denominator != 1:
        raise ToolRetry("a whole number is needed there")
    return value.numerator


def _sqrt(value: Real) -> Real:
    if isinstance(value, Fraction) and value >= 0:
        top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if top * top == value.numerator and bottom * bottom == value.denominator:
            return Fraction(top, bottom)
    if value < 0:
        raise ToolRetry("the root of a negative number is not real")
    return math.sqrt(value)


def _factorial(value: Real) -> Real:
    number = _whole(value)
    if not 0 <= number <= MAX_FACTORIAL:
        raise ToolRetry(f"factorial takes 0 to {MAX_FACTORIAL}")
    return Fraction(math.factorial(number))


def _choose(count: Callable[[int, int], int]) -> Callable[[Real, Real], Real]:
    def chosen(n: Real, k: Real) -> Real:
        if _whole(n) > MAX_FACTORIAL:
            raise ToolRetry(f"takes at most {MAX_FACTORIAL}")
        return Fraction(count(_whole(n), _whole(k)))

    return chosen


def _round(value: Real, places: Real = Fraction(0)) -> Real:
    # Half to even, as Python's own `round` does on fractions.
    return Fraction(round(Fraction(value), _whole(places)))


def _abs(value: Real) -> Real:
    return abs(value)


def _min(*values: Real) -> Real:
    return min(values)


def _max(*values: Real) -> Real:
    return max(values)


def _gcd(*values: Real) -> Real:
    return Fraction(math.gcd(*(_whole(value) for value in values)))


def _lcm(*values: Real) -> Real:
    return Fraction(math.lcm(*(_whole(value) for value in values)))


def _floor(value: Real) -> Real:
    return Fraction(math.floor(value))


def _ceil(value: Real) -> Real:
    return Fraction(math.ceil(value))


_FUNCTIONS: dict[str, Callable[..., Real]] = {
    "abs": _abs,
    "sqrt": _sqrt,
    "factorial": _factorial,
    "comb": _choose(math.comb),
    "perm": _choose(math.perm),
    "gcd": _gcd,
    "lcm": _lcm,
    "min": _min,
    "max": _max,
    "floor": _floor,
    "ceil": _ceil,
    "round": _round,
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "radians": math.radians,
    "degrees": math.degrees,
}


def _call(name: str, values: list[Real]) -> Real:
    function = _FUNCTIONS.get(name)
    if function is None:
        raise ToolRetry(f"unknown function {name!r}; there are {', '.join(sorted(_FUNCTIONS))}")
    return _bounded(function(*values))


def show(value: Real) -> str:
    """Write a number: exactly, with the decimal beside a fraction that has no finite one."""
    if not isinstance(value, Fraction):
        return f"{value:.15g}"
    if value.denominator == 1:
        return str(value.numerator)
    decimal = _decimal(value)
    if decimal is not None:
        return decimal
    try:
        return f"{value} = {float(value):.12g}…"
    except OverflowError:
        return str(value)


def _decimal(value: Fraction) -> str | None:
    rest = value.denominator
    twos = fives = 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > 60:
        return None
    whole = abs(value.numerator) * 10**places // value.denominator
    digits = str(whole).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}"
