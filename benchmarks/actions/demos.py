"""A hand that learns from demonstrations, on MiniWoB++: held-out steps, and pages played.

    pip download miniwob==1.1.0 --no-deps    # unpack the wheel; PAGES is its miniwob/html
    python benchmarks/actions/demos.py PAGES [--episodes 20] [--play 10]

The rules of miniwob.py are the teacher: what they did in episodes that the page itself rewarded is
a demonstration. The hand is fitted on some and asked for each step of the others, twice over: other
episodes of tasks it was shown, and tasks it was never shown (each left out in turn). The simple
hands beside it take the first thing that the instruction names, and any. At last the hand that never saw a task plays it, on seeds of its own.
"""

import argparse
import asyncio
import os
import random
import sys
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import code, machine
from miniwob import WAIT_MS, Quiet, by_rules, played
from playwright.async_api import async_playwright

from manyminds.core.errors import UsageError
from manyminds.judging.interval import share_interval
from manyminds.recommend.doing.pilot.demos import (
    Demonstration,
    keep_demonstrations,
    read_demonstrations,
)
from manyminds.recommend.doing.pilot.learned import Choice, LearnedHand, choices_of, learn
from manyminds.recommend.doing.pilot.view import View
from manyminds.recommend.doing.plan import Step
from manyminds.tools.web.render import find_browser

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".bench" / "demos"
"""Demonstrations, a file a task; made again where they are not there."""
PLAYED_FROM = 1_000
"""First seed of what is played: no demonstration is of it."""


@asynccontextmanager
async def browsing(pages: Path) -> AsyncGenerator[tuple[Any, str]]:
    """Serve the pages on loopback, and open a browser."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(pages)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    async with async_playwright() as play:
        args = ["--no-sandbox"] if os.geteuid() == 0 else []  # pages of ours, on loopback
        browser = await play.chromium.launch(executable_path=str(find_browser()), args=args)
        page = await browser.new_page()
        page.set_default_timeout(WAIT_MS)
        yield page, f"http://127.0.0.1:{server.server_port}/miniwob"
        await browser.close()
    server.shutdown()


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
    async with browsing(pages) as (page, at):
        for task in tasks:
            if (path := KEPT / f"{task}.jsonl").exists():
                continue
            try:
                found = await shown(page, at, task, episodes)
            except Exception as error:  # noqa: BLE001 (a page that does not load teaches nothing)
                print(task, str(error).splitlines()[0][:80], flush=True)
                found = []
            keep_demonstrations(path, found)
            print(task, len(found), flush=True)


def first_named(instruction: str, choices: Sequence[Choice]) -> list[bool]:
    """Take the first thing that the instruction names and that was not taken; then what is left."""
    plain, taken, right = instruction.casefold(), set[str](), list[bool]()
    for choice in choices:
        names = ["" if s is None else (s.value or s.what).casefold() for s in choice.steps]
        there = [n for n, name in enumerate(names) if name and name in plain and name not in taken]
        guess = there[0] if there else 0
        taken.add(names[guess])
        right.append(guess == choice.taken)
    return right


def right_of(weights: Any, choices: Sequence[Choice]) -> list[bool]:
    """Say for each choice whether the hand takes what was taken."""
    return [c.taken is not None and int((c.rows @ weights).argmax()) == c.taken for c in choices]


def told(name: str, right: Sequence[bool]) -> str:
    """Write a row."""
    low, high = share_interval(sum(right), len(right))
    return f"| {name} | {len(right)} | {sum(right) / len(right):.1%} ({low:.0%} to {high:.0%}) |"


def measured(by_task: dict[str, list[Demonstration]]) -> tuple[list[str], dict[str, Any]]:
    """Return the table of held-out steps, and for each task the weights that never saw it."""
    choices = {t: [choices_of(one) for one in shown_] for t, shown_ in by_task.items()}
    half = {t: len(each) // 2 for t, each in choices.items()}
    fitted = learn([c for t, each in choices.items() for one in each[: half[t]] for c in one])
    others = [c for t, each in choices.items() for one in each[half[t] :] for c in one]
    unseen: dict[str, Any] = {}
    right: dict[str, list[bool]] = {}
    for task in choices:
        rest = [c for t, each in choices.items() if t != task for one in each for c in one]
        unseen[task] = learn(rest)
        right[task] = right_of(unseen[task], [c for one in choices[task] for c in one])
    every = [c for each in choices.values() for one in each for c in one]
    chance = random.Random(0)
    lines = [
        "| hand | steps | right |", "|---|---|---|",
        told("shown half of a task's episodes, asked for the others", right_of(fitted, others)),
        told("never shown the task", [r for each in right.values() for r in each]),
        told("the first that the instruction names", [
            right for task, shown_ in by_task.items()
            for demo, each in zip(shown_, choices[task], strict=True)
            for right in first_named(demo.instruction, each)
        ]),
        told("drawn", [chance.randrange(len(c.steps)) == c.taken for c in every]),
        "", "Never shown the task, by task: " + ", ".join(
            f"{task} {sum(r)}/{len(r)}" for task, r in sorted(right.items())
        ) + ".",
    ]  # fmt: skip
    return lines, unseen


async def play(pages: Path, unseen: dict[str, Any], episodes: int) -> list[str]:
    """Play each task with the hand that never saw it; return the table."""
    rows: dict[str, list[bool]] = {}
    async with browsing(pages) as (page, at):
        for task, weights in unseen.items():
            hand = LearnedHand(weights=weights, sure=0)
            rows[task] = [
                (await played(page, f"{at}/{task}.html", PLAYED_FROM + seed, hand))["reward"] > 0
                for seed in range(episodes)
            ]
            print("played", task, sum(rows[task]), flush=True)
    every = [r for each in rows.values() for r in each]
    low, high = share_interval(sum(every), len(every))
    return [
        f"Played on tasks it was never shown, {episodes} episodes each: {sum(every)} of {len(every)} "
        f"rewarded, {sum(every) / len(every):.0%} ({low:.0%} to {high:.0%}): "
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
    by_task = {path.stem: read_demonstrations(path) for path in sorted(KEPT.glob("*.jsonl"))}
    by_task = {task: found for task, found in by_task.items() if found}
    if not by_task:
        raise UsageError("the rules taught nothing")
    table, unseen = measured(by_task)
    count = sum(map(len, by_task.values()))
    lines = [
        "# A hand that was shown", "",
        f"`python benchmarks/actions/demos.py PAGES --episodes {given.episodes} --play {given.play}`, "
        f"{datetime.now(UTC).date()}, {machine()}, code at {code()}.", "",
        f"{count} demonstrations of {len(by_task)} tasks of MiniWoB++ (those that the rules of "
        "miniwob.py can do), each rewarded by the page. A step is right where it is the very step of "
        "the demonstration, of all that the page offered; that it is over counts as one.", "",
        *table, "", *asyncio.run(play(given.pages, unseen, given.play)), "",
    ]  # fmt: skip
    (HERE / "DEMOS.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
