"""What an objection to an answer does: the answer before it is graded beside the one after it.

    python benchmarks/diagnosis/live.py [--data ../shared/data] [--model embedded:qwen2.5-coder-1.5b]

One member works each question with tools (`--strategy self_consistency --members 1`). Where nothing
objects, both answers are the same one; where something does, the first one is what it would have
answered. Sets: questions of GSM-Plus from which a number was taken, and others of GSM-Plus.
Rows are kept in live.jsonl, so that a run that was ended goes on; LIVE.md is written from them.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import code, machine

from manyminds.core.events import HeldBack, Replied
from manyminds.core.values import Limits, Task
from manyminds.diagnosis.interventions import interventions
from manyminds.diagnosis.readers.ours import read_events
from manyminds.evals.questions import Question, grade
from manyminds.evals.statistics import mcnemar
from manyminds.evals.suites import load_suite
from manyminds.judging.interval import share_interval
from manyminds.runtime.ask import AskOptions, Watch, ask
from manyminds.runtime.paths import cache_home
from manyminds.tools.sandbox.choose import find_isolation
from manyminds.tools.sandbox.tool import Python
from manyminds.transcript.store import read_transcript

HERE = Path(__file__).parent
ROOT_DATA = HERE.parents[2] / "shared" / "data"
ROWS = HERE / "live.jsonl"
TAKEN = "critical thinking"


def sets_of(data: Path, count: int) -> dict[str, list[Question]]:
    """Return as many questions of each set, spread as `bench` spreads them."""
    plus = load_suite("gsm_plus", data, limit=count * 8)
    return {
        "a number is missing": [q for q in plus if q.kind == TAKEN][:count],
        "nothing is missing": [q for q in plus if q.kind != TAKEN][:count],
    }


async def worked(question: Question, name: str, model: str, python: Python) -> dict[str, Any]:
    """Work a question; grade what was held back, and what was answered."""
    with tempfile.TemporaryDirectory() as folder:
        options = AskOptions(
            models=(model,), strategy="self_consistency", members=1, seed=1,
            limits=Limits(seconds=180),
        )  # fmt: skip
        task = Task(prompt=question.prompt)
        asked = await ask(task, options, data=Path(folder), cache=cache_home(), watch=Watch())
        events = read_transcript(asked.transcript).events
    held = next((r for r in events if isinstance(r.event, HeldBack)), None)
    after = await grade(question, asked.answer.text, python)
    before = after
    if held is not None and isinstance(held.event, HeldBack):
        before = await grade(question, held.event.answer, python)
    later = (
        r.event.spend.tokens for r in events
        if held is not None and r.number > held.number and isinstance(r.event, Replied)
    )  # fmt: skip
    told = [one for one in interventions(read_events(events)) if one.code in ("2.2", "3.2")]
    return {
        "set": name, "id": question.id, "model": model, "held": held is not None,
        "heeded": told[0].heeded if told else None,
        "before": before.right, "after": after.right, "answer": asked.answer.text,
        "held_answer": held.event.answer if held and isinstance(held.event, HeldBack) else None,
        "tokens": asked.cost.spend.tokens, "extra": sum(later),
        "seconds": round(asked.cost.seconds, 1),
    }  # fmt: skip


async def work_all(sets: dict[str, list[Question]], model: str, kept: list[dict[str, Any]]) -> None:
    """Work what was not worked yet, one question of each set after the other."""
    there = {(row["set"], row["id"]) for row in kept}
    python = Python(await find_isolation(cache_home()))
    try:
        for place in range(max(map(len, sets.values()))):
            for name, questions in sets.items():
                if place >= len(questions) or (name, questions[place].id) in there:
                    continue
                row = await worked(questions[place], name, model, python)
                kept.append(row)
                print(json.dumps(row), file=sys.stderr, flush=True)
                with ROWS.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
    finally:
        await python.close()


def page(rows: list[dict[str, Any]], model: str) -> str:
    """Write the figures for people."""
    lines = [
        "# Objections to answers", "",
        f"`python benchmarks/diagnosis/live.py --model {model}`, {datetime.now(UTC).date()}, "
        f"{machine()}, code at {code()}.", "",
        "One member with tools. *Before* is the answer that would have been taken without a word, "
        "*after* the one that was given.", "",
        "| questions | n | objected | heeded | right before | right after | fixed | broken | p | more tokens |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name in dict.fromkeys(row["set"] for row in rows):
        mine = [row for row in rows if row["set"] == name]
        held = [row for row in mine if row["held"]]
        extra = sum(row["extra"] for row in mine)
        shares = [
            "{} ({:.0%} to {:.0%})".format(n, *share_interval(n, len(mine)))
            for n in (sum(row[key] for row in mine) for key in ("before", "after"))
        ]
        was, came = ({row["id"]: float(row[key]) for row in mine} for key in ("before", "after"))
        told, spent = mcnemar(came, was), sum(row["tokens"] for row in mine)
        lines.append(
            f"| {name} | {len(mine)} | {len(held)} | {sum(row['heeded'] is True for row in held)} | "
            f"{' | '.join(shares)} | {told.fixed} | {told.broken} | {told.p:.2f} | "
            f"{extra / max(1, spent - extra):.0%} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Work what is left, and write the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    asks.add_argument("--data", type=Path, default=ROOT_DATA)
    asks.add_argument("--count", type=int, default=40, help="questions of each set")
    given = asks.parse_args()
    lines = ROWS.read_text(encoding="utf-8").splitlines() if ROWS.exists() else []
    kept = [row for row in map(json.loads, lines) if row["model"] == given.model]
    try:
        asyncio.run(work_all(sets_of(given.data, given.count), given.model, kept))
    finally:
        if kept:
            (HERE / "LIVE.md").write_text(page(kept, given.model), encoding="utf-8")


if __name__ == "__main__":
    main()
