"""Whether a text gives an answer away: its number, its words, its program.

By the letter: numbers in figures and in English words, names and short answers word for word. What
describes the answer without saying it ("the number of months in a year") is not caught.
"""

import re

from manyminds.core.values import Canonical

__all__ = ["gives_away"]

_FIGURES = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_WORDS = re.compile(r"[^\W_]+")
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SAID = {word: n for n, word in enumerate(_ONES.split())} | {
    word: 10 * n for n, word in enumerate(_TENS.split(), 2)
}
_LONGEST = 12
"""Words of an answer that is looked for as it is; of a longer one any four in a row."""
_PIECE = 4
_PROGRAM = re.compile(r"```|^\s*(?:def|class|return|import|print)\b", re.MULTILINE)


def gives_away(text: str, *, answer: str, canonical: Canonical, question: str) -> bool:
    """Say whether a text holds the answer.

    Args:
        text: What would be said.
        answer: As it was written.
        canonical: Its canonical form.
        question: What stands there gives nothing away.
    """
    if canonical.kind == "code":
        return _PROGRAM.search(text) is not None
    if canonical.kind in ("yes_no", "choice"):
        return bool(set(_small(text)) & (set(_small(answer)) - {"the", "is", "option", "answer"}))
    secret = (_numbers(answer) | _numbers(canonical.key)) - _numbers(question)
    if secret & _numbers(text):
        return True
    said, words = f" {' '.join(_small(text))} ", _small(answer)
    asked = f" {' '.join(_small(question))} "
    size = len(words) if len(words) <= _LONGEST else _PIECE
    pieces = (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
    return any(f" {p} " in said and f" {p} " not in asked for p in pieces if p)


def _small(text: str) -> list[str]:
    return [word.casefold() for word in _WORDS.findall(text)]


def _numbers(text: str) -> set[float]:
    """Return the numbers of a text, in figures and in words up to ninety-nine."""
    found = {float(number.replace(",", "")) for number in _FIGURES.findall(text)}
    words = _small(text)
    for place, word in enumerate(words):
        if word not in _SAID:
            continue
        value = _SAID[word]
        after = _SAID.get(words[place + 1], 0) if place + 1 < len(words) else 0
        found.add(float(value + after if value >= 20 and 0 < after < 10 else value))
    return found
