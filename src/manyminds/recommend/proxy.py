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
_HOW = r"(?:'d|'ve)?(?: (?:really|also|always|still|quite|usually|both|all|just|do|would|have))*"
_LIKES = re.compile(
    rf"\b(?:I|we){_HOW} (?:loved?|liked?|enjoy(?:ed)?|adored?|prefer(?:red)?)\b|"
    rf"\b(?:I|we)(?:'d| would)? (?:highly |warmly )?recommend\b|"
    r"\b(?:I|we) (?:could|can) (?:eat|drink|watch|listen to)\b|"
    r"\b(?:I|we)(?:'m| am|'re| are|'ve (?:always )?been)(?: \w+){0,3} fans? of\b|"
    r"\b(?:my|our)(?: \w+){0,2} favou?rites?\b",
    re.IGNORECASE,
)
"""After which stands what somebody likes: who says so, and that they do, without a word between."""
_FAVOURITE = re.compile(
    r"(?: \w+){0,4} (?:is|are|was|were|remains?)(?: \w+){0,2} "
    r"(?:my|our)(?: \w+){0,2} favou?rites?\b",
    re.IGNORECASE,
)
"""What stands behind what somebody likes most."""
_DISLIKES = re.compile(
    rf"\b(?:I|we){_HOW} (?:hated?|disliked?|avoid(?:ed)?)\b|\bavoiding\b|"
    r"\b(?:I|we)(?: \w+)? can(?:no|')t stand\b|"
    r"\b(?:I|we)(?: \w+)? never (?:eat|drink|liked?|watch|listen to|again)\b|"
    r"\b(?:I|we)(?: \w+)? (?:do not|don't|did not|didn't)(?: really| much)? "
    r"(?:like|eat|drink|enjoy|want|care for)\b|"
    r"\b(?:I|we)(?:'m| am|'re| are)(?: \w+)? (?:allergic to|not (?:\w+ ){0,2}fans? of)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?;:]|\b(?:but|as|than|like|unless|if|when|because)\b", re.IGNORECASE)
_NEAR = 60
"""Characters within which stands what somebody says they like."""


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
                sign = _sign(sentence, word)
                if sign:
                    yield sign, _quote(passage, match.start(), match.end())


def _sign(sentence: str, word: re.Pattern[str]) -> int:
    """Return 1 where a sentence says that its author likes what a word means, -1 where not."""
    if sentence.rstrip().endswith("?"):
        return 0
    for sign, says in ((-1, _DISLIKES), (1, _LIKES)):
        for found in says.finditer(sentence):
            rest = sentence[found.end() : found.end() + _NEAR]
            end = _ENDS.search(rest)
            if word.search(rest[: end.start()] if end else rest):
                return 0 if sign > 0 and _TURNED.search(sentence) else sign
    named = any(_FAVOURITE.match(sentence, found.end()) for found in word.finditer(sentence))
    return int(named and not _TURNED.search(sentence))


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
