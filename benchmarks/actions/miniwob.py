"""MiniWoB++ with our executor's hand: a policy by rules, and a model; resumable, task by task.

    pip download miniwob==1.1.0 --no-deps    # unpack the wheel; PAGES is its miniwob/html
    python benchmarks/actions/miniwob.py PAGES [--policy rules|MODEL] [--episodes 10]

A hand gets the page's own instruction and sees what a screen reader sees, once; it fills, chooses,
ticks and presses by name. Tasks that are drawn, dragged or read off a picture are beyond it and
count as failed: all pages of the folder are played. Success is the page's own reward above zero,
for rules within the page's own time (mostly ten seconds), for a model within ten minutes, since on
a processor it thinks for longer than a page waits. Tasks come in an order drawn once, so that a run
that was cut short is a sample of them.
"""

import argparse
import asyncio
import json
import os
import random
import re
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import code, machine
from playwright.async_api import async_playwright

from manyminds.agents.roster import roster
from manyminds.core.errors import ManymindsError
from manyminds.core.values import Limits, Task
from manyminds.judging.interval import share_interval
from manyminds.recommend.doing.page import gently
from manyminds.recommend.doing.pilot.models import ModelHand
from manyminds.recommend.doing.pilot.view import Element, View, look_at
from manyminds.recommend.doing.plan import Step
from manyminds.runtime.endpoints import connect
from manyminds.runtime.paths import cache_home
from manyminds.runtime.run import MemoryRun
from manyminds.tools.toolset import Toolset
from manyminds.tools.web.render import find_browser

HERE = Path(__file__).parent
ROWS = HERE / "miniwob.jsonl"
WAIT_MS = 1_500
WAITS_FOR_A_MODEL_MS = 600_000
Hand = Callable[[str, View], Awaitable[tuple[Step, ...]]]


def press(name: str) -> Step:
    """Return a press."""
    return Step(kind="press", what=name)


def boxes(view: View) -> list[Element]:
    """Return what can be written into."""
    return [e for e in view.elements if e.role in ("textbox", "searchbox", "spinbutton")]


def _submit(view: View) -> list[Step]:
    names = [e.name for e in view.elements if e.role == "button"]
    wanted = [n for n in names if n.casefold() in ("submit", "login", "search", "ok")]
    return [press(wanted[0])] if wanted else []


def _ticked(names: str, view: View) -> list[Step]:
    wanted = [] if names == "nothing" else re.split(r", ", names)
    return [*(Step(kind="tick", what=name) for name in wanted), *_submit(view)]


def _filled(view: View, *values: str) -> list[Step]:
    pairs = zip(boxes(view), values, strict=False)
    return [
        *(Step(kind="fill", what=box.name, value=value) for box, value in pairs),
        *_submit(view),
    ]


def _chosen(value: str, view: View) -> list[Step]:
    lists = [e.name for e in view.elements if e.role == "combobox"]
    return [Step(kind="choose", what=lists[0], value=value), *_submit(view)] if lists else []


def _only_button(view: View) -> list[Step]:
    names = [e.name for e in view.elements if e.role == "button"]
    return [press(names[0])] if names else []


def _counted(left: str, sign: str, right: str, view: View) -> list[Step]:
    sums = {"+": int(left) + int(right), "-": int(left) - int(right), "x": int(left) * int(right)}
    return _filled(view, str(sums[sign]))


def _us_day(day: str) -> str:
    month, date, year = day.split("/")
    return f"{year}-{int(month):02}-{int(date):02}"


RULES: tuple[tuple[str, Callable[[re.Match[str], View], list[Step]]], ...] = (
    (r'Click on the "(.+)" button', lambda m, v: [press(m[1])]),
    (r"Click button ONE, then click button TWO", lambda m, v: [press("ONE"), press("TWO")]),
    (r"Click button (\w+)\.", lambda m, v: [press(m[1])]),
    (r"Click the button", lambda m, v: _only_button(v)),
    (r'Click on the link "(.+)"', lambda m, v: [press(m[1])]),
    (r"Click on Tab #(\d)", lambda m, v: [press(f"Tab #{m[1]}")]),
    (r'Enter the username "(.*)" and the password "(.*)" into', lambda m, v: _filled(v, m[1], m[2])),
    (r'Enter the password "(.*)" into both', lambda m, v: _filled(v, m[1], m[1])),
    (r'Enter "(.*)" into the text field', lambda m, v: _filled(v, m[1])),
    (r'Type "(.*)" in all (upper|lower) case', lambda m, v: _filled(v, getattr(m[1], m[2])())),
    (r"Enter (\d\d/\d\d/\d{4}) as the date", lambda m, v: _filled(v, _us_day(m[1]))),
    (r'Use the textbox to enter "(.*)" and press "Search"', lambda m, v: _filled(v, m[1])),
    (r"Select (.*) from the list and click Submit", lambda m, v: _chosen(m[1], v)),
    (r"Select (.*) and click Submit", lambda m, v: _ticked(m[1], v)),
    (r'Close the dialog box by clicking the "x"', lambda m, v: [press("Close")]),
    (r'Click the button in the dialog box labeled "(.+)"', lambda m, v: [press(m[1])]),
    (r"Click the cancel button", lambda m, v: [press("Cancel")]),
    (r"Solve the math problem", lambda m, v: _solved(v)),
)  # fmt: skip


def _solved(view: View) -> list[Step]:
    found = re.search(r"(\d+) ([+x-]) (\d+) =", view.text)
    return _counted(found[1], found[2], found[3], view) if found else []


async def by_rules(instruction: str, view: View) -> tuple[Step, ...]:
    """Do what a rule has for an instruction; nothing where there is none."""
    for pattern, steps in RULES:
        if (found := re.search(pattern, instruction)) is not None:
            return tuple(steps(found, view))
    return ()


def by_model(model: str, endpoint: Any) -> Hand:
    """Return the hand that a model is."""
    [member] = roster(1, [model], has_docs=False)
    run = MemoryRun(
        run_id="miniwob", task=Task(prompt="a page"), members=(member,), seed=1,
        endpoints={model: endpoint}, tools=Toolset([]), limits=Limits(),
    )  # fmt: skip
    return ModelHand(run=run, member=member)


async def played(
    page: Any, address: str, seed: int, hand: Hand, *, waits_ms: int | None = None
) -> dict[str, Any]:
    """Play one episode, in the page's own time or in another; say what the page made of it."""
    await page.goto(address, wait_until="load")
    waits = "" if waits_ms is None else f"core.EPISODE_MAX_TIME = {waits_ms};"
    await page.evaluate(f"Math.seedrandom('{seed}'); {waits} core.startEpisodeReal()")
    instruction = " ".join((await page.inner_text("#query")).split())
    wrong, done = "", 0
    try:
        for step in await hand(instruction, await look_at(page)):
            await gently(page, step)
            done += 1
    except ManymindsError as error:
        wrong = str(error)
    except Exception as error:  # noqa: BLE001 (a page may do anything)
        wrong = (str(error).splitlines() or [""])[0]
    with suppress(Exception):
        await page.wait_for_function("WOB_DONE_GLOBAL", timeout=300)
    reward = await page.evaluate("WOB_DONE_GLOBAL ? WOB_RAW_REWARD_GLOBAL : 0")
    return {"instruction": instruction[:160], "steps": done, "reward": reward, "wrong": wrong[:120]}


@asynccontextmanager
async def browsing(pages: Path) -> AsyncGenerator[tuple[Any, str]]:
    """Serve the pages on loopback, and open a browser."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(pages)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    async with async_playwright() as play:
        args = ["--no-sandbox"] if os.geteuid() == 0 else []  # pages of ours, on loopback
        browser = await play.chromium.launch(executable_path=str(find_browser()), args=args)
        browser_context = await browser.new_context()
        browser_context.set_default_timeout(WAIT_MS)
        yield browser_context, f"http://127.0.0.1:{server.server_port}/miniwob"
        await browser.close()
    server.shutdown()


async def play_all(
    pages: Path, policy: str, episodes: int, at_once: int, kept: list[dict[str, Any]]
) -> None:
    """Play what was not played yet."""
    there = {row["task"] for row in kept}
    tasks = sorted(path.stem for path in (pages / "miniwob").glob("*.html"))
    random.Random(0).shuffle(tasks)
    left = iter([task for task in tasks if task not in there])
    endpoint = None if policy == "rules" else await connect(policy, cache=cache_home())
    hand = by_rules if endpoint is None else by_model(policy, endpoint)
    waits_ms = None if endpoint is None else WAITS_FOR_A_MODEL_MS

    async def play(browser: Any, at: str) -> None:
        page = await browser.new_page()
        for task in left:
            rows = [
                await _once(page, f"{at}/{task}.html", seed, hand, waits_ms)
                for seed in range(episodes)
            ]
            row = {
                "task": task, "policy": policy, "episodes": episodes, "waits_ms": waits_ms,
                "right": sum(r["reward"] > 0 for r in rows), "first": rows[0],
            }  # fmt: skip
            kept.append(row)
            print(json.dumps(row), flush=True)
            _append(row)

    async with browsing(pages) as (browser, at), asyncio.TaskGroup() as players:
        for _ in range(at_once):
            players.create_task(play(browser, at))
    if endpoint is not None:
        await endpoint.close()


async def _once(
    page: Any, address: str, seed: int, hand: Hand, waits_ms: int | None
) -> dict[str, Any]:
    try:
        return await played(page, address, seed, hand, waits_ms=waits_ms)
    except Exception as error:  # noqa: BLE001 (a page that does not load has no reward)
        return {"instruction": "", "steps": 0, "reward": 0, "wrong": str(error)[:120]}


def _append(row: dict[str, Any]) -> None:
    with ROWS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def page_of(rows: list[dict[str, Any]]) -> str:
    """Write the figures for people."""
    lines = [
        "# MiniWoB++", "",
        f"`python benchmarks/actions/miniwob.py PAGES`, {datetime.now(UTC).date()}, {machine()}, "
        f"code at {code()}.", "",
        "Rules have the page's own time, mostly ten seconds; a model has ten minutes.", "",
        "| hand | tasks | of them ever right | of them always right | episodes | right |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for policy in sorted({row["policy"] for row in rows}):
        mine = [row for row in rows if row["policy"] == policy]
        right, count = sum(r["right"] for r in mine), sum(r["episodes"] for r in mine)
        low, high = share_interval(right, count)
        ever, always = (
            sum(r["right"] > 0 for r in mine),
            sum(r["right"] == r["episodes"] for r in mine),
        )
        lines.append(
            f"| {policy} | {len(mine)} | {ever} | {always} | {count} | {right / count:.0%} "
            f"({low:.0%} to {high:.0%}) |"
        )
    lines += ["", "Tasks that were ever right:", ""]
    for policy in sorted({row["policy"] for row in rows}):
        good = [
            f"{r['task']} {r['right']}/{r['episodes']}"
            for r in rows
            if r["policy"] == policy and r["right"]
        ]
        lines.append(f"- {policy}: {', '.join(good) or 'none'}")
    return "\n".join([*lines, ""])


def main() -> None:
    """Play what is left and write the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("pages", type=Path)
    asks.add_argument("--policy", default="rules")
    asks.add_argument("--episodes", type=int, default=10)
    asks.add_argument("--at-once", type=int, default=1, metavar="PAGES")
    given = asks.parse_args()
    lines = ROWS.read_text(encoding="utf-8").splitlines() if ROWS.exists() else []
    rows = [json.loads(line) for line in lines]
    mine = [row for row in rows if row["policy"] == given.policy]
    others = [row for row in rows if row["policy"] != given.policy]
    try:
        asyncio.run(play_all(given.pages, given.policy, given.episodes, given.at_once, mine))
    finally:
        (HERE / "MINIWOB.md").write_text(page_of([*others, *mine]), encoding="utf-8")


if __name__ == "__main__":
    main()
