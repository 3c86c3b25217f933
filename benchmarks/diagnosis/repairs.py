"""What the repairs of the literature do to a crew: writes REPAIRS.md from repairs.jsonl.

    python benchmarks/live/run.py gsm_plus --count 8 --arms duo_unasked,duo,crew --out ROWS
    python benchmarks/live/run.py gsm_plus --count 32 --kind "critical thinking" --arms duo_unasked,duo,crew --out ROWS
    python benchmarks/live/run.py humaneval --count 6 --arms chain_unasked,chain,crew_unasked --out ROWS
    python benchmarks/diagnosis/repairs.py

ROWS is benchmarks/diagnosis/repairs.jsonl; each of these resumes.

For AG2: two who talk; the same, told to check; and a third seat between them. For
ChatDev: a chain that goes through once; the same, told to check; and a loop until approval. Of
GSM-Plus the questions from which a number was taken are counted apart: there only to say that it
cannot be told is right.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import code, machine

from manyminds.evals.statistics import difference, mcnemar
from manyminds.judging.interval import share_interval

HERE = Path(__file__).parent
ROWS = HERE / "repairs.jsonl"
TAKEN = "critical thinking"
"""Kind of question from which a number was taken."""
SETS: dict[str, tuple[str, dict[str, str], str]] = {
    "gsm_plus": (
        "AG2's, on GSM-Plus",
        {"duo_unasked": "two who talk", "duo": "told to check", "crew": "a third between them, who runs programs"},
        "84.8 → 89.8 (told to check) and 85.5 (a third) with GPT-4, 84.3 → 89.0 and 88.8 with GPT-4o",
    ),
    "humaneval": (
        "ChatDev's, on HumanEval",
        {"chain_unasked": "a chain", "chain": "told to check", "crew_unasked": "until approval"},
        "89.6 → 90.3 (told to check) and 91.5 (until approval)",
    ),
}  # fmt: skip
Row = dict[str, Any]


def table(rows: Sequence[Row], arms: dict[str, str]) -> list[str]:
    """Return right, differences to the first arm and cost, over the problems that all arms did."""
    by = {arm: {r["id"]: r for r in rows if r["arm"] == arm} for arm in arms}
    ids = [i for i in next(iter(by.values())) if all(i in each for each in by.values())]
    if not ids:
        return ["nothing yet"]
    right = {arm: {i: float(each[i]["right"]) for i in ids} for arm, each in by.items()}
    first = next(iter(arms))
    lines = [
        f"| crew ({len(ids)} problems) | right | 95 % | minus the first | mended, broken (exact p) | answers given | tokens a problem |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm, name in arms.items():
        count = round(sum(right[arm].values()))
        low, high = share_interval(count, len(ids))
        lead = difference(right[arm], right[first])
        told = (
            ""
            if arm == first
            else f"{100 * lead.mean:+.0f} ({100 * lead.low:+.0f} to {100 * lead.high:+.0f})"
        )
        pairs = mcnemar(right[arm], right[first])
        found = "" if arm == first else f"{pairs.fixed}, {pairs.broken} ({pairs.p:.2f})"
        mine = [by[arm][i] for i in ids]
        tokens = sum(r["tokens_in"] + r["tokens_out"] for r in mine) / len(ids)
        given = sum(r["given"] is not None for r in mine)
        lines.append(
            f"| {name} (`{arm}`) | {count} of {len(ids)} | {low:.0%} to {high:.0%} | {told} | {found} | "
            f"{given} | {tokens:,.0f} |"
        )
    return lines


def main() -> None:
    """Write the page."""
    rows = [json.loads(line) for line in ROWS.read_text("utf-8").splitlines() if line.strip()]
    for name in SETS:
        if len({r["code"] for r in rows if r["set"] == name}) > 1:
            raise SystemExit(f"{name}: rows of several versions, whose prompts may differ")
    lines = [
        "# The repairs of the literature, as an A/B", "",
        "Written by `python benchmarks/diagnosis/repairs.py` from `repairs.jsonl`, which "
        "`benchmarks/live/run.py` writes (its commands stand in the script); do not edit by hand.", "",
        f"- date: {min(r['at'] for r in rows)[:10]} to {max(r['at'] for r in rows)[:10]}; code: "
        f"{', '.join(sorted({r['code'] for r in rows}))}; page written at {code()}",
        f"- machine: {machine()}; model: embedded:qwen2.5-coder-1.5b, the same seeds in every arm",
        "- differences are paired by problem, in points, with 95 % bootstrap intervals; so few problems "
        "show a difference only where the exact test (McNemar) says so",
        "- the arms: `duo` is a solver and a verifier who alone may end it, in three rounds at most; "
        "told to check adds a section to the solver's prompt; `crew` adds a coder who runs programs. "
        "A chain is one round of solver, coder and verifier", "",
    ]  # fmt: skip
    for name, (title, arms, published) in SETS.items():
        mine = [r for r in rows if r["set"] == name]
        lines += [f"## {title}", "", f"Published (Cemri et al. 2025): {published}.", ""]
        parts = {"": mine}
        if name == "gsm_plus":
            parts = {
                "All but those from which a number was taken:": [r for r in mine if r["kind"] != TAKEN],
                "Those from which a number was taken (abstaining is right):": [
                    r for r in mine if r["kind"] == TAKEN
                ],
            }  # fmt: skip
        for what, part in parts.items():
            lines += [*([what, ""] if what else []), *table(part, arms), ""]
    (HERE / "REPAIRS.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
