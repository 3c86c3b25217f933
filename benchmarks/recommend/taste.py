"""What five yes or no questions are worth: people nobody knows, MovieLens small.

    python benchmarks/recommend/taste.py --data ../shared/data

A fifth of the people (122) is unknown, three times with another draw; the others are the kinds that
the belief is over. 79 questions: 19 genres ("more than most people?") and the 60 films most liked.
Answers are truthful and come from the whole profile; the 60 films are neither recommended nor
counted, for any way of asking. Then again with a belief that takes answers to slip more often, and
with answers that are wrong one time in five. Writes taste.json and TASTE.md beside itself.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from manyminds.evals.statistics import difference
from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.catalogue.read import read_catalogue
from manyminds.recommend.history import read_history
from manyminds.recommend.taste.belief import SHOWN, Belief, Kinds, begin
from manyminds.recommend.taste.kinds import kinds_of

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine, mean_interval

HERE = Path(__file__).parent
DRAWS, UNKNOWN = 3, 122
NOISES = {
    "answers are truthful, and taken to slip at 0.35": (0.35, 0.0),
    "one answer in five is wrong, and they are taken to slip at 0.2": (0.2, 0.2),
}
"""What the belief takes answers for, and how often one is wrong."""
AGAIN = ("5 at random", "5 fixed, balanced", "5 least certain", "5 that help most")
Next = Callable[[Belief, int], int]


def entropy(belief: Belief, _: int) -> int:
    """Ask what is least certain to be answered by yes."""
    asked = {question for question, _ in belief.answers}
    left = [q for q in range(len(belief.kinds.questions)) if q not in asked]
    return min(left, key=lambda q: abs(belief.yes(q) - 0.5))


def balanced(kinds: Kinds) -> list[int]:
    """Return all questions, those first that half of the known people would say yes to."""
    return [int(q) for q in np.argsort(np.abs(kinds.yes.mean(axis=0) - 0.5), kind="stable")]


def ndcg(scores: NDArray[np.float64], liked: NDArray[np.bool_]) -> float:
    """Return how well the first ten find what is liked."""
    top = np.argsort(-scores, kind="stable")[:SHOWN]
    gains = 1 / np.log2(np.arange(SHOWN) + 2)
    return float((liked[top] * gains).sum() / gains[: min(SHOWN, int(liked.sum()))].sum())


def played(belief: Belief, ask: Next, count: int, says: NDArray[np.bool_]) -> Belief:
    """Ask some questions of somebody who answers so."""
    for step in range(count):
        question = ask(belief, step)
        belief = belief.after(question, yes=bool(says[question]))
    return belief


def measure(data: Path) -> dict:
    """Measure all of it."""
    folder = data / "movielens_latest_small"
    history = read_history(folder / "ratings.csv")
    films = {item.id: item for item in read_catalogue([folder / "movies.csv"], domain_named("films")).items}  # fmt: skip
    items = [films[name] for name in history.items]
    genres = sorted({g for item in items for g in _genres(item)} - {"(no genres listed)"})
    has = np.array([[genre in _genres(item) for genre in genres] for item in items], np.float32)
    likes = history.matrix(liked=True).toarray().astype(np.float32)
    scores: dict[str, dict[str, float]] = {}
    steps: dict[str, dict[str, float]] = {}
    noisy = {noise: {way: dict[str, float]() for way in AGAIN} for noise in NOISES}
    seconds: list[float] = []
    for draw in range(DRAWS):
        chance = np.random.default_rng(draw)
        order = chance.permutation(len(likes))
        unknown, known = order[:UNKNOWN], order[UNKNOWN:]
        kinds = kinds_of(likes[known], genres, has, [item.title for item in items])
        middle = np.median(_shares(likes[known][likes[known].sum(axis=1) > 0], has), axis=0)
        named = [q.item for q in kinds.questions if q.item is not None]
        fixed = balanced(kinds)
        ways: dict[str, tuple[Next, int]] = {
            "popularity": (lambda b, k: 0, 0),
            "5 at random": (lambda b, k, c=chance: int(c.choice(_left(b))), 5),
            "5 fixed, balanced": (lambda b, k, f=fixed: f[k], 5),
            "5 least certain": (entropy, 5),
            "5 that help most": (_next, 5),
            "10 that help most": (_next, 10),
            "all": (lambda b, k: k, len(kinds.questions)),
        }
        for person in unknown:
            liked = likes[person] > 0
            liked[named] = False
            if not liked.any():
                continue
            says = np.concatenate([_shares(likes[person : person + 1], has)[0] > middle, likes[person, named] > 0])  # fmt: skip
            for way, (ask, count) in ways.items():
                belief = begin(kinds, frozenset(named))
                for step in range(count):
                    began = time.perf_counter()
                    question = ask(belief, step)
                    seconds += [time.perf_counter() - began] if ask is _next else []
                    belief = belief.after(question, yes=bool(says[question]))
                    if ask is _next and count == 10:
                        found = belief.scores()
                        steps.setdefault(str(step + 1), {})[f"{draw}/{person}"] = ndcg(found, liked)
                found = belief.scores()
                scores.setdefault(way, {})[f"{draw}/{person}"] = ndcg(found, liked)
            for noise, (slip, wrong) in NOISES.items():
                heard = says ^ (np.random.default_rng([draw, person]).random(len(says)) < wrong)
                for way in AGAIN:
                    told = played(begin(kinds, frozenset(named), slip), *ways[way], heard)
                    noisy[noise][way][f"{draw}/{person}"] = ndcg(told.scores(), liked)
        print(draw, {way: round(float(np.mean(list(s.values()))), 4) for way, s in scores.items()}, flush=True)  # fmt: skip
    people = {name: name.partition("/")[2] for name in scores["all"]}
    best = scores["5 that help most"]

    def lead(one: dict[str, float], other: dict[str, float]) -> dict:
        d = difference(one, other, clusters=people)
        return {
            "mean": round(d.mean, 4),
            "interval": [round(d.low, 4), round(d.high, 4)],
            "finding": d.finding,
        }

    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "code": code(),
        "n": len(best), "people": len(set(people.values())), "questions": len(genres) + 60,
        "ways": {way: _mean(s) for way, s in scores.items()},
        "steps": {step: round(float(np.mean(list(s.values()))), 4) for step, s in steps.items()},
        "leads": {
            way: lead(best, scores[way])
            for way in ("popularity", "5 at random", "5 fixed, balanced", "5 least certain", "all")
        },
        "noises": {
            noise: {
                way: _mean(mine) | {"lead": lead(found["5 that help most"], mine)}
                for way, mine in found.items()
            }
            for noise, found in noisy.items()
        },
        "seconds": {"median": round(float(np.median(seconds)), 4), "p99": round(float(np.quantile(seconds, 0.99)), 4)},
    }  # fmt: skip


def _next(belief: Belief, _: int) -> int:
    return belief.next() or 0


def _left(belief: Belief) -> Sequence[int]:
    asked = {question for question, _ in belief.answers}
    return [q for q in range(len(belief.kinds.questions)) if q not in asked]


def _genres(item) -> tuple[str, ...]:
    return item.values.get("genre") or ()


def _shares(likes: NDArray[np.float32], has: NDArray[np.float32]) -> NDArray[np.float32]:
    return (likes @ has) / np.maximum(likes.sum(axis=1, keepdims=True), 1)


def _mean(scores: dict[str, float]) -> dict:
    values = np.array(list(scores.values()))
    return {"ndcg": round(float(values.mean()), 4), "interval": mean_interval(values)}


def table(found: dict) -> str:
    """Write the page."""
    lines = [
        "# Five questions: what they are worth", "",
        "Written by `python benchmarks/recommend/taste.py`; do not edit by hand.", "",
        f"- date: {found['date']}; code: {found['code']}; machine: {found['machine']}",
        f"- MovieLens small: {found['n']} games of {found['people']} people nobody knew, {found['questions']} questions to choose from; "
        "intervals are 95 % bootstrap, of the differences by person",
        f"- choosing a question takes {1000 * found['seconds']['median']:.0f} ms (p99 {1000 * found['seconds']['p99']:.0f} ms)", "",
        "| questions | NDCG@10 | \"5 that help most\" leads by | |", "|---|---|---|---|",
    ]  # fmt: skip
    for way, row in found["ways"].items():
        lead = found["leads"].get(way)
        low, high = row["interval"]
        said = f"{lead['mean']:+.4f} [{lead['interval'][0]:+.4f}, {lead['interval'][1]:+.4f}] | {lead['finding']}" if lead else " | "  # fmt: skip
        lines.append(f"| {way} | {row['ndcg']:.4f} [{low:.4f}, {high:.4f}] | {said} |")
    for noise, ways in found["noises"].items():
        lines += [
            "",
            f"## {noise.capitalize()}",
            "",
            '| questions | NDCG@10 | "5 that help most" leads by | |',
            "|---|---|---|---|",
        ]
        for way, row in ways.items():
            (low, high), lead = row["interval"], row["lead"]
            said = (
                f"{lead['mean']:+.4f} [{lead['interval'][0]:+.4f}, {lead['interval'][1]:+.4f}] | {lead['finding']}"
                if way != AGAIN[-1]
                else " | "
            )
            lines.append(f"| {way} | {row['ndcg']:.4f} [{low:.4f}, {high:.4f}] | {said} |")
    after = ", ".join(f"{step}: {value:.3f}" for step, value in found["steps"].items())
    return "\n".join([*lines, "", f"NDCG@10 after each question that helps most: {after}."]) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    arguments = parser.parse_args()
    found = measure(arguments.data)
    (HERE / "taste.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (HERE / "TASTE.md").write_text(table(found), encoding="utf-8")
