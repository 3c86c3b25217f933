"""Finding out how a site is used, with a model: from a goal to a plan to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from manyminds.core.values import Limits, Spend
from manyminds.recommend.doing.action import ASKED, origin_of
from manyminds.recommend.doing.browser import Executor
from manyminds.recommend.doing.pilot.demos import keep_demonstrations, read_demonstrations
from manyminds.recommend.doing.pilot.explore import Explored, explore
from manyminds.recommend.doing.pilot.learned import LearnedPlanner, shown_in, trusted_hand
from manyminds.recommend.doing.pilot.models import ModelHand, ModelPlanner
from manyminds.recommend.doing.plan import Plan
from manyminds.runtime.alone import member_alone

__all__ = ["Piloted", "piloted"]


@dataclass(frozen=True, kw_only=True)
class Piloted:
    """What came of it."""

    explored: Explored
    plan: Plan | None
    """Up to the press that would send something; `None` where it did not come that far."""
    spend: Spend


async def piloted(
    goal: str, start: str, values: Mapping[str, str], model: str, executor: Executor, *,
    cache: Path, limits: Limits, receipt: str, shown: Path,
) -> Piloted:  # fmt: skip
    """Let a model find the way to what is wanted; nothing is sent.

    What earlier ways have shown is done as it was shown, once they prove that this can be told.

    Args:
        goal: What is wanted, in the person's words.
        start: Address to begin at; its site is the only one that is reached.
        values: What may be filled in, by what it is.
        model: Who plans and who acts, each by a prompt of its own.
        executor: Whose browser.
        cache: Folder of what can be made again.
        limits: Of all requests together.
        receipt: Text that says that it is done.
        shown: File of what earlier ways have shown; a way that is found is added.

    Raises:
        UsageError: If the file holds something else.
        ProviderError: If the model cannot be reached.
    """
    told = ". ".join([goal, *(f'{name} "{value}"' for name, value in values.items())])
    hand = trusted_hand(read_demonstrations(shown))
    async with member_alone(model, goal, name="pilot", cache=cache, limits=limits) as (run, member):
        asked = ModelPlanner(run=run, member=member, goal=goal, values=values)
        planner = (
            asked if hand is None else LearnedPlanner(hand=hand, instruction=told, other=asked)
        )
        site = origin_of(start)
        found = await explore(
            executor, start, planner, ModelHand(run=run, member=member), sites=(site,)
        )
        plan = _plan(found, goal, site, values, receipt)
        if plan is not None:
            keep_demonstrations(shown, shown_in(told, found.turns))
        return Piloted(explored=found, plan=plan, spend=run.meter.spent)


def _plan(
    found: Explored, goal: str, site: str, values: Mapping[str, str], receipt: str
) -> Plan | None:
    if found.state not in ("act", "over") or (found.state == "over" and not receipt):
        return None
    given = set(values.values())
    # What the person did not give, a page may have talked the model into.
    steps = tuple(
        replace(step, origin="person" if step.value in given else "page") if step.value else step
        for step in found.steps
    )
    if any(step.act in ASKED for step in steps[:-1]):
        return None
    return Plan(goal=goal, sites=(site,), steps=steps, receipt=receipt)
