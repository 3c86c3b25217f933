"""How often a member asks back where a question is ambiguous, and where it is clear.

    python benchmarks/clarify.py [--model embedded:qwen2.5-coder-1.5b]   # writes clarify.json

The questions are in `sets/ambiguous.jsonl`: written for this by somebody who had not seen the prompt
or the code. Prompt and threshold may be chosen on the odd ids; the even ids are for the figure alone.
"""

import argparse
import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from figures import code, machine

from manyminds.agents.clarify import THRESHOLD, doubt_about
from manyminds.agents.roster import roster
from manyminds.core.values import Limits, Task
from manyminds.judging.interval import share_interval
from manyminds.runtime.endpoints import ConnectedEndpoint, connect
from manyminds.runtime.paths import cache_home
from manyminds.runtime.run import MemoryRun
from manyminds.tools.toolset import Toolset

HERE = Path(__file__).parent


async def measured(model: str) -> dict[str, object]:
    """Ask about every question; return shares and the area under the curve."""
    lines = (HERE / "sets" / "ambiguous.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    endpoint = await connect(model, cache=cache_home())
    places = asyncio.Semaphore(4)

    async def likely(row: dict[str, str]) -> float | None:
        async with places:
            return await likelihood(row["question"], model, endpoint)

    try:
        found = await asyncio.gather(*(likely(row) for row in rows))
    finally:
        await endpoint.close()
    answers = list(zip(rows, found, strict=True))
    pairs = [(row, value) for row, value in answers if value is not None]
    parts = {
        "chosen_on": [p for p in pairs if int(p[0]["id"][1:]) % 2 == 1],
        "held_out": [p for p in pairs if int(p[0]["id"][1:]) % 2 == 0],
    }
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(),
        "code": code(), "model": model, "threshold": THRESHOLD,
        "unread": len(answers) - len(pairs),
        **{name: figures(part) for name, part in parts.items()},
        "likelihoods": {row["id"]: value for row, value in answers},
    }  # fmt: skip


async def likelihood(question: str, model: str, endpoint: ConnectedEndpoint) -> float | None:
    """Return what the member says; `None` where it says nothing that can be read."""
    run = MemoryRun(
        run_id="clarify", task=Task(prompt=question), members=roster(1, [model], has_docs=False),
        endpoints={model: endpoint}, tools=Toolset([]), limits=Limits(), seed=1,
    )  # fmt: skip
    doubt = await doubt_about(run, threshold=0.0)
    return None if doubt is None else doubt.likelihood


def figures(pairs: list[tuple[dict[str, str], float]]) -> dict[str, object]:
    """Return how often it would ask, by label, and how well the likelihood tells them apart."""
    by_label = {
        label: [value for row, value in pairs if row["label"] == label]
        for label in ("ambiguous", "clear")
    }
    asked = {
        label: {
            "n": len(values), "asked": (n := sum(v >= THRESHOLD for v in values)),
            "share": round(n / len(values), 3),
            "interval": [round(x, 3) for x in share_interval(n, len(values))],
        }
        for label, values in by_label.items()
    }  # fmt: skip
    wins = [(a > c) + 0.5 * (a == c) for a in by_label["ambiguous"] for c in by_label["clear"]]
    return {**asked, "area_under_curve": round(sum(wins) / len(wins), 3)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    parser.add_argument("--out", type=Path, default=HERE / "clarify.json")
    arguments = parser.parse_args()
    result = asyncio.run(measured(arguments.model))
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in result.items() if key != "likelihoods"}))
