"""A belief over kinds of people, and the question that is expected to help its ranking most.

Kinds are real people whose likes are known, or drawn ones where nobody's are. Who is asked is like
some of them: each answer makes those likelier who would give it. PEBOL (Austin et al. 2024) keeps a
belief for each item; one over people keeps what goes together. The choice of the question is ours:
not the answer that is least certain, but the one after which the first ten are expected to be liked
most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Belief", "Kinds", "Question", "begin"]

Floats = NDArray[np.float64]
SLIP = 0.2
"""How often somebody answers otherwise than their kind: people are never quite like others."""
SHOWN = 10
_CONSIDERED = 1_000
"""Most liked items that a question's worth is looked for among."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question to be answered by yes or no."""

    text: str
    item: int | None = None
    """Place of the item that it names, which need not be recommended any more."""
    tag: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Kinds:
    """Who there is, and what each of them would say."""

    likes: NDArray[np.float32]
    """Kinds by items: 1 where liked."""
    questions: tuple[Question, ...]
    yes: NDArray[np.bool_]
    """Kinds by questions: whether they would say yes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Belief:
    """How likely it is that somebody is of each kind, after some answers."""

    kinds: Kinds
    log: Floats
    """Of each kind, up to a constant."""
    answers: tuple[tuple[int, bool | None], ...] = ()
    """Places of questions with what was said; `None` where they did not want to say."""
    known: frozenset[int] = frozenset()
    """Places of items that are not to be recommended: they know them already."""
    slip: float = SLIP
    """How likely an answer is taken to be another than their kind would give."""

    def after(self, question: int, *, yes: bool | None) -> "Belief":
        """Return the belief after an answer."""
        said = self.answers + ((question, yes),)
        if yes is None:
            return replace(self, answers=said)
        right = np.where(self.kinds.yes[:, question] == yes, 1 - self.slip, self.slip)
        return replace(self, log=self.log + np.log(right), answers=said)

    @property
    def shares(self) -> Floats:
        """How likely each kind is; they add up to 1."""
        share = np.exp(self.log - self.log.max())
        return share / share.sum()

    def scores(self) -> Floats:
        """Return how likely each item is to be liked; what they know or were asked about is out."""
        liked = self.shares @ self.kinds.likes.astype(np.float64)
        liked[self._out()] = -1
        return liked

    def yes(self, question: int) -> float:
        """Return how likely a yes is."""
        would = float(self.shares @ self.kinds.yes[:, question])
        return self.slip + (1 - 2 * self.slip) * would

    def next(self, within: Sequence[int] | None = None) -> int | None:
        """Return the question after which the first ten are expected to be liked most.

        Args:
            within: Questions that may be asked; all, where nothing is said.

        Returns:
            Its place; `None` where all have been asked.
        """
        asked = {question for question, _ in self.answers}
        left = [q for q in (within or range(len(self.kinds.questions))) if q not in asked]
        if not left:
            return None
        likely: Floats = np.where(self.kinds.yes[:, left], 1 - self.slip, self.slip)
        shares = self.shares
        yes = shares @ likely
        items = self._considered()
        worth = yes * self._worth(shares[:, None] * likely / yes, items, left)
        worth += (1 - yes) * self._worth(shares[:, None] * (1 - likely) / (1 - yes), items, left)
        return left[int(np.argmax(worth))]

    def _considered(self) -> NDArray[np.int64]:
        liked = self.kinds.likes.sum(axis=0)
        out = self._out()
        liked[out] = -1
        most = min(_CONSIDERED, len(liked) - len(out))
        return np.argsort(-liked, kind="stable")[:most]

    def _worth(self, shares: Floats, items: NDArray[np.int64], left: Sequence[int]) -> Floats:
        """Return the discounted sum of the first ten after each answer, its own item left out."""
        likes = self.kinds.likes[:, items].astype(np.float64)
        scores = np.asarray(shares.T @ likes, np.float64)
        places = {int(item): place for place, item in enumerate(items)}
        for row, question in enumerate(left):
            named = self.kinds.questions[question].item
            if named is not None and named in places:
                scores[row, places[named]] = 0
        scores.sort(axis=1)
        best = scores[:, ::-1][:, :SHOWN]
        ranks = np.arange(2, SHOWN + 2, dtype=np.float64)[: best.shape[1]]
        return np.asarray(best @ (1 / np.log2(ranks)), np.float64)

    def _out(self) -> list[int]:
        asked = {self.kinds.questions[question].item for question, _ in self.answers}
        return sorted(self.known | {item for item in asked if item is not None})


def begin(kinds: Kinds, known: frozenset[int] = frozenset(), slip: float = SLIP) -> Belief:
    """Return the belief before anything was asked: every kind is as likely as another."""
    return Belief(kinds=kinds, log=np.zeros(len(kinds.likes)), known=known, slip=slip)
