"""What may leave this machine in a search query or an address that a model wrote.

A query is a message, too: to the search engine, and to whoever buys its logs. What documents of the
person's own say stays here: names and numbers of theirs, runs of their words, and what looks like
any text in another coding. What the question says, and what the web itself said, may be searched.
It knows plain, hexadecimal, base64 and percent codings, whole or in pieces; a model that turns
letters into innocent words of its own is not caught, nor are single letters, one at a time, or
pieces of four capital letters, which many names are.
"""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import unquote_plus

__all__ = ["Outgoing", "makers_view"]

_WORD = re.compile(r"[^\W_]+")
_BEGINS = re.compile(r"(?:^|(?<=[.!?:#*>|\n]))[\s#*>|-]*[A-Z](?=[a-z]+\b)", re.MULTILINE)
"""The capital letter of a sentence's or line's first word, which makes no name of it."""
_RUNS = (3, 4)
"""Words in a row that are somebody's, where two of them say something."""
_ALONE = 4
"""Letters below which a word tells nothing."""
_LONG = 24
_PIECES = 3
"""Pieces that look encoded, of any length."""


@dataclass(kw_only=True)
class Outgoing:
    """What was said to whom in one run."""

    _public: set[str] = field(default_factory=set[str])
    _private: set[str] = field(default_factory=set[str])
    """Names and numbers, in small letters."""
    _public_runs: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])
    _private_runs: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])

    def know(self, text: str) -> None:
        """Take in what is no secret: the question, and what the web says."""
        words = _small(text)
        self._public.update(words)
        self._public_runs.update(_runs(words))

    def hide(self, text: str) -> None:
        """Take in what is the person's own."""
        found = _WORD.findall(text)
        common = {word for word in found if word == word.lower() and not _digits(word)}
        names = (w for w in _WORD.findall(_BEGINS.sub("", text)) if _telling(w))
        self._private.update(w.casefold() for w in names if w.casefold() not in common)
        self._private_runs.update(_runs([w.casefold() for w in found]))

    def why_not(self, text: str) -> str | None:
        """Say why a query, or an address, may not leave; `None` where it may."""
        if not self._private and not self._private_runs:
            return None
        plain = unquote_plus(unquote_plus(text))
        words = _WORD.findall(plain)
        small = [word.casefold() for word in words]
        unknown = [w for w in words if w.casefold() not in self._public]
        if any(w.casefold() in self._private for w in unknown):
            return "it names what only your documents say"
        if any(self._piece(word) for word in unknown):
            return "it holds a piece of what only your documents say"
        if any(run in self._private_runs - self._public_runs for run in _runs(small)):
            return "it repeats words of your documents"
        coded = [word for word in unknown if _encoded(word)]
        if any(len(word) >= _ALONE for word in coded) or len(coded) >= _PIECES:
            return f"{coded[0][:20]!r} looks encoded; use plain words"
        return None

    def _piece(self, word: str) -> bool:
        """Say whether a word is part of a name or number that is somebody's."""
        small = word.casefold()
        if len(small) < _ALONE - 1 or not _telling(word):
            return False
        return any(small in secret for secret in self._private if len(secret) > len(small))


def _small(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    runs = (
        tuple(words[i : i + size]) for size in _RUNS for i in range(len(words) - size + 1)
    )  # fmt: skip
    return {run for run in runs if sum(len(word) >= _ALONE for word in run) > 1}


def _telling(word: str) -> bool:
    """Say whether a word is a name or a number: a capital letter or a digit, and not short."""
    digit = _digits(word)
    return len(word) >= (_ALONE - 1 if digit else _ALONE) and (digit or word != word.lower())


def _digits(word: str) -> bool:
    return any(c.isdigit() for c in word)


def _encoded(word: str) -> bool:
    """Say whether a word looks like a coding: letters and digits, or cases, in no order."""
    if len(word) > _LONG:
        return True
    kinds = ["0" if c.isdigit() else "A" if c.isupper() else "a" for c in word]
    switches = sum(a != b for a, b in pairwise(kinds)) - (kinds[:2] == ["A", "a"])
    letters_and_digits = "0" in kinds and len(set(kinds)) > 1
    hexadecimal = len(word) >= 8 and letters_and_digits and re.fullmatch(r"[0-9a-fA-F]+", word)
    return bool(hexadecimal) or switches >= (2 if letters_and_digits else 3)


_MAKERS = (
    "openai", "altman", "anthropic", "amodei", "xai", "musk", "google", "deepmind", "pichai",
    "meta", "zuckerberg", "microsoft", "nadella", "alibaba", "qwen", "deepseek", "mistral",
    "nvidia", "cohere", "huggingface", "moonshot", "zhipu", "bytedance", "baidu", "tencent",
    "hassabis", "sutskever", "murati", "wenfeng", "grok", "chatgpt", "manyminds",
)  # fmt: skip
_VIEW = re.compile(
    r"\b(?:thinks?|thoughts?|opinions?|views?|stance|position|believes?|feels?|says?|said|"
    r"statement|tweets?|posts?)\b",
    re.IGNORECASE,
)
_WHO_MADE = re.compile(
    r"\b(?:makers?|owners?|operators?|creators?|company behind|"
    r"company (?:that|who|which) (?:made|makes|built|owns))\b"
    r"(?=.*\b(?:models?|assistants?|chatbots?|this product)\b)",
    re.IGNORECASE,
)
"""Who made it, without a name."""


def makers_view(query: str, question: str) -> bool:
    """Say whether a query asks what a maker or owner of models thinks, where the question does not.

    What is true of a contested matter does not depend on who made the model that looks it up.
    """
    if not _VIEW.search(query):
        return False
    asked, words = set(_small(question)), set(_small(query))
    named = any(m in words and m not in asked for m in _MAKERS)
    return named or bool(_WHO_MADE.search(query) and not _WHO_MADE.search(question))
