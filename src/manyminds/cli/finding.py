"""The browser that `do` acts in, and the way to a goal that a model finds in it."""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from manyminds.budget.parse import parse_limits
from manyminds.cli.bench import model_for
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.values import Limits
from manyminds.recommend.doing.action import origin_of
from manyminds.recommend.doing.browser import Executor, launch_arguments
from manyminds.recommend.doing.consent import Consent
from manyminds.recommend.doing.plan import Plan
from manyminds.runtime.paths import cache_home
from manyminds.runtime.piloting import piloted
from manyminds.tools.web.render import prepared, why_not_ready

__all__ = ["Wanted", "browser_on", "found_out"]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a person wants to have done on a site."""

    goal: str
    site: str | None
    receipt: str = ""
    model: str | None = None
    budget: str | None = None


async def found_out(
    wanted: Wanted, values: Mapping[str, str], profile: Path | None, *, silent: bool
) -> Plan:
    """Let a model find the way, and return it as a plan; nothing is sent.

    Raises:
        UsageError: If there is no site, or no way was found.
    """
    if wanted.site is None:
        raise UsageError("where? manyminds do --goal WORDS --site https://book.example")
    site = origin_of(wanted.site)
    limits = Limits() if wanted.budget is None else parse_limits(wanted.budget)
    model = await model_for(wanted.model)
    if not silent:
        notice(f"looking for the way with {model}; nothing is sent")
    with tempfile.TemporaryDirectory(prefix="manyminds-") as folder:
        async with browser_on(profile, (site,)) as context:
            # It is never asked: what would write is stopped.
            executor = Executor(context, Consent(Path(folder) / "none.sqlite", clock=time.time))
            found = await piloted(
                wanted.goal, wanted.site, values, model, executor, cache=cache_home(),
                limits=limits, receipt=wanted.receipt,
            )  # fmt: skip
    if not silent:
        for turn in found.explored.turns:
            notice(f"{turn.directive.instruction}: {turn.wrong or 'done'}")
    if found.plan is None:
        done = len(found.explored.steps)
        raise UsageError(
            f"no way was found ({found.explored.state}: {found.explored.why or 'nothing to send'}) "
            f"after {done} steps; say more in --goal, or write the plan yourself: docs/recommend.md"
        )
    return found.plan


@asynccontextmanager
async def browser_on(profile: Path | None, sites: tuple[str, ...]) -> AsyncGenerator[Any]:
    """Open the system's Chromium, in its sandbox, on the person's profile or a fresh one."""
    if (why := why_not_ready()) is not None:
        raise UsageError(why)
    playwright: Any = import_module("playwright.async_api")
    with tempfile.TemporaryDirectory(prefix="manyminds-", ignore_cleanup_errors=True) as folder:
        place = await asyncio.to_thread(prepared, Path(folder))
        if profile is not None and place.program.parent == Path(folder):
            raise UsageError("root's Chromium has no sandbox: --profile is for another user")
        async with playwright.async_playwright() as play:
            context = await play.chromium.launch_persistent_context(
                str(profile or place.profile), executable_path=str(place.program),
                headless=profile is None, chromium_sandbox=True, service_workers="block",
                accept_downloads=False, handle_sigint=False, handle_sigterm=False,
                args=launch_arguments(sites),
                env={"HOME": str(place.profile)} if profile is None else None,
            )  # fmt: skip
            try:
                yield context
            finally:
                await context.close()
