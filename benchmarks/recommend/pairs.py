"""A model's last look at the twenty best of STAR: in pairs, one by one and as a list.

    python benchmarks/recommend/pairs.py --data ../shared/data [--people 60]    # resumes

People are drawn from those of rank.py, with the same past and later. Each pair is asked both ways
round, one pass from the bottom, as in the paper; the first ten are held against what the person
liked later. Beside it: the same pass with a judge by chance that swaps as often as the model did,
and the other two ways in which a model ranks without being trained: a grade for each thing alone,
and the whole list in one reply. Rows are kept in pairs.jsonl; PAIRS.md is written from them.
"""

import argparse
import asyncio
import csv
import json
import random
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine
from rank import genres_and_words, unit

from manyminds.agents.inquiry import inquire
from manyminds.core.protocols import Run
from manyminds.core.values import Limits, Member
from manyminds.evals.statistics import difference
from manyminds.recommend.history import LIKED, History, read_history, split_in_time
from manyminds.recommend.measures import first
from manyminds.recommend.preferring import ModelPrefers
from manyminds.recommend.ranking.pairs import ordered_by_pairs
from manyminds.recommend.ranking.star import Star
from manyminds.runtime.alone import member_alone
from manyminds.runtime.paths import cache_home
from manyminds.tools.docs.store import embedder
from manyminds.tools.fence import fence

HERE = Path(__file__).parent
ROWS = HERE / "pairs.jsonl"
BEST, SHOWN, LIKES = 20, 10, 10
MODEL = "embedded:qwen2.5-coder-1.5b"
WAYS = {"pairs": "in pairs", "alone": "by a grade for each alone", "list": "as one list"}


def described(folder: Path, items: Sequence[str]) -> list[str]:
    """Return title and genres of each film."""
    with (folder / "movies.csv").open(encoding="utf-8", newline="") as file:
        films = {row["movieId"]: row for row in csv.DictReader(file)}
    return [f"{films[i]['title']}, {films[i]['genres'].replace('|', ', ')}" for i in items]


def retrieved(past: History, texts: list[str]) -> Any:
    """Return the best of STAR for each person, people by ranks."""
    embed = embedder()
    if embed is None:
        raise SystemExit("word vectors are missing; pip install 'manyminds[docs]'")
    raw = embed(texts)
    scores = np.array(Star(vectors=unit(raw - raw.mean(axis=0))).learn(past)(past))
    rows, columns = past.matrix(liked=False).nonzero()
    scores[rows, columns] = -np.inf
    return first(scores, BEST)


def ndcg(order: Sequence[int], wanted: set[int]) -> float:
    """Return the gain of the first ten of what was liked, as a share of the best possible."""
    gains = 1 / np.log2(np.arange(SHOWN) + 2)
    found = sum(gains[rank] for rank, item in enumerate(order[:SHOWN]) if item in wanted)
    return float(found / gains[: min(len(wanted), SHOWN)].sum())


def by_chance(best: list[int], share: float, wanted: set[int]) -> float:
    """Return the mean gain of a judge by chance that swaps a share of what it compares."""

    async def once(seed: int) -> float:
        chance = random.Random(seed)

        async def prefers(_one: int, _other: int) -> bool:
            return chance.random() < share

        return ndcg((await ordered_by_pairs(best, prefers)).order, wanted)

    return float(np.mean([asyncio.run(once(seed)) for seed in range(50)]))


def asked(liked: list[str], shown: str, wanted: str) -> str:
    """Return a question about what suits a person, their likes first."""
    likes = fence("\n".join(f"- {one}" for one in liked), source="likes")
    return (
        "Go by what this person liked before, the latest first; all else is new to them.\n\n"
        f"What they liked:\n{likes}\n\n{shown}\n\n{wanted}"
    )


async def one_by_one(
    run: Run, member: Member, best: list[int], liked: list[str], things: list[str]
) -> tuple[list[int], int]:  # fmt: skip
    """Order by a grade that each thing gets alone; things of one grade stay as they were.

    Returns:
        The order, and how many different grades were given; what got none is in the middle.
    """

    async def grade(item: int) -> int:
        text = asked(
            liked, fence(things[item], source="film", limit=400),
            'How well would this film suit them, from 0 to 10? Reply with {"grade": number}.',
        )  # fmt: skip
        fields: Any = {"grade": {"type": "integer", "minimum": 0, "maximum": 10}}
        told = await inquire(run, member, text, fields, max_tokens=20, purpose="check")
        given = told.get("grade")
        return given if isinstance(given, int) else 5

    grades = dict(zip(best, await asyncio.gather(*map(grade, best)), strict=True))
    return sorted(best, key=lambda item: -grades[item]), len(set(grades.values()))


async def as_a_list(
    run: Run, member: Member, best: list[int], liked: list[str], things: list[str]
) -> tuple[list[int], int]:  # fmt: skip
    """Order as one reply says; what it leaves out follows as it was.

    Returns:
        The order, and how many things the reply named.
    """
    shown = "\n".join(f"{place}: {things[item]}" for place, item in enumerate(best, 1))
    text = asked(
        liked, fence(shown, source="films", limit=8_000),
        f"Put the {len(best)} films in order, what suits them best first. "
        'Reply with {"order": [numbers of all films]}.',
    )  # fmt: skip
    fields: Any = {"order": {"type": "array", "items": {"type": "integer"}}}
    told = await inquire(run, member, text, fields, max_tokens=200, purpose="check")
    said = told.get("order")
    places = [one - 1 for one in (said if isinstance(said, list) else []) if isinstance(one, int)]
    named = [best[place] for place in dict.fromkeys(places) if 0 <= place < len(best)]
    return [*named, *(item for item in best if item not in named)], len(named)


async def looked_at(
    best: list[int], liked: list[str], things: list[str], model: str
) -> dict[str, Any]:  # fmt: skip
    """Let the model order the best of one person, in all three ways."""
    row: dict[str, Any] = {}
    async with member_alone(model, "films", name="pairs", cache=cache_home(), limits=Limits()) as (
        run,
        member,
    ):
        # A first request, so that no way pays alone for what is read once.
        await inquire(run, member, asked(liked, "", 'Reply with {"ready": true}.'),
                      {"ready": {"type": "boolean"}}, max_tokens=10, purpose="check")  # fmt: skip
        judge = ModelPrefers(run=run, member=member, liked=liked, things=things)
        for name in ("pairs", "alone", "list"):
            began, before = time.monotonic(), run.meter.spent.tokens
            if name == "pairs":
                found = await ordered_by_pairs(best, judge)
                if found.ended:
                    raise SystemExit(found.ended)
                order = list(found.order)
                row |= {
                    "compared": found.compared, "swapped": found.swapped, "unsure": found.unsure
                }  # fmt: skip
            else:
                way = one_by_one if name == "alone" else as_a_list
                order, row[f"{name}_said"] = await way(run, member, best, liked, things)
            row |= {
                name: order, f"{name}_tokens": run.meter.spent.tokens - before,
                f"{name}_seconds": round(time.monotonic() - began, 1),
            }  # fmt: skip
    return row


def latest(past: History, person: int) -> list[int]:
    """Return what a person liked, the latest first."""
    mine = (past.user == person) & (past.value >= LIKED)
    order = np.argsort(-past.at[mine], kind="stable")
    return [int(item) for item in past.item[mine][order][:LIKES]]


def measure(data: Path, people: int, model: str, kept: list[dict[str, Any]]) -> None:
    """Look at the people who were not looked at yet."""
    folder = data / "movielens_latest_small"
    history = read_history(folder / "ratings.csv")
    past, later = split_in_time(history)
    _, texts = genres_and_words(folder, history.items)
    best, things = retrieved(past, texts), described(folder, history.items)
    able = np.unique(later.user[later.value >= LIKED])
    done = {row["person"] for row in kept}
    for person in map(int, np.random.default_rng(0).permutation(able)[:people]):
        if history.users[person] in done:
            continue
        wanted = {int(i) for i in later.item[(later.user == person) & (later.value >= LIKED)]}
        mine = [int(item) for item in best[person]]
        liked = [things[item] for item in latest(past, person)]
        row = asyncio.run(looked_at(mine, liked, things, model))
        row |= {
            "list_moved": row["list"] != mine,
            "person": history.users[person], "model": model, "before": ndcg(mine, wanted),
            **{f"after_{way}": ndcg(row[way], wanted) for way in WAYS},
            "chance": by_chance(mine, row["swapped"] / row["compared"], wanted),
            # The best that any order of the twenty could do.
            "ceiling": ndcg(sorted(mine, key=lambda item: item not in wanted), wanted),
        }  # fmt: skip
        kept.append(row)
        print(json.dumps(row), flush=True)
        with ROWS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def page(rows: list[dict[str, Any]], model: str, people: int) -> str:
    """Write the figures for people."""

    def of(key: str) -> dict[str, float]:
        return {row["person"]: float(row[key]) for row in rows}

    def mean(key: str) -> float:
        return float(np.mean(list(of(key).values())))

    lines = [
        "# A model's last look", "",
        f"`python benchmarks/recommend/pairs.py --people {people} --model {model}`, "
        f"{datetime.now(UTC).date()}, {machine()}, code at {code()}.", "",
        f"{len(rows)} people of MovieLens small; the {BEST} best of STAR, put in order anew by a "
        f"model that reads a person's last {LIKES} likes: by one pass of pairs from the bottom, by a "
        f"grade for each alone, by one reply for the whole list; NDCG of the first {SHOWN}, "
        "95 % bootstrap intervals over people.", "",
        "| order | NDCG@10 | minus STAR's |", "|---|---|---|",
        f"| STAR | {mean('before'):.4f} | |",
    ]  # fmt: skip
    looks = [(f"after_{way}", f"STAR, then the model {told}") for way, told in WAYS.items()]
    for key, name in (
        *looks, ("chance", "STAR, then chance, swapping as often as the pairs"),
        ("ceiling", "the best order of the twenty there is"),
    ):  # fmt: skip
        lead = difference(of(key), of("before"))
        lines.append(
            f"| {name} | {mean(key):.4f} | {lead.mean:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}] "
            f"{lead.finding} |"
        )
    lead = difference(of("after_pairs"), of("chance"))
    compared = sum(row["compared"] for row in rows)
    costs = "; ".join(
        f"{told} {mean(f'{way}_tokens'):,.0f} tokens and {mean(f'{way}_seconds'):.0f} seconds"
        for way, told in WAYS.items()
    )
    lines += [
        "", f"The model in pairs minus chance: {lead.mean:+.4f} [{lead.low:+.4f}, "
        f"{lead.high:+.4f}], {lead.finding}.", "",
        f"Of {compared:,} comparisons {sum(r['swapped'] for r in rows) / compared:.0%} swapped and "
        f"{sum(r['unsure'] for r in rows) / compared:.0%} were unsure (the answer changed with the "
        f"order). Alone, a person's twenty got {mean('alone_said'):.1f} different grades; as a list, "
        f"the reply named {mean('list_said'):.1f} of {BEST}, in another order for "
        f"{sum(row['list_moved'] for row in rows)} of {len(rows)} people. A person cost: {costs}.",
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def main() -> None:
    """Look at who is left, and write the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    asks.add_argument("--people", type=int, default=60)
    asks.add_argument("--model", default=MODEL)
    given = asks.parse_args()
    lines = ROWS.read_text("utf-8").splitlines() if ROWS.exists() else []
    rows = [
        row for row in map(json.loads, lines) if row["model"] == given.model and "list_said" in row
    ]
    try:
        measure(given.data, given.people, given.model, rows)
    finally:
        if rows:
            (HERE / "PAIRS.md").write_text(page(rows, given.model, given.people), "utf-8")


if __name__ == "__main__":
    main()
