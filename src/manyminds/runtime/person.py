"""A person who is not at a prompt: what a run asks them stands in its transcript, and waits."""

import asyncio
from collections.abc import Callable
from functools import cache

from pydantic import TypeAdapter

from manyminds.core.errors import RunCancelled
from manyminds.core.events import PersonAsked, Steered
from manyminds.core.values import Plan
from manyminds.runtime.durable import DurableRun
from manyminds.runtime.history import Expected
from manyminds.tools.web.sites import AGREED, Agreed

__all__ = ["PLAN", "Away", "plan_of", "plan_text"]

PLAN = "plan"
"""What an answer to a plan names."""


@cache
def _plans() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def plan_text(plan: Plan) -> str:
    """Write a plan down, as it is said to a run."""
    return _plans().dump_json(plan).decode()


def plan_of(text: str) -> Plan:
    """Read a plan that was said to a run."""
    return _plans().validate_json(text)


class Away:
    """Asks somebody who answers from another terminal, now or tomorrow."""

    def __init__(self, on_asked: Callable[[DurableRun, PersonAsked], None]) -> None:
        self._on_asked = on_asked
        self._run: DurableRun | None = None
        self._waiting: dict[str, asyncio.Future[Steered]] = {}
        self._said: dict[str, Steered] = {}
        """Of what was asked before the process ended, too."""

    def attend(self, run: DurableRun) -> None:
        """Listen to the answers that a run is told."""
        self._run = run
        run.listeners.append(self._heed)

    async def address(self, address: str) -> Agreed:
        """Ask whether an address may be read."""
        said = await self._ask(PersonAsked(what="address", text=address), address)
        return said.what if said.what in AGREED else "no"

    async def act(self, card: str) -> Agreed:
        """Ask whether a tool may be called."""
        said = await self._ask(PersonAsked(what="act", text=card), card)
        return said.what if said.what in AGREED else "no"

    async def plan(self, plan: Plan, _run: str, ahead: Expected) -> Plan:
        """Ask whether to go on with a plan.

        Raises:
            RunCancelled: If not.
        """
        parts = "\n".join(f"- {part.question}" for part in plan.parts)
        text = f"{plan.goal}\n{parts}\nexpected: {ahead}"
        said = await self._ask(PersonAsked(what="plan", text=text, plan=plan), PLAN)
        if said.what in ("no", "never"):
            raise RunCancelled("you denied the plan")
        return plan_of(said.text) if said.what == "plan" else plan

    async def _ask(self, asked: PersonAsked, name: str) -> Steered:
        if self._run is None:
            return Steered(what="no", text=name)
        if name not in self._said:
            self._run.tell(asked)
            self._on_asked(self._run, asked)
            self._waiting[name] = asyncio.get_running_loop().create_future()
            return await self._waiting[name]
        return self._said[name]

    def _heed(self, said: Steered) -> None:
        if said.what in (*AGREED, "plan"):
            name = PLAN if said.what == "plan" else said.text
            self._said[name] = said
            waiting = self._waiting.get(name)
            if waiting is not None and not waiting.done():
                waiting.set_result(said)
