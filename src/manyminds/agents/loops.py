"""Noticing that a model has begun to repeat itself.

Small models fall into loops in the middle of a program or a list of calls and go on until the
cap, at a second for every fifteen tokens. Looking at the tail of what has come costs nothing.
"""

import re

__all__ = ["is_looping"]

REPEATS = 5
_SHORTEST, _LONGEST = 12, 160
_LETTERS = 6
"""A unit with fewer letters may be a column of numbers, which repeats its shape rightly."""


def is_looping(text: str) -> bool:
    """Say whether `text` ends in the same stretch `REPEATS` times; numbers in it may count up."""
    tail = re.sub(r"\d+", "0", text[-_LONGEST * REPEATS * 2 :])
    for size in range(_SHORTEST, _LONGEST + 1):
        if len(tail) < size * REPEATS:
            return False
        unit = tail[-size:]
        letters = sum(c.isalpha() for c in unit)
        if letters >= _LETTERS and tail.endswith(unit * REPEATS):
            return True
    return False
