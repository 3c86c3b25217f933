"""How well rules find what people found in runs of other systems, and what was planted.

    python benchmarks/diagnosis/run.py [--data ../shared/data]     # writes diagnosis.json, DIAGNOSIS.md

Three parts. Human labels (`mast/traces_dev.jsonl.gz`, 37 runs of AG2 and MetaGPT; the map of the
open codes to the fourteen modes is a proposal, and the coding was not exhaustive): for each code
kappa, precision and recall with intervals, beside two baselines that read nothing, or keywords
alone. Planted faults: the mutators of `tests/diagnosis/seeded.py`, over made runs and over those
real ones in which nothing is found. Speed: a thousand runs.
"""

import argparse
import gzip
import json
import random
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))
from figures import code, machine

from manyminds.diagnosis.diagnose import by_rules
from manyminds.diagnosis.modes import MODES, WASTES
from manyminds.diagnosis.readers.read import read_value
from manyminds.diagnosis.trace import Trace
from manyminds.judging.interval import share_interval
from tests.diagnosis.seeded import MUTATORS, UNDECIDED, clean, mutated

HERE = Path(__file__).parent
ROOT_DATA = HERE.parents[2] / "shared" / "data"
CODES = [one for one in MODES if one not in WASTES]
Judge = Callable[[Trace], set[str]]
RESAMPLES = 2_000
KEYWORDS: Mapping[str, str] = {
    "1.1": r"must|should", "1.3": r"again", "1.5": r"terminate", "2.1": r"start over",
    "2.2": r"assum|suppose", "2.5": r"ignore", "2.6": r"instead", "3.1": r"todo|not implemented",
    "3.2": r"without (?:testing|checking)", "3.3": r"looks good|correct",
}  # fmt: skip


def ruled(trace: Trace) -> set[str]:
    """Return the codes that the rules find."""
    return {finding.code for finding in by_rules(trace)} - WASTES


def keyworded(trace: Trace) -> set[str]:
    """Return the codes whose keyword stands anywhere in the run."""
    text = "\n".join(act.text for act in trace.acts)
    return {one for one, pattern in KEYWORDS.items() if re.search(pattern, text, re.I)}


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Return Cohen's kappa; `None` where nothing varies."""
    n = len(pairs)
    agree = sum(a == b for a, b in pairs) / n
    ours, theirs = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    chance = ours * theirs + (1 - ours) * (1 - theirs)
    return None if chance == 1 else (agree - chance) / (1 - chance)


def kappa_range(runs: Sequence[Sequence[tuple[bool, bool]]]) -> tuple[float, float] | None:
    """Return the 95 % interval of kappa, runs drawn anew; `None` where most draws have none."""
    chance, drawn = random.Random(1), list[float]()
    for _ in range(RESAMPLES):
        again = [pair for _ in runs for pair in chance.choice(runs)]
        found = kappa(again)
        if found is not None:
            drawn.append(found)
    if len(drawn) < RESAMPLES / 2:
        return None
    drawn.sort()
    return drawn[round(0.025 * len(drawn))], drawn[round(0.975 * len(drawn)) - 1]


def held_against(labels: Sequence[set[str]], found: Sequence[set[str]]) -> dict[str, Any]:
    """Return figures for each code and over all."""
    runs = [
        [(one in ours, one in theirs) for one in CODES]
        for ours, theirs in zip(found, labels, strict=True)
    ]
    rows = {one: _figures([[run[place]] for run in runs]) for place, one in enumerate(CODES)}
    return {"codes": rows, **_figures(runs)}


def _figures(runs: Sequence[Sequence[tuple[bool, bool]]]) -> dict[str, Any]:
    pairs = [pair for run in runs for pair in run]
    hits, ours, theirs = (sum(map(f, pairs)) for f in (all, lambda p: p[0], lambda p: p[1]))
    return {
        "labelled": theirs, "found": ours, "both": hits, "kappa": kappa(pairs),
        "kappa_range": kappa_range(runs) if ours and theirs else None,
        "precision": share_interval(hits, ours) if ours else None,
        "recall": share_interval(hits, theirs) if theirs else None,
    }  # fmt: skip


def table(parts: Mapping[str, Mapping[str, Any]], first: str) -> list[str]:
    """Return the rows of a table of such figures."""
    rows = [f"| {first} | labelled | found | both | kappa | precision | recall |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    for name, row in parts.items():
        bounds = row["kappa_range"]
        spread = "" if bounds is None else f" ({bounds[0]:.2f} to {bounds[1]:.2f})"
        rows.append(f"| {name} | {row['labelled']} | {row['found']} | {row['both']} | {_number(row['kappa'])}{spread} | {_range(row['precision'])} | {_range(row['recall'])} |")  # fmt: skip
    return rows


PUBLISHED = (
    "Published, on other runs and other labels (Cemri et al. 2025): o1, given the whole run and "
    "examples, kappa 0.77, precision 83 %, recall 77 %; without examples kappa 0.58; two people, in "
    "their last round, 0.88. Others who tried the judge again report 0.05, 0.25, -0.09 and 0.23. "
    "That says how hard it is, not who is better: none of it is on the runs above."
)


def planted(bases: Sequence[Trace]) -> dict[str, Any]:
    """Return for each code how often it is found where it was planted, and where it was not."""
    rows: dict[str, Any] = {}
    seen = {one: mutated(bases, one, 60) for one in (*MUTATORS, *UNDECIDED)}
    found = {
        one: [{finding.code for finding in by_rules(trace)} for trace in traces]
        for one, traces in seen.items()
    }
    for one in (*MUTATORS, *UNDECIDED):
        right = sum(one in codes for codes in found[one])
        wrong = sum(one in codes for other, many in found.items() if other != one for codes in many)
        rows[one] = {
            "traces": len(seen[one]), "found": right,
            "recall": share_interval(right, len(seen[one])) if seen[one] else None,
            "elsewhere": wrong,
            "precision": share_interval(right, right + wrong) if right + wrong else None,
        }  # fmt: skip
    return rows


def speed(traces: Sequence[Trace]) -> dict[str, float]:
    """Return seconds of one core for a thousand runs."""
    began, count = time.process_time(), 0
    while count < 1_000:
        by_rules(traces[count % len(traces)])
        count += 1
    acts = sum(len(trace.acts) for trace in traces) / len(traces)
    return {"runs": count, "acts_a_run": round(acts, 1), "cpu_s": round(time.process_time() - began, 2)}  # fmt: skip


def page(figures: dict[str, Any]) -> str:
    """Write the figures for people."""
    lines = [
        "# Diagnosis", "",
        f"`python benchmarks/diagnosis/run.py`, {figures['date']}, {figures['machine']}, code at "
        f"{figures['code']}.", "",
        f"## People's labels, {figures['n']} runs of AG2 and MetaGPT", "",
    ]  # fmt: skip
    lines += [
        *table(figures["labels"], "who"), "", "Intervals of 95 %; kappa's by drawing runs anew.", "",
        PUBLISHED, "", "Rules alone, by code:", "",
        *table({f"{c} {MODES[c].name}": row for c, row in figures["labels"]["rules"]["codes"].items()}, "code"),
    ]  # fmt: skip
    for name, rows in figures["planted"].items():
        lines += ["", f"## Faults planted into {name}", "", "| code | planted | found | recall | found elsewhere | precision |", "|---|---|---|---|---|---|"]  # fmt: skip
        for one, row in rows.items():
            lines.append(f"| {one} | {row['traces']} | {row['found']} | {_range(row['recall'])} | {row['elsewhere']} | {_range(row['precision'])} |")  # fmt: skip
    quick = figures["speed"]
    lines += ["", f"A thousand runs of {quick['acts_a_run']} acts: {quick['cpu_s']} s of one core.", ""]  # fmt: skip
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _range(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.0%} to {interval[1]:.0%}"


def main() -> None:
    """Measure, and write the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--data", type=Path, default=ROOT_DATA)
    asks.add_argument("--show", action="store_true", help="print each run's labels and findings")
    given = asks.parse_args()
    with gzip.open(given.data / "mast" / "traces_dev.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    # What people said of a run is taken off before it is read.
    traces = [read_value(row["trace"])[0] for row in rows]
    labels = [{one for one, there in row["mast14_proposed"].items() if there} for row in rows]
    if given.show:
        for row, trace, label in zip(rows, traces, labels, strict=True):
            print(row["row"], row["mas"], row["solved"], sorted(label))
            for finding in by_rules(trace):
                print("   ", finding.code, finding.step, finding.member, finding.why, repr(finding.evidence[:90]))  # fmt: skip
    often = sorted(CODES, key=lambda one: -sum(one in label for label in labels))[:3]
    judges: dict[str, Judge] = {
        "rules": ruled, "keywords": keyworded, "always the three commonest": lambda _: set(often),
    }  # fmt: skip
    real = [t for t, label in zip(traces, labels, strict=True) if not label and not by_rules(t)]  # fmt: skip
    made = [clean(number) for number in range(60)]
    figures = {
        "date": str(datetime.now(UTC).date()), "machine": machine(), "code": code(),
        "n": len(traces),
        "labels": {name: held_against(labels, [judge(t) for t in traces]) for name, judge in judges.items()},
        "planted": {
            "made runs": planted(made),
            f"{len(real)} real runs in which neither people nor rules find anything": planted(real * 6),
        },
        "speed": speed([*traces, *made]),
    }  # fmt: skip
    (HERE / "diagnosis.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (HERE / "DIAGNOSIS.md").write_text(page(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
