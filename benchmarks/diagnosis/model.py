"""What a model adds to the rules, against people's labels: resumable, run by run.

    python benchmarks/diagnosis/model.py [--model embedded:qwen2.5-coder-1.5b] [--votes 3]

Rows are kept in model.jsonl, so that a run that was ended goes on; MODEL.md is written from them,
beside the rules alone on the same runs.
"""

import argparse
import asyncio
import gzip
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from run import HERE, MODES, PUBLISHED, ROOT_DATA, code, held_against, machine, ruled, table

from manyminds.core.values import Limits
from manyminds.diagnosis.modes import WASTES
from manyminds.diagnosis.readers.read import read_value
from manyminds.runtime.diagnosing import read_by
from manyminds.runtime.paths import cache_home

ROWS = HERE / "model.jsonl"


async def read_all(
    rows: list[dict[str, Any]], model: str, votes: int, kept: dict[str, Any]
) -> None:
    """Let the model read what it has not read yet."""
    for row in rows:
        if str(row["row"]) in kept:
            continue
        trace = read_value(row["trace"])[0]
        read = await read_by(model, [trace], cache=cache_home(), limits=Limits(), votes=votes)
        found = [[f.code, f.step, f.by, f.confidence] for f in read.found[0].findings]
        one = {
            "row": row["row"], "model": model, "votes": votes, "found": found,
            "unsure": read.unsure[0], "tokens": read.spend.tokens,
        }  # fmt: skip
        kept[str(row["row"])] = one
        print(json.dumps(one), file=sys.stderr, flush=True)
        with ROWS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(one) + "\n")


def page(rows: list[dict[str, Any]], kept: dict[str, Any], model: str, votes: int) -> str:
    """Write the figures for people."""
    there = [row for row in rows if str(row["row"]) in kept]
    labels = [{one for one, yes in row["mast14_proposed"].items() if yes} for row in there]
    both = [{f[0] for f in kept[str(row["row"])]["found"]} - WASTES for row in there]
    alone = [ruled(read_value(row["trace"])[0]) for row in there]
    parts = {"rules": held_against(labels, alone), "rules and model": held_against(labels, both)}
    tokens = sum(one["tokens"] for one in kept.values()) // max(1, len(kept))
    lines = [
        "# A model beside the rules", "",
        f"`python benchmarks/diagnosis/model.py --model {model} --votes {votes}`, "
        f"{datetime.now(UTC).date()}, {machine()}, code at {code()}.", "",
        f"{len(there)} of 37 runs of AG2 and MetaGPT with people's labels; {tokens:,} tokens a run.", "",
        *table(parts, "who"), "", "Intervals of 95 %; kappa's by drawing runs anew.", "", PUBLISHED, "",
        "Rules and model, by code:", "",
        *table({f"{c} {MODES[c].name}": row for c, row in parts["rules and model"]["codes"].items()}, "code"), "",
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    """Read what is left, and write the figures."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    asks.add_argument("--votes", type=int, default=3)
    asks.add_argument("--data", type=Path, default=ROOT_DATA)
    given = asks.parse_args()
    with gzip.open(given.data / "mast" / "traces_dev.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    lines = ROWS.read_text(encoding="utf-8").splitlines() if ROWS.exists() else []
    told = [json.loads(line) for line in lines]
    kept = {
        str(r["row"]): r for r in told if (r["model"], r["votes"]) == (given.model, given.votes)
    }
    # Every second first: what was read when it is ended is of both systems.
    order = rows[::2] + rows[1::2]
    try:
        asyncio.run(read_all(order, given.model, given.votes, kept))
    finally:
        if kept:
            text = page(rows, kept, given.model, given.votes)
            (HERE / "MODEL.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
