"""Arms: what is compared. A strategy, a number of members, and what it may spend.

`heavy` is the strategy with the bench's panel; `best_of_n@3` has three members; `greedy` is one
sample at temperature 0; `majority@budget` draws, and `single@budget` revises, until as much is
spent as the arm they are to equal has spent on the same question. `single` and `oracle` are read
off the draws of `majority`: the mean score of one draw, and whether any of them was right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from manyminds.agents.roles import PRESETS
from manyminds.budget.energy import JOULES_PER_KWH
from manyminds.core.errors import UnknownName, UsageError
from manyminds.core.protocols import Run, Strategy
from manyminds.core.values import Answer, Spend
from manyminds.strategies.best_of_n import BestOfN
from manyminds.strategies.crew import Crew
from manyminds.strategies.majority import Majority, Unchecked
from manyminds.strategies.panel import Panel
from manyminds.strategies.registry import ALONE, strategy_named, strategy_names, thinking_for
from manyminds.strategies.self_consistency import VOTES_ONLY
from manyminds.strategies.self_refine import SelfRefine
from manyminds.strategies.single import Single

__all__ = ["BASE", "Arm", "Derived", "Unit", "Wallet", "amount_of", "parse_arms"]

BASE = "majority"
"""The arm whose draws others are measured against: as many samples as the panel has members."""
Derived = Literal["single", "oracle"]
Unit = Literal["tokens", "usd", "seconds", "joules"]
MOST_DRAWS = 64


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to work every question of a suite."""

    name: str
    members: int
    make: Callable[["Wallet"], Strategy]
    """Given what it may spend, returns the strategy; only budgeted arms look at it."""
    budgeted: bool = False
    equal_to: str | None = None
    """The arm whose spending it equals, question by question."""
    thinking: bool | None = None
    """Whether models that can reason first are told to, or not to."""


@dataclass(kw_only=True)
class Wallet:
    """What a budgeted arm may spend on one question, and has spent."""

    unit: Unit
    amount: float | None
    """`None`: no arm came before that says how much."""
    spent: Callable[[], float | None]
    _before: float = 0.0
    """Spent when it was last asked."""

    def worth_another(self) -> bool:
        """Say whether another step like the last one brings the total nearer to the amount.

        It is not after one that cost nothing: that would go on for ever.
        """
        spent = self.spent()
        if self.amount is None or spent is None:
            return False
        step, self._before = spent - self._before, spent
        return step > 0 and spent + step / 2 < self.amount


def amount_of(spend: Spend, seconds: float, unit: Unit) -> float | None:
    """Return a cost in one unit; `None` where it is not known.

    Args:
        spend: Tokens, dollars and energy.
        seconds: Time of the requests added up.
        unit: What to count; of energy the middle of the estimate.
    """
    match unit:
        case "tokens":
            return float(spend.tokens)
        case "usd":
            return None if spend.usd is None else float(spend.usd)
        case "seconds":
            return seconds
        case "joules":
            if spend.kwh_low is None or spend.kwh_high is None:
                return None
            return (spend.kwh_low + spend.kwh_high) / 2 * JOULES_PER_KWH


def parse_arms(
    text: str, *, members: int, equal_to: str | None = None, unit: Unit = "tokens"
) -> tuple[list[Arm], list[Derived]]:
    """Read what was asked for; the base arm is always there, budgeted arms come last.

    Args:
        text: Names, separated by commas.
        members: Of an arm that does not say otherwise.
        equal_to: The arm that budgeted arms are to equal; `None`: heavy, else the last one named.
        unit: What budgeted arms count.

    Returns:
        The arms to play in order, and those that are read off the base arm's draws.

    Raises:
        UsageError: If a name cannot be understood.
        UnknownName: If there is no such arm.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    derived: list[Derived] = [d for d in ("single", "oracle") if d in names]
    played = [name for name in names if name not in derived]
    if BASE not in played:
        played.insert(0, BASE)
    arms = sorted((_arm(name, members) for name in played), key=lambda arm: arm.budgeted)
    free = [arm.name for arm in arms if not arm.budgeted]
    other = equal_to or ("heavy" if "heavy" in free else free[-1])
    if other not in free:
        raise UsageError(f"--equal-to takes an arm that is played, {', '.join(free)}; not {other}")
    said = other if unit == "tokens" else f"{other}, {unit}"
    return [
        replace(arm, name=f"{arm.name}({said})", equal_to=other) if arm.budgeted else arm
        for arm in arms
    ], derived


def _arm(name: str, members: int) -> Arm:
    base, at, size = name.partition("@")
    if name in _BUDGETED:
        most, make = _BUDGETED[name]
        return Arm(name=name, members=most, make=make, budgeted=True)
    if at and not (size.isdigit() and 1 <= int(size) <= MOST_DRAWS):
        raise UsageError(
            f"{name}: after @ stands the number of members, 1 to {MOST_DRAWS}; "
            f"with a budget there are {' and '.join(_BUDGETED)}"
        )
    if base == "single" or (base in _ALONE and at):
        raise UsageError(f"{name}: it has one member; tools is one member with tools")
    make = _OWN.get(base)
    if make is None and base in strategy_names():
        make = _strategy(base)
    if make is None:
        known = [*strategy_names(), *_OWN, "oracle", *_BUDGETED]
        raise UnknownName("arm", base, known)
    return Arm(
        name=name, members=1 if base in _ALONE else int(size or members), make=make,
        thinking=thinking_for(base),
    )  # fmt: skip


def _strategy(name: str) -> Callable[[Wallet], Strategy]:
    return lambda _wallet: strategy_named(name)


def _revising_until(wallet: Wallet) -> Strategy:
    """Let one member revise its answer, unchecked, until the wallet's amount is spent."""
    return SelfRefine(
        verifier=lambda _run: Unchecked(), rounds=MOST_DRAWS, worth_another=wallet.worth_another
    )


@dataclass(frozen=True)
class _MajorityUntil:
    """Draws samples one after the other until the wallet's amount is spent; most votes win."""

    wallet: Wallet

    async def __call__(self, run: Run) -> Answer:
        panel = Panel(run=run, verifier=Unchecked())
        drawn = 0
        for member in run.members:
            await panel.sample([member], temperature=lambda _place: 0.7)
            drawn += 1
            if panel.stopped or not self.wallet.worth_another():
                break
        return panel.deliver(panel.weighed(VOTES_ONLY), how=f"majority of {drawn} samples")


_BUDGETED: Mapping[str, tuple[int, Callable[[Wallet], Strategy]]] = {
    "majority@budget": (MOST_DRAWS, _MajorityUntil),
    "single@budget": (1, _revising_until),
}
"""Arms that spend as much as another one, with their members."""
_OWN: Mapping[str, Callable[[Wallet], Strategy]] = {
    # All draws, so that single and oracle can be read off them.
    BASE: lambda _wallet: Majority(adaptive=False),
    "majority_adaptive": lambda _wallet: Majority(),
    "greedy": lambda _wallet: Majority(adaptive=False, temperature=0.0),
    "tools": lambda _wallet: Single(way="compute"),
    # With one thing left out, to see what that thing is worth.
    "best_of_n_unrepaired": lambda _wallet: BestOfN(repairs=0),
    "crew_unasked": lambda _wallet: Crew(verification=False),
    # As AG2 and ChatDev work before they are repaired (Cemri et al. 2025): two who talk, and a
    # chain that is gone through once; `crew_duo`, `crew` and `crew_unasked` are the repairs.
    "crew_duo_unasked": lambda _wallet: Crew(roles=PRESETS["duo"], verification=False),
    "crew_chain": lambda _wallet: Crew(rounds=1),
    "crew_chain_unasked": lambda _wallet: Crew(rounds=1, verification=False),
}
"""Arms that are no strategy by that name."""
_ALONE = ALONE | {"greedy", "tools"}
"""Those of one member."""
