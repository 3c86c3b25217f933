"""How alike two texts are, and what stands in them."""

import re
from collections import Counter
from difflib import SequenceMatcher
from functools import lru_cache

__all__ = ["alike", "cut", "numbers_in", "words"]

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])")
_RUN, _LONG, _WORTH_A_LOOK = 3, 600, 0.8
QUOTED = 240
"""Characters of evidence that are shown."""


@lru_cache(maxsize=4_096)
def words(text: str) -> tuple[str, ...]:
    """Return its words in small letters."""
    return tuple(_WORD.findall(text.lower()))


def alike(a: str, b: str) -> float:
    """Return how much of two texts is the same words in the same order, from 0 to 1."""
    ours, theirs = words(a), words(b)
    if ours == theirs:
        return 1.0
    whole = len(ours) + len(theirs)
    shared = 2 * sum((Counter(ours) & Counter(theirs)).values()) / max(1, whole)
    if shared < _WORTH_A_LOOK:
        return shared
    # Long ones by the runs of words that they share: the matcher's time grows with the square.
    if whole > _LONG:
        return _shared_runs(ours, theirs)
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _shared_runs(ours: tuple[str, ...], theirs: tuple[str, ...]) -> float:
    first, second = (
        Counter(told[place : place + _RUN] for place in range(max(1, len(told) - _RUN + 1)))
        for told in (ours, theirs)
    )
    return 2 * sum((first & second).values()) / (first.total() + second.total())


def numbers_in(text: str) -> frozenset[str]:
    """Return the numbers that stand in a text, without commas."""
    return frozenset(one.replace(",", "").rstrip(".") for one in _NUMBER.findall(text))


def cut(text: str, around: re.Match[str] | None = None) -> str:
    """Return a quotation of a text: its beginning, or the sentence around a match."""
    if around is None:
        return text.strip()[:QUOTED]
    start = max(text.rfind(". ", 0, around.start()), text.rfind("\n", 0, around.start())) + 1
    ends = [place for mark in (". ", "\n") if (place := text.find(mark, around.end())) >= 0]
    return text[start : min(ends) + 1 if ends else len(text)].strip()[:QUOTED]
