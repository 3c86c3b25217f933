"""A person who is not at a prompt: what a run asks them stands in its transcript, and waits."""

import asyncio
from collections.abc import Callable

from manyminds.core.errors import RunCancelled
from manyminds.core.events import PersonAsked, Steered
from manyminds.core.values import Plan
from manyminds.runtime.durable import DurableRun
from manyminds.runtime.history import Expected
from manyminds.tools.web.sites import Agreed

__all__ = ["PLAN", "Away"]

PLAN = "plan"
"""What an answer to a plan names."""


class Away:
    """Asks somebody who answers from another terminal, now or tomorrow."""

    def __init__(self, on_asked: Callable[[DurableRun, PersonAsked], None]) -> None:
        self._on_asked = on_asked
        self._run: DurableRun | None = None
        self._waiting: dict[str, asyncio.Future[Agreed]] = {}
        self._said: dict[str, Agreed] = {}
        """Of what was asked before the process ended, too."""

    def attend(self, run: DurableRun) -> None:
        """Listen to the answers that a run is told."""
        self._run = run
        run.listeners.append(self._heed)

    async def address(self, address: str) -> Agreed:
        """Ask whether an address may be read."""
        return await self._ask(PersonAsked(what="address", text=address), address)

    async def plan(self, plan: Plan, _run: str, ahead: Expected) -> Plan:
        """Ask whether to go on with a plan.

        Raises:
            RunCancelled: If not.
        """
        parts = "\n".join(f"- {part.question}" for part in plan.parts)
        text = f"{plan.goal}\n{parts}\nexpected: {ahead}"
        if await self._ask(PersonAsked(what="plan", text=text), PLAN) == "no":
            raise RunCancelled("you denied the plan")
        return plan

    async def _ask(self, asked: PersonAsked, name: str) -> Agreed:
        if self._run is None:
            return "no"
        if name not in self._said:
            self._run.tell(asked)
            self._on_asked(self._run, asked)
            self._waiting[name] = asyncio.get_running_loop().create_future()
            return await self._waiting[name]
        return self._said[name]

    def _heed(self, said: Steered) -> None:
        if said.what in ("page", "site", "no"):
            self._said[said.text] = said.what
            waiting = self._waiting.get(said.text)
            if waiting is not None and not waiting.done():
                waiting.set_result(said.what)
