"""A hand that learns from demonstrations, on MiniWoB++: held-out steps, and pages played.

    pip download miniwob==1.1.0 --no-deps    # unpack the wheel; PAGES is its miniwob/html
    python benchmarks/actions/demos.py PAGES [--episodes 20] [--play 10]

The rules of miniwob.py are the teacher: what they did in episodes that the page itself rewarded is
a demonstration; of two that are the same one counts. The hand is fitted on some and asked for each
step of the others, twice over: other episodes of tasks it was shown, and tasks of whose family it
was shown none (click-checkboxes and click-checkboxes-large are one; each left out in turn). The
simple hands beside it take the first thing that the instruction names, and any. At last the hand
that never saw a family plays it, on seeds of its own. Intervals resample whole tasks.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import numpy as np
from figures import code, machine
from miniwob import browsing, by_rules, played

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.pilot.learned import SURE, Choice, LearnedHand, choices_of, learn
from manyminds.recommend.doing.pilot.view import Element, View
from manyminds.recommend.doing.pilot.ways import Demonstration
from manyminds.recommend.doing.plan import Step

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".bench" / "demos"
"""Demonstrations, a file a task; made again where they are not there."""
PLAYED_FROM = 1_000
"""First seed of what is played: no demonstration is of it."""


async def shown(page: Any, at: str, task: str, episodes: int) -> list[Demonstration]:
    """Let the rules play a task; return what was rewarded."""
    found: list[Demonstration] = []
    seen: list[Demonstration] = []

    async def watched(instruction: str, view: View) -> tuple[Step, ...]:
        steps = await by_rules(instruction, view)
        seen.append(Demonstration(instruction=instruction, view=view, steps=steps))
        return steps

    for seed in range(episodes):
        seen.clear()
        row = await played(page, f"{at}/{task}.html", seed, watched)
        if row["reward"] > 0 and seen and seen[-1].steps:
            found.append(seen[-1])
        if seed == 4 and not found:
            break  # the rules have nothing for it
    return found


async def teach(pages: Path, episodes: int) -> None:
    """Make the demonstrations that are not there yet."""
    KEPT.mkdir(parents=True, exist_ok=True)
    tasks = sorted(path.stem for path in (pages / "miniwob").glob("*.html"))
    async with browsing(pages) as (browser, at):
        page = await browser.new_page()
        for task in tasks:
            if (path := KEPT / f"{task}.jsonl").exists():
                continue
            try:
                found = await shown(page, at, task, episodes)
            except Exception as error:  # noqa: BLE001 (a page that does not load teaches nothing)
                print(task, str(error).splitlines()[0][:80], flush=True)
                found = []
            path.write_text("".join(f"{json.dumps(asdict(one))}\n" for one in found), "utf-8")
            print(task, len(found), flush=True)


def first_named(instruction: str, choices: Sequence[Choice]) -> list[bool]:
    """Take the first thing that the instruction names and that was not taken; then what is left.

    A box that was filled and a value that was used are no choice any more.
    """
    plain, taken, right = instruction.casefold(), set[str](), list[bool]()
    for choice in choices:
        there = [
            n for n, s in enumerate(choice.steps)
            if s is not None and (s.value or s.what).casefold() in plain and (s.value or s.what)
            and not {s.what, s.value} & taken
        ]  # fmt: skip
        guess = there[0] if there else 0
        step = choice.steps[guess]
        taken |= {text for text in (step.what, step.value) if text} if step else set()
        right.append(guess == choice.taken)
    return right


def read(path: Path) -> list[Demonstration]:
    """Read the demonstrations of a task, each once."""
    found: dict[str, Demonstration] = {}
    for line in path.read_text("utf-8").split("\n"):
        if not line:
            continue
        told = json.loads(line)
        elements = tuple(
            Element(**{**e, "options": tuple(e["options"])}) for e in told["view"]["elements"]
        )
        steps = tuple(Step(**step) for step in told["steps"])
        page = View(address="", title="", text="", elements=elements)
        found[f"{told['instruction']}{elements}{steps}"] = Demonstration(
            instruction=told["instruction"], view=page, steps=steps
        )
    return list(found.values())


def family(task: str) -> str:
    """Return what a task and those made of it have in common: the first two words of its name."""
    return "-".join(task.split("-")[:2])


Right = dict[str, list[bool]]
"""By task."""


def right_of(weights: Any, choices: Sequence[Choice]) -> list[bool]:
    """Say for each choice whether the hand takes what was taken."""
    return [c.taken is not None and int((c.rows @ weights).argmax()) == c.taken for c in choices]


def sure_of(weights: Any, choices: Sequence[Choice]) -> list[bool]:
    """Say of the choices that it is sure of whether the hand takes what was taken."""
    found: list[bool] = []
    for choice in choices:
        scores = choice.rows @ weights
        best = int(scores.argmax())
        if 1 / np.exp(scores - scores[best]).sum() >= SURE:
            found.append(best == choice.taken)
    return found


def told(name: str, right: Right) -> str:
    """Write a row: the share, and its interval by resampling tasks."""
    tasks = [np.array(each, float) for each in right.values() if each]
    every = np.concatenate(tasks)
    chance = np.random.default_rng(0)
    means = [
        np.concatenate([tasks[n] for n in chance.integers(len(tasks), size=len(tasks))]).mean()
        for _ in range(2_000)
    ]
    low, high = np.quantile(means, (0.025, 0.975))
    return f"| {name} | {len(every)} | {every.mean():.1%} ({low:.0%} to {high:.0%}) |"


def measured(by_task: dict[str, list[Demonstration]]) -> tuple[list[str], dict[str, Any]]:
    """Return the table of held-out steps, and for each task the weights that never saw its family."""
    choices = {t: [choices_of(one) for one in shown_] for t, shown_ in by_task.items()}
    flat = {t: [c for one in each for c in one] for t, each in choices.items()}
    half = {t: len(each) // 2 for t, each in choices.items()}
    fitted = learn([c for t, each in choices.items() for one in each[: half[t]] for c in one])
    others = {t: right_of(fitted, [c for one in each[half[t] :] for c in one]) for t, each in choices.items() if half[t]}  # fmt: skip
    unseen = {
        kind: learn([c for t, each in flat.items() if family(t) != kind for c in each])
        for kind in {family(task) for task in by_task}
    }
    never = {t: right_of(unseen[family(t)], each) for t, each in flat.items()}
    sure = {t: sure_of(unseen[family(t)], each) for t, each in flat.items()}
    named = {
        t: [r for demo, each in zip(by_task[t], choices[t], strict=True) for r in first_named(demo.instruction, each)]
        for t in by_task
    }  # fmt: skip
    chance = random.Random(0)
    drawn = {
        t: [chance.randrange(len(c.steps)) == c.taken for c in each] for t, each in flat.items()
    }
    lines = [
        "| hand | steps | right |", "|---|---|---|",
        told("shown half of a task's episodes, asked for the others", others),
        told("shown no task of the family", never),
        told(f"the same, of what it is sure of ({SURE:.0%})", sure),
        told("the first that the instruction names", named),
        told("drawn", drawn),
        "", "Shown no task of the family, by task: " + ", ".join(
            f"{task} {sum(r)}/{len(r)}" for task, r in sorted(never.items())
        ) + ".",
    ]  # fmt: skip
    return lines, {task: unseen[family(task)] for task in by_task}


async def play(pages: Path, unseen: dict[str, Any], episodes: int) -> list[str]:
    """Play each task with the hand that never saw it; return the table."""
    rows: dict[str, list[bool]] = {}
    async with browsing(pages) as (browser, at):
        page = await browser.new_page()
        for task, weights in unseen.items():
            hand = LearnedHand(weights=weights, sure=0)
            rows[task] = [
                (await played(page, f"{at}/{task}.html", PLAYED_FROM + seed, hand))["reward"] > 0
                for seed in range(episodes)
            ]
            print("played", task, sum(rows[task]), flush=True)
    return [
        f"| played, {episodes} episodes a task | episodes | rewarded |", "|---|---|---|",
        told("shown no task of the family", rows), "",
        "Rewarded, by task: "
        + ", ".join(f"{task} {sum(each)}" for task, each in sorted(rows.items())) + ".",
    ]  # fmt: skip


def main() -> None:
    """Teach, measure, play, and write the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("pages", type=Path)
    asks.add_argument("--episodes", type=int, default=20)
    asks.add_argument("--play", type=int, default=10)
    given = asks.parse_args()
    asyncio.run(teach(given.pages, given.episodes))
    by_task = {path.stem: read(path) for path in sorted(KEPT.glob("*.jsonl"))}
    by_task = {task: found for task, found in by_task.items() if found}
    if not by_task:
        raise UsageError("the rules taught nothing")
    table, unseen = measured(by_task)
    count = sum(map(len, by_task.values()))
    lines = [
        "# A hand that was shown", "",
        f"`python benchmarks/actions/demos.py PAGES --episodes {given.episodes} --play {given.play}`, "
        f"{datetime.now(UTC).date()}, {machine()}, code at {code()}.", "",
        f"{count} different demonstrations of {len(by_task)} tasks of MiniWoB++ (those that the rules of "
        "miniwob.py can do), each rewarded by the page. A step is right where it is the very step of "
        "the demonstration, of all that the page offered; that it is over counts as one.", "",
        *table, "", *asyncio.run(play(given.pages, unseen, given.play)), "",
    ]  # fmt: skip
    (HERE / "DEMOS.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
