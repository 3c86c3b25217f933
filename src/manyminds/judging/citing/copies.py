"""Which sources are copies of each other, and where a copy was altered.

Texts are compared by runs of five words, every number counted as the same word: a copy with altered
numbers is still a copy. Source: Broder 1997, On the resemblance and containment of documents.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from manyminds.core.values import Evidence
from manyminds.judging.citing.computed import is_program
from manyminds.judging.citing.origin import document_of
from manyminds.judging.citing.spans import Span, spans_of, words_of

__all__ = ["altered", "copies", "texts_of"]

_RUN = 5
_FEWEST = 8
"""Runs below which a text is too short to be called a copy."""
_ALIKE = 0.6
"""Share of the shorter text's runs that the longer one holds."""
_ALIKE_SENTENCE = 0.7
_NEARLY = 0.85
"""Share of two sentences that is the same, from which one word more may be another."""
_NAME = re.compile(r"^[A-Z]\w|\w*\d")
_EDGES = "\"'“”‘’`()[]{}.,;:!?*_"


def texts_of(evidence: Iterable[Evidence]) -> dict[str, str]:
    """Return what was read of each page, by its address; the pages of a PDF together."""
    read: dict[str, dict[str, None]] = {}
    for e in evidence:
        if e.source is not None and not is_program(e.source):
            read.setdefault(document_of(e.source), {})[e.output] = None
    return {source: "\n".join(parts) for source, parts in read.items()}


def copies(texts: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of texts that are copies of each other; those that stand alone are none."""
    runs = {name: _runs(text) for name, text in texts.items()}
    leader = {name: name for name in texts}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    names = list(texts)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            if _contained(runs[one], runs[other]) >= _ALIKE:
                leader[find(other)] = find(one)
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(find(name), []).append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _runs(text: str) -> set[int]:
    words = ["0" if word[0].isdigit() else word for word in words_of(text)]
    return {hash(tuple(words[i : i + _RUN])) for i in range(len(words) - _RUN + 1)}


def _contained(a: set[int], b: set[int]) -> float:
    fewer = min(len(a), len(b))
    return len(a & b) / fewer if fewer >= _FEWEST else 0.0


def altered(claim: str, span: Span, evidence: Iterable[Evidence]) -> list[Span]:
    """Return sentences of other sources that are a span's, but for what a claim says.

    Args:
        claim: Its numbers and names are what counts.
        span: What the claim stands on.
        evidence: What was read, that span's own source included.
    """
    told = {token.casefold() for token in _tokens(claim)}
    mine = [_tokens(s.quote) for s in spans_of(span.evidence) if span.start <= s.start < span.end]
    found: dict[str, tuple[float, Span]] = {}
    for e in evidence:
        if e.source is None or is_program(e.source) or is_program(span.source):
            continue
        if document_of(e.source) == document_of(span.source):
            continue
        for other in spans_of(e):
            tokens = _tokens(other.quote)
            likest = max((_altered(one, tokens, told) for one in mine), default=0.0)
            if likest > found.get(e.source, (0.0,))[0]:
                found[e.source] = likest, other
    return [other for _, other in found.values()]


def _tokens(text: str) -> list[str]:
    return [t for t in (piece.strip(_EDGES) for piece in text.split()) if t]


def _altered(a: list[str], b: list[str], told: set[str]) -> float:
    """Return how like two sentences are that are one, with a number or name told otherwise; else 0.

    Where another word is another, too, they may be of two things ("the name parameter", "the
    context parameter"): then they have to be all the more alike.
    """
    if a == b or not a or not b or len(set(a) & set(b)) < min(len(a), len(b)) // 3:
        return 0.0
    matcher = SequenceMatcher(a=a, b=b, autojunk=False)
    if matcher.quick_ratio() < _ALIKE_SENTENCE or matcher.ratio() < _ALIKE_SENTENCE:
        return 0.0
    pairs = [(a[i:j], b[k:m]) for op, i, j, k, m in matcher.get_opcodes() if op == "replace"]
    changed = [(x, y) for x, y in pairs if [t.casefold() for t in x] != [t.casefold() for t in y]]
    other = any(
        not _telling(x) and not _telling(y) and words_of(" ".join(x)) != words_of(" ".join(y))
        for x, y in changed
    )
    counts = any(
        _telling(x) and _telling(y) and not told.isdisjoint(t.casefold() for t in x)
        for x, y in changed
    )
    return matcher.ratio() if counts and (not other or matcher.ratio() >= _NEARLY) else 0.0


def _telling(tokens: list[str]) -> bool:
    return any(_NAME.match(token) for token in tokens)
