"""Game of 24: a tree of thoughts beside chains of thought that may spend the same tokens.

    python benchmarks/game24.py [--count 20]     # resumes; writes game24.json at the end

Four numbers from 1 to 13 are to make 24 by + - * /, each used once; all instances have a solution.
An exact checker judges both arms' answers and may end both searches. The chains are independent
samples: as many as the tokens pay for that the tree spent on the same instance.
"""

import argparse
import ast
import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from itertools import combinations
from pathlib import Path

from figures import code, machine

from manyminds.agents.roster import roster
from manyminds.budget.ledger import cost_of
from manyminds.core.errors import ToolRetry
from manyminds.core.events import Recorded, RunStarted
from manyminds.core.protocols import Strategy
from manyminds.core.values import Candidate, Limits, Task, Verdict
from manyminds.judging.canonical import canonicalize
from manyminds.judging.interval import share_interval
from manyminds.runtime.ask import play
from manyminds.runtime.endpoints import ConnectedEndpoint, connect
from manyminds.runtime.paths import cache_home
from manyminds.runtime.run import MemoryRun
from manyminds.strategies.best_of_n import BestOfN
from manyminds.strategies.tree import Tree
from manyminds.tools.calculator.expression import evaluate, parse_expression
from manyminds.tools.toolset import Toolset

HERE = Path(__file__).parent
CHAINS = 40
"""Chains at most; the tokens end sooner."""


@dataclass(frozen=True, kw_only=True)
class MakesTwentyFour:
    """Accepts an expression of exactly these numbers that equals 24."""

    numbers: tuple[int, ...]
    name: str = "game24"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        """Parse it, compare the numbers it uses, compute it exactly."""
        said = candidate.text.strip(" $`.").replace("\\times", "*").replace("×", "*")
        said = said.replace("\\div", "/").replace("÷", "/").partition("=")[0].strip()
        try:
            node = parse_expression(said)
            used = sorted(n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
            value = evaluate(node, {})
        except (ToolRetry, ArithmeticError, ValueError) as error:
            return Verdict(outcome="rejected", reason=f"no expression: {error}", verifier=self.name)
        right = used == sorted(self.numbers) and value == 24
        why = f"it uses {used} and makes {value}"
        return Verdict(outcome="accepted" if right else "rejected", reason=why, verifier=self.name)


def values(numbers: tuple[Fraction, ...]) -> Iterator[Fraction]:
    """Yield every value that the numbers can make, each used once."""
    if len(numbers) == 1:
        yield numbers[0]
        return
    for i, j in combinations(range(len(numbers)), 2):
        a, b = numbers[i], numbers[j]
        rest = tuple(n for place, n in enumerate(numbers) if place not in (i, j))
        made = {a + b, a - b, b - a, a * b} | ({a / b} if b else set()) | ({b / a} if a else set())
        for value in made:
            yield from values((*rest, value))


def instances(count: int) -> list[tuple[int, ...]]:
    """Draw instances that have a solution; the same ones each time."""
    rng, found = random.Random(24), []
    while len(found) < count:
        numbers = tuple(sorted(rng.randint(1, 13) for _ in range(4)))
        if numbers not in found and 24 in values(tuple(map(Fraction, numbers))):
            found.append(numbers)
    return found


async def played(
    numbers: tuple[int, ...], strategy: Strategy, endpoint: ConnectedEndpoint, model: str,
    members: int, limits: Limits,
) -> dict[str, object]:  # fmt: skip
    """Play one arm on one instance."""
    listed = ", ".join(map(str, numbers))
    task = Task(
        prompt=f"Use the numbers {listed}, each exactly once, with + - * / and brackets, to make 24. "
        "Give one arithmetic expression, without the equals sign."
    )
    events: list[Recorded] = []
    panel = roster(members, [model], has_docs=False)
    run = MemoryRun(
        run_id="game24", task=task, members=panel, endpoints={model: endpoint}, tools=Toolset([]),
        limits=limits, seed=24, sinks=[events.append],
    )  # fmt: skip
    run.tell(
        RunStarted(
            task=task, strategy="game24", members=panel, limits=limits, seed=24, version="",
            prompts="",
        )
    )  # fmt: skip
    answer, _ = await play(run, strategy)
    spend = cost_of(events).spend
    judge = MakesTwentyFour(numbers=numbers)
    text = answer.text or ""
    candidate = Candidate(text=text, author="", canonical=canonicalize(text))
    return {
        "right": (await judge.verify(task, candidate)).outcome == "accepted",
        "given": answer.text, "tokens": spend.tokens_in + spend.tokens_out,
    }  # fmt: skip


async def main(arguments: argparse.Namespace) -> None:
    """Play what has not been played; write the figures when all are there."""
    rows = [json.loads(line) for line in lines(arguments.rows)]
    done = {tuple(row["numbers"]) for row in rows}
    endpoint = await connect(arguments.model, cache=cache_home())
    try:
        for numbers in instances(arguments.count):
            if numbers in done:
                continue
            judge = MakesTwentyFour(numbers=numbers)
            tree = await played(
                numbers, Tree(verifier=lambda _run, judge=judge: judge), endpoint, arguments.model,
                5, Limits(),
            )  # fmt: skip
            chain = await played(
                numbers, BestOfN(verifier=lambda _run, judge=judge: judge, repairs=0, first=1),
                endpoint, arguments.model, CHAINS, Limits(tokens=int(str(tree["tokens"]))),
            )  # fmt: skip
            row = {"numbers": numbers, "tree": tree, "chain": chain, "code": code()}
            rows.append(row)
            with arguments.rows.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(json.dumps(row), flush=True)
    finally:
        await endpoint.close()
    told = json.dumps(figures(rows, arguments.model), indent=1)
    (HERE / "game24.json").write_text(told + "\n", encoding="utf-8")


def lines(path: Path) -> list[str]:
    """Return the lines of a file that may not be there."""
    return path.read_text("utf-8").splitlines() if path.exists() else []


def figures(rows: list[dict], model: str) -> dict[str, object]:
    """Return both arms' shares, and on how many instances only one of them was right."""
    arms = {}
    for arm in ("tree", "chain"):
        right = sum(row[arm]["right"] for row in rows)
        arms[arm] = {
            "right": right, "interval": [round(x, 3) for x in share_interval(right, len(rows))],
            "tokens": round(sum(row[arm]["tokens"] for row in rows) / len(rows)),

        }  # fmt: skip
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(),
        "code": sorted({row["code"] for row in rows}), "model": model, "n": len(rows), **arms,
        "only_tree": sum(r["tree"]["right"] and not r["chain"]["right"] for r in rows),
        "only_chain": sum(r["chain"]["right"] and not r["tree"]["right"] for r in rows),
        "instances": rows,
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    parser.add_argument("--rows", type=Path, default=HERE.parent / ".bench" / "game24.jsonl")
    asyncio.run(main(parser.parse_args()))
