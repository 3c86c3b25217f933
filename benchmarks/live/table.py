"""Writes RESULTS.md from results.jsonl, as it came out.

    python benchmarks/live/table.py

"single" is the expected score of one draw: the mean over the five shared draws of each problem.
Differences are paired by problem; intervals are the middle 95 % of 10,000 bootstrap resamples of
problems.
"""

import argparse
import json
import random
import statistics
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from figures import machine

from manyminds.judging.interval import share_interval

HERE = Path(__file__).parent
BASE = "majority"
"""The arm whose five draws give "single" and the oracle."""
MEMBERS = 5
"""Of an arm that does not say otherwise, as in "best_of_n@3"."""


def main(out: Path, to: Path, note: str) -> None:
    """Write the table."""
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines() if line.strip()]
    lines = [
        "# Strategies on HumanEval, embedded model", "",
        "Written by `python benchmarks/live/table.py` from `results.jsonl`, which `run.py` writes; do not edit by hand.", "",
        f"- date: {max(r['at'] for r in rows)}", f"- machine: {machine()}",
        "- model: embedded:qwen2.5-coder-1.5b; five draws a problem, shared between arms",
        f"- code: {', '.join(sorted({r['code'] for r in rows} - {''})) or 'not recorded'}{note}",
        "- seconds: time of the requests added up, as they were first made, up to fifteen of them side by side", "",
    ]  # fmt: skip
    for name in ("humaneval", "gsm_plus"):
        mine = [r for r in rows if r["set"] == name]
        whole = [r for r in mine if "@" not in r["arm"]]
        if whole:
            lines += section(name, whole)
        if len(whole) < len(mine):
            lines += curve(name, mine)
    to.write_text("\n".join(lines) + "\n", encoding="utf-8")


def section(name: str, rows: list[dict]) -> list[str]:
    """Return the table of one set, over the problems that all its arms have been played on."""
    arms = list(dict.fromkeys(r["arm"] for r in rows))
    by = {(r["arm"], r["id"]): r for r in rows}
    ids = [i for i in dict.fromkeys(r["id"] for r in rows) if all((a, i) in by for a in arms)]
    # A draw that came to no answer is a wrong one.
    single = {i: sum(by[BASE, i]["drafts"]) / MEMBERS for i in ids}
    oracle = {i: float(any(by[BASE, i]["drafts"])) for i in ids}
    tokens = statistics.mean(by[BASE, i]["tokens_in"] + by[BASE, i]["tokens_out"] for i in ids)
    lines = [
        f"## {name}: {len(ids)} problems", "",
        "| arm | right | minus single | minus majority | minus oracle of the draws | tokens a problem | of majority's tokens | seconds a problem |",
        "|---|---|---|---|---|---|---|---|",
        f"| single (mean of the draws) | {mean(single.values()):.1%} | | {difference(single, scores(by, BASE, ids))} | {difference(single, oracle)} | {tokens / 5:.0f} | {1 / 5:.0%} | {mean([by[BASE, i]['seconds'] / 5 for i in ids]):.1f} |",
        f"| oracle of the draws | {mean(oracle.values()):.1%} | | | | | | |",
    ]  # fmt: skip
    for arm in arms:
        right = scores(by, arm, ids)
        mine = [by[arm, i] for i in ids]
        cost = mean([r["tokens_in"] + r["tokens_out"] for r in mine])
        lines.append(
            f"| {arm} | {mean(right.values()):.1%} | {difference(right, single)} | "
            f"{'' if arm == BASE else difference(right, scores(by, BASE, ids))} | {difference(right, oracle)} | "
            f"{cost:.0f} | {cost / tokens:.0%} | {mean([r['seconds'] for r in mine]):.1f} |"
        )
    kinds = sorted({by[BASE, i]["kind"] for i in ids})
    if len(kinds) > 1:
        lines += ["", "| kind | " + " | ".join(["single", *arms]) + " |", "|---|" + "---|" * (len(arms) + 1)]  # fmt: skip
        for kind in kinds:
            some = [i for i in ids if by[BASE, i]["kind"] == kind]
            cells = [f"{mean([single[i] for i in some]):.0%}"]
            cells += [f"{mean(scores(by, arm, some).values()):.0%}" for arm in arms]
            lines.append(f"| {kind} ({len(some)}) | " + " | ".join(cells) + " |")
    return [*lines, ""]


def curve(name: str, rows: list[dict]) -> list[str]:
    """Return how score and tokens grow with the members, over the problems that all were played on."""
    found: dict[tuple[str, int], dict[str, dict]] = {}
    for row in rows:
        arm, _, size = row["arm"].partition("@")
        found.setdefault((arm, int(size or MEMBERS)), {})[row["id"]] = row
    curved = {arm for arm, size in found if size != MEMBERS}
    found = {key: by for key, by in found.items() if key[0] in curved}
    ids = set.intersection(*(set(by) for by in found.values()))
    sizes = sorted({size for _, size in found})
    lines = [
        f"### {name}: by members, {len(ids)} problems", "",
        "Right, with the 95 % interval (Wilson), and tokens a problem; the first draws are the same in each column.", "",
        "| arm | " + " | ".join(map(str, sizes)) + " |", "|---|" + "---|" * len(sizes),
    ]  # fmt: skip
    for arm in sorted(curved):
        cells = [cell([found[arm, n][i] for i in ids]) if (arm, n) in found else "" for n in sizes]
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def cell(rows: list[dict]) -> str:
    """Say how many were right and what a problem cost."""
    right = sum(r["right"] for r in rows)
    low, high = share_interval(right, len(rows))
    tokens = mean([r["tokens_in"] + r["tokens_out"] for r in rows])
    return f"{right / len(rows):.1%} ({low:.0%} to {high:.0%}), {tokens:.0f}"


def scores(by: dict, arm: str, ids: list[str]) -> dict[str, float]:
    """Return an arm's score by problem."""
    return {i: float(by[arm, i]["right"]) for i in ids}


def difference(a: dict[str, float], b: dict[str, float]) -> str:
    """Say by how many points `a` leads `b`, with the interval."""
    gaps = [a[i] - b[i] for i in a]
    rng = random.Random(0)
    means = sorted(mean(rng.choices(gaps, k=len(gaps))) for _ in range(10_000))
    return f"{100 * mean(gaps):+.1f} ({100 * means[250]:+.1f} to {100 * means[9_749]:+.1f})"


def mean(values) -> float:
    """Return the mean; 0 of nothing."""
    found = list(values)
    return sum(found) / len(found) if found else 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "results.jsonl")
    parser.add_argument("--to", type=Path, default=HERE / "RESULTS.md")
    parser.add_argument("--note", default="", help="what else is to be known of the code")
    arguments = parser.parse_args()
    main(arguments.out, arguments.to, arguments.note)
