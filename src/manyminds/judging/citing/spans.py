"""The stretch of a source that is nearest to a claim, to the letter.

Sentences of the passages that were read are scored by the claim's words, rare ones counting more
(inverse document frequency over those sentences), numbers most: a claim about 3.12 is not found
where 3.11 stands.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from manyminds.core.values import Evidence

__all__ = [
    "Span",
    "best_spans",
    "numbers_in",
    "sentences_at",
    "sentences_of",
    "spans_of",
    "words_of",
]

_WORD = re.compile(r"\d+(?:[.,]\d+)*|\w+(?:['’]\w+)?")
_NUMBER = re.compile(
    r"(?<![\w.,])(?P<sign>[-−]?)(?P<digits>\d+(?:[.,]\d+)*)"
    r"(?P<unit>\s?(?:%|percent\b|per cent\b|thousand\b|million\b|billion\b|trillion\b))?"
    r"|(?P<within>\d+(?:[.,]\d+)*)",
    re.IGNORECASE,
)
"""A number with its sign, and what makes it another one; or digits within a name."""
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_ENDS = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[\"“(\[]?[A-Z0-9_`])")
_NO_END = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|Dr|Mr|Mrs|Ms|St|No|Fig|Sec|approx|ca)\.\s*$")
_SMALL = frozenset((
    "a", "an", "the", "of", "in", "on", "at", "to", "for", "and", "or", "is", "are", "was", "were",
    "be", "been", "it", "its", "that", "this", "these", "those", "with", "by", "from", "as",
    "which", "has", "have", "had", "do", "does", "did", "can", "will", "would", "also", "there",
    "their",
))  # fmt: skip
_NUMBER_WEIGHT = 2.0
"""A number says more than a rare word does."""
WINDOW = 3
"""Sentences that a quote holds at most."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of a stored text."""

    evidence: Evidence
    """The passage it stands in; it has a source and offsets."""
    start: int
    """Offset in the stored text of `evidence.source`."""
    quote: str
    score: float = 0.0
    """How much of the claim it holds, 0 to 1, with what its page is about."""
    own: float = 0.0
    """How much of it by its own words alone."""

    @property
    def end(self) -> int:
        """Offset past its last character."""
        return self.start + len(self.quote)

    @property
    def source(self) -> str:
        """What it is cited by."""
        return self.evidence.source or ""


def words_of(text: str) -> list[str]:
    """Return the words that carry meaning, in order, in the one form that endings leave."""
    found = (m[0].casefold().replace("’", "'") for m in _WORD.finditer(text))
    return [_stem(word) for word in found if word not in _SMALL]


def numbers_in(text: str) -> set[str]:
    """Return the numbers of a text; "1,000" and "1000" are one, "5" and "-5" or "5%" are not."""
    return {_number(m) for m in _NUMBER.finditer(text)}


def _number(match: re.Match[str]) -> str:
    digits = match["digits"] or match["within"]
    plain = digits.replace(",", "") if _THOUSANDS.fullmatch(digits) else digits
    unit = (match["unit"] or "").strip().lower().replace("per cent", "%").replace("percent", "%")
    return f"{'-' if match['sign'] else ''}{plain}{unit}"


def _stem(word: str) -> str:
    if word[0].isdigit():
        return word.replace(",", "")
    for ending in ("'s", "ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def spans_of(evidence: Evidence) -> list[Span]:
    """Return the sentences and lines of a passage; none for what a tool computed."""
    if evidence.source is None or evidence.start is None:
        return []
    start = evidence.start
    return [
        Span(evidence=evidence, start=start + at, quote=text)
        for at, text in sentences_at(evidence.output)
    ]


def sentences_of(text: str) -> list[str]:
    """Return the sentences and lines of a text."""
    return [sentence for _, sentence in sentences_at(text)]


def sentences_at(text: str) -> Iterator[tuple[int, str]]:
    """Yield offset and text of each sentence; a line that ends in none is one, too.

    Lines of one paragraph belong together: pages wrap in the middle of sentences.
    """
    for block in re.finditer(r"(?:(?!\n\s*\n|\n(?=[#>|*\-+•]|\s{4}|\d+\.\s)).)+", text, re.DOTALL):
        begin = 0
        for end in [*_ENDS.finditer(block[0]), None]:
            stop = len(block[0]) if end is None else end.start()
            piece = block[0][begin:stop]
            if end is not None and _NO_END.search(piece):
                continue
            stripped = piece.strip()
            if stripped:
                yield block.start() + begin + piece.index(stripped), stripped
            begin = stop


def best_spans(claim: str, evidence: Iterable[Evidence], *, most: int = 3) -> list[Span]:
    """Return the spans nearest to a claim, best first; one of each source.

    Args:
        claim: One statement.
        evidence: What was read.
        most: How many at most.
    """
    passages = [spans_of(e) for e in evidence]
    asked = set(words_of(claim))
    if not asked:
        return []
    weights = _weights(asked, [s for spans in passages for s in spans])
    best: dict[str, Span] = {}
    for spans in passages:
        for window in _windows(spans):
            score, own = _score(window, weights)
            before = best.get(window.source)
            if score > 0 and (before is None or score > before.score + 1e-9):
                best[window.source] = replace(window, score=score, own=own)
    return sorted(best.values(), key=lambda span: -span.score)[:most]


def _windows(spans: Sequence[Span]) -> Iterator[Span]:
    """Yield stretches of one to some sentences, short ones first."""
    for size in range(1, WINDOW + 1):
        for first in range(len(spans) - size + 1):
            yield _joined(spans[first], spans[first + size - 1])


def _joined(first: Span, last: Span) -> Span:
    begin = first.evidence.start or 0
    quote = first.evidence.output[first.start - begin : last.end - begin]
    return Span(evidence=first.evidence, start=first.start, quote=quote)


def _weights(asked: set[str], pool: Sequence[Span]) -> dict[str, float]:
    seen = Counter(word for span in pool for word in set(words_of(span.quote)) & asked)
    weights = {word: math.log(1 + len(pool) / (0.5 + seen[word])) for word in asked}
    return {w: v * (_NUMBER_WEIGHT if w[0].isdigit() else 1.0) for w, v in weights.items()}


def _score(span: Span, weights: dict[str, float]) -> tuple[float, float]:
    """Return the weighted share of the claim's words in a span: with what is around it, without.

    Longer spans count a little lower.
    """
    there = set(words_of(span.quote))
    # What a page is about is rarely said again in each of its sentences.
    around = set(words_of(f"{span.evidence.title or ''} {_heading(span.evidence.output)}"))
    whole = sum(weights.values())
    own = sum(weight for word, weight in weights.items() if word in there)
    beside = sum(w / 2 for word, w in weights.items() if word in around - there)
    return (own + beside) / whole - min(0.2, len(span.quote) / 4_000), own / whole


def _heading(passage: str) -> str:
    first = passage.lstrip().split("\n", 1)[0]
    return first if first.startswith("#") else ""
