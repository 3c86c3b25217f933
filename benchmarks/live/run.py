"""Strategies on HumanEval and GSM-Plus with the embedded model, on shared samples.

    python benchmarks/live/run.py humaneval --data ../shared/data          # resumes
    python benchmarks/live/run.py gsm_plus --data ../shared/data --arms majority,best_of_n@3
    python benchmarks/live/table.py                                        # writes RESULTS.md

One line for each problem and arm goes to results.jsonl; none where a request was never answered
(the model was gone, or the machine asleep): that says nothing of the arm, and is played again. `arm@3` is the arm with three members
instead of five: how the score grows with the draws.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import anyio
from problems import gsm_plus, humaneval

from manyminds.agents.roles import PRESETS
from manyminds.agents.roster import roster
from manyminds.budget.ledger import cost_of
from manyminds.core.events import NoteShared, Recorded, RequestFailed, RunStarted
from manyminds.core.protocols import Strategy
from manyminds.core.values import Limits, Task
from manyminds.evals.questions import Question, grade
from manyminds.evals.replies import KeepingEndpoint, KeptReplies
from manyminds.evals.trials import seconds_of
from manyminds.runtime.ask import play
from manyminds.runtime.embedded.parts import CODER
from manyminds.runtime.endpoints import connect
from manyminds.runtime.paths import cache_home, data_home
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.auto import Auto
from manyminds.strategies.best_of_n import BestOfN
from manyminds.strategies.crew import Crew
from manyminds.strategies.debate import Debate
from manyminds.strategies.heavy import Heavy
from manyminds.strategies.majority import Majority
from manyminds.strategies.mixture import Mixture
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.sandbox.choose import find_isolation
from manyminds.tools.sandbox.tool import Python
from manyminds.tools.toolset import Toolset

sys.path.append(str(Path(__file__).parents[1]))

from figures import code

HERE = Path(__file__).parent
MODEL = "embedded:qwen2.5-coder-1.5b"
SEED, N = 11, 5
REQUESTS = 8
"""Under way at once: as many as the embedded server has places."""
SETS: dict[str, Callable[[Path, int], list[Question]]] = {
    "humaneval": humaneval,
    "gsm_plus": gsm_plus,
}
ARMS: dict[str, Callable[[], Strategy]] = {
    "majority": lambda: Majority(adaptive=False),
    "majority_adaptive": lambda: Majority(),
    "best_of_n_unrepaired": lambda: BestOfN(repairs=0),
    "best_of_n": BestOfN,
    "mixture": Mixture,
    "debate": Debate,
    "crew": Crew,
    "crew_unasked": lambda: Crew(verification=False),
    "duo": lambda: Crew(roles=PRESETS["duo"]),
    "duo_unasked": lambda: Crew(roles=PRESETS["duo"], verification=False),
    "chain": lambda: Crew(rounds=1),
    "chain_unasked": lambda: Crew(rounds=1, verification=False),
    "heavy": Heavy,
    "auto": Auto,
}


async def one(
    problem: Question, arm: str, endpoint: KeepingEndpoint, python: Python
) -> dict | None:
    """Play one arm on one problem; `None` where a request was never answered."""
    events: list[Recorded] = []
    task = Task(prompt=problem.prompt)
    name, _, size = arm.partition("@")
    run = MemoryRun(
        run_id=problem.id, task=task, members=roster(int(size or N), [MODEL], has_docs=False),
        endpoints={MODEL: endpoint}, tools=Toolset([python, Calculate()]), limits=Limits(),
        seed=SEED, sinks=[events.append],
    )  # fmt: skip
    run.tell(
        RunStarted(
            task=task, strategy=arm, members=run.members, limits=Limits(), seed=SEED,
            version="", prompts="",
        )
    )  # fmt: skip
    answer, _ = await play(run, ARMS[name]())
    failed = [e.event for e in events if isinstance(e.event, RequestFailed)]
    if any(event.retry_in_s is None for event in failed):
        print(problem.id, arm, "not kept:", failed[-1].message[:100], flush=True)
        return None
    notes = [e.event.note for e in events if isinstance(e.event, NoteShared)]
    drafts = [(await grade(problem, n.answer, python)).right for n in notes if n.round == 1]
    later = [(await grade(problem, n.answer, python)).right for n in notes if n.round > 1]
    spend = cost_of(events).spend
    return {
        "set": "humaneval" if problem.kind == "humaneval" else "gsm_plus", "kind": problem.kind,
        "id": problem.id, "arm": arm, "right": (await grade(problem, answer.text, python)).right,
        "given": answer.text, "outcome": answer.outcome, "confidence": answer.confidence,
        "drafts": drafts, "later": later, "tokens_in": spend.tokens_in,
        "tokens_out": spend.tokens_out, "seconds": round(seconds_of(events), 1),
    }  # fmt: skip


async def main(arguments: argparse.Namespace) -> None:
    """Play what has not been played yet."""
    out: Path = arguments.out
    done = {(r["id"], r["arm"]) for r in rows(out)}
    problems = [
        problem for problem in SETS[arguments.set](arguments.data, arguments.count)
        if arguments.kind in ("", problem.kind)
    ]  # fmt: skip
    found = await connect(MODEL, cache=cache_home())
    isolation = await find_isolation(cache_home())
    places = asyncio.Semaphore(arguments.side_by_side)
    kept = KeptReplies(arguments.replies)
    # Under the same name as `manyminds bench` keeps them.
    mark = f"{MODEL}@{CODER.sha256[:12]}"
    endpoint = KeepingEndpoint(found, kept, mark, places=anyio.Semaphore(REQUESTS))

    async def played(problem: Question, arm: str) -> None:
        async with places:
            python = Python(isolation)
            try:
                row = await one(problem, arm, endpoint, python)
            finally:
                await python.close()
        if row is None:
            return
        row |= {"code": code(), "at": datetime.now(UTC).isoformat(timespec="seconds")}
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(row["id"], arm, row["right"], row["drafts"], row["later"], flush=True)

    try:
        for arm in arguments.arms.split(","):
            async with asyncio.TaskGroup() as tasks:
                for problem in problems:
                    if (problem.id, arm) not in done:
                        tasks.create_task(played(problem, arm))
    finally:
        kept.close()
        await found.close()


def rows(out: Path) -> list[dict]:
    """Read what was played before."""
    if not out.exists():
        return []
    return [json.loads(line) for line in out.read_text("utf-8").splitlines() if line.strip()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", choices=SETS, nargs="?")
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--kind", default="", help="only those of a kind, of the count")
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--side-by-side", type=int, default=1, help="problems at once")
    parser.add_argument("--out", type=Path, default=HERE / "results.jsonl")
    parser.add_argument("--replies", type=Path, default=data_home() / "bench" / "replies.sqlite")
    asyncio.run(main(parser.parse_args()))
