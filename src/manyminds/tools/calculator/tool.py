"""The `calculate` tool: expressions, percentages, unit conversions and dates, all exact."""

import re
from datetime import date, timedelta
from fractions import Fraction

from manyminds.core.errors import ToolRetry
from manyminds.core.messages import ToolCall, ToolSpec
from manyminds.core.values import Evidence
from manyminds.tools.calculator.expression import evaluate, parse_expression, show
from manyminds.tools.calculator.units import convert, unit_of

__all__ = ["Calculate", "calculate"]

_TO = re.compile(
    r"(?P<amount>.+?)\s*(?P<source>[a-zA-Z°µ$€£¢²³][\w°µ²³^/ ]*)\s+(?:to|in|as)\s+"
    r"(?P<target>[\w°µ$€£¢²³^/ ]+)"
)
_PERCENT_OF = re.compile(r"(?P<share>[\d.]+)\s*%\s*of\s+(?P<whole>.+)")
_DAYS = r"(?P<count>\d{1,6})\s*(?P<unit>day|week)s?"
_DATE = r"\d{4}-\d{2}-\d{2}"
_DATES = re.compile(rf"(?P<a>{_DATE})\s*-\s*(?P<b>{_DATE})")
_SHIFT = re.compile(rf"(?P<a>{_DATE})\s*(?P<sign>[+-])\s*{_DAYS}")
_WEEKDAY = re.compile(rf"weekday\s*\(?\s*['\"]?(?P<a>{_DATE})['\"]?\s*\)?")


class Calculate:
    """Computes one expression; stateless and pure."""

    spec = ToolSpec(
        name="calculate",
        description=(
            "exact calculator: 2**64 % 7, comb(52,5), sqrt(2), 15% of 80, 26.2 miles to km, "
            "2024-03-01 - 2023-12-25, 2024-01-31 + 90 days, weekday 2024-02-29"
        ),
        parameters={
            "type": "object",
            "properties": {"expression": {"type": "string", "maxLength": 200}},
            "required": ["expression"],
        },
    )

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Compute `expression`."""
        text = call.arguments.get("expression")
        if not isinstance(text, str) or not text.strip():
            raise ToolRetry('calculate needs an "expression", like "15% of 80"')
        return (Evidence(id="", tool="calculate", request=text, output=calculate(text)),)


def calculate(text: str) -> str:
    """Compute an expression and write the result.

    Raises:
        ToolRetry: If it is not understood or has no value.
    """
    plain = " ".join(text.replace("×", "*").replace("÷", "/").replace("^", "**").split())
    for read in (_dates, _percent, _conversion):
        found = read(plain)
        if found is not None:
            return found
    return show(evaluate(parse_expression(plain.replace("%of", "% of"))))


def _dates(text: str) -> str | None:
    if match := _DATES.fullmatch(text):
        days = (_day(match["a"]) - _day(match["b"])).days
        return f"{days} days"
    if match := _SHIFT.fullmatch(text):
        days = int(match["count"]) * (7 if match["unit"] == "week" else 1)
        shift = timedelta(days=days if match["sign"] == "+" else -days)
        try:
            return (_day(match["a"]) + shift).isoformat()
        except OverflowError as error:
            raise ToolRetry("that date is beyond the calendar") from error
    if match := _WEEKDAY.fullmatch(text):
        return f"{_day(match['a']):%A}"
    return None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ToolRetry(f"there is no date {text}") from error


def _percent(text: str) -> str | None:
    match = _PERCENT_OF.fullmatch(text)
    if match is None:
        return None
    share = evaluate(parse_expression(match["share"]))
    return show(evaluate(parse_expression(f"({match['whole']})"), {}) * share / 100)


def _conversion(text: str) -> str | None:
    match = _TO.fullmatch(text.replace("**", "^"))
    if match is None:
        return None
    source, target = unit_of(match["source"]), unit_of(match["target"])
    for unit, name in ((source, match["source"]), (target, match["target"])):
        if unit is None:
            raise ToolRetry(f"unknown unit {name.strip()!r}")
    amount = evaluate(parse_expression(match["amount"]))
    if source is None or target is None or not isinstance(amount, Fraction):
        raise ToolRetry(f"cannot convert {text!r}")
    result = convert(amount, source, target)
    if result is None:
        raise ToolRetry(f"{source.name} and {target.name} measure different things")
    return f"{show(result)} {target.name}"
