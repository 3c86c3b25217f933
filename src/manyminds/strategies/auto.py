"""Auto: spend by what the question needs, and more only where the cheap answer does not hold.

Source: a cascade after a router follows Chen et al. 2023, FrugalGPT; that a router can save most of
the cost at little loss is Ong et al. 2024, RouteLLM.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from manyminds.core.events import Routed
from manyminds.core.messages import ToolCall
from manyminds.core.protocols import Run, Strategy
from manyminds.core.values import Answer, Claim, Member
from manyminds.judging.canonical import canonicalize
from manyminds.strategies.best_of_n import BestOfN
from manyminds.strategies.heavy import Heavy
from manyminds.strategies.route import Choice, Route, RouteEffort, Router, expression_in
from manyminds.strategies.single import Single

__all__ = ["Auto"]

_BY_EFFORT: Mapping[RouteEffort, Strategy] = {
    "low": Single(turns=1),
    "high": BestOfN(),
    "heavy": Heavy(),
}
_BY_ROUTE: Mapping[Route, Strategy] = {
    "python": Single(way="compute"),
    "docs": Single(way="look_up"),
    "search": Single(way="search"),
}
"""One member with tools begins with the one that the question is for."""
HOLDS = 0.5
"""Confidence from which a cheap answer is delivered as it is."""


@dataclass(frozen=True, kw_only=True)
class Auto:
    """Routes a question, answers it cheaply, and calls the panel where that does not hold.

    Cost: nothing for an expression, one request for a plain question; at most the chosen
    strategy's cost and the panel's.
    """

    router: Router = field(default_factory=Router)

    async def __call__(self, run: Run) -> Answer:
        """Work the task."""
        choice = self.router.choose(run.task.prompt, tools=[tool.name for tool in run.tools])
        run.tell(
            Routed(
                route=choice.route, effort=choice.effort, confidence=round(choice.confidence, 3),
                why=choice.why,
            )
        )  # fmt: skip
        if choice.route == "calculator":
            answer = await _calculated(run)
            if answer is not None:
                return answer
        answer = await _strategy_of(choice)(run)
        if not _is_worth_more(choice.effort, answer) or not _affordable(run):
            return answer
        more = Choice(route="panel", effort="heavy", confidence=0.5, why="that did not hold")
        run.tell(Routed(route=more.route, effort=more.effort, confidence=0.5, why=more.why))
        again = await Heavy()(run)
        return again if again.outcome != "none" else answer


def _strategy_of(choice: Choice) -> Strategy:
    if choice.effort == "medium":
        return _BY_ROUTE.get(choice.route, Single())
    return _BY_EFFORT[choice.effort]


def _is_worth_more(effort: RouteEffort, answer: Answer) -> bool:
    """Say whether the panel is called: after a plain question only where nothing came of it."""
    if effort == "heavy":
        return False
    return answer.outcome == "none" if effort == "low" else not _holds(answer)


def _holds(answer: Answer) -> bool:
    # A text has no confidence: a panel could not tell more of it.
    sure = answer.confidence is None or answer.confidence >= HOLDS
    return answer.outcome == "answered" and sure


def _affordable(run: Run) -> bool:
    left = run.left()
    return (left.tokens is None or left.tokens > 0) and (left.seconds is None or left.seconds > 0)


async def _calculated(run: Run) -> Answer | None:
    """Answer an expression by the calculator alone; `None` where it cannot."""
    text = expression_in(run.task.prompt)
    if text is None:
        return None
    call = ToolCall(id=run.new_id("calc"), name="calculate", arguments={"expression": text})
    outcome = await run.call(Member(name="calculator", way="direct", model=""), call)
    if outcome.error is not None or not outcome.evidence:
        return None
    result, ids = outcome.evidence[0].output, (outcome.evidence[0].id,)
    return Answer(
        outcome="answered", text=result, canonical=canonicalize(result).key, confidence=0.99,
        reason=f"{text} = {result}", author="calculator", evidence=outcome.evidence,
        claims=(Claim(text=f"{text} = {result}", support="supported", evidence=ids),),
        how="computed exactly; no model was asked",
    )  # fmt: skip
