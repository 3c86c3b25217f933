"""One task on one of the local sites, in a process of its own that may end at any moment.

python -m tests.recommend.acting PLAN_FILE FOLDER [STAGE]: carries the plan out, gives the yes where it is
asked for with an act that costs what the file `agreed` says, and kills itself at STAGE.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from manyminds.recommend.doing.browser import Executor, Outcome, launch_arguments
from manyminds.recommend.doing.consent import Consent
from manyminds.recommend.doing.plan import Plan, Step, read_plan
from tests.browser import chromium
from tests.recommend.sites import SITES

WAIT_MS = 4_000


def task(kind: str, origin: str, item: str, name: str) -> Plan:
    """Return what is to be done on a site: book, buy, apply or send."""
    button, receipt, fields = SITES[kind]
    said = {
        "Name": name,
        "Date": "2026-12-01",
        "Guests": "2",
        "Tickets": "1",
        "Address": "Lane 4",
        "Quantity": "1",
        "Email": "ann@example.org",
        "Letter": "I would like to.",
        "Message": "Hello",
    }
    act = "pay" if kind in ("events", "shop") else "submit"
    steps = (
        Step(kind="open", what=f"{origin}/{kind}"),
        Step(kind="press", what=f"Item {item.removeprefix('item')}"),
        Step(kind="see", what=item),
        *(Step(kind="fill", what=label, value=said[label], origin="person") for label in fields),
        Step(kind="press", what=button, act=act),
    )  # fmt: skip
    return Plan(
        goal=f"{button} {item}", sites=(origin,), steps=steps, receipt=receipt, look=f"{origin}/orders",
        mark=f"{kind}/{item}/{name}",
    )  # fmt: skip


@asynccontextmanager
async def context(*sites: str) -> AsyncIterator[Any]:
    """A browser's context of our own."""
    async with async_playwright() as play:
        args = launch_arguments(sites) + (["--no-sandbox"] if os.geteuid() == 0 else [])
        browser = await play.chromium.launch(executable_path=chromium(), args=args)
        try:
            yield await browser.new_context()
        finally:
            await browser.close()


async def carried_out(
    plan: Plan, consent: Consent, agreed: str | None, *, dies_at: str = "", browser: Any = None
) -> Outcome:
    """Carry a plan out; say yes once, if it costs what was agreed to."""

    async def stage(name: str) -> None:
        if name == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    if browser is None:
        async with context(*plan.sites) as own:
            return await carried_out(plan, consent, agreed, dies_at=dies_at, browser=own)
    executor = Executor(browser, consent, on_stage=stage, wait_ms=WAIT_MS)
    outcome = await executor.run(plan, "d")
    if outcome.state == "waiting" and outcome.action is not None and outcome.action.cost == agreed:
        consent.give(outcome.action, "d")
        outcome = await executor.run(plan, "d")
    return outcome


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    agreed = (folder / "agreed").read_text() or None
    found = asyncio.run(
        carried_out(
            read_plan(Path(sys.argv[1]).read_text("utf-8")), Consent(folder / "doing.sqlite", clock=time.time),
            agreed, dies_at=sys.argv[3] if len(sys.argv) > 3 else "",
        )
    )  # fmt: skip
    sys.stdout.write(f"{found.state} {found.why}\n")
