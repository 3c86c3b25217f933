"""Twenty everyday questions on one model: single, self_consistency and heavy, side by side.

    python benchmarks/everyday/run.py                 # resumes; one line a question and arm
    python benchmarks/everyday/run.py --table         # writes RESULTS.md from what there is

Answers are graded by canonical form, or, for names and words, by standing in a short answer.
"""

import argparse
import asyncio
import json
import math
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from manyminds.core.values import Task
from manyminds.judging.canonical import canonicalize, same
from manyminds.runtime.ask import AskOptions, Watch, ask
from manyminds.runtime.paths import cache_home, data_home

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine

from manyminds.judging.interval import share_interval

HERE = Path(__file__).parent
ARMS = ("single", "self_consistency", "heavy")
SEED = 7


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question with its known answer."""

    id: str
    kind: str
    question: str
    answer: str


def questions() -> list[Question]:
    """Read the set."""
    return [Question(**q) for q in json.loads((HERE / "questions.json").read_text("utf-8"))]


def is_right(given: str | None, question: Question) -> bool:
    """Grade one answer."""
    if given is None:
        return False
    expected = canonicalize(question.answer, question=question.question)
    if same(canonicalize(given, question=question.question), expected):
        return True
    words = re.findall(r"\w+", given.casefold())
    wanted = re.findall(r"\w+", question.answer.casefold())
    if expected.kind == "quantity" and expected.written is not None:
        return same(canonicalize(given.split(" ")[0]), canonicalize(expected.written))
    named = expected.kind == "text" and len(words) <= 12
    return named and " ".join(wanted) in " ".join(words)


async def one(question: Question, arm: str, model: str) -> dict[str, object]:
    """Ask one question by one arm."""
    docs = HERE / "docs" if question.kind == "docs" else None
    members = {"single": 1, "self_consistency": 5, "heavy": 4}[arm]
    options = AskOptions(models=(model,), strategy=arm, members=members, docs=docs, seed=SEED)
    began = time.monotonic()
    asked = await ask(
        Task(prompt=question.question), options, data=data_home(), cache=cache_home(), watch=Watch()
    )
    spend = asked.cost.spend
    return {
        "id": question.id, "arm": arm, "model": model, "given": asked.answer.text,
        "right": is_right(asked.answer.text, question), "outcome": asked.answer.outcome,
        "confidence": asked.answer.confidence, "how": asked.answer.how,
        "tokens_in": spend.tokens_in, "tokens_cached": spend.tokens_cached,
        "tokens_out": spend.tokens_out, "seconds": round(time.monotonic() - began, 1),
        "run": asked.run, "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


async def main(arguments: argparse.Namespace) -> None:
    """Ask what has not been asked yet."""
    out: Path = arguments.out
    done = {(r["id"], r["arm"]) for r in rows(out)}
    for question in questions():
        for arm in arguments.arms.split(","):
            if (question.id, arm) in done:
                continue
            row = {"code": code(), **await one(question, arm, arguments.model)}
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(row["id"], arm, row["right"], row["given"], row["seconds"], flush=True)


def rows(out: Path) -> list[dict[str, object]]:
    """Read what was asked before."""
    if not out.exists():
        return []
    return [json.loads(line) for line in out.read_text("utf-8").splitlines() if line.strip()]


def table(out: Path, note: str) -> str:
    """Write the results as they came out.

    Args:
        out: Where they stand.
        note: What code was measured, for rows that do not say.
    """
    found = rows(out)
    lines = [
        "# Everyday questions on the embedded model", "",
        "Written by `python benchmarks/everyday/run.py --table`; do not edit by hand.", "",
        f"- date: {max(str(r['at']) for r in found)}", f"- machine: {machine()}",
        f"- model: {found[0]['model']}, seed {SEED}",
        f"- code: {', '.join(dict.fromkeys(str(r.get('code', note)) for r in found))}", "",
        "| arm | n | right | share (95 % Wilson) | tokens in (cached) | tokens out | seconds | seconds, median |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for arm in ARMS:
        mine = [r for r in found if r["arm"] == arm]
        if not mine:
            continue
        n, right = len(mine), sum(bool(r["right"]) for r in mine)
        low, high = share_interval(right, n)
        total = {k: sum(float(str(r[k])) for r in mine) for k in ("tokens_in", "tokens_cached", "tokens_out", "seconds")}  # fmt: skip
        seconds = sorted(float(str(r["seconds"])) for r in mine)
        lines.append(
            f"| {arm} | {n} | {right} | {right / n:.0%} ({low:.0%} to {high:.0%}) "
            f"| {total['tokens_in']:,.0f} ({total['tokens_cached']:,.0f}) | {total['tokens_out']:,.0f} "
            f"| {total['seconds']:,.0f} | {seconds[n // 2]:.0f} |"
        )
    lines += ["", *versus(found, "heavy", "single"), *versus(found, "heavy", "self_consistency")]
    lines += ["", "| question | " + " | ".join(ARMS) + " |", "|---|" + "---|" * len(ARMS)]
    by = {(r["id"], r["arm"]): r for r in found}
    for question in questions():
        cells = []
        for arm in ARMS:
            r = by.get((question.id, arm))
            cells.append(
                "" if r is None else f"{'✓' if r['right'] else '✗'} {str(r['given'])[:30]}"
            )
        lines.append(f"| {question.id} ({question.answer}) | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def versus(found: list[dict[str, object]], one_arm: str, other: str) -> list[str]:
    """Compare two arms question by question, with the exact sign (McNemar) test."""
    a = {r["id"]: bool(r["right"]) for r in found if r["arm"] == one_arm}
    b = {r["id"]: bool(r["right"]) for r in found if r["arm"] == other}
    both = a.keys() & b.keys()
    fixed = sum(a[i] and not b[i] for i in both)
    broken = sum(b[i] and not a[i] for i in both)
    n = fixed + broken
    p = (
        min(1.0, 2 * sum(math.comb(n, k) for k in range(min(fixed, broken) + 1)) / 2**n)
        if n
        else 1.0
    )
    said = "shown" if p < 0.05 else "not shown"
    return [
        f"{one_arm} against {other}: {fixed} fixed, {broken} broken, exact p = {p:.2f}: a difference is {said}."
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--out", type=Path, default=HERE / "results.jsonl")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--note", default="not recorded", help="code behind rows that name none")
    given = parser.parse_args()
    if given.table:
        (HERE / "RESULTS.md").write_text(table(given.out, given.note), encoding="utf-8")
        sys.exit(0)
    asyncio.run(main(given))
