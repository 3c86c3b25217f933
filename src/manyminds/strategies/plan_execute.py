"""Plan and execute: a planner names the next step, an executor does it, the planner looks again.

Source: Wang et al. 2023, Plan-and-Solve Prompting (ACL); the correction flag beside each next step
keeps a plan from running on over a step that went wrong.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from manyminds.agents.inquiry import inquire
from manyminds.agents.member import open_thread
from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run
from manyminds.core.values import Answer, Failure, Member
from manyminds.judging.weigh import Weighed
from manyminds.strategies.panel import Panel
from manyminds.tools.fence import fence

__all__ = ["Plan", "PlanExecute"]

Override = Callable[["Plan"], Awaitable[str | None]]
"""Asked before each step: returns another step to do instead, or `None` to go on as planned."""

_FIELDS: dict[str, JsonValue] = {
    "correction_needed": {"type": "boolean"},
    "correction": {"type": "string"},
    "next_step": {"type": "string"},
    "finished": {"type": "boolean"},
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the planner wants next."""

    next_step: str
    finished: bool
    correction_needed: bool = False
    correction: str = ""
    """What went wrong in the step before, where something did."""


async def _as_planned(_plan: Plan) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class PlanExecute:
    """Alternates planning one step and doing it, until the planner says it is finished.

    Cost: one request to plan and up to `turns` to execute, at most `steps` times.
    """

    steps: int = 5
    turns: int = 3
    """Requests of one chunk of the executor's work: short, so that it can be corrected."""
    override: Override = _as_planned

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        panel = Panel(run=run)
        ended: str | Failure = ""
        for member in panel.leads():
            [ended] = await run.gather([self._work(panel, member)])
            if isinstance(ended, Failure):
                panel.failures[member.name] = ended
            if panel.notes or panel.stopped:
                break
        weighed = panel.weighed()
        how = ended if isinstance(ended, str) else "the plan was not worked to its end"
        return panel.deliver(weighed, how=how, stands=not _denied(panel, weighed))

    async def _work(self, panel: Panel, member: Member) -> str:
        run = panel.run
        thread = open_thread(run, member, temperature=0.0)
        done: list[str] = []
        for number in range(1, self.steps + 1):
            plan = await self._plan(run, done)
            if plan.finished and done:
                return f"finished in {len(done)} steps"
            step = await self.override(plan) or plan.next_step
            panel.enter("execute", step[:160], round_=number)
            correction = plan.correction if plan.correction_needed else "nothing"
            thread.say(prompt("execute", step=step, correction=correction))
            note = await panel.take_note(thread, round_=number, turns=self.turns)
            done.append(f"step: {step}\nresult: {note.answer}\n{note.reason}")
        return f"{self.steps} steps were done; the planner saw no end"

    async def _plan(self, run: Run, done: list[str]) -> Plan:
        planner = Member(name="planner", way="direct", model=run.members[-1].model)
        so_far = fence("\n\n".join(done) or "nothing yet", source="executor", limit=6_000)
        text = prompt("plan", question=run.task.prompt, done=so_far)
        try:
            said = await inquire(run, planner, text, _FIELDS, max_tokens=400, purpose="lead")
        except ProviderError:
            said = {}
        if set(said) < set(_FIELDS):
            # Without a plan the executor works the whole question.
            return Plan(next_step="answer the question", finished=bool(done))
        return Plan(
            next_step=str(said["next_step"]), finished=said["finished"] is True,
            correction_needed=said["correction_needed"] is True,
            correction=str(said["correction"]),
        )  # fmt: skip


def _denied(panel: Panel, weighed: Weighed) -> bool:
    return bool(weighed.groups) and any(
        panel.verdicts[name].outcome == "rejected" for name in weighed.groups[0].members
    )
