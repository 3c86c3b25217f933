"""How well rankers find what people liked later: MovieLens small, the whole catalogue.

    python benchmarks/recommend/rank.py --data ../shared/data

Each person's earlier 80 % of ratings (rounded down, file order at equal seconds) is the past; a
film counts as liked from a rating of 4; what somebody rated in the past is not shown to them; who
liked nothing later is not counted. What a ranker can be set to was chosen on the last fifth of the
past, never on what is measured here. Writes rank.json and RANK.md beside itself.
"""

import argparse
import csv
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from manyminds.evals.statistics import difference
from manyminds.recommend.history import History, read_history, split_in_time
from manyminds.recommend.measures import Ranked, held_against, rating_error
from manyminds.recommend.ranking.blend import Blend
from manyminds.recommend.ranking.codes import Spelled, coded
from manyminds.recommend.ranking.context import weekend
from manyminds.recommend.ranking.diversity import coverage, inner_distance, novelty, spread_out
from manyminds.recommend.ranking.ease import Ease
from manyminds.recommend.ranking.factors import Factors
from manyminds.recommend.ranking.neighbours import ItemNeighbours
from manyminds.recommend.ranking.popularity import (
    Popularity,
    PredictedRating,
    TwoParameters,
    likes,
)
from manyminds.recommend.ranking.ranker import Linear, Ranker, Scorer, graded, seen
from manyminds.recommend.ranking.rbm import Rbm
from manyminds.recommend.ranking.star import Star
from manyminds.recommend.ranking.tensor import Tensor
from manyminds.recommend.ranking.towers import TwoTowers
from manyminds.tools.docs.store import embedder

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine, mean_interval

HERE = Path(__file__).parent
SHOWN = 10
CANDIDATES = 100
"""Best items of a person that are spread out."""
REASONS = 3_000
"""Explanations that are tried by taking the named cause away."""
Floats = NDArray[np.float32]


class AtRandom:
    """Scores by chance: what no knowledge at all is worth."""

    def learn(self, past: History) -> Scorer:
        """Learn nothing."""
        chance = np.random.default_rng(0)
        return lambda people: chance.random((len(people.users), len(past.items)), np.float32)


def genres_and_words(folder: Path, items: tuple[str, ...]) -> tuple[Floats, list[str]]:
    """Return items by genres, and what words there are of each item: title, genres, tags."""
    tags: dict[str, list[str]] = defaultdict(list)
    with (folder / "tags.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            tags[row["movieId"]].append(row["tag"])
    with (folder / "movies.csv").open(encoding="utf-8", newline="") as file:
        films = {row["movieId"]: (row["title"], row["genres"].split("|")) for row in csv.DictReader(file)}  # fmt: skip
    names = sorted({genre for _, genres in films.values() for genre in genres})
    has = np.array([[name in films[item][1] for name in names] for item in items], np.float32)
    words = [" ".join([films[i][0], *films[i][1], *tags[i]]) for i in items]
    return has, words


def unit(rows: Floats) -> Floats:
    """Return rows of length 1; rows of nothing as they are."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)


def rankers(genres: Floats, words: Floats) -> dict[str, Callable[[], Ranker]]:
    """Return every ranker by the name it has in the table."""
    return {
        "random": AtRandom,
        "predicted rating": PredictedRating,
        "popularity": Popularity,
        "two parameters": TwoParameters,
        "item neighbours": ItemNeighbours,
        "STAR, words alone": lambda: Star(vectors=words, semantic=1),
        "STAR, people alone": lambda: Star(vectors=words, semantic=0),
        "STAR": lambda: Star(vectors=words),
        "two towers": lambda: TwoTowers(features=genres),
        "two towers of words": lambda: TwoTowers(features=words),
        "factors": Factors,
        "EASE": Ease,
        "EASE, of all that was seen": lambda: Ease(ridge=400, signal=seen),
        "EASE, graded": lambda: Ease(ridge=100, signal=graded),
        "Boltzmann machine": Rbm,
        "spelled by codes": lambda: Spelled(codes=coded(words, codes=32)),
        "likes by weekend": lambda: Tensor(of=weekend, now=0, moments=2),
        "blend": lambda: Blend(
            parts={"EASE": Ease(), "factors": Factors(), "STAR": Star(vectors=words)}
        ),
        "blend, EASE on grades": lambda: Blend(
            parts={
                "EASE": Ease(ridge=100, signal=graded),
                "factors": Factors(),
                "STAR": Star(vectors=words),
            }
        ),
    }


def by_person(ranked: Ranked, values: NDArray[np.float64]) -> dict[str, float]:
    """Return a measure of each person by their name."""
    return dict(zip(ranked.users, map(float, values), strict=True))


def spread(scorer: Scorer, past: History, later: History, genres: Floats, share: float) -> Scorer:
    """Return a scorer whose best are spread out over genres."""
    alike = unit(genres)

    def score(people: History) -> Floats:
        scores = np.array(scorer(people))
        rows, columns = people.matrix(liked=False).nonzero()
        scores[rows, columns] = -np.inf
        found = np.zeros_like(scores)
        for person, row in enumerate(scores):
            best = np.argsort(-row, kind="stable")[:CANDIDATES]
            near = (alike[best] @ alike[best].T).astype(np.float64)
            order = spread_out(row[best].astype(np.float64), near, most=SHOWN, relevance=share)
            found[person, best[order]] = np.arange(SHOWN, 0, -1)
        return found

    return score


def explained(linear: Linear, past: History) -> dict[str, float | int]:
    """Take the first named cause of each shown item away, and see whether its score falls."""
    chance = np.random.default_rng(0)
    tried = lower = unnamed = 0
    people = chance.permutation(len(past.users))
    for person in people:
        mine = past.of(np.array([person]))
        scores = linear(mine)[0].copy()
        scores[mine.item] = -np.inf
        liked = mine.liked().item
        for item in np.argsort(-scores, kind="stable")[:SHOWN]:
            causes = linear.because(liked, int(item), 1)
            unnamed += not causes
            for cause in causes:
                tried += 1
                lower += bool(linear(mine.where(mine.item != cause))[0, item] < scores[item])
        if tried >= REASONS:
            break
    return {"n": tried, "lower": lower, "unnamed": unnamed}


def measure(data: Path) -> dict:
    """Rank everything with everyone."""
    folder = data / "movielens_latest_small"
    history = read_history(folder / "ratings.csv")
    past, later = split_in_time(history)
    genres, texts = genres_and_words(folder, history.items)
    embed = embedder()
    if embed is None:
        raise SystemExit("word vectors are missing; pip install 'manyminds[docs]'")
    raw = embed(texts)
    words = unit(raw - raw.mean(axis=0))
    found: dict[str, dict] = {}
    ranked: dict[str, Ranked] = {}
    scorers: dict[str, Scorer] = {}
    known, near = likes(past), unit(genres)
    for name, make in rankers(genres, words).items():
        began = time.perf_counter()
        scorers[name] = make().learn(past)
        learned = time.perf_counter() - began
        ranked[name] = held_against(scorers[name], past, later, k=SHOWN)
        found[name] = _figures(ranked[name], near, known, len(history.items)) | {
            "rmse": round(rating_error(scorers[name], past, later), 3),
            "seconds": round(learned, 1),
        }
        print(name, found[name]["ndcg"], flush=True)
    pairs = {
        f"{a} - {b}": _lead(ranked[a], ranked[b])
        for a, b in (
            ("EASE", "popularity"), ("item neighbours", "popularity"), ("two towers", "popularity"),
            ("two towers", "item neighbours"), ("two towers of words", "two towers"),
            ("STAR", "STAR, people alone"),
            ("STAR", "STAR, words alone"), ("STAR", "item neighbours"), ("factors", "EASE"),
            ("two parameters", "popularity"), ("blend", "EASE"),
            ("blend, EASE on grades", "EASE, graded"),
            ("Boltzmann machine", "popularity"), ("spelled by codes", "STAR, words alone"),
            ("likes by weekend", "factors"),
            # The same ratings: as likes, as views, in full.
            ("EASE", "EASE, of all that was seen"), ("EASE, graded", "EASE, of all that was seen"),
            ("EASE, graded", "EASE"),
        )
    }  # fmt: skip
    spreads = {}
    for share in (1.0, 0.9, 0.8, 0.7, 0.64, 0.6, 0.5):
        shown = held_against(spread(scorers["EASE"], past, later, genres, share), past, later)
        spreads[str(share)] = _figures(shown, near, known, len(history.items))
    reasons = {
        name: explained(scorer, past)
        for name, scorer in scorers.items()
        if isinstance(scorer, Linear)
    }
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "code": code(),
        "command": "python benchmarks/recommend/rank.py", "people": len(ranked["EASE"].users),
        "items": len(history.items), "ratings": len(history.value), "rankers": found, "pairs": pairs,
        "spread": spreads, "reasons": reasons,
    }  # fmt: skip


def _figures(shown: Ranked, near: Floats, known: NDArray[np.float64], items: int) -> dict:
    return {
        "ndcg": round(float(shown.ndcg.mean()), 4), "interval": mean_interval(shown.ndcg),
        "recall": round(float(shown.recall.mean()), 4), "hit": round(float(shown.hit.mean()), 3),
        "distance": round(float(inner_distance(shown.shown, near).mean()), 3),
        "coverage": round(coverage(shown.shown, items), 4),
        "novelty": round(float(novelty(shown.shown, known).mean()), 2),
    }  # fmt: skip


def _lead(a: Ranked, b: Ranked) -> dict:
    found = difference(by_person(a, a.ndcg), by_person(b, b.ndcg))
    return {
        "mean": round(found.mean, 4), "interval": [round(found.low, 4), round(found.high, 4)],
        "finding": found.finding,
    }  # fmt: skip


def table(found: dict) -> str:
    """Write the page."""
    lines = [
        "# Rankers on MovieLens small",
        "",
        "Written by `python benchmarks/recommend/rank.py`; do not edit by hand.",
        "",
        f"- date: {found['date']}; code: {found['code']}",
        f"- machine: {found['machine']}",
        f"- {found['ratings']:,} ratings, {found['items']:,} films, {found['people']} people who liked "
        "something later; intervals are 95 % bootstrap over people",
        "- NDCG, recall and hit of the first ten of the whole catalogue; unlike: how unlike the genres "
        "of the ten are (ILD); shown: share of the catalogue that anybody is shown; novelty: bits; "
        "RMSE: scores brought to ratings by a line, on ratings people gave later",
        "",
        "| ranker | NDCG@10 | recall@10 | hit@10 | RMSE | unlike | shown | novelty | seconds to learn |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in found["rankers"].items():
        low, high = row["interval"]
        lines.append(
            f"| {name} | {row['ndcg']:.4f} [{low:.4f}, {high:.4f}] | {row['recall']:.4f} | "
            f"{row['hit']:.3f} | {row['rmse']:.3f} | {row['distance']:.3f} | {row['coverage']:.1%} | "
            f"{row['novelty']:.1f} | {row['seconds']} |"
        )
    lines += ["", "## Paired differences of NDCG@10", "", "| | difference | |", "|---|---|---|"]
    for name, row in found["pairs"].items():
        low, high = row["interval"]
        lines.append(
            f"| {name} | {row['mean']:+.4f} [{low:+.4f}, {high:+.4f}] | {row['finding']} |"
        )
    lines += [
        "", f"## Spread out: the best {CANDIDATES} of EASE by maximal marginal relevance", "",
        "| what the score counts | NDCG@10 | change | unlike | change | shown |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    plain = found["spread"]["1.0"]
    for share, row in found["spread"].items():
        costs, gains = row["ndcg"] / plain["ndcg"] - 1, row["distance"] / plain["distance"] - 1
        lines.append(
            f"| {share} | {row['ndcg']:.4f} | {costs:+.1%} | {row['distance']:.3f} | {gains:+.1%} | "
            f"{row['coverage']:.1%} |"
        )
    lines += [
        "", "How what is repeated is counted, the order in which a list is shown and the number of "
        "candidates were chosen on the last fifth of the ratings that are learned from here; so was 0.64, "
        "the first share there that gives lists a tenth more unlike.",
        "", "## Where a language model may stand", "",
        "Its vectors as they are: *STAR, words alone*. Its vectors with a ranker trained on them: *two "
        "towers of words* and *spelled by codes*. The model asked, as it is, one by one, in pairs "
        "and for a whole list: PAIRS.md. A model whose own weights are trained to rank is not tried "
        "here.",
    ]  # fmt: skip
    lines += [
        "", "## Reasons: the film named first is taken away from what a person liked", "",
        "| ranker | reasons tried | score falls | shown films without a reason |", "|---|---|---|---|",
    ]  # fmt: skip
    for name, row in found["reasons"].items():
        lines.append(
            f"| {name} | {row['n']:,} | {row['lower'] / row['n']:.1%} | {row['unnamed']} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    parser.add_argument("--table", action="store_true", help="write the page from rank.json alone")
    arguments = parser.parse_args()
    kept = HERE / "rank.json"
    if not arguments.table:
        kept.write_text(json.dumps(measure(arguments.data), indent=1) + "\n", encoding="utf-8")
    (HERE / "RANK.md").write_text(table(json.loads(kept.read_text("utf-8"))), encoding="utf-8")
