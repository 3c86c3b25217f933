"""Who rated what, how well and when."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manyminds.core.errors import UsageError
from manyminds.recommend.extra import needed

__all__ = ["LIKED", "History", "read_history", "split_in_time"]

LIKED = 4.0
"""A rating from which on a thing counts as liked, of five."""
_COLUMNS = {
    "user": ("user", "userId", "user_id", "person"),
    "item": ("item", "itemId", "item_id", "movieId"),
    "rating": ("rating", "value", "stars"), "time": ("timestamp", "time", "at"),
}  # fmt: skip
"""What each column is called in the files that are read."""


@dataclass(frozen=True, kw_only=True)
class History:
    """Ratings, one an entry of four arrays of the same length."""

    users: tuple[str, ...]
    items: tuple[str, ...]
    user: NDArray[np.int64]
    """Places in `users`."""
    item: NDArray[np.int64]
    """Places in `items`."""
    value: NDArray[np.float32]
    at: NDArray[np.int64]
    """Seconds since 1970."""

    def where(self, kept: NDArray[np.bool_]) -> "History":
        """Return some of the ratings, of the same people and things."""
        return replace(
            self, user=self.user[kept], item=self.item[kept], value=self.value[kept],
            at=self.at[kept],
        )  # fmt: skip

    def of(self, people: NDArray[np.int64]) -> "History":
        """Return what some people rated, by their places, in that order."""
        places = np.full(len(self.users), -1)
        places[people] = np.arange(len(people))
        kept = self.where(places[self.user] >= 0)
        users = tuple(self.users[int(person)] for person in people)
        return replace(kept, users=users, user=places[kept.user])

    def liked(self) -> "History":
        """Return what was liked."""
        return self.where(self.value >= LIKED)

    def matrix(self, *, liked: bool) -> Any:
        """Return people by things, a `scipy.sparse.csr_array`: 1 where liked, or the ratings."""
        # Who rated a thing twice means it as they rated it last.
        pair = self.user * len(self.items) + self.item
        order = np.lexsort((self.at, pair))
        last = order[np.append(np.diff(pair[order]) != 0, True)] if len(order) else order
        kept = replace(
            self, user=self.user[last], item=self.item[last], value=self.value[last],
            at=self.at[last],
        )  # fmt: skip
        kept = kept.liked() if liked else kept
        values = np.ones_like(kept.value) if liked else kept.value
        shape = (len(self.users), len(self.items))
        return needed("scipy.sparse").csr_array((values, (kept.user, kept.item)), shape=shape)


def read_history(path: Path) -> History:
    """Read ratings from a CSV file with a person, a thing, a rating up to 5 and its second.

    Raises:
        UsageError: If it is no such file.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or 'no UTF-8'}") from error
    rows = csv.DictReader(text.splitlines())
    user, item, rating, at = _names(path, rows.fieldnames or ())
    try:
        told = [(row[user], row[item], float(row[rating]), int(row[at])) for row in rows]
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: line {rows.line_num}: {error}") from error
    if not told:
        raise UsageError(f"{path}: no ratings in it")
    users, places = np.unique([row[0] for row in told], return_inverse=True)
    items, things = np.unique([row[1] for row in told], return_inverse=True)
    return History(
        users=tuple(map(str, users)), items=tuple(map(str, items)), user=places, item=things,
        value=np.array([row[2] for row in told], np.float32),
        at=np.array([row[3] for row in told], np.int64),
    )  # fmt: skip


def _names(path: Path, there: Sequence[str]) -> list[str]:
    """Return what a file calls the four columns."""
    found: list[str] = []
    for what, names in _COLUMNS.items():
        name = next((n for n in names if n in there), None)
        if name is None:
            raise UsageError(f"{path}: ratings need a column of the {what}: {', '.join(names)}")
        found.append(name)
    return found


def split_in_time(history: History, share: float = 0.8) -> tuple[History, History]:
    """Split each person's ratings: the earlier share, rounded down, and what came after.

    Of ratings of the same second those that the history has first are the earlier ones.
    """
    order = np.lexsort((history.at, history.user))
    count = np.bincount(history.user, minlength=len(history.users))
    begins = np.cumsum(count) - count
    earlier = np.zeros(len(order), np.bool_)
    place = np.arange(len(order)) - begins[history.user[order]]
    earlier[order] = place < np.floor(share * count)[history.user[order]]
    return history.where(earlier), history.where(~earlier)
