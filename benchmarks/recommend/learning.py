"""Does it get better as it learns of somebody, and does it forget? MovieLens small, in time order.

    python benchmarks/recommend/learning.py --data ../shared/data

Every fifth person is new to a ranker (EASE, with popularity where nothing is known) that has learned from the
others. Their ratings come one after the other as they were given; before the ranker is told the next ones it
ranks all that they have not rated, and is held against the next ten that they liked (prequential: each is
predicted first and learned then). People with enough likes only, so that every row is of the same people. What
is liked late is less known, and harder to find for anybody: beside it stands the same without learning, which
ranks what is left by popularity.
Then ratings are deleted again: what it ranks has to be, to the last place, what it ranked before it was told, and
a ranker that had learned from somebody who is deleted has to be, weight by weight, the one that never knew them.
Writes learning.json and LEARNING.md.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import LIKED, History, read_history
from manyminds.recommend.ranking.ease import Ease
from manyminds.recommend.ranking.popularity import likes

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine, mean_interval

HERE = Path(__file__).parent
STEPS = (0, 5, 10, 20, 40)
NEXT, SHOWN, EVERY = 10, 10, 5
Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Online:
    """Ranks for somebody by what is known of them so far."""

    scorer: Any
    known: NDArray[np.float64]

    def __call__(self, mine: History) -> Floats:
        """Score everything; popularity breaks ties, and decides where nothing is known."""
        return self.scorer(mine)[0] + 1e-6 * (self.known / self.known.max()).astype(np.float32)


def in_order(history: History, person: int) -> History:
    """Return one person's ratings in the order they were given."""
    mine = history.of(np.array([person]))
    order = np.lexsort((np.arange(len(mine.at)), mine.at))
    return History(
        users=mine.users, items=mine.items, user=mine.user[order], item=mine.item[order],
        value=mine.value[order], at=mine.at[order],
    )  # fmt: skip


def first(mine: History, count: int) -> History:
    """Return the first ratings."""
    return mine.where(np.arange(len(mine.at)) < count)


def ranked(rank: Online, mine: History) -> NDArray[np.int64]:
    """Return all things not rated yet, best first."""
    scores = rank(mine).copy()
    scores[mine.item] = -np.inf
    return np.argsort(-scores, kind="stable")[: len(scores) - len(np.unique(mine.item))]


def prequential(rank: Online, mine: History, *, learns: bool) -> list[float] | None:
    """Return NDCG@10 of the next ten likes after each number of likes; `None` for too few.

    Without learning it is told only what is not to be shown again.
    """
    liked = np.flatnonzero(mine.value >= LIKED)
    if len(liked) < STEPS[-1] + NEXT:
        return None
    gains = 1 / np.log2(np.arange(SHOWN) + 2)
    found = []
    for step in STEPS:
        known = first(mine, 0 if step == 0 else int(liked[step - 1]) + 1)
        wanted = mine.item[liked[step : step + NEXT]]
        order = ranked(rank, known if learns else first(mine, 0))
        hits = np.isin(order[~np.isin(order, known.item)][:SHOWN], wanted)
        found.append(float((hits * gains).sum() / gains[:NEXT].sum()))
    return found


def orders(rank: Online, mine: History) -> list[NDArray[np.int64]]:
    """Return what is ranked for somebody once the later half of their ratings, or all, are deleted."""
    kept = np.arange(len(mine.at)) < len(mine.at) // 2
    return [ranked(rank, mine.where(kept)), ranked(rank, mine.where(np.zeros_like(kept)))]


def measure(data: Path) -> dict[str, Any]:
    """Tell it of everybody who is new, rating by rating."""
    history = read_history(data / "movielens_latest_small" / "ratings.csv")
    new = np.arange(0, len(history.users), EVERY)
    others = history.of(np.setdiff1d(np.arange(len(history.users)), new))
    rank = Online(scorer=Ease().learn(others), known=likes(others))
    people = [in_order(history, int(person)) for person in new]
    before = [orders(rank, mine) for mine in people]
    rows, plain = (
        [row for mine in people if (row := prequential(rank, mine, learns=learns)) is not None]
        for learns in (True, False)
    )
    # By now it was told everything of everybody.
    kept = [
        all(map(np.array_equal, first_order, orders(rank, mine)))
        for first_order, mine in zip(before, people, strict=True)
    ]
    # Somebody more is learned from, and then deleted: their ratings go, the rest is learned again.
    more = history.of(np.setdiff1d(np.arange(len(history.users)), new[1:]))
    ranker = Ease()
    with_one = ranker.learn(more)
    again = ranker.learn(
        more.where(more.user != list(more.users).index(history.users[int(new[0])]))
    )
    same = bool(np.array_equal(again.weights, rank.scorer.weights))
    values, without = np.array(rows), np.array(plain)
    lead = values - without
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "code": code(),
        "people": len(rows), "new": len(people), "steps": list(STEPS),
        "ndcg": [round(float(v), 4) for v in values.mean(axis=0)],
        "intervals": [mean_interval(values[:, n]) for n in range(len(STEPS))],
        "without": [round(float(v), 4) for v in without.mean(axis=0)],
        "lead": [round(float(v), 4) for v in lead.mean(axis=0)],
        "lead_intervals": [mean_interval(lead[:, n]) for n in range(len(STEPS))],
        "forgotten": sum(kept), "unlearned": same,
        "mattered": not np.array_equal(with_one.weights, rank.scorer.weights),
    }  # fmt: skip


def page(told: dict[str, Any]) -> str:
    """Write the figures for people."""
    rows = [
        f"| {step} | {told['ndcg'][n]:.4f} | {told['without'][n]:.4f} | {told['lead'][n]:+.4f} "
        f"({told['lead_intervals'][n][0]:+.4f} to {told['lead_intervals'][n][1]:+.4f}) |"
        for n, step in enumerate(told["steps"])
    ]
    return "\n".join([
        "# Learning and forgetting, rating by rating", "",
        "Written by `python benchmarks/recommend/learning.py`; do not edit by hand.", "",
        f"- date: {told['date']}; code: {told['code']}; machine: {told['machine']}",
        f"- {told['people']} new people with enough likes, of {told['new']}; each row is of the same people", "",
        "| likes known | NDCG@10 of the next ten | without learning | lead (95 % interval) |", "|---|---|---|---|", *rows, "",
        f"Deleted again, half and all: {told['forgotten']} of {told['new']} people ranked to the last place as before they "
        f"were told. Learned without somebody: the very weights of the ranker that never knew them: {told['unlearned']} "
        f"(with them they are others: {told['mattered']}).", "",
        "The gain itself falls after twenty likes, with and without learning: the next ten are then "
        "found among what is left of a person's taste, which is harder; what learning is worth is the "
        "lead, of the same people at the same moment.", "",
    ])  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    told = measure(parser.parse_args().data)
    (HERE / "learning.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    (HERE / "LEARNING.md").write_text(page(told), "utf-8")
    print(page(told))
