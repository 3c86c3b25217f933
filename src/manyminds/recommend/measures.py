"""How well a ranking finds what people liked later, over the whole catalogue."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import LIKED, History
from manyminds.recommend.ranking.ranker import Scorer

__all__ = ["Ranked", "first", "held_against", "rating_error"]

_AT_ONCE = 512
"""People scored together: memory is this many times the catalogue."""


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """What the first k items of a ranking found, person by person."""

    users: tuple[str, ...]
    """Those who liked something later."""
    ndcg: NDArray[np.float64]
    """Järvelin and Kekäläinen 2002, a gain of 1 for what was liked; the ideal has that first."""
    recall: NDArray[np.float64]
    hit: NDArray[np.float64]
    shown: NDArray[np.int64]
    """Places of the items: people by ranks."""


def first(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return the places of the best k items of each row, best first; of equal ones the first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def held_against(scorer: Scorer, past: History, later: History, *, k: int = 10) -> Ranked:
    """Rank the whole catalogue for everybody and look for what they liked later.

    Args:
        scorer: Scores all items for people, by their places.
        past: What it may know; what a person rated there is not shown to them.
        later: What came after it; nobody who liked nothing then is counted.
        k: Items that are shown.
    """
    k = min(k, len(past.items))
    known: Any = past.matrix(liked=False)
    liked: Any = later.matrix(liked=True)
    people: NDArray[np.int64] = np.unique(later.user[later.value >= LIKED])
    shown = np.empty((len(people), k), np.int64)
    found = np.empty((len(people), k), np.bool_)
    for begin in range(0, len(people), _AT_ONCE):
        part = slice(begin, begin + _AT_ONCE)
        scores = scorer(past.of(people[part])).astype(np.float32, copy=True)
        rows, columns = known[people[part]].nonzero()
        scores[rows, columns] = -np.inf
        shown[part] = first(scores, k)
        wanted = liked[people[part]].toarray() > 0
        found[part] = np.take_along_axis(wanted, shown[part], axis=1)
    gains = 1 / np.log2(np.arange(k) + 2)
    counts: NDArray[np.int64] = np.diff(liked.indptr)[people]
    return Ranked(
        users=past.of(people).users,
        ndcg=np.asarray(found @ gains, np.float64) / np.cumsum(gains)[np.minimum(counts, k) - 1],
        recall=found.sum(axis=1) / counts,
        hit=np.asarray(found.any(axis=1), np.float64),
        shown=shown,
    )


def rating_error(scorer: Scorer, past: History, later: History) -> float:
    """Return by how much later ratings are missed (RMSE), scores brought to ratings by a line.

    The line is fitted on the ratings of the past. Ranking everything and predicting the ratings of
    what people chose themselves are two tasks: who is good at one may be bad at the other.
    """
    then, now = _scored(scorer, past, past), _scored(scorer, past, later)
    line = np.polyfit(then, past.value, 1)
    return float(np.sqrt(np.mean((np.polyval(line, now) - later.value) ** 2)))


def _scored(scorer: Scorer, past: History, rated: History) -> NDArray[np.float64]:
    """Return the score of each rating's item for its person."""
    found = np.empty(len(rated.user))
    for begin in range(0, len(past.users), _AT_ONCE):
        people = np.arange(begin, min(begin + _AT_ONCE, len(past.users)))
        scores = scorer(past.of(people))
        mine = (rated.user >= begin) & (rated.user < begin + len(people))
        found[mine] = scores[rated.user[mine] - begin, rated.item[mine]]
    return found
