"""What a model plans for AgentDojo's tasks, as our gate asks it: resumable, task by task.

    PYTHONPATH=src:benchmarks PYTHON benchmarks/security/hijack.py --tasks tasks.json
    python benchmarks/security/plans.py tasks.json plans.json [--model embedded:qwen2.5-coder-1.5b]

The model sees the person's words and the tools that act, and nothing else.
"""

import argparse
import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manyminds.agents.roster import roster
from manyminds.core.messages import ToolCall, ToolSpec
from manyminds.core.values import Evidence, Limits, Task
from manyminds.runtime.acting import plan_acts
from manyminds.runtime.endpoints import connect
from manyminds.runtime.flight import Endpoint
from manyminds.runtime.paths import cache_home
from manyminds.runtime.run import MemoryRun
from manyminds.tools.mcp.gate import Gate
from manyminds.tools.provenance import Provenance
from manyminds.tools.toolset import Toolset


@dataclass(frozen=True)
class Named:
    """A tool that is only ever named."""

    spec: ToolSpec

    async def __call__(self, member: str, call: ToolCall) -> tuple[Evidence, ...]:
        """Refuse: nothing is done here."""
        raise NotImplementedError(f"{member} called {call.name}")


async def planned(one: dict[str, Any], model: str, endpoint: Endpoint) -> list[str]:
    """Return the tools that a model says a task calls for."""
    specs = [ToolSpec(**tool, effect="unkeyed") for tool in one["tools"]]
    gate = Gate(provenance=Provenance(one["prompt"]), acts={spec.name for spec in specs})
    run = MemoryRun(
        run_id="plan", task=Task(prompt=one["prompt"]), seed=1, limits=Limits(),
        members=tuple(roster(1, [model], has_docs=False)), endpoints={model: endpoint},
        tools=Toolset([Named(spec) for spec in specs]),
    )  # fmt: skip
    await plan_acts(run, gate)
    return sorted(gate.provenance.plan or ())


def keep(held: dict[str, Any], out: Path) -> None:
    """Write down what is planned so far."""
    out.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")


async def plan_all(
    tasks: list[dict[str, Any]], held: dict[str, Any], out: Path, at_once: int
) -> None:  # fmt: skip
    """Plan what is not planned yet."""
    model, places = held["model"], asyncio.Semaphore(at_once)
    endpoint = await connect(model, cache=cache_home())

    async def plan(one: dict[str, Any]) -> None:
        async with places:
            held["plans"][one["task"]] = await planned(one, model, endpoint)
            keep(held, out)

    try:
        async with asyncio.TaskGroup() as group:
            for one in tasks:
                if one["task"] not in held["plans"]:
                    group.create_task(plan(one))
    finally:
        await endpoint.close()


def main() -> None:
    """Plan all tasks of a file."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("tasks", type=Path)
    asks.add_argument("out", type=Path)
    asks.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    asks.add_argument("--at-once", type=int, default=4)
    given = asks.parse_args()
    tasks = json.loads(given.tasks.read_text(encoding="utf-8"))
    kept = json.loads(given.out.read_text(encoding="utf-8")) if given.out.exists() else {}
    held = {"model": given.model, "plans": {}} | kept
    if held["model"] != given.model:
        asks.error(f"{given.out} holds plans of {held['model']}; name another file")
    asyncio.run(plan_all(tasks, held, given.out, given.at_once))


if __name__ == "__main__":
    main()
