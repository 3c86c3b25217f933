"""Finding out how a site is used, with a model: from a goal to a plan to look at."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from manyminds.core.values import Limits, Spend
from manyminds.recommend.doing.action import ASKED, origin_of
from manyminds.recommend.doing.browser import Executor
from manyminds.recommend.doing.pilot.explore import Explored, Turn, explore
from manyminds.recommend.doing.pilot.learned import LearnedPlanner, trusted_hand, way_of
from manyminds.recommend.doing.pilot.models import ModelHand, ModelPlanner
from manyminds.recommend.doing.pilot.ways import Blanks, Way, Ways
from manyminds.recommend.doing.plan import Plan, digest_of
from manyminds.runtime.alone import member_alone

__all__ = ["UNWATCHED", "PilotWatch", "Piloted", "piloted"]


@dataclass(frozen=True, kw_only=True)
class Piloted:
    """What came of it."""

    explored: Explored
    plan: Plan | None
    """Up to the press that would send something; `None` where it did not come that far."""
    way: Way | None
    """What is to be kept of it, once the plan is; `None` where it shows nothing new."""
    spend: Spend


@dataclass(frozen=True, kw_only=True)
class PilotWatch:
    """The person who looks on."""

    on_turn: Callable[[Turn], None] = lambda _turn: None
    """Told each turn when it is done."""
    said: Callable[[], str | None] = lambda: None
    """Returns what they have said since: it is done next."""
    person: Callable[[Any, str], Awaitable[bool]] | None = None
    """Waits until they have done what is theirs, as `explore` has it."""


UNWATCHED = PilotWatch()


async def piloted(
    goal: str, start: str, values: Mapping[str, str], model: str, executor: Executor, *,
    cache: Path, limits: Limits, receipt: str, ways: Ways,
    watch: PilotWatch = UNWATCHED,
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
        ways: What earlier ones have shown.
        watch: The person, where one looks on.

    Raises:
        ProviderError: If the model cannot be reached.
    """
    blanks, site = Blanks(values), origin_of(start)
    hand = trusted_hand(ways.like(site, blanks.goal(goal)))
    async with member_alone(model, goal, name="pilot", cache=cache, limits=limits) as (run, member):
        asked = ModelPlanner(run=run, member=member, goal=goal, values=values)
        planner = (
            asked if hand is None
            else LearnedPlanner(hand=hand, goal=goal, blanks=blanks, other=asked)
        )  # fmt: skip
        found = await explore(
            executor, start, planner, ModelHand(run=run, member=member), sites=(site,),
            said=watch.said, person=watch.person, on_turn=watch.on_turn,
        )  # fmt: skip
        plan = _plan(found, goal, site, values, receipt)
        way = None if plan is None else way_of(site, goal, blanks, digest_of(plan), found.turns)
        return Piloted(explored=found, plan=plan, way=way, spend=run.meter.spent)


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
