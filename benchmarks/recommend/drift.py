"""Keeping up with people who change, week by week: simulated, for it needs a truth that moves.

    python benchmarks/recommend/drift.py

People like things of two camps at a time; each week some of them change one for another, and new
things appear in every camp. Before each week four ways of keeping up rank for it, by all that came
before: refit once at the beginning, refit every week, the daily look alone, and a rare refit with
the daily look. Held against what people like in that week.

Then all of them change both camps in one night: after how many new likes is the list as good as it
was? Writes drift.json and DRIFT.md.
"""

import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from manyminds.evals.statistics import difference
from manyminds.recommend.history import History
from manyminds.recommend.measures import held_against
from manyminds.recommend.ranking.ease import Ease
from manyminds.recommend.ranking.ranker import Scorer
from manyminds.recommend.ranking.updating import Hybrid

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine, mean_interval

HERE = Path(__file__).parent
WEEKS, BEFORE = 20, 8
PEOPLE, CAMPS, AT_FIRST, NEW = 400, 20, 30, 1
"""New things of each camp a week."""
LIKES, CHANGES = 5, 0.25
"""Likes of a person a week, and how likely they change one of their two camps in it."""
NOISE = 0.15
WEEK_S = 7 * 86_400
OURS = "refit every four weeks and daily look"
CHANGED, TOLD = BEFORE + 4, (0, 2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 20)
"""The week before which all change, and the new likes after which it is looked again."""
RECOVERED = 0.9
"""Share of what a list was worth before that is called recovered."""


@dataclass(frozen=True)
class World:
    """What people liked, week by week."""

    history: History
    overlap: float
    """Jaccard of what a person likes in a month and in the next, by camps, the mean."""
    camp: NDArray[np.int64]
    """Of each thing."""
    tastes: NDArray[np.int64]
    """The two camps of each person in each week: weeks by people by two."""


def world(seed: int = 0) -> World:
    """Let people live for some weeks."""
    chance = np.random.default_rng(seed)
    weeks = BEFORE + WEEKS
    count = CAMPS * (AT_FIRST + NEW * weeks)
    camp = np.arange(count) % CAMPS
    born = np.maximum(0, np.arange(count) // CAMPS - AT_FIRST + 1)
    tastes = np.array([chance.choice(CAMPS, 2, replace=False) for _ in range(PEOPLE)])
    rows: list[tuple[int, int, int]] = []
    seen: list[set[int]] = [set() for _ in range(PEOPLE)]
    lived: list[NDArray[np.int64]] = []
    for week in range(weeks):
        lived.append(tastes.copy())
        for person in range(PEOPLE):
            for _ in range(LIKES):
                kind = (
                    chance.integers(CAMPS)
                    if chance.random() < NOISE
                    else tastes[person, chance.integers(2)]
                )
                there = [
                    i
                    for i in np.flatnonzero((camp == kind) & (born <= week))
                    if i not in seen[person]
                ]
                if there:
                    item = int(chance.choice(there))
                    seen[person].add(item)
                    rows.append((person, item, week * WEEK_S + int(chance.integers(WEEK_S))))
            if chance.random() < CHANGES:
                others = [c for c in range(CAMPS) if c not in tastes[person]]
                tastes[person, chance.integers(2)] = chance.choice(others)
    pairs = [
        (set(a), set(b))
        for x, y in zip(lived, lived[4:], strict=False)
        for a, b in zip(x.tolist(), y.tolist(), strict=True)
    ]
    user, item, at = (np.array([row[i] for row in rows], np.int64) for i in range(3))
    history = History(
        users=tuple(f"u{i}" for i in range(PEOPLE)), items=tuple(f"i{i}" for i in range(count)),
        user=user, item=item, value=np.full(len(rows), 5, np.float32), at=at,
    )  # fmt: skip
    return World(
        history=history, overlap=float(np.mean([len(a & b) / len(a | b) for a, b in pairs])),
        camp=camp, tastes=np.array(lived),
    )  # fmt: skip


def arms() -> dict[str, Hybrid]:
    """Return the ways of keeping up; the dear one is EASE in each."""
    dear = Ease(ridge=20)
    return {
        "refit once": Hybrid(dear=dear, every_days=10_000, share=0.0),
        "refit every week": Hybrid(dear=dear, every_days=7, share=0.0),
        "daily look alone": Hybrid(dear=dear, every_days=10_000, share=1.0),
        OURS: Hybrid(dear=dear, every_days=28, share=0.5),
    }


def replayed(here: World) -> dict[str, Any]:
    """Rank for each week by what came before it."""
    found: dict[str, dict[str, Any]] = {}
    by_person: dict[str, dict[str, float]] = {}
    for name, arm in arms().items():
        weekly, seconds, people = [], 0.0, {}
        for week in range(BEFORE, BEFORE + WEEKS):
            now = week * WEEK_S
            past = here.history.where(here.history.at < now)
            later = here.history.where((here.history.at >= now) & (here.history.at < now + WEEK_S))
            began = time.perf_counter()
            scorer: Scorer = arm.day(past, now)
            seconds += time.perf_counter() - began
            ranked = held_against(scorer, past, later, k=10)
            weekly.append(float(ranked.ndcg.mean()))
            people |= {
                f"{week}/{u}": float(v) for u, v in zip(ranked.users, ranked.ndcg, strict=True)
            }
        by_person[name] = people
        found[name] = {
            "ndcg": round(float(np.mean(weekly)), 4),
            "interval": mean_interval(np.array(list(people.values()))),
            "first four weeks": round(float(np.mean(weekly[:4])), 4),
            "last four weeks": round(float(np.mean(weekly[-4:])), 4),
            "refits": arm.refits, "seconds": round(seconds, 2),
        }  # fmt: skip
        print(name, found[name], flush=True)
    leads = {}
    for other in found:
        if other != OURS:
            told = difference(by_person[OURS], by_person[other])
            leads[other] = [round(told.mean, 4), round(told.low, 4), round(told.high, 4)]
    return {"arms": found, "leads": leads}


def with_likes(past: History, likes: NDArray[np.int64], now: int) -> History:
    """Return a history with likes of everybody after it, as far apart as in other weeks."""
    people, count = likes.shape
    at = now + np.arange(count) * (WEEK_S // LIKES)
    return History(
        users=past.users, items=past.items,
        user=np.concatenate([past.user, np.repeat(np.arange(people), count)]),
        item=np.concatenate([past.item, likes.ravel()]),
        value=np.concatenate([past.value, np.full(likes.size, 5, np.float32)]),
        at=np.concatenate([past.at, np.tile(at, people)]),
    )  # fmt: skip


def worth(scores: NDArray[np.float32], seen: NDArray[np.bool_], fits: NDArray[np.bool_]) -> Any:
    """Return NDCG@10 of each person's list; all that is of their camps and new to them fits."""
    ranked = np.argsort(-np.where(seen, -np.inf, scores), axis=1, kind="stable")[:, :10]
    gains = 1 / np.log2(np.arange(10) + 2)
    return np.take_along_axis(fits, ranked, 1) @ gains / gains.sum()


def recovering(here: World, seed: int = 1) -> dict[str, Any]:
    """Change everybody's camps at once, and look how soon what is shown follows."""
    chance, now = np.random.default_rng(seed), CHANGED * WEEK_S
    past = here.history.where(here.history.at < now)
    seen = np.zeros((PEOPLE, len(past.items)), np.bool_)
    seen[past.user, past.item] = True
    there = np.arange(seen.shape[1]) // CAMPS < AT_FIRST + NEW * CHANGED
    old, had = here.tastes[CHANGED], here.tastes[: CHANGED + 1].transpose(1, 0, 2)
    unknown = [sorted(set(range(CAMPS)) - set(mine.ravel().tolist())) for mine in had]
    new = np.array([chance.choice(camps, 2, replace=False) for camps in unknown])
    likes = np.zeros((PEOPLE, TOLD[-1]), np.int64)
    for person in range(PEOPLE):
        taken = seen[person].copy()
        for turn in range(TOLD[-1]):
            left = there & ~taken
            if chance.random() >= NOISE:
                left &= here.camp == new[person, chance.integers(2)]
            likes[person, turn] = chance.choice(np.flatnonzero(left))
            taken[likes[person, turn]] = True

    def fits(camps: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.asarray((here.camp[None, :, None] == camps[:, None, :]).any(axis=2))

    arm = arms()[OURS]
    static, once = arm.day(past, now), arms()["refit once"].day(past, now)
    before = worth(static(past), seen, fits(old))
    rows = []
    for count in TOLD:
        after = with_likes(past, likes[:, :count], now)
        known = seen.copy()
        np.put_along_axis(known, likes[:, :count], values=True, axis=1)
        kept_up = arm.day(after, now + count * (WEEK_S // LIKES))(after)
        told = once(after)
        ours, fed, theirs = (worth(s, known, fits(new)) for s in (kept_up, told, static(past)))
        names = list(past.users)
        lead = difference(dict(zip(names, map(float, ours), strict=True)),
                          dict(zip(names, map(float, fed), strict=True)))  # fmt: skip
        rows.append({
            "likes": count, "ndcg": round(float(ours.mean()), 4), "interval": mean_interval(ours),
            "fed": round(float(fed.mean()), 4), "static": round(float(theirs.mean()), 4),
            "lead": [round(one, 4) for one in (lead.mean, lead.low, lead.high)],
        })  # fmt: skip
        print(rows[-1], flush=True)

    def reached(level: float) -> int | None:
        return next((r["likes"] for r in rows if r["ndcg"] >= RECOVERED * level), None)

    return {
        "before": round(float(before.mean()), 4), "rows": rows,
        "recovered after": reached(float(before.mean())),
        "settled after": reached(rows[-1]["ndcg"]),
    }  # fmt: skip


def after_a_change(told: dict[str, Any]) -> list[str]:
    """Write what became of a change of everybody's tastes."""
    rows = [
        f"| {r['likes']} | {r['ndcg']:.3f} ({r['interval'][0]:.3f} to {r['interval'][1]:.3f}) | "
        f"{r['fed']:.3f} | {r['static']:.3f} | "
        f"{r['lead'][0]:+.3f} ({r['lead'][1]:+.3f} to {r['lead'][2]:+.3f}) |"
        for r in told["rows"]
    ]
    after = told["recovered after"]
    found = f"after {after} new likes" if after is not None else f"not within {TOLD[-1]} new likes"
    settled = told["settled after"]
    return [
        "## After a change in one night", "",
        f"All change both camps before week {CHANGED - BEFORE + 1}; {OURS}, beside the profile as it "
        "was, without what they liked since. NDCG@10 with all things of their camps that are new to "
        f"them as what fits; {told['before']:.3f} before the change, when people were changing all "
        f"the time. {RECOVERED:.0%} of that is reached {found}; {RECOVERED:.0%} of what these people, "
        f"who do not change again, have after {TOLD[-1]} likes, after {settled}. A profile without "
        "the new likes can find none of the new camps; a ranker refit once and told them is held "
        "beside, and the lead is over it.", "",
        "| new likes | kept up | refit once, told the likes | static profile | lead |",
        "|---|---|---|---|---|", *rows, "",
    ]  # fmt: skip


def page(told: dict[str, Any]) -> str:
    """Write the figures for people."""
    rows = [
        f"| {name} | {a['ndcg']:.4f} ({a['interval'][0]:.4f} to {a['interval'][1]:.4f}) | "
        f"{a['first four weeks']:.4f} | {a['last four weeks']:.4f} | {a['refits']} | {a['seconds']:.1f} |"
        for name, a in told["arms"].items()
    ]
    leads = [
        f"- over {name}: {m:+.4f} ({low:+.4f} to {high:+.4f})"
        for name, (m, low, high) in told["leads"].items()
    ]
    return "\n".join([
        "# Keeping up", "", f"`{told['command']}`, {told['date']}, {told['machine']}, code at {told['code']}.", "",
        f"Simulated: {PEOPLE} people, {WEEKS} weeks, after {BEFORE} to learn from; month over month a person's camps "
        f"have a Jaccard of {told['overlap']:.2f}. NDCG@10 of the week to come, over the whole catalogue.", "",
        "| kept up by | NDCG@10 | first four weeks | last four | refits | seconds of learning, in all |",
        "|---|---|---|---|---|---|", *rows, "", "Rare refit and daily look, paired by person and week:", "", *leads, "",
        *after_a_change(told["change"]),
    ])  # fmt: skip


def main() -> None:
    """Replay, and write the figures."""
    here = world()
    told = {
        "command": "python benchmarks/recommend/drift.py", "machine": machine(), "code": code(),
        "date": str(datetime.now(UTC).date()), "overlap": here.overlap, **replayed(here),
        "change": recovering(here),
    }  # fmt: skip
    (HERE / "drift.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (HERE / "DRIFT.md").write_text(page(told), encoding="utf-8")


if __name__ == "__main__":
    main()
