"""Noticing that a model has begun to repeat itself.

Small models fall into loops in the middle of a program or a list of calls and go on until the
cap, at a second for every fifteen tokens. Looking at the tail of what has come costs nothing.
"""

import re

__all__ = ["is_looping"]

_SHORTEST, _LONG, _LONGEST = 12, 160, 420
_DIGITS_MOST = 200
_DIGITS = re.compile(rf"\A(\d{{1,20}})\1{{{_DIGITS_MOST // 20 - 1},}}\d{{0,19}}\Z")
_LETTERS = 6
"""A unit with fewer letters may be a column of numbers, which repeats its shape rightly."""


def is_looping(text: str) -> bool:
    """Say whether `text` ends in the same stretch again and again; numbers in it may count up.

    A stretch up to `_LONG` characters five times over, or a longer one three times; or digits in
    one piece that come again and again: no number that is meant is that long.
    """
    if len(text) > _DIGITS_MOST and _DIGITS.search(text[-_DIGITS_MOST:]):
        return True
    tail = re.sub(r"\d+", "0", text[-_LONGEST * 6 :])
    for size in range(_SHORTEST, _LONGEST + 1):
        repeats = 5 if size <= _LONG else 3
        unit = tail[-size:]
        if len(tail) < size * repeats:
            continue
        letters = sum(c.isalpha() for c in unit)
        if letters >= _LETTERS and tail.endswith(unit * repeats):
            return True
    return False
