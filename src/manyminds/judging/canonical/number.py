"""Numbers and quantities as people write them: digits, words, fractions, percent, money, units."""

import re
from dataclasses import dataclass
from fractions import Fraction

from manyminds.tools.calculator.units import Unit, unit_of

__all__ = ["Quantity", "read_quantity", "read_words"]

_DIGITS = r"[-+]?\s?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[-+]?\s?\.\d+"
_NUMBER = re.compile(
    rf"(?P<money>[$€£]\s?)?(?P<number>{_DIGITS})"
    r"(?:\s*[eE](?P<exp>[-+]?\d{1,3})|\s*[*x]\s*10\s*(?:\^|\*\*)\s*\(?(?P<ten>[-+]?\d{1,3})\)?)?"
    r"(?P<rest>.*)",
    re.DOTALL,
)
_RATIO = re.compile(r"(?P<top>[-+]?\s?\d{1,30})\s*/\s*(?P<bottom>\d{1,30})(?P<rest>(?:\s.*)?)")
_MIXED = re.compile(
    r"(?P<whole>[-+]?\d{1,30})\s+(?P<top>\d{1,9})/(?P<bottom>\d{1,9})(?P<rest>(?:\s.*)?)"
)
_REST = re.compile(
    r"\s*(?P<scale>dozen|hundred|thousand|million|billion|trillion)?\s*(?P<unit>.*)", re.DOTALL
)
_SCALES = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: n for n, word in enumerate(_ONES)} | {
    word: (n + 2) * 10 for n, word in enumerate(_TENS)
}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5,
    "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10,
}  # fmt: skip
_LABEL_WORDS = 4
"""Words after a number that can be its label ("red pens in total"); more is a sentence."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number with what stood behind it."""

    number: Fraction
    unit: Unit | None
    """`None` for a bare number, and where the label is no unit ("120 pens")."""
    percent: bool = False
    label: str = ""
    """What stood behind it where that is no unit: "pens"."""


def read_quantity(text: str) -> Quantity | None:
    """Read the whole of `text` as one number with at most a unit or a short label."""
    if len(text) > 400:
        return None
    plain = text.strip().removeprefix("approximately ").removeprefix("about ").removeprefix("≈")
    plain = plain.removeprefix("~").strip()
    if plain.startswith("minus "):
        plain = f"-{plain.removeprefix('minus ')}"
    for read in (_read_mixed, _read_ratio, _read_digits, _read_in_words):
        found = read(plain)
        if found is not None:
            return found
    return None


def _read_mixed(text: str) -> Quantity | None:
    match = _MIXED.fullmatch(text)
    if match is None or int(match["bottom"]) == 0:
        return None
    whole, part = int(match["whole"]), Fraction(int(match["top"]), int(match["bottom"]))
    number = whole - part if match["whole"].startswith("-") else whole + part
    return _with_label(Fraction(number), match["rest"], money="")


def _read_ratio(text: str) -> Quantity | None:
    match = _RATIO.fullmatch(text)
    if match is None or int(match["bottom"]) == 0:
        return None
    number = Fraction(int(match["top"].replace(" ", "")), int(match["bottom"]))
    return _with_label(number, match["rest"], money="")


def _read_digits(text: str) -> Quantity | None:
    sign, body = ("-", text[1:].strip()) if text.startswith("-$") else ("", text)
    match = _NUMBER.fullmatch(body)
    if match is None:
        return None
    number = _without_noise(sign + match["number"].replace(",", "").replace(" ", ""))
    exponent = match["exp"] or match["ten"]
    if exponent is not None:
        number *= Fraction(10) ** int(exponent)
    rest = match["rest"]
    if rest and (rest[0].isalnum() or rest[0] in "_/:^*+=") and not _sticks(rest):
        return None
    return _with_label(number, rest, money=(match["money"] or "").strip())


def _without_noise(digits: str) -> Fraction:
    """Read a decimal; one of 15 digits and more is a binary float, good for twelve.

    0.1 + 0.2 prints as 0.30000000000000004, and is three tenths to whoever asked.
    """
    significant = sum(c.isdigit() for c in digits.lstrip("-+0."))
    if significant >= 15 and len(digits.partition(".")[2]) >= 8:
        return Fraction(f"{float(digits):.12g}")
    return Fraction(digits)


def _sticks(rest: str) -> bool:
    """Say whether letters right behind the digits are a unit: "5km", but not "7th" or "3x"."""
    return unit_of(rest) is not None


def _with_label(number: Fraction, rest: str, *, money: str) -> Quantity | None:
    if rest.strip().lower() in {"%", "percent", "per cent", "percentage"}:
        return Quantity(number=number, unit=None, percent=True)
    match = _REST.fullmatch(rest)
    if match is None:
        return None
    if match["scale"] is not None:
        number *= 12 if match["scale"] == "dozen" else _SCALES[match["scale"]]
    label = match["unit"].strip()
    if money:
        label = money
    unit = unit_of(label) if label else None
    if unit is None and label and not _is_label(label):
        return None
    return Quantity(number=number, unit=unit, label=label if unit is None else "")


def _is_label(text: str) -> bool:
    words = text.split()
    if words[0].lower() in _PARTS:
        return False
    return len(words) <= _LABEL_WORDS and all(re.fullmatch(r"[A-Za-z'-]+", w) for w in words)


def _read_in_words(text: str) -> Quantity | None:
    number, used = read_words(text)
    if number is None:
        return None
    rest = " ".join(text.replace("-", " ").split()[used:])
    part, _, label = rest.partition(" ")
    if part.lower() in _PARTS:
        return _with_label(Fraction(number, _PARTS[part.lower()]), label, money="")
    return _with_label(Fraction(number), rest, money="")


def read_words(text: str) -> tuple[int | None, int]:
    """Read a number in English words from the start of `text`.

    Returns:
        The number (`None` if `text` does not begin with one), and how many words it took,
        hyphens counted as spaces.
    """
    total = current = used = 0
    seen = False
    words = text.lower().replace("-", " ").replace(",", " ").split()
    for place, word in enumerate(words):
        if word in _VALUES:
            current += _VALUES[word]
        elif word == "dozen":
            current = max(current, 1) * 12
        elif word in _SCALES and (seen or word == "hundred"):
            current = max(current, 1) * _SCALES[word]
            if word != "hundred":
                total, current = total + current, 0
        elif (word == "a" and _next_in(words, place, _SCALES | {"dozen": 12})) or (
            word == "and" and seen and _next_in(words, place, _VALUES)
        ):
            continue
        else:
            break
        seen, used = True, place + 1
    return (total + current, used) if seen else (None, 0)


def _next_in(words: list[str], place: int, known: dict[str, int]) -> bool:
    return place + 1 < len(words) and words[place + 1] in known
