"""Novelty that is welcome: lists that learn, person by person, how much of the new they may hold.

    python benchmarks/recommend/welcome.py --data ../shared/data

Scores and novelty are real (EASE on MovieLens small; little known is what few people liked). Whether somebody
takes what they are shown is made up: a logistic chance of score and novelty, with a leaning to the new that
differs from person to person (the ranker is told neither the leanings nor their mean, but its own belief has the
same form; in the second table the score counts twice as much as it believes, and half the people take at random).
Twenty lists of ten a person, nothing twice. Beside it stand the same lists by score alone, and with one weight of
novelty for everybody, for it and against it. Writes welcome.json and WELCOME.md.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manyminds.recommend.history import read_history
from manyminds.recommend.ranking.ease import Ease
from manyminds.recommend.ranking.popularity import likes
from manyminds.recommend.ranking.welcome import Welcome

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine, mean_interval

HERE = Path(__file__).parent
PEOPLE, ROUNDS, SHOWN, CANDIDATES = 200, 20, 10, 400
LAST = 5
"""Lists at the end that are measured: what was learned by then."""
MEAN, SPREAD, BIAS = -0.3, 0.8, -0.5
"""Of people's leanings to the new, in truth; and how ready they are to take anything."""
FOR_ALL = {"more of it for all": 0.3, "less of it for all": -0.3}
WAYS = ("by score", *FOR_ALL, "learned")
Floats = NDArray[np.float64]
Choose = Callable[[Floats, Floats], list[int]]


def level(values: Floats) -> Floats:
    """Return values in deviations from their mean."""
    return (values - values.mean()) / (values.std() or 1.0)


def played(
    scores: Floats, bits: Floats, leaning: float, seed: int, way: str, *, other: bool
) -> tuple[float, float]:
    """Show somebody twenty lists; return what they took of the last ones, and how new those were, in bits."""
    chance, welcome = np.random.default_rng(seed), Welcome()
    news = level(bits)
    # What somebody would do with a thing does not hang on which list shows it.
    logit = BIAS + (2 * scores if other else scores) + leaning * news
    if other and seed % 2:
        logit = np.full(len(scores), BIAS)
    takes = chance.random(len(scores)) < 1 / (1 + np.exp(-logit))
    left = np.arange(len(scores))
    taken, new = [], []
    for turn in range(ROUNDS):
        s, n = scores[left], news[left]
        if way == "learned":
            chosen = left[welcome.choose(s, n, most=SHOWN)]
        else:
            chosen = left[np.argsort(-(s + FOR_ALL.get(way, 0) * n), kind="stable")[:SHOWN]]
        welcome.told(scores[chosen], news[chosen], takes[chosen])
        left = np.setdiff1d(left, chosen)
        if turn >= ROUNDS - LAST:
            taken.append(takes[chosen].mean())
            new.append(bits[chosen].mean())
    return float(np.mean(taken)), float(np.mean(new))


def measure(data: Path) -> dict[str, Any]:
    """Play everybody's lists in three ways."""
    history = read_history(data / "movielens_latest_small" / "ratings.csv")
    chance = np.random.default_rng(18)
    people = chance.choice(len(history.users), PEOPLE, replace=False)
    scorer, known = Ease().learn(history), likes(history)
    bits = -np.log2(np.maximum(known, 1) / known.sum())
    leanings = chance.normal(MEAN, SPREAD, PEOPLE)
    found: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "code": code(), "people": PEOPLE,
    }  # fmt: skip
    for name, other in (("as believed", False), ("otherwise", True)):
        rows: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
        for number, person in enumerate(people):
            mine = history.of(np.array([person]))
            raw = scorer(mine)[0].astype(np.float64)
            raw[mine.item] = -np.inf
            best = np.argsort(-raw, kind="stable")[:CANDIDATES]
            for way in WAYS:
                leaning = float(leanings[number])
                rows[way].append(
                    played(level(raw[best]), bits[best], leaning, number, way, other=other)
                )
        found[name] = leads(rows)
    return found


def leads(rows: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """Return what was taken and how new it was, each way beside the lists by score."""
    plain = np.array(rows["by score"])
    told = {}
    for way, pairs in rows.items():
        values = np.array(pairs)
        more = values - plain
        told[way] = {
            "taken": round(float(values[:, 0].mean()), 4), "bits": round(float(values[:, 1].mean()), 3),
            "taken_lead": [round(float(more[:, 0].mean()), 4), *mean_interval(more[:, 0])],
            "bits_lead": [round(float(more[:, 1].mean()), 3), *mean_interval(more[:, 1], 3)],
        }  # fmt: skip
    return told


def page(told: dict[str, Any]) -> str:
    """Write the figures for people."""
    lines = [
        "# Novelty that is welcome", "", "Written by `python benchmarks/recommend/welcome.py`; do not edit by hand.", "",
        f"- date: {told['date']}; code: {told['code']}; machine: {told['machine']}",
        f"- {told['people']} people whose taking is made up, over real scores; the last {LAST} of {ROUNDS} lists of {SHOWN}",
    ]  # fmt: skip
    for name, title in (
        ("as believed", "People as the ranker believes people are"),
        ("otherwise", "Others: scores count twice, and every second one takes at random"),
    ):
        lines += [
            "", f"## {title}", "",
            "| lists | taken | more taken than by score | novelty, bits | newer than by score |", "|---|---|---|---|---|",
        ]  # fmt: skip
        for way, one in told[name].items():
            taken, bits = one["taken_lead"], one["bits_lead"]
            lines.append(
                f"| {way} | {one['taken']:.1%} | {taken[0]:+.1%} ({taken[1]:+.1%} to {taken[2]:+.1%}) "
                f"| {one['bits']:.2f} | {bits[0]:+.2f} ({bits[1]:+.2f} to {bits[2]:+.2f}) |"
            )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    told = measure(parser.parse_args().data)
    (HERE / "welcome.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    (HERE / "WELCOME.md").write_text(page(told), "utf-8")
    print(page(told))
