"""What is shown together: not ten times the same, and something new."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["coverage", "inner_distance", "novelty", "page_of_rows", "spread_out"]

Floats = NDArray[np.float64]


def spread_out(scores: Floats, alike: Floats, *, most: int, relevance: float = 0.64) -> list[int]:
    """Choose items one by one, each for its score and against what it repeats.

    Source: maximal marginal relevance, Carbonell and Goldstein 1998; but what is repeated counts by
    the mean of those chosen before, as in ILD, and what was chosen is shown by score: the order of
    a list costs nothing in how unlike it is. Both were chosen on earlier ratings than those of
    `benchmarks/recommend/RANK.md`.

    Args:
        scores: Of the candidates, n; more is better, on any scale.
        alike: How alike two candidates are, n by n, 0 to 1.
        most: How many to choose.
        relevance: What the score counts; the rest counts against those chosen before.

    Returns:
        Places of the chosen candidates, the best first.
    """
    low, high = float(scores.min(initial=0.0)), float(scores.max(initial=0.0))
    even = (scores - low) / (high - low) if high > low else np.zeros_like(scores)
    left = np.ones(len(scores), np.bool_)
    repeated = np.zeros(len(scores))
    chosen: list[int] = []
    while len(chosen) < most and left.any():
        gain = relevance * even - (1 - relevance) * repeated / max(1, len(chosen))
        best = int(np.argmax(np.where(left, gain, -np.inf)))
        chosen.append(best)
        left[best] = False
        repeated = repeated + alike[best]
    return sorted(chosen, key=lambda place: (-scores[place], place))


def page_of_rows(
    rows: Mapping[str, Sequence[int]], *, across: int, down: int
) -> dict[str, list[int]]:
    """Lay out named rows so that nothing stands on the page twice.

    Rows are taken in the order given; one that would have fewer than half of `across` items left,
    once what stands above it is taken out, is left out.

    Args:
        rows: Items of each row, best first.
        across: Items a row.
        down: Rows a page.
    """
    page: dict[str, list[int]] = {}
    shown: set[int] = set()
    for name, items in rows.items():
        fresh = [item for item in dict.fromkeys(items) if item not in shown][:across]
        if len(page) < down and 2 * len(fresh) >= across:
            page[name] = fresh
            shown.update(fresh)
    return page


def inner_distance(shown: NDArray[np.int64], vectors: NDArray[np.float32]) -> Floats:
    """Return how unlike the items of each list are, in the mean of their pairs (ILD), 0 to 1.

    Args:
        shown: Places of items, lists by ranks; at least two ranks.
        vectors: One an item, rows of length 1, no negative products.
    """
    size = shown.shape[1]
    chosen = vectors[shown]
    alike = np.einsum("lrd,lsd->l", chosen, chosen) - (chosen**2).sum(axis=(1, 2))
    return 1 - alike.astype(np.float64) / (size * (size - 1))


def coverage(shown: NDArray[np.int64], items: int) -> float:
    """Return the share of the catalogue that is shown to anybody."""
    return len(np.unique(shown)) / items if items else 0.0


def novelty(shown: NDArray[np.int64], likes: Floats) -> Floats:
    """Return how little known the items of each list are: mean of -log2 of the share of likes.

    Source: self-information, as Vargas and Castells 2011 have it; an item nobody liked counts as
    liked once.
    """
    share = np.maximum(likes, 1) / max(float(likes.sum()), 1.0)
    return -np.log2(share)[shown].mean(axis=1)
