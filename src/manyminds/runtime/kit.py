"""The models and the tools of a run, made ready."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from manyminds.core.errors import ProviderError
from manyminds.core.protocols import Tool
from manyminds.core.values import Task
from manyminds.runtime.choose import AskOptions
from manyminds.runtime.endpoints import connect
from manyminds.runtime.flight import Endpoint
from manyminds.runtime.isolation import isolation
from manyminds.runtime.mcp import ready_mcp
from manyminds.runtime.web import ready_web
from manyminds.tools.calculator.tool import Calculate
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.tool import ReadDoc, SearchDocs
from manyminds.tools.mcp.gate import Gate
from manyminds.tools.sandbox.tool import Python
from manyminds.tools.toolset import Toolset
from manyminds.tools.web.outgoing import Outgoing
from manyminds.tools.web.sites import Sites

Notice = Callable[[str], None]


async def connect_all(
    stack: AsyncExitStack, models: Sequence[str], cache: Path, on_notice: Notice
) -> dict[str, Endpoint]:
    """Connect to every model; one of several that cannot be reached is left out, and told.

    Raises:
        ProviderError: If none can be reached.
    """
    found: dict[str, Endpoint] = {}
    failed: list[ProviderError] = []
    for model in dict.fromkeys(models):
        on_notice(f"connecting to {model}")
        try:
            endpoint = await connect(model, cache=cache)
        except ProviderError as error:
            failed.append(error)
            on_notice(str(error))
            continue
        stack.push_async_callback(endpoint.close)
        found[model] = endpoint
    if not found:
        raise failed[0]
    return found


async def ready_tools(
    stack: AsyncExitStack,
    options: AskOptions,
    task: Task,
    *,
    cache: Path,
    sources: Path,
    on_notice: Notice,
    on_sites: Callable[[Sites], None],
    gate: Gate,
) -> Toolset:
    """Ready all tools of a run.

    Args:
        stack: Closes them.
        options: Which.
        task: What for.
        cache: Folder of what can be made again.
        sources: File that keeps the pages that were read.
        on_notice: Told in one line what is being readied.
        on_sites: Given what may be fetched from the web.
        gate: What tools of other servers may do without a word.
    """
    outgoing = Outgoing()
    outgoing.know(task.prompt)
    tools: list[Tool] = []
    if options.docs is not None:
        tools += await _docs(options.docs, cache, outgoing, on_notice)
    if options.web is not None:
        tools += await ready_web(
            stack, options.web, task, cache=cache, sources=sources, outgoing=outgoing,
            on_sites=on_sites,
        )  # fmt: skip
    if options.mcp is not None:
        tools += await ready_mcp(stack, options.mcp, outgoing, gate, on_notice)
    return Toolset([*tools, *await _computing(stack, cache, on_notice)])


async def _docs(
    folder: Path, cache: Path, outgoing: Outgoing, on_notice: Notice
) -> tuple[Tool, Tool]:
    on_notice(f"reading {folder}")
    index = DocsIndex(folder, cache)
    count, left_out = await asyncio.to_thread(index.refresh)
    on_notice(f"{count} documents, {len(left_out)} left out")
    for item in left_out:
        on_notice(f"left out {item.path}: {item.why}")
    return (
        SearchDocs(index=index, on_shown=outgoing.hide),
        ReadDoc(index=index, on_shown=outgoing.hide),
    )


async def _computing(stack: AsyncExitStack, cache: Path, on_notice: Notice) -> list[Tool]:
    """Ready the tools that compute; where none is safe it is told, never replaced by less."""
    tools: list[Tool] = []
    found = await isolation(cache)
    if found.jailer is not None:
        python = Python(found)
        stack.push_async_callback(python.close)
        tools.append(python)
    else:
        why = "; ".join(f"{name}: {reason}" for name, reason in found.refused.items())
        on_notice(f"no sandbox works here, so no code is run ({why}); see manyminds doctor")
    return [*tools, Calculate()]
