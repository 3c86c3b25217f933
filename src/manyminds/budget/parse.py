"""Budgets as people write them: `200k,0.50usd,5m`."""

import re
from decimal import Decimal

from manyminds.core.errors import UsageError
from manyminds.core.values import Limits

__all__ = ["parse_limits"]

_PART = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z$]*)", re.IGNORECASE)
_TOKENS = {"": 1, "tok": 1, "tokens": 1, "k": 1_000, "ktok": 1_000, "mtok": 1_000_000}
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3_600}
_USD = {"usd", "$"}
_HOW = "write parts like 200k (tokens), 0.50usd, 5m (or 90s, 1h), joined by commas"


def parse_limits(text: str) -> Limits:
    """Read a budget.

    Raises:
        UsageError: If a part has no known unit, is zero, or a kind of limit comes twice.
    """
    found: dict[str, Decimal] = {}
    for part in text.split(","):
        kind, amount = _parse_part(part.strip())
        if kind in found:
            raise UsageError(f"budget {text!r} names {kind} twice; {_HOW}")
        found[kind] = amount
    tokens, seconds = found.get("tokens"), found.get("seconds")
    return Limits(
        tokens=None if tokens is None else int(tokens),
        usd=found.get("usd"),
        seconds=None if seconds is None else float(seconds),
    )


def _parse_part(part: str) -> tuple[str, Decimal]:
    text = part[1:] + "usd" if part.startswith("$") else part
    match = _PART.fullmatch(text)
    if match is None:
        raise UsageError(f"budget part {part!r} is not understood; {_HOW}")
    number, unit = Decimal(match["number"]), match["unit"].lower()
    if number == 0:
        raise UsageError(f"budget part {part!r} leaves nothing to spend; {_HOW}")
    if unit in _TOKENS:
        return "tokens", number * _TOKENS[unit]
    if unit in _SECONDS:
        return "seconds", number * _SECONDS[unit]
    if unit in _USD:
        return "usd", number
    raise UsageError(f"budget unit {unit!r} is not known; {_HOW}")
