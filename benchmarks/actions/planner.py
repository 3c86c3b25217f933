"""A model as planner on the course form of seventeen steps: what it says where a careful one looked.

    python benchmarks/actions/planner.py [--model embedded:qwen2.5-coder-1.5b]

A careful planner by rules goes through all eight variations (tests/recommend/wizard.py). At each
page that it looked at, the model is shown the same page, goal, values and turns, and what it says is
held against what may be done there: fields in any order, onwards only when all are filled. Each look
is judged alone, so one mistake costs one. *Flat*: a hand without a planner, given the goal and the
values at each different page but those that wait for the person, and no turns. Looks that are the
same in several variations count once. It resumes: replies are kept.
"""

import argparse
import asyncio
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from playwright.async_api import async_playwright

sys.path.append(str(Path(__file__).parents[2]))
sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine

from manyminds.agents.roster import roster
from manyminds.core.errors import ManymindsError, UsageError
from manyminds.core.values import Limits, Task
from manyminds.evals.replies import KeepingEndpoint, KeptReplies
from manyminds.judging.interval import share_interval
from manyminds.recommend.doing.browser import Executor
from manyminds.recommend.doing.consent import Consent
from manyminds.recommend.doing.pilot.directive import Directive, steps_in
from manyminds.recommend.doing.pilot.explore import Turn, explore
from manyminds.recommend.doing.pilot.models import ModelHand, ModelPlanner
from manyminds.recommend.doing.pilot.view import View, view_as_text
from manyminds.recommend.doing.plan import Step
from manyminds.runtime.endpoints import connect
from manyminds.runtime.paths import cache_home, data_home
from manyminds.runtime.run import MemoryRun
from manyminds.tools.toolset import Toolset
from manyminds.tools.web.render import find_browser
from tests.recommend.test_pilot import by_the_book, careful, tick_human
from tests.recommend.wizard import VALUES, VARIATIONS, Wizard

HERE = Path(__file__).parent
GOAL = (
    "Enrol me in the pottery course for beginners on Tuesday, with materials; if Tuesday is not to be "
    "had, on Friday"
)
TICKED = ("I accept the terms", "Materials")
ONWARDS = ("Begin", "Next", "Continue", "Enrol")
SITE = "http://127.0.0.1:8000"
"""What stands for the site's address: its port is another one each time."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """One page as the careful planner saw it, and what it said."""

    variation: str
    view: View
    turns: tuple[Turn, ...]
    right: Directive


async def looks() -> list[Look]:
    """Let the careful planner go through all variations; return what it looked at."""
    found: list[Look] = []
    args = ["--no-sandbox"] if os.geteuid() == 0 else []  # pages of ours, on loopback
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=str(find_browser()), args=args)
        for variation in VARIATIONS:
            with Wizard(variation=variation) as wizard, tempfile.TemporaryDirectory() as folder:
                here = wizard.origin

                async def watched(
                    view: View, turns: Sequence[Turn], here: str = here, variation: str = variation
                ) -> Directive:
                    told = await careful(view, turns)
                    seen = replace(view, address=view.address.replace(here, SITE))
                    found.append(
                        Look(variation=variation, view=seen, turns=tuple(turns), right=told)
                    )
                    return told

                consent = Consent(Path(folder) / "yes.sqlite", clock=time.time)
                own = await browser.new_context()
                executor = Executor(own, consent, wait_ms=3_000)
                await explore(
                    executor, here, watched, by_the_book, sites=(here,), person=tick_human
                )
                await own.close()
        await browser.close()
    return list({_key(look): look for look in reversed(found)}.values())[::-1]


def _key(look: Look) -> str:
    told = [(t.directive.instruction, t.directive.person, t.wrong) for t in look.turns[-8:]]
    return json.dumps([view_as_text(look.view), told])


def open_steps(view: View) -> tuple[list[Step], str]:
    """Return what is still to be done on a page before it goes on, and the button that goes on."""
    left: list[Step] = []
    for element in view.elements:
        wanted = VALUES.get(element.name)
        if element.role == "combobox" and wanted is not None:
            best = wanted if wanted in element.options else element.options[-1]
            if element.value != best:
                left.append(Step(kind="choose", what=element.name, value=best))
        elif element.role == "textbox" and wanted not in (None, element.value):
            left.append(Step(kind="fill", what=element.name, value=str(wanted)))
        elif element.name in TICKED and not element.on:
            left.append(Step(kind="tick", what=element.name))
    return left, next(name for name in ONWARDS if view.has(name))


def fits(steps: Sequence[Step], view: View) -> bool:
    """Say whether steps, one after the other, are all such as lead on."""
    left, onwards = open_steps(view)
    for place, step in enumerate(steps):
        if step in left:
            left.remove(step)
        elif step.kind == "press" and step.what == "Not now" and view.has("Not now"):
            continue
        elif step.kind == "press" and step.what == onwards and not left:
            return place == len(steps) - 1
        else:
            return False
    return bool(steps)


def read(instruction: str) -> tuple[Step, ...]:
    """Return the steps that an instruction names; none where it names none."""
    try:
        return steps_in(instruction)
    except UsageError:
        return ()


async def judged(look: Look, run: MemoryRun) -> dict[str, Any]:
    """Ask the model as planner and as a flat hand; say what of it was right."""
    [member] = run.members
    planner = ModelPlanner(run=run, member=member, goal=GOAL, values={**VALUES})
    hand = ModelHand(run=run, member=member)
    values = "; ".join(f"{k}: {v}" for k, v in VALUES.items())
    row: dict[str, Any] = {
        "variation": look.variation, "mends": look.right.correction,
        "page": hashlib.sha256(view_as_text(look.view).encode()).hexdigest()[:12], "flat": None,
    }  # fmt: skip
    try:
        said = await planner(look.view, look.turns)
        row |= {
            "state": bool(said.person) == bool(look.right.person) and not said.over,
            "flag": said.correction == look.right.correction,
            "step": bool(said.person) if look.right.person else fits(read(said.instruction), look.view),
            "said": said.person or said.instruction,
        }  # fmt: skip
    except ManymindsError as error:
        row |= {"state": False, "flag": False, "step": False, "said": str(error)}
    if look.right.person:
        return row
    try:
        steps = await hand(f"{GOAL}. Values: {values}", look.view)
        row |= {"flat": fits(steps, look.view)}
    except ManymindsError as error:
        row |= {"flat": False, "flat said": str(error)}
    return row


async def all_judged(model: str, replies: Path, at_once: int) -> list[dict[str, Any]]:
    """Judge all looks."""
    found = await connect(model, cache=cache_home())
    kept = KeptReplies(replies)
    endpoint = KeepingEndpoint(found, kept, model, places=anyio.Semaphore(at_once))
    run = MemoryRun(
        run_id="planner", task=Task(prompt=GOAL), members=tuple(roster(1, [model], has_docs=False)),
        seed=1, endpoints={model: endpoint}, tools=Toolset([]), limits=Limits(),
    )  # fmt: skip
    seen = await looks()
    # The careful planner has to be right by the same measure, or it measures nothing.
    assert all(fits(read(k.right.instruction), k.view) for k in seen if not k.right.person)

    async def one(look: Look) -> dict[str, Any]:
        row = await judged(look, run)
        print(json.dumps(row), flush=True)
        return row

    try:
        return list(await asyncio.gather(*(one(look) for look in seen)))
    finally:
        kept.close()
        await found.close()


def page(rows: list[dict[str, Any]], model: str) -> str:
    """Write the figures for people."""
    mends = [row for row in rows if row["mends"]]
    pages = list({row["page"]: row for row in rows if row["flat"] is not None}.values())

    def share(name: str, of: list[dict[str, Any]]) -> str:
        count = sum(bool(row[name]) for row in of)
        low, high = share_interval(count, len(of))
        return f"{count} of {len(of)}, {count / len(of):.0%} ({low:.0%} to {high:.0%})"

    return "\n".join([
        "# A model as planner", "",
        f"`python benchmarks/actions/planner.py --model {model}`, {datetime.now(UTC).date()}, "
        f"{machine()}, code at {code()}.", "",
        f"{len(rows)} different looks of a careful planner at a course form of seventeen steps, in "
        f"{len(VARIATIONS)} variations; at {len(mends)} of them something had gone wrong and was "
        "mended. Each look is judged alone. With 95 % intervals.", "",
        "| | right |", "|---|---|",
        f"| the flag: whether the last step went wrong | {share('flag', rows)} |",
        f"| the flag, where it did | {share('flag', mends)} |",
        f"| what is to be done then leads on | {share('step', rows)} |",
        f"| the same, where something has to be mended | {share('step', mends)} |",
        f"| a hand without a planner, given the goal | {share('flat', pages)} |", "",
        "How many variations are completed with a planner by rules, and with the fixed steps alone: "
        "`benchmarks/CHAOS.md`, `tests/recommend/test_pilot.py`. Messages of this kind were right in 97 % (flag), "
        "95 % (step) and 70 % (correction) where a model was trained for its site.", "",
    ])  # fmt: skip


def main() -> None:
    """Judge all looks and write the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    asks.add_argument("--at-once", type=int, default=4)
    asks.add_argument("--replies", type=Path, default=data_home() / "bench" / "replies.sqlite")
    given = asks.parse_args()
    rows = asyncio.run(all_judged(given.model, given.replies, given.at_once))
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (HERE / "planner.jsonl").write_text(lines, encoding="utf-8")
    (HERE / "PLANNER.md").write_text(page(rows, given.model), encoding="utf-8")


if __name__ == "__main__":
    main()
