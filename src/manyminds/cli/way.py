"""`manyminds way`: a model finds out how something is done on a site, and writes it down."""

import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Annotated, Any

from cyclopts import Parameter

from manyminds.budget.parse import parse_limits
from manyminds.cli.exits import ANSWERED, NO_ANSWER
from manyminds.cli.models import model_for
from manyminds.cli.view import safe
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.core.values import Limits
from manyminds.recommend.doing.action import origin_of
from manyminds.recommend.doing.browser import Executor, launch_arguments
from manyminds.recommend.doing.consent import Consent
from manyminds.recommend.doing.pilot.explore import Turn
from manyminds.recommend.doing.pilot.ways import Ways
from manyminds.recommend.doing.plan import plan_as_json, plan_as_text
from manyminds.runtime.paths import cache_home, person_home
from manyminds.runtime.piloting import UNWATCHED, Piloted, PilotWatch, piloted
from manyminds.tools.web.render import prepared, why_not_ready

__all__ = ["WAYS", "browser_on", "given", "way"]

_LISTENS_S = 0.1
WAYS = "ways.jsonl"
"""File of the ways that were found, in the folder of what is known of the person."""


def way(
    goal: str,
    *,
    site: str,
    with_: Annotated[Sequence[str], Parameter(name="--with")] = (),
    receipt: str = "",
    out: Path = Path("plan.json"),
    model: str | None = None,
    budget: str | None = None,
    profile: Path | None = None,
    me: Path | None = None,
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Let a model find the way to something on a site; what comes of it is a plan for `do`.

    Nothing is sent: the press that would send something ends the search, as the plan's last step.

    Args:
        goal: What is wanted, in your words.
        site: The address to begin at; no other site is reached.
        with_: What may be filled in: name="Ann Lee".
        receipt: Text by which the site says that it is done; without it nobody claims that it was.
        out: Where the plan is written.
        model: Which model; found as for `ask`, where nothing is said.
        budget: Of all its requests, as 20k,5m.
        profile: Folder of a Chromium profile that is signed in where it needs to be.
        me: Folder of what is known of you, instead of the usual one; ways that were found are kept
            in it (ways.jsonl, values as blanks). What was found and done twice is found again
            without asking a model where that is sure.
        json_: Print one JSON object.
    """
    limits = Limits() if budget is None else parse_limits(budget)
    ways = Ways(person_home(me) / WAYS)
    found = asyncio.run(
        _found(goal, site, given(with_), receipt, model, limits, profile, ways, silent=json_)
    )
    explored, plan = found.explored, found.plan
    if plan is not None:
        out.write_text(plan_as_json(plan) + "\n", "utf-8")
    if found.way is not None:
        try:
            ways.keep(found.way)
        except OSError as error:
            notice(f"the way is not kept for the next time: {error.strerror}")
    if json_:
        print(json.dumps({
            "outcome": "none" if plan is None else "answered", "state": explored.state,
            "why": explored.why, "plan": None if plan is None else str(out),
            "steps": len(explored.steps), "corrections": explored.corrections,
            "cost": {"tokens": found.spend.tokens},
        }))  # fmt: skip
    elif plan is not None:
        print(safe(f"{plan_as_text(plan)}\n\n{out}; to do it: manyminds do {out}"))
    else:
        why = explored.why or "there was nothing to send"
        print(safe(
            f"no way was found: {explored.state}, {why} (after {len(explored.steps)} steps); say "
            "more of it, or write the plan yourself: docs/recommend.md"
        ))  # fmt: skip
    return NO_ANSWER if plan is None else ANSWERED


def given(said: Sequence[str]) -> dict[str, str]:
    """Read NAME=VALUE, as a person gives them.

    Raises:
        UsageError: If one is something else.
    """
    found: dict[str, str] = {}
    for one in said:
        key, there, value = one.partition("=")
        if not there:
            raise UsageError(f"--with takes NAME=VALUE, as people=2, not {one!r}")
        found[key.strip()] = value.strip()
    return found


async def _found(
    goal: str, site: str, values: Mapping[str, str], receipt: str, asked: str | None,
    limits: Limits, profile: Path | None, ways: Ways, *, silent: bool,
) -> Piloted:  # fmt: skip
    origin = origin_of(site)
    model = await model_for(asked)
    watch = UNWATCHED
    if not silent:
        notice(f"looking for the way with {model}; nothing is sent")
        watch = _watching(there=_somebody_types(), window=profile is not None)
    with tempfile.TemporaryDirectory(prefix="manyminds-") as folder:
        async with browser_on(profile, (origin,)) as context:
            # It is never asked: what would write is stopped.
            executor = Executor(context, Consent(Path(folder) / "none.sqlite", clock=time.time))
            found = await piloted(
                goal, site, values, model, executor, cache=cache_home(), limits=limits,
                receipt=receipt, ways=ways, watch=watch,
            )  # fmt: skip
    return found


def _watching(*, there: bool, window: bool) -> PilotWatch:
    """Show each turn; where somebody is there, what they type is done next."""

    def told(turn: Turn) -> None:
        by = "you said: " if turn.from_person else ""
        notice(f"{by}{turn.directive.instruction}: {turn.wrong or 'done'}")

    if not there:
        return PilotWatch(on_turn=told)
    notice('say what is to be done next at any time: press "NAME", fill "NAME" with "VALUE" …')
    lines, gone = SimpleQueue[str](), threading.Event()

    def listen() -> None:
        for line in sys.stdin:
            lines.put(line.strip())
        gone.set()  # nobody is there any more

    threading.Thread(target=listen, daemon=True).start()

    def said() -> str | None:
        with suppress(Empty):
            return lines.get_nowait() or None
        return None

    async def person(_page: Any, what: str) -> bool:
        while not lines.empty():  # said before it was asked
            lines.get_nowait()
        notice(f"your turn, in the browser's window: {what}; Enter when it is done, no to end it")
        while lines.empty() and not gone.is_set():  # noqa: ASYNC110 (a thread fills it)
            await asyncio.sleep(_LISTENS_S)
        return not gone.is_set() and lines.get_nowait().casefold() not in ("n", "no")

    # Without a window of theirs there is nothing that they could do.
    return PilotWatch(on_turn=told, said=said, person=person if window else None)


def _somebody_types() -> bool:
    """Say whether a terminal is there and ours: who reads one in the background is stopped."""
    if not sys.stdin.isatty():
        return False
    with suppress(AttributeError, OSError):  # no such thing here, or it is not our terminal
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    return True


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
