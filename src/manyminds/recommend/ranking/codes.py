"""Things as short words of codes, and a ranking that spells them: no word is said that is none."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import History
from manyminds.recommend.ranking.ranker import Scorer

__all__ = ["Codes", "Spelled", "coded"]

Floats = NDArray[np.float32]
Word = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Codes:
    """The word of each thing."""

    words: tuple[Word, ...]
    """One a thing, no two the same: things of one word are told apart by a last code."""

    def trie(self) -> dict[Word, list[int]]:
        """Return which codes may follow each beginning of a word."""
        following: defaultdict[Word, set[int]] = defaultdict(set)
        for word in self.words:
            for place, code in enumerate(word):
                following[word[:place]].add(code)
        return {begin: sorted(codes) for begin, codes in following.items()}


def coded(vectors: Floats, *, levels: int = 3, codes: int = 16, seed: int = 0) -> Codes:
    """Give each thing a word by what it is about: the nearest centre, then of what is left, again.

    Source: the semantic IDs of TIGER (Rajput et al. 2023), with residual k-means in place of a
    learned quantiser.

    Args:
        vectors: Things by features.
        levels: Codes of a word, besides the one that tells equal words apart.
        codes: Centres of a level.
        seed: Of the first centres.
    """
    left = vectors.astype(np.float32)
    chance = np.random.default_rng(seed)
    found: list[NDArray[np.int64]] = []
    for _ in range(levels):
        centres, nearest = _means(left, min(codes, len(left)), chance)
        found.append(nearest)
        left = left - centres[nearest]
    plain = list(zip(*(level.tolist() for level in found), strict=True))
    seen: defaultdict[Word, int] = defaultdict(int)
    words: list[Word] = []
    for word in plain:
        words.append((*word, seen[word]))
        seen[word] += 1
    return Codes(words=tuple(words))


def _means(
    rows: Floats, count: int, chance: np.random.Generator
) -> tuple[Floats, NDArray[np.int64]]:
    """Return centres and the nearest of each row, after Lloyd 1982."""
    centres = rows[chance.choice(len(rows), count, replace=False)].copy()
    nearest = np.zeros(len(rows), np.int64)
    for _ in range(20):
        far = (centres**2).sum(axis=1) - 2 * rows @ centres.T
        nearest = far.argmin(axis=1)
        for place in range(count):
            mine = rows[nearest == place]
            if len(mine):
                centres[place] = mine.mean(axis=0)
    return centres, nearest


@dataclass(frozen=True, kw_only=True)
class Spelled:
    """Ranks by spelling: each code by what people who liked such beginnings liked, best beams kept.

    The speller is a table of how often beginnings of words go together in one person's likes, not
    a language model; a beam follows only codes that some thing's word has there. What no beam
    reaches has no score (it stands after all others).
    """

    codes: Codes
    beams: int = 200
    few: float = 5.0
    """Times, as often as anywhere, that each pair is taken to have gone together besides."""

    def learn(self, past: History) -> Scorer:
        """Count which beginnings go together, level by level."""
        levels = [self._level(past, place + 1) for place in range(len(self.codes.words[0]))]
        following = self.codes.trie()
        thing = {word: item for item, word in enumerate(self.codes.words)}

        def score(people: History) -> Floats:
            liked = people.matrix(liked=True)
            found = np.full((len(people.users), len(people.items)), -np.inf, np.float32)
            for person in range(len(people.users)):
                mine = liked.indices[liked.indptr[person] : liked.indptr[person + 1]]
                for word, lead in self._spell(mine, levels, following):
                    found[person, thing[word]] = lead
            spelled = np.isfinite(found)
            least = found.min(initial=0, where=spelled)
            return np.where(spelled, found, least - 1).astype(np.float32)

        return score

    def _level(self, past: History, length: int) -> tuple[dict[Word, int], Floats]:
        """Return the beginnings of a length, and how much more than by chance two go together."""
        begins = [word[:length] for word in self.codes.words]
        places = {begin: place for place, begin in enumerate(dict.fromkeys(begins))}
        of = np.array([places[begin] for begin in begins])
        liked = past.matrix(liked=True)
        onto = np.zeros((len(begins), len(places)), np.float32)
        onto[np.arange(len(begins)), of] = 1
        has = np.asarray(liked @ onto, np.float32)
        together = has.T @ has - np.diag((liked.T @ liked).diagonal() @ onto)
        alone = together.sum(axis=1)
        chance = np.outer(alone, alone) / max(1.0, float(alone.sum()))
        return places, np.log((together + self.few) / (chance + self.few)).astype(np.float32)

    def _spell(
        self, mine: NDArray[np.int64], levels: list[tuple[dict[Word, int], Floats]],
        following: dict[Word, list[int]],
    ) -> list[tuple[Word, float]]:  # fmt: skip
        """Return the words that are spelled for somebody who liked these things."""
        beams: list[tuple[Word, float]] = [((), 0.0)]
        for length, (places, lift) in enumerate(levels, 1):
            liked = [places[self.codes.words[item][:length]] for item in mine]
            leads = lift[liked].mean(axis=0) if liked else np.zeros(len(places), np.float32)
            longer = [
                ((*begin, code), lead + float(leads[places[*begin, code]]))
                for begin, lead in beams
                for code in following[begin]
            ]
            longer.sort(key=lambda one: -one[1])
            beams = longer[: self.beams]
        return beams
