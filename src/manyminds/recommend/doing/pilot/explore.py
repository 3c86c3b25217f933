"""Goes through a site as a person would, up to the press that would change something.

What comes of it is a plan: the steps that led there, and the press, which the executor makes only
after a yes. Until then nothing is sent that writes, so trying costs nothing but time.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from manyminds.core.errors import ManymindsError, UsageError
from manyminds.recommend.doing.action import Class, within
from manyminds.recommend.doing.browser import Executor
from manyminds.recommend.doing.page import AWAY, gently, prices_of, what_is_wrong
from manyminds.recommend.doing.pilot.directive import CHUNK, Directive
from manyminds.recommend.doing.pilot.view import View, look_at
from manyminds.recommend.doing.plan import Step
from manyminds.recommend.doing.secrets import Secrets

__all__ = ["Explored", "Planner", "Policy", "Turn", "explore"]

MOST_TURNS = 60
_SAME = 3
"""Turns in a row with the same instruction on the same page, after which it goes nowhere."""
_PAYS = re.compile(r"\b(?:buy|pay|order|purchase|checkout|reserve now)\b", re.IGNORECASE)
_SENDS = re.compile(
    r"\b(?:send|submit|book|reserve|enrol|enroll|apply|register|sign up|subscribe|unsubscribe|"
    r"confirm|post|publish|vote|accept|decline|donate|transfer)\b",
    re.IGNORECASE,
)
_DELETES = re.compile(r"\b(?:delete|remove|cancel)\b", re.IGNORECASE)
_LOGS_IN = re.compile(r"\b(?:log ?in|sign ?in)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What was said and done between two looks of the planner."""

    directive: Directive
    done: tuple[Step, ...]
    wrong: str = ""
    """Why the next step was not done; "" where all were."""
    from_person: bool = False
    view: View | None = None
    """The page before it; `None` where nothing was to be done on it."""


Planner = Callable[[View, Sequence[Turn]], Awaitable[Directive]]
"""Says what is next, from the page and what was done so far."""
Policy = Callable[[str, View], Awaitable[tuple[Step, ...]]]
"""Says how an instruction is done on a page, in a few steps."""


@dataclass(kw_only=True)
class Explored:
    """How far it came."""

    state: Literal["act", "over", "person", "lost"]
    """Before a press that writes; at the end without one; before a step that is the person's; or
    it went nowhere."""
    why: str = ""
    steps: list[Step] = field(default_factory=list[Step])
    turns: list[Turn] = field(default_factory=list[Turn])

    @property
    def corrections(self) -> int:
        """How often the planner mended something."""
        return sum(turn.directive.correction for turn in self.turns)


async def explore(
    executor: Executor, start: str, planner: Planner, policy: Policy, *,
    sites: tuple[str, ...], said: Callable[[], str | None] = lambda: None,
    person: Callable[[Any, str], Awaitable[bool]] | None = None,
    on_turn: Callable[[Turn], None] = lambda _turn: None,
) -> Explored:  # fmt: skip
    """Let a planner and a policy find the way.

    Args:
        executor: Whose browser; it stops all that writes.
        start: Address to begin at.
        planner: Looks at the page before each chunk.
        policy: Does what the planner says, at most a chunk of it.
        sites: Origins that may be reached.
        said: What the person has said since, in words: it is done in place of what the planner
            would say next.
        person: Waits until the person has done what is theirs, given the page and what it is;
            `None`, or false, ends it there.
        on_turn: Told each turn when it is done.
    """
    search = _Search(
        executor=executor, planner=planner, policy=policy, sites=sites, said=said, person=person,
        on_turn=on_turn,
    )  # fmt: skip
    async with executor.opened(sites) as page:
        try:
            await search.go(page, start)
        except ManymindsError:
            raise
        except Exception as error:  # noqa: BLE001 (a page may do anything; what was found is told)
            search.found.why = f"the page gave up: {(str(error).splitlines() or [''])[0][:160]}"
    return search.found


@dataclass(kw_only=True)
class _Search:
    """One search, and what it has found so far."""

    executor: Executor
    planner: Planner
    policy: Policy
    sites: tuple[str, ...]
    said: Callable[[], str | None]
    person: Callable[[Any, str], Awaitable[bool]] | None
    on_turn: Callable[[Turn], None]
    found: Explored = field(default_factory=lambda: Explored(state="lost"))
    waited: tuple[str, View] | None = None
    """What the person was waited for last, and on which page."""
    secrets: Secrets = field(default_factory=Secrets)
    """What fields for secrets held on the way: it is shown to nobody on later pages either."""

    async def go(self, page: Any, start: str) -> None:
        """Go on turn by turn until it is over, one way or another."""
        found = self.found
        await gently(page, Step(kind="open", what=start))
        found.steps.append(Step(kind="open", what=start))
        for _ in range(MOST_TURNS):
            view = await look_at(page, self.secrets)
            override = self.said()
            directive = (
                await self.planner(view, found.turns) if override is None
                else Directive(next_step=override)
            )  # fmt: skip
            if directive.over:
                found.state, found.why = "over", directive.next_step
                return
            if directive.person:
                again = self.waited == (directive.person, view)  # they did, and it is as it was
                self.waited = directive.person, view
                if again or self.person is None or not await self.person(page, directive.person):
                    found.state, found.why = "person", directive.person
                    return
                found.steps.append(Step(kind="person", what=directive.person))
                found.turns.append(Turn(directive=directive, done=()))
                continue
            turn = await self._turn(page, view, directive)
            found.turns.append(replace(turn, from_person=override is not None, view=view))
            self.on_turn(found.turns[-1])
            found.steps += [step for step in turn.done if not _only_clears(step)]
            if found.steps[-1].act != "navigate":
                found.state = "act"
                return
            if _stuck(found.turns):
                found.why = f"it goes nowhere: {turn.wrong or directive.instruction}"
                return
        found.why = f"not there after {MOST_TURNS} turns"

    async def _turn(self, page: Any, view: View, directive: Directive) -> Turn:
        """Do one chunk; what does not work ends it, and is told to the planner."""
        done: list[Step] = []
        try:
            steps = await self.policy(directive.instruction, view)
        except UsageError as error:
            return Turn(directive=directive, done=(), wrong=str(error))
        for step in steps[:CHUNK]:
            # What its name says it does is not tried out: a GET may act all the same.
            if step.kind == "press" and (named := _by_name(step, view)) is not None:
                return Turn(directive=directive, done=(*done, replace(step, act=named)))
            before = set(self.executor.stopped)
            try:
                await gently(page, step)
            except Exception as error:  # noqa: BLE001 (a page may do anything; the planner is told)
                why = await what_is_wrong(page, step, error)
                return Turn(directive=directive, done=tuple(done), wrong=why)
            # What a page sends by itself all the time is not what the press did.
            if step.kind == "press" and await self.executor.wrote(before):
                act: Class = "pay" if _PAYS.search(view.text) else "submit"
                return Turn(directive=directive, done=(*done, replace(step, act=act)))
            if not within(page.url, self.sites):
                why = f"it led to {page.url}, which is none of the sites"
                return Turn(directive=directive, done=tuple(done), wrong=why)
            done.append(step)
        return Turn(directive=directive, done=tuple(done))


def _only_clears(step: Step) -> bool:
    """Say whether a press only closed what lay over the page, which the executor does itself."""
    return step.kind == "press" and step.act == "navigate" and bool(AWAY.match(step.what))


def _by_name(step: Step, view: View) -> Class | None:
    """Return what a press does by its name; `None` where it only leads on.

    A link to where one books or signs in is followed; one that deletes is not.
    """
    if _DELETES.search(step.what):
        return "delete"
    called = (step.what, f"{step.what} (button ")
    if not any(
        e.role == "button" and (e.name == called[0] or e.name.startswith(called[1]))
        for e in view.elements
    ):
        return None
    if _LOGS_IN.search(step.what):
        return "login"
    if _PAYS.search(step.what) and prices_of(view.text):
        return "pay"
    return "submit" if _PAYS.search(step.what) or _SENDS.search(step.what) else None


def _stuck(turns: Sequence[Turn]) -> bool:
    last = [(turn.directive.instruction, turn.wrong) for turn in turns[-_SAME:]]
    return len(last) == _SAME and len(set(last)) == 1 and bool(last[0][1])
