"""What a word about batches does: lists looked up by one member, with the word and without.

    python benchmarks/diagnosis/batches.py [--model embedded:qwen2.5-coder-1.5b] [--count 12]

Each task asks for one fact of each of eight things, which stand in a folder of documents of their
own, a file each among others. The same seeds twice: with the monitor as it is, and with one that
never speaks. Rows are kept in batches.jsonl, so that a run that was ended goes on; BATCHES.md is
written from them.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import code, machine

from manyminds.core.events import Nudged, ToolCalled
from manyminds.core.values import Limits, Task
from manyminds.diagnosis import live
from manyminds.diagnosis.interventions import interventions
from manyminds.diagnosis.readers.ours import read_events
from manyminds.evals.statistics import difference
from manyminds.runtime.ask import AskOptions, Watch, ask
from manyminds.runtime.paths import cache_home
from manyminds.transcript.store import read_transcript

HERE = Path(__file__).parent
ROWS = HERE / "batches.jsonl"
THINGS = ("bridge", "tunnel", "reservoir", "lighthouse", "windmill", "ferry")
NAMES = (
    "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy", "Juniper", "Larch",
    "Maple", "Nettle", "Oak", "Pine", "Rowan", "Sorrel", "Thorn", "Willow", "Yew",
)  # fmt: skip
ITEMS = 8
SILENT = 1_000_000
"""Look-ups in a row that nobody makes."""


def laid_out(number: int, folder: Path) -> tuple[str, dict[str, str]]:
    """Write the documents of a task; return its question, and the year of each name."""
    chance, thing = random.Random(number), THINGS[number % len(THINGS)]
    years = {name: str(chance.randrange(1800, 2020)) for name in NAMES}
    for name, year in years.items():
        (folder / f"{name.lower()}.md").write_text(
            f"# {name} {thing}\n\nThe {name} {thing} was opened in {year}. It was repaired in "
            f"{int(year) + chance.randrange(3, 60)} and is {chance.randrange(20, 900)} metres long.\n"
        )
    wanted = chance.sample(NAMES, ITEMS)
    question = (
        f"In what year was each of these opened: {', '.join(f'{n} {thing}' for n in wanted)}? "
        "Write a line for each: name, colon, year."
    )
    return question, {name: years[name] for name in wanted}


async def worked(number: int, model: str, *, spoken: bool) -> dict[str, Any]:
    """Work a task; count calls and years that are right."""
    before, live.IN_A_ROW = live.IN_A_ROW, live.IN_A_ROW if spoken else SILENT
    with tempfile.TemporaryDirectory() as folder:
        docs, home = Path(folder) / "docs", Path(folder) / "home"
        docs.mkdir()
        question, years = laid_out(number, docs)
        options = AskOptions(
            models=(model,), strategy="self_consistency", members=1, seed=number + 1, docs=docs,
            efforts=("high",),
            limits=Limits(seconds=240),
        )  # fmt: skip
        try:
            asked = await ask(Task(prompt=question), options, data=home, cache=cache_home(), watch=Watch())  # fmt: skip
        finally:
            live.IN_A_ROW = before
        events = read_transcript(asked.transcript).events
    said = (asked.answer.text or "").casefold()
    calls = [r.event for r in events if isinstance(r.event, ToolCalled)]
    told = [one for one in interventions(read_events(events)) if one.code == "unbatched_calls"]
    return {
        "task": number, "model": model, "spoken": spoken, "calls": len(calls),
        "searches": sum(len(str(c.arguments.get("query", "")).splitlines()) for c in calls if c.tool == "search_docs"),
        "nudged": sum(isinstance(r.event, Nudged) for r in events),
        "heeded": told[0].heeded if told else None,
        "right": sum(_says(said, name, year) for name, year in years.items()),
        "tokens": asked.cost.spend.tokens, "seconds": round(asked.cost.seconds, 1),
    }  # fmt: skip


def _says(said: str, name: str, year: str) -> bool:
    return any(name.casefold() in line and year in line for line in said.splitlines())


def page(rows: list[dict[str, Any]], model: str) -> str:
    """Write the figures for people."""
    lines = [
        "# A word about batches", "",
        f"`python benchmarks/diagnosis/batches.py --model {model}`, {datetime.now(UTC).date()}, "
        f"{machine()}, code at {code()}.", "",
        f"One member with tools (effort high) and {ITEMS} things to look up in a folder. *Spoken to* "
        "is one that made three look-ups in a row.", "",
        "| monitor | tasks | spoken to | heeded | calls a task | years right | tokens a task | seconds a task |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for spoken in (False, True):
        mine = [row for row in rows if row["spoken"] == spoken]
        told = [row for row in mine if row["nudged"]]
        means = [sum(row[key] for row in mine) / len(mine) for key in ("calls", "right")]
        spent = [sum(row[key] for row in mine) / len(mine) for key in ("tokens", "seconds")]
        lines.append(
            f"| {'speaks' if spoken else 'is silent'} | {len(mine)} | {len(told)} | "
            f"{sum(row['heeded'] is True for row in told)} | {means[0]:.1f} | {means[1]:.1f} of {ITEMS} | "
            f"{spent[0]:,.0f} | {spent[1]:.0f} |"
        )
    for key, what in (("calls", "calls"), ("right", "years right"), ("tokens", "tokens")):
        with_word, without = (
            {str(row["task"]): float(row[key]) for row in rows if row["spoken"] == spoken}
            for spoken in (True, False)
        )
        told = difference(with_word, without)
        lines += [
            "",
            f"{what} a task, with the word less without: {told.mean:+.1f} ({told.low:+.1f} to {told.high:+.1f})",
        ]
    return "\n".join([*lines, ""])


def left(kept: list[dict[str, Any]], count: int) -> Iterator[tuple[int, bool]]:
    """Yield what was not worked yet: each task with the word and without."""
    there = {(row["task"], row["spoken"]) for row in kept}
    for number in range(count):
        yield from ((number, s) for s in (False, True) if (number, s) not in there)


def main() -> None:
    """Work what is left, and write the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    asks.add_argument("--count", type=int, default=12)
    given = asks.parse_args()
    lines = ROWS.read_text(encoding="utf-8").splitlines() if ROWS.exists() else []
    kept = [row for row in map(json.loads, lines) if row["model"] == given.model]
    try:
        for number, spoken in left(kept, given.count):
            row = asyncio.run(worked(number, given.model, spoken=spoken))
            kept.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)
            with ROWS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    finally:
        if {row["spoken"] for row in kept} == {False, True}:
            (HERE / "BATCHES.md").write_text(page(kept, given.model), encoding="utf-8")


if __name__ == "__main__":
    main()
