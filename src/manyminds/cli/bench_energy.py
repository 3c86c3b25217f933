"""`manyminds bench energy`: what answers draw, by form and with or without reasoning."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from manyminds.cli.bench import (
    WIDE,
    Progress,
    check_size,
    folder_for,
    replies_for,
)
from manyminds.cli.models import model_for
from manyminds.core.errors import ProviderError
from manyminds.evals.arms import Arm
from manyminds.evals.bench import Plan, rows_of, run_bench
from manyminds.evals.energy import (
    ARMS,
    FORMS,
    PUBLISHED,
    Drawn,
    EnergyFound,
    energy_of,
    energy_questions,
)
from manyminds.evals.hub import fetch_suite
from manyminds.evals.origin import command as typed
from manyminds.evals.origin import machine, version
from manyminds.evals.report.publish import ENERGY, energy_json
from manyminds.evals.statistics import Ratio
from manyminds.evals.suites import data_mark, stands_alone
from manyminds.evals.trials import Trial
from manyminds.runtime.paths import cache_home

__all__ = ["energy", "print_energy"]

PROTOCOL = 500
"""Questions of each form in the published protocol."""


def energy(
    *,
    model: str | None = None,
    data: Path = Path(),
    hub: Annotated[bool, Parameter(negative=())] = False,
    limit: int = PROTOCOL,
    seed: int = 11,
    out: Path | None = None,
    fresh: Annotated[bool, Parameter(negative=())] = False,
    side_by_side: int = 1,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Estimate the grams of CO2 equivalent of 1,000 answers, with and without reasoning.

    Questions from five MMLU subjects are asked with their options and without, for the answer alone
    and for one that is reasoned; the published figures of the same protocol stand beside. What was
    played is kept: the same command goes on where it was.

    Args:
        model: provider:name or http://host:port/v1#name; by default what `ask` would take.
        data: Folder that holds mmlu/test.
        hub: Fetch it from the public hub instead, once.
        limit: Questions of each form; the protocol has 500. Figures are scaled to 1,000.
        seed: Of the draws.
        out: Folder of rows, transcripts, logs and energy.json; by default one by model.
        fresh: Ask anew what other benches have kept replies to.
        side_by_side: Questions at once.
        json_: Print one JSON object.
    """
    check_size(side_by_side=side_by_side)
    held = fetch_suite("mmlu", cache_home()) if hub else data
    questions = energy_questions(held, limit)
    chosen = asyncio.run(model_for(model))
    folder = out or folder_for("energy", chosen)
    plans = [
        Plan(
            suite=FORMS[form], questions=asked, arms=ARMS, model=chosen, members=1,
            out=folder / form, replies=replies_for(folder, fresh=fresh), cache=cache_home(),
            seed=seed, data=data_mark("mmlu", held), side_by_side=side_by_side,
        )
        for form, asked in questions.items()
    ]  # fmt: skip
    total = sum(len(asked) * len(ARMS) for asked in questions.values())
    progress = Progress(total, sum(len(_rows(plan)) for plan in plans))
    failed = [
        line for plan in plans for line in asyncio.run(run_bench(plan, on_trial=progress.tell))
    ]
    rows = [row for plan in plans for row in _rows(plan)]
    if all(any(_of(row, plan, arm) for row in rows) for plan in plans for arm in plan.arms):
        alone = {question.id for question in questions["open"] if stands_alone(question)}
        _tell(folder, energy_of(rows, alone=alone), json_=json_)
    if failed:
        raise ProviderError(f"{'; '.join(failed)}; run the same command to go on")
    return 0


def _of(row: Trial, plan: Plan, arm: Arm) -> bool:
    return row.suite == plan.suite and row.arm == arm.name


def _rows(plan: Plan) -> list[Trial]:
    asked = {question.id for question in plan.questions}
    return [row for row in rows_of(plan.out) if row.question in asked]


def _tell(folder: Path, found: EnergyFound, *, json_: bool) -> None:
    origin = {"command": typed(), "machine": machine(), "code": version()}
    told = {**origin, **energy_json(found)}
    file = folder / ENERGY
    file.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if json_:
        print(json.dumps({"outcome": "answered", "cost": None, **told, "file": str(file)}))
        return
    console = Console()
    print_energy(found, console if console.is_terminal else Console(width=WIDE))
    print(f"figures: {file}")


def print_energy(found: EnergyFound, console: Console) -> None:
    """Print what was drawn as a table, and the ratios beside the published ones."""
    title = f"grams of CO2 equivalent for 1,000 questions (estimate), {found.model}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("form", "answer", "n", "output tokens", "grams", "right, %", "graded"):
        table.add_column(name, justify="left" if name in ("form", "answer") else "right")
    for drawn in found.drawn:
        table.add_row(*_cells(drawn))
    console.print(table)
    for name, ratios in (
        ("reasoned over brief", found.reasoned_over_brief),
        ("open over choice", found.open_over_choice),
    ):
        if ratios:
            ours = ", ".join(f"{where} {_times(r)}" for where, r in ratios.items())
            console.print(f"{name}: {ours}; published: {PUBLISHED[name]}")
    by = " and ".join(found.methods) or "nothing is known of what this model draws"
    console.print(f"energy by {by}; {found.grams_per_kwh:g} g a kWh")


def _cells(drawn: Drawn) -> tuple[str, ...]:
    grams = "unknown"
    if drawn.grams_low is not None and drawn.grams_high is not None:
        low, high = f"{drawn.grams_low:.3g}", f"{drawn.grams_high:.3g}"
        grams = low if low == high else f"{low} to {high}"
    right = ""
    if drawn.accuracy is not None and drawn.low is not None and drawn.high is not None:
        right = f"{drawn.accuracy:.0%} ({100 * drawn.low:.0f} to {100 * drawn.high:.0f})"
    tokens = f"{drawn.tokens_out:.0f}"
    return (drawn.form, drawn.way, str(drawn.n), tokens, grams, right, str(drawn.graded))


def _times(r: Ratio) -> str:
    return f"{r.value:.1f}x ({r.low:.1f} to {r.high:.1f})"
