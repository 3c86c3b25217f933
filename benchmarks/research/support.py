"""Do cited passages say what they are cited for? A sample, labelled by hand.

    python benchmarks/research/support.py --draw 60     # from the runs in deep.jsonl; writes support.toml
    (fill in each `says`: "yes", "no" or "partly")
    python benchmarks/research/support.py --table       # writes SUPPORT.md

Pairs of a statement and one passage it cites are drawn with a seed from all delivered ones.
"""

import argparse
import json
import random
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from manyminds.cli.runs import read_asked
from manyminds.evals.origin import machine
from manyminds.judging.interval import share_interval
from manyminds.runtime.paths import data_home
from manyminds.transcript.store import transcript_path

HERE = Path(__file__).parent
ROWS = HERE / "deep.jsonl"
LABELS = HERE / "support.toml"
SEED = 7
SAYS = ("yes", "no", "partly")


def pairs() -> list[dict[str, str]]:
    """Return every statement of the runs with each passage it cites."""
    found: list[dict[str, str]] = []
    for row in map(json.loads, ROWS.read_text(encoding="utf-8").splitlines()):
        if row["arm"] != "orchestrate":
            continue
        answer = read_asked(transcript_path(data_home(), row["run"])).answer
        if answer.report is None:
            continue
        for section in answer.report.sections:
            for stated in section.statements:
                found += [
                    {
                        "id": row["id"], "statement": stated.text,
                        "title": answer.citations[n].title or "", "quote": answer.citations[n].quote,
                    }
                    for n in stated.citations
                ]  # fmt: skip
    return found


def draw(count: int) -> None:
    """Write a sample to be labelled; labels that are there already stay."""
    known = {}
    if LABELS.exists():
        rows = tomllib.loads(LABELS.read_text(encoding="utf-8"))["pair"]
        known = {(r["statement"], r["quote"]): r["says"] for r in rows}
    every = pairs()
    chosen = random.Random(SEED).sample(every, min(count, len(every)))
    lines = [f"# {len(chosen)} of {len(every)} pairs; says: {', '.join(SAYS)}.\n"]
    for pair in chosen:
        says = known.get((pair["statement"], pair["quote"]), "")
        told = {**pair, "says": says}
        lines.append("\n[[pair]]\n")
        lines += [
            f"{name} = {json.dumps(text, ensure_ascii=False)}\n" for name, text in told.items()
        ]
    LABELS.write_text("".join(lines), encoding="utf-8")


def table() -> str:
    """Write down what the labels come to.

    Raises:
        SystemExit: If one is missing.
    """
    text = LABELS.read_text(encoding="utf-8")
    rows = tomllib.loads(text)["pair"]
    if wrong := [r["statement"] for r in rows if r["says"] not in SAYS]:
        raise SystemExit(f"{len(wrong)} pairs have no label, the first: {wrong[0]}")
    lines = [
        "# Do cited passages say what they are cited for?", "",
        f"`python benchmarks/research/support.py --table`, {datetime.now(UTC).date()}, {machine()}.", "",
        f"{text.splitlines()[0][2:].split(';')[0]}, delivered by `deep.py` (arm `orchestrate`), labelled by hand "
        "by one of the builders, who saw statement, page title and passage. 95 % intervals after Wilson.", "",
        "| | % | of |", "|---|---|---|",
    ]  # fmt: skip
    for what, fits in (("say it", ("yes",)), ("say it at least in part", ("yes", "partly"))):
        right = sum(r["says"] in fits for r in rows)
        low, high = share_interval(right, len(rows))
        lines.append(
            f"| {what} | {100 * right / len(rows):.0f} ({100 * low:.0f} to {100 * high:.0f}) | {len(rows)} |"
        )
    told = "\n".join([*lines, ""])
    (HERE / "SUPPORT.md").write_text(told, encoding="utf-8")
    return told


def main() -> None:
    """Draw, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draw", type=int)
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    if asked.draw is not None:
        draw(asked.draw)
    if asked.table:
        print(table())


if __name__ == "__main__":
    main()
