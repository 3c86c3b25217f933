"""`manyminds bench`: strategies side by side on questions with known answers, at what cost."""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, get_args

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from manyminds.cli.models import model_for
from manyminds.core.errors import ProviderError, UsageError
from manyminds.evals.arms import BASE, Unit, parse_arms
from manyminds.evals.hub import fetch_suite
from manyminds.evals.measures import ArmMeasures, Measures, equal_cost, measure
from manyminds.evals.origin import command as _command
from manyminds.evals.origin import machine, version
from manyminds.evals.report import Origin, write_report
from manyminds.evals.suites import data_mark, load_suite
from manyminds.evals.trials import Trial
from manyminds.runtime.paths import cache_home, data_home

try:
    from manyminds.evals.bench import Plan, rows_of, run_bench
except ModuleNotFoundError as error:
    if error.name != "inspect_ai":
        raise
    raise UsageError("bench needs inspect_ai; install the `eval` extra") from None

__all__ = [
    "Progress",
    "app",
    "bench",
    "check_size",
    "folder_for",
    "print_measures",
    "replies_for",
]

app = App(name="bench", help="Compare strategies on known answers, costs included.")
app.command(
    "manyminds.cli.bench_energy:energy",
    name="energy",
    help="Estimate the CO2 of 1,000 answers, with and without reasoning.",
)
app.command(
    "manyminds.cli.bench_publish:publish",
    name="publish",
    help="Write a bench for others to read, without questions and answers.",
)

MEMBERS = 5
MOST_AT_ONCE = 64
WIDE = 120
"""Columns where nobody looks on: a file, a pipe."""


@app.default
def bench(
    suite: str,
    *,
    arms: str = "single,majority,best_of_n,heavy,majority@budget,oracle",
    model: str | None = None,
    data: Path = Path(),
    hub: Annotated[bool, Parameter(negative=())] = False,
    limit: int | None = None,
    members: int = MEMBERS,
    seed: int = 11,
    equal: str = "tokens",
    equal_to: str | None = None,
    out: Path | None = None,
    fresh: Annotated[bool, Parameter(negative=())] = False,
    side_by_side: int = 1,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Let arms play a suite and say which is right more often, at what cost, and how sure that is.

    What was played is kept: the same command goes on where it was, and arms share the samples that
    they have in common. The report stands in the folder --out as report.html and report.json.

    Args:
        suite: humaneval, gsm_plus, math500, mmlu, mmlu_open or everyday.
        arms: Names with commas: any strategy, best_of_n@3 for three members, majority_adaptive,
            tools, greedy, majority@budget or single@budget for as much as --equal-to spends; single
            and oracle are read off the draws of majority, which is always played.
        model: provider:name or http://host:port/v1#name; by default what `ask` would take.
        data: Folder that holds the suite's files.
        hub: Fetch them from the public hub instead, once; not for everyday.
        limit: Questions at most; a larger limit adds to the same ones.
        members: Of each arm's panel.
        seed: Of the draws.
        equal: What budgeted arms spend as much of: tokens, usd, seconds or joules.
        equal_to: The arm that budgeted arms equal; by default heavy, else the last one named.
        out: Folder of rows, transcripts, logs and report; by default one by suite and model.
        fresh: Ask anew what other benches have kept replies to.
        side_by_side: Questions at once.
        json_: Print one JSON object.
    """
    unit = _unit(equal)
    check_size(members=members, side_by_side=side_by_side)
    played, derived = parse_arms(arms, members=members, equal_to=equal_to, unit=unit)
    held = fetch_suite(suite, cache_home()) if hub else data
    questions = load_suite(suite, held, limit=limit)
    chosen = asyncio.run(model_for(model))
    folder = out or folder_for(suite, chosen)
    plan = Plan(
        suite=suite, questions=questions, arms=played, model=chosen, members=members, out=folder,
        replies=replies_for(folder, fresh=fresh), cache=cache_home(), seed=seed, unit=unit,
        data=data_mark(suite, held), side_by_side=side_by_side,
    )  # fmt: skip
    progress = Progress(len(questions) * len(played), len(_rows(plan)))
    failed = asyncio.run(run_bench(plan, on_trial=progress.tell))
    rows = _rows(plan)
    if all(any(row.arm == arm.name for row in rows) for arm in played):
        _tell(folder, measure(rows, members=members, unit=unit, derived=derived), rows, json_=json_)
    if failed:
        raise ProviderError(f"{'; '.join(failed)}; run the same command to go on")
    return 0


def check_size(**sizes: int) -> None:
    """Refuse more at once than any server would stand.

    Raises:
        UsageError: If there is too much of something, or none.
    """
    for name, size in sizes.items():
        if not 1 <= size <= MOST_AT_ONCE:
            raise UsageError(f"--{name.replace('_', '-')} takes 1 to {MOST_AT_ONCE}, not {size}")


def _rows(plan: Plan) -> list[Trial]:
    names, asked = {arm.name for arm in plan.arms}, {question.id for question in plan.questions}
    return [row for row in rows_of(plan.out) if row.arm in names and row.question in asked]


def _tell(folder: Path, found: Measures, rows: list[Trial], *, json_: bool) -> None:
    origin = Origin(command=_command(), machine=machine(), code=version())
    page = write_report(folder, found, rows, origin)
    if json_:
        print(json.dumps({**_as_json(found, rows), "report": str(page)}))
    else:
        console = Console()
        print_measures(found, console if console.is_terminal else Console(width=WIDE))
        print(f"report: {page}")


def _unit(text: str) -> Unit:
    for unit in get_args(Unit):
        if unit == text:
            return unit
    raise UsageError(f"--equal takes {', '.join(get_args(Unit))}, not {text}")


class Progress:
    """Tells each trial in a line on stderr."""

    def __init__(self, total: int, done: int) -> None:
        self._total = total
        self._done = done

    def tell(self, trial: Trial) -> None:
        """Say what came of a trial."""
        self._done += 1
        mark = "right" if trial.right else "wrong"
        spent = f"{trial.tokens_in + trial.tokens_out:,} tokens, {trial.seconds:.0f} s"
        line = f"{self._done}/{self._total} {trial.arm} {trial.question}: {mark} ({spent})"
        print(line, file=sys.stderr, flush=True)


def print_measures(found: Measures, console: Console) -> None:
    """Print the arms as a table, the base arm's differences beside each."""
    title = f"{found.suite}, {found.n} questions, {found.model}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("arm", "right, %", f"minus {BASE}, points", "", "tokens", "seconds", "of the gap"):
        table.add_column(name, justify="left" if name in ("arm", "") else "right", no_wrap=True)
    for arm in found.arms:
        table.add_row(*_cells(arm, found))
    console.print(table)
    for line in equal_cost(found):
        console.print(line)
    if any(arm.chance for arm in found.arms):
        console.print(f"guessing gets {found.arms[0].chance:.0%} right")
    if found.left_out:
        console.print(f"{found.left_out} questions left out: not every arm has played them")


def _cells(arm: ArmMeasures, found: Measures) -> tuple[str, ...]:
    right = f"{arm.accuracy:.1%} ({100 * arm.low:.0f} to {100 * arm.high:.0f})"
    base = next((c for c in arm.comparisons if c.other == BASE), None)
    gap, finding = "", ""
    if base is not None:
        d = base.difference
        gap = f"{100 * d.mean:+.1f} ({100 * d.low:+.1f} to {100 * d.high:+.1f})"
        finding = base.finding
    front = " *" if arm.name in found.front else ""
    costs = (
        ("", "") if arm.name == "oracle" else (f"{arm.tokens:,.0f}{front}", f"{arm.seconds:.0f}")
    )
    closed = "" if arm.gap_closed is None else f"{round(arm.gap_closed, 2) + 0:.0%}"
    return (arm.name, right, gap, finding, *costs, closed)


def _as_json(found: Measures, rows: list[Trial]) -> dict[str, object]:
    usd = [row.usd for row in rows]
    known = [amount for amount in usd if amount is not None]
    cost = {
        "tokens_in": sum(row.tokens_in for row in rows),
        "tokens_cached": sum(row.tokens_cached for row in rows),
        "tokens_out": sum(row.tokens_out for row in rows),
        "usd": sum(known) if len(known) == len(usd) else None,
        "seconds": sum(row.seconds for row in rows),
    }
    return {"outcome": "answered", "cost": cost, **asdict(found)}


def folder_for(suite: str, model: str) -> Path:
    """Return the folder of a bench whose user has named none."""
    return data_home() / "bench" / f"{suite}-{_plain(model)}"


def replies_for(folder: Path, *, fresh: bool) -> Path:
    """Return the file of the replies that benches share, or one of this folder's own."""
    return (folder if fresh else data_home() / "bench") / "replies.sqlite"


def _plain(model: str) -> str:
    return "".join(c if c.isalnum() or c in ".-" else "-" for c in model)
