"""The preference proxy: what a person's own words say of them, quoted, or that they say nothing.

It reads and cannot act. What it returns are stretches of stored texts, byte for byte; nothing is
worded anew here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.wish import Taste
from manyminds.recommend.words import WORDS, list_words
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.passages import Passage

__all__ = ["Proxy", "Quote"]

PASSAGE = 600
"""Characters of a passage: people say what they like in a sentence or two."""
VECTORS = 1.0
"""What a vector's rank counts beside a word's: people are rarely asked in their own words. Both
were chosen while looking at the questions of `benchmarks/recommend/proxy.py`, of four lengths and
two weights."""
_MOST_TAGS = 300
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_LIKES = re.compile(
    r"\b(?:I|we|my|our)\b[^.!?]*\b(?:love|like|liked|enjoy|enjoyed|prefer|adore|favou?rite|fan of|"
    r"could eat|recommend)\b",
    re.IGNORECASE,
)
_DISLIKES = re.compile(
    r"\b(?:I|we)\b[^.!?]*\b(?:hate|dislike|avoid|can(?:no|')t stand|never (?:eat|liked|again)|"
    r"do(?:n't| not) (?:like|eat|enjoy|want)|allergic|not a fan)\b|\bavoiding\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A stretch of a person's own words."""

    text: str
    source: str
    """File below the folder of their words."""
    start: int
    """Offset of its first character in the stored text."""
    end: int
    line: int
    """Counted from 1."""


_TURNED = re.compile(r"\b(?:not|\w+n't|never|no longer|used to|hardly)\b", re.IGNORECASE)
"""What may turn a liking into its opposite: such a sentence says nothing for sure."""


class Proxy:
    """Speaks for one person, by what they wrote."""

    def __init__(self, home: Path, cache: Path) -> None:
        self._home = home
        self._index: DocsIndex | None = None
        if not (home / WORDS).is_dir():
            return
        index = DocsIndex(home / WORDS, cache, length=PASSAGE, vectors=VECTORS)
        if list_words(home):
            index.refresh()
            self._index = index
        else:
            # What was forgotten is forgotten here, too.
            index.drop()

    @property
    def knows(self) -> bool:
        """Whether there are any words to go by."""
        return self._index is not None

    def quotes(self, question: str, *, most: int = 5) -> list[Quote]:
        """Return the passages of their words that are nearest to a question, nearest first.

        Near is not answered: who asks has to look whether one of them says it.
        """
        if self._index is None:
            return []
        return [_quote(passage) for passage in self._index.search(question, most=most)]

    def text_of(self, source: str) -> str | None:
        """Return the stored text that offsets of `source` count in."""
        return None if self._index is None else self._index.text_of(source)

    def tastes(self, catalogue: Catalogue) -> list[tuple[Taste, Quote]]:
        """Return the tags that the person says they like or do not, each with the sentence.

        Only sentences in which they speak of themselves count; the last one found of a tag is no
        better than the first, so a tag that is both liked and disliked is left to be asked.
        """
        found: list[tuple[Taste, Quote]] = []
        for field in catalogue.domain.fields.values():
            if field.kind != "tags" or self._index is None:
                continue
            for tag in catalogue.tags(field.name)[:_MOST_TAGS]:
                said = list(self._said(tag))
                signs = {sign for sign, _ in said}
                if len(signs) == 1:
                    sign, quote = said[0]
                    source = f"{quote.source}:{quote.line}"
                    taste = Taste(
                        field=field.name, tag=tag, sign=sign, said=quote.text, source=source,
                        times=len({(q.source, q.start) for _, q in said}),
                    )  # fmt: skip
                    found.append((taste, quote))
        return found

    def _said(self, tag: str) -> Iterator[tuple[int, Quote]]:
        """Yield the sentences in which the person says that they like a tag, or not."""
        word = re.compile(rf"(?<![\w-]){re.escape(tag)}(?:s|es)?(?![\w-])", re.IGNORECASE)
        passages: Sequence[Passage] = self._index.search(tag, most=8) if self._index else []
        for passage in passages:
            for match in _SENTENCE.finditer(passage.text):
                sentence = match[0].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
                if not word.search(sentence):
                    continue
                sign = -1 if _DISLIKES.search(sentence) else 1 if _LIKES.search(sentence) else 0
                if sign > 0 and _TURNED.search(sentence):
                    continue
                if sign:
                    yield sign, _quote(passage, match.start(), match.end())


def _quote(passage: Passage, begin: int = 0, end: int | None = None) -> Quote:
    """Return a stretch of a passage, without the blanks around it."""
    text = passage.text[begin:end]
    lead = len(text) - len(text.lstrip())
    bare = text.strip()
    before = passage.text[: begin + lead]
    start = passage.start + begin + lead
    return Quote(
        text=bare, source=passage.source, start=start, end=start + len(bare),
        line=passage.line_start + before.count("\n"),
    )  # fmt: skip
