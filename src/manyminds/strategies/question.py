"""What can be seen of a question from its words alone: the router's features.

The words are in `question_words.toml`: English, with the commonest of German, French and Spanish. A
question in another language shows fewer features, and the router is the less sure of it.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Literal

from manyminds.agents.asking import asks_for_code, offers_options
from manyminds.core.errors import ToolRetry
from manyminds.tools.calculator.tool import calculate

__all__ = ["FEATURES", "Family", "expression_in", "family_of", "features_of", "stems_of"]

Family = Literal["code", "choice", "number", "words"]
"""Kinds of questions that ways of answering are measured on: wanted is a program, one of several
options, a number worked out from others, or words."""


Feature = Callable[[str], float]


def _worded(says: Sequence[str] = (), begins: Sequence[str] = (), at_least: int = 1) -> Feature:
    """Return a feature of `question_words.toml`: 1.0 where its words occur often enough."""
    pattern = rf"^\W*(?:{'|'.join(begins)})\b" if begins else rf"\b(?:{'|'.join(says)})(?!\w)"
    found = re.compile(pattern, re.IGNORECASE)
    return lambda text: float(sum(1 for _ in found.finditer(text)) >= at_least)


def _share(pattern: str, times: float) -> Feature:
    """Return a feature: how much of a text is made of something, so many times over."""
    found = re.compile(pattern)
    return lambda text: min(1.0, sum(1 for _ in found.finditer(text)) * times / len(text))


def _has(pattern: str) -> Feature:
    found = re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    return lambda text: float(found.search(text) is not None)


def _few(most: int) -> Feature:
    return lambda text: float(len(text.split()) <= most)


_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SENTENCE = re.compile(r"[?.!:](?:\s|$)")
_UNITS = (
    r"(?:km|m|cm|mm|kg|g|ml|l|litres?|hours?|min(?:utes)?|°|%|euros?|dollars?|cups?|oz|tbsp"
    r"|months?|people|guests|packs?)(?:\b|(?<=[%°]))"
)
_SHAPES: Mapping[str, Feature] = {
    "expression": lambda text: float(expression_in(text) is not None),
    "operators": _share(r"[-+*/^=×÷%()]", 6),
    "digits": _share(r"\d", 3),
    "numbers": lambda text: min(1.0, len(_NUMBER.findall(text)) / 6),
    "data": _has(r"(?:\d[\d.]*\s*[,; ]\s*){3}\d"),
    "measures": _has(rf"\b\d[\d.,]*\s*{_UNITS}[^§]*\b\d[\d.,]*\s*{_UNITS}"),
    "code": lambda text: float(asks_for_code(text)),
    "code_given": _has(r"```|;\s*\}|^\s*def \w+\(|\{\s*$|\breturn\b.*;"),
    "payload": _has(r"[\"“„«‘'][^\"”»’']{8,}[\"”»’']|```|:\s*\S+(?:[ ,]+\S+){4,}$"),
    "asks": lambda text: float("?" in text),
    "parts": lambda text: min(1.0, max(0, len(_SENTENCE.findall(text)) - 1) / 3),
    "tiny": _few(4),
    "short": _few(9),
    "length": lambda text: min(1.0, len(text.split()) / 40),
}


def _words() -> dict[str, Feature]:
    text = files("manyminds.strategies").joinpath("question_words.toml").read_text(encoding="utf-8")
    return {name: _worded(**entry) for name, entry in tomllib.loads(text).items()}


FEATURES: Mapping[str, Feature] = _SHAPES | _words()
"""Each from 0 to 1, of a question that is not empty."""


def family_of(question: str) -> Family:
    """Return the kind of a question, from its words alone."""
    if asks_for_code(question):
        return "code"
    if offers_options(question):
        return "choice"
    return "number" if len(_NUMBER.findall(question)) > 1 else "words"


def features_of(question: str) -> tuple[float, ...]:
    """Return what a router looks at, in the order of `FEATURES`."""
    text = question.strip() or "?"
    return tuple(feature(text) for feature in FEATURES.values())


_PIECE = re.compile(r"[a-zà-ÿ']+|\d|[^\sa-zà-ÿ\d]")


def stems_of(question: str) -> frozenset[str]:
    """Return the beginnings of its words, five letters at most, its digits and its signs."""
    return frozenset(piece[:5] for piece in _PIECE.findall(question.lower()))


_ASKED = re.compile(
    r"(?:[^:?]{0,60}:\s*)?(?:(?:what(?:'s| is| are| do you get if you)|calculate|compute|evaluate"
    r"|how much is|solve|combien font|wie ?viel ist|cu[aá]nto es)\s+)?(?P<text>.+?)\s*[?.=!]*\s*",
    re.IGNORECASE | re.DOTALL,
)
_SPOKEN = tuple(
    (re.compile(pattern, re.IGNORECASE), symbol)
    for pattern, symbol in (
        (r"\s*\b(?:times|multiplied by)\b\s*", " * "),
        (r"(?<=\d)\s*x\s*(?=\d)", " * "),
        (r"\s*\bdivided by\b\s*", " / "),
        (r"\s*\bplus\b\s*", " + "),
        (r"\s*\bminus\b\s*", " - "),
        (r"\s*\bto the power of\b\s*", " ** "),
        (r"(?<=\d)\s*mod\s*(?=\d)", " % "),
        (r"%\s*von\b", "% of"),
        (r"\bpercent of\b", "% of"),
        (r"(?<=\d),(?=\d{3}\b)", ""),
    )
)


def expression_in(question: str) -> str | None:
    """Return the expression a question consists of, if it consists of one and can be computed."""
    found = _ASKED.fullmatch(question.strip())
    if found is None or len(question) > 200 or not re.search(r"\d", found["text"]):
        return None
    text = found["text"]
    for spoken, symbol in _SPOKEN:
        text = spoken.sub(symbol, text)
    try:
        result = calculate(text)
    except ToolRetry:
        return None
    return None if result == text else text  # a bare number asks nothing
