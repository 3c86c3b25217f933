"""Many partial orders into one: Borda counts and Bradley-Terry strengths."""

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["borda", "bradley_terry"]


def borda(orders: Sequence[Sequence[int]], count: int) -> tuple[float, ...]:
    """Return a score for each of `count` items: the mean number of items it stands before.

    Args:
        orders: Each an order of some of the items, best first; what is left out of one stands
            last in it, all alike.
        count: How many items there are.

    Source: de Borda 1781; ties as in Emerson 2013, The original Borda count and partial voting.
    """
    points = np.zeros(count)
    for order in orders:
        missing = [item for item in range(count) if item not in order]
        for place, item in enumerate(order):
            points[item] += count - 1 - place
        for item in missing:
            points[item] += (len(missing) - 1) / 2
    return tuple(float(p) for p in points / max(1, len(orders)))


def bradley_terry(
    wins: Mapping[tuple[int, int], float], count: int, *, prior: float = 0.5
) -> tuple[float, ...]:
    """Return the strengths, summing to 1, that make the outcomes of comparisons likeliest.

    Args:
        wins: How often the first of a pair beat the second; a tie is half a win for each.
        count: How many items there are.
        prior: Wins and losses against an average item that everyone begins with, so that an item
            never beaten has a finite strength.

    Source: Bradley and Terry 1952; the iteration is Hunter 2004, MM algorithms for generalized
    Bradley-Terry models.
    """
    matrix = np.zeros((count + 1, count + 1))  # the last item is the average one
    for (winner, loser), number in wins.items():
        matrix[winner, loser] += number
    matrix[:count, count] += prior
    matrix[count, :count] += prior
    games, won = matrix + matrix.T, matrix.sum(axis=1)
    strength = np.ones(count + 1)
    for _ in range(1_000):
        weights = games / (strength[:, None] + strength[None, :])
        new = won / weights.sum(axis=1)
        new /= new[count]
        if np.allclose(new, strength, rtol=1e-9):
            break
        strength = new
    shares = strength[:count] / strength[:count].sum()
    return tuple(float(s) for s in shares)
