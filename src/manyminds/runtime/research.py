"""Research: a plan that the person approves, its strategy, and a hand on the wheel meanwhile."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from manyminds.core.events import Planned
from manyminds.core.protocols import Strategy
from manyminds.core.values import Plan, Task
from manyminds.runtime.ask import Asked, AskOptions, Place, Watch, ask
from manyminds.runtime.durable import DurableRun
from manyminds.runtime.history import Expected, expected
from manyminds.runtime.orders import Order, Way
from manyminds.strategies.orchestrate import Approve, Orchestrate
from manyminds.strategies.steering import Steering
from manyminds.strategies.wide import Wide
from manyminds.tools.web.sites import Sites

__all__ = ["OnPlan", "research"]

OnPlan = Callable[[Plan, str, Expected], Awaitable[Plan]]
"""Shown the plan, the run's name and what it will probably cost; returns what to do instead, or the
same."""


def _made(way: Way, plan: Plan, approve: Approve, steering: Steering) -> Strategy:
    if way == "wide":
        return Wide(plan=plan, approve=approve)
    return Orchestrate(plan=plan, approve=approve, steering=steering)


@dataclass(kw_only=True)
class _Hands:
    """What the approved plan changes: which sites are open, and which are trusted."""

    way: Way
    steering: Steering = field(default_factory=Steering)
    run: DurableRun | None = None
    sites: Sites | None = None

    def take(self, run: DurableRun) -> None:
        """Listen to what the person says to a run."""
        self.run = run
        run.listeners.append(self.steering.heed)
        if self.way == "orchestrate":
            run.asides.hints = None  # workers hear them at their next turn, and keep them

    def take_sites(self, sites: Sites) -> None:
        """Take hold of what may be fetched."""
        self.sites = sites

    async def approved(self, planned: Plan, ahead: Expected, on_plan: OnPlan | None) -> Plan:
        """Return the plan as the person wants it; reading it counts against no limit."""
        plan = planned
        past = None if self.run is None else self.run.recorded(Planned)
        if past is not None:
            plan = past.plan
        elif on_plan is not None and self.run is not None:
            began = time.monotonic()
            plan = await on_plan(planned, self.run.id, ahead)
            self.run.leave_out(time.monotonic() - began)
        self._open(plan)
        return plan

    def _open(self, plan: Plan) -> None:
        if self.sites is not None:
            self.sites.plan(plan.sites, plan.no_sites)
        if self.run is not None:
            self.run.task = replace(self.run.task, sites=plan.sites)


async def research(
    task: Task,
    options: AskOptions,
    plan: Plan,
    *,
    data: Path,
    cache: Path,
    watch: Watch,
    on_plan: OnPlan | None = None,
    way: Way = "orchestrate",
    order: Order | None = None,
    place: Place | None = None,
) -> Asked:
    """Work a question by a plan and return what came of it, its report included.

    Args:
        task: What is asked.
        options: How it is to be worked.
        plan: Its parts are the lead's to find where it has none.
        data: Folder that the transcript goes to.
        cache: Folder of what can be made again.
        watch: Who looks on.
        on_plan: Shows the plan to the person; `None` goes on as planned.
        way: The strategy: a report, or a table of all there are of something.
        order: What is kept to begin the run again; `None`: all of the above.
        place: Where it is recorded; `None`: a new run.

    Raises:
        UsageError: If an option cannot be met; nothing was spent then.
        ProviderError: If no model can be reached at all.
    """
    hands = _Hands(way=way)

    async def approve(planned: Plan) -> Plan:
        models = ",".join(dict.fromkeys(options.models))
        here = hands.run is not None and hands.run.here
        ahead = expected(data, way, models, len(planned.parts), free=here)
        watch.on_notice(f"expected: {ahead}")
        return await hands.approved(planned, ahead, on_plan)

    def keep_run(run: DurableRun) -> None:
        hands.take(run)
        watch.on_start(run)

    chosen = _made(way, plan, approve, hands.steering)
    kept = order or Order(task=task, options=options, way=way, plan=plan)
    watching = replace(watch, on_start=keep_run, on_sites=hands.take_sites)
    return await ask(
        task, options, data=data, cache=cache, watch=watching, way=(way, chosen), place=place,
        order=kept,
    )  # fmt: skip
