"""What `prompts improve` makes of terse prompts with the embedded model, and of what cannot be mended.

    python benchmarks/improve.py [--model embedded:qwen2.5-coder-1.5b]    # resumes

Tasks are made up here, forty examples each, with a prompt that says too little: days to be written
as ISO dates, durations in minutes, the place of a delivery, whether somebody is content, and one
whose answers are drawn by chance (nothing can mend it: whatever is kept there is kept by luck).
Each is tried with several seeds, which draw other examples. Rows are kept in improve.jsonl;
IMPROVE.md is written from them.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))

from figures import code, machine

from manyminds.core.values import Limits
from manyminds.evals.improve import improve
from manyminds.evals.questions import Question
from manyminds.evals.statistics import mcnemar
from manyminds.runtime.alone import member_alone
from manyminds.runtime.paths import cache_home

HERE = Path(__file__).parent
ROWS = HERE / "improve.jsonl"
MODEL = "embedded:qwen2.5-coder-1.5b"
EXAMPLES = 40
Pair = tuple[str, str]


def _day(chance: random.Random) -> Pair:
    day = date(2020, 1, 1) + timedelta(days=chance.randrange(3_000))
    forms = ("%B %d, %Y", "%d.%m.%Y", "%A, %d %B %Y", "%d %b %y")
    return day.strftime(chance.choice(forms)), day.isoformat()


def _minutes(chance: random.Random) -> Pair:
    hours, minutes = chance.randrange(1, 9), chance.randrange(1, 60)
    forms = (
        f"{hours} h {minutes} min",
        f"{hours}:{minutes:02}",
        f"{hours} hours and {minutes} minutes",
    )
    return chance.choice(forms), str(60 * hours + minutes)


def _place(chance: random.Random) -> Pair:
    places = ("hall", "garden", "cellar", "kitchen", "attic", "garage")
    first, second = chance.sample(places, 2)
    forms = (
        f"First we wanted it in the {first}, but please bring it to the {second}.",
        f"Not the {first}: the {second}, as we said.", f"The {second}, since the {first} is full.",
    )  # fmt: skip
    return chance.choice(forms), second


def _tone(chance: random.Random) -> Pair:
    """Made of parts, so that no sentence of one half stands in the other."""
    what = chance.choice((
        "lamp", "kettle", "chair", "jacket", "drill", "tent", "radio", "bicycle", "oven", "scarf",
        "camera", "printer", "sofa", "watch", "ladder", "blender",
    ))  # fmt: skip
    when = chance.choice(("today", "last week", "on Monday", "in May", "after a month", "at last"))
    good = ("came a day early", "works as promised", "is a joy to use", "is worth every cent",
            "was set up in a minute")  # fmt: skip
    bad = ("broke on the first day", "lacks half of its screws", "is not as in the picture",
           "smells of smoke", "had to be sent back twice")  # fmt: skip
    content = chance.random() < 0.5
    said = chance.choice(good if content else bad)
    return f"The {what} {said}, {when}.", "content" if content else "annoyed"


def _drawn(chance: random.Random) -> Pair:
    return f"customer {chance.randrange(10_000, 99_999)}", chance.choice(("red", "blue"))


TASKS: dict[str, tuple[str, Callable[[random.Random], Pair]]] = {
    "days": ("Convert.", _day),
    "minutes": ("How long?", _minutes),
    "place": ("Where to?", _place),
    "tone": ("Customer mail. Classify: content, annoyed.", _tone),
    "by chance": ("Which group?", _drawn),
}


def examples(task: str, seed: int) -> list[Question]:
    """Make the examples of a task, each question once."""
    chance, found = random.Random(f"{task}/{seed}"), dict[str, str]()
    while len(found) < EXAMPLES:
        question, answer = TASKS[task][1](chance)
        found.setdefault(question, answer)
    return [
        Question(
            id=f"{number}", prompt=question, answer=answer, kind=task, cluster=f"{number}",
            grading="answer" if answer[0].isdigit() else "words",
        )
        for number, (question, answer) in enumerate(found.items())
    ]  # fmt: skip


async def tried(task: str, seed: int, model: str) -> dict[str, Any]:
    """Improve the prompt of a task once."""
    async with member_alone(
        model, task, name=f"improve-{seed}", cache=cache_home(), limits=Limits()
    ) as (run, member):
        found = await improve(TASKS[task][0], examples(task, seed), run, member)
        return {
            "task": task, "seed": seed, "model": model, "kept": found.kept, "of": found.of,
            "seen": [one.right for one in found.tried], "right": found.right,
            "fixed": found.held_out and found.held_out.fixed,
            "broken": found.held_out and found.held_out.broken,
            "prompt": found.best if found.kept else None, "tokens": run.meter.spent.tokens,
        }  # fmt: skip


def page(rows: list[dict[str, Any]], model: str) -> str:
    """Write the figures for people."""
    lines = [
        "# Prompts made better", "",
        f"`python benchmarks/improve.py --model {model}`, {datetime.now(UTC).date()}, {machine()}, "
        f"code at {code()}.", "",
        f"{EXAMPLES} examples a try, half of them held out; a new prompt is kept where it is right more "
        "often on those. Before and after are of the tries in which a new prompt came that far.", "",
        "| task | prompt | tries | kept | held out: before | after | mended | broken | p | tokens a try |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for task, (text, _) in TASKS.items():
        mine = [row for row in rows if row["task"] == task]
        if not mine:
            continue
        came = [row for row in mine if row["right"]]
        of = sum(row["of"] for row in came)
        before, after = (sum(row["right"][at] for row in came) for at in (0, 1))
        fixed, broken = (sum(row[key] for row in came) for key in ("fixed", "broken"))
        changed = {str(n): float(n < fixed) for n in range(fixed + broken)}
        p = mcnemar(changed, {n: 1 - value for n, value in changed.items()}).p
        lines.append(
            f"| {task} | {text} | {len(mine)} | {sum(row['kept'] for row in mine)} | {before} of {of} | "
            f"{after} of {of} | {fixed} | {broken} | {p:.2g} | "
            f"{sum(row['tokens'] for row in mine) / len(mine):,.0f} |"
        )
    kept = [row for row in rows if row["kept"]]
    lines += ["", "The prompts that were kept:", ""]
    for row in kept:
        lines += [f"{row['task']}, seed {row['seed']}:", "", "```", row["prompt"], "```", ""]
    return "\n".join(lines)


def main() -> None:
    """Try what was not tried yet, and write the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--model", default=MODEL)
    asks.add_argument("--seeds", type=int, default=2)
    given = asks.parse_args()
    lines = ROWS.read_text("utf-8").splitlines() if ROWS.exists() else []
    rows = [row for row in map(json.loads, lines) if row["model"] == given.model]
    done = {(row["task"], row["seed"]) for row in rows}
    try:
        for seed in range(given.seeds):
            for task in TASKS:
                if (task, seed) in done:
                    continue
                row = asyncio.run(tried(task, seed, given.model))
                rows.append(row)
                print(json.dumps(row), flush=True)
                with ROWS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
    finally:
        if rows:
            (HERE / "IMPROVE.md").write_text(page(rows, given.model), "utf-8")


if __name__ == "__main__":
    main()
