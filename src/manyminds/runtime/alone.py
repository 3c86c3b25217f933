"""One member without tools, on one model: for what is asked beside a run."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from manyminds.agents.roster import roster
from manyminds.core.values import Limits, Member, Task
from manyminds.runtime.endpoints import connect
from manyminds.runtime.run import MemoryRun
from manyminds.tools.toolset import Toolset

__all__ = ["member_alone"]


@asynccontextmanager
async def member_alone(
    model: str, task: str, *, name: str, cache: Path, limits: Limits
) -> AsyncGenerator[tuple[MemoryRun, Member]]:
    """Yield a run of nothing but one member.

    Args:
        model: Whose.
        task: What it is about.
        name: What the run is called.
        cache: Folder of what can be made again.
        limits: Of all requests together.

    Raises:
        ProviderError: If the model cannot be reached.
    """
    endpoint = await connect(model, cache=cache)
    try:
        [member] = roster(1, [model], has_docs=False)
        yield MemoryRun(
            run_id=name, task=Task(prompt=task), members=(member,), endpoints={model: endpoint},
            tools=Toolset([]), limits=limits, seed=1,
        ), member  # fmt: skip
    finally:
        await endpoint.close()
