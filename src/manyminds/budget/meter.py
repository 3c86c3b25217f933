"""A meter sets money aside before a step starts and keeps only what the step cost.

It runs on one event loop and never awaits, so taking and holding are one act: members side by
side cannot both take the last of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from manyminds.core.errors import BudgetExceeded
from manyminds.core.protocols import Left
from manyminds.core.values import NOTHING_SPENT, Limits, Spend

__all__ = ["Hold", "Meter"]

RESERVE = Fraction(1, 8)
"""Share of tokens and dollars kept for ending well: an answer form takes some 300 tokens and the
prompt it ends, which an eighth of 10 k holds. Smaller budgets may end without one."""

RESERVE_SECONDS = Fraction(1, 10)
"""Share of the wall time kept for ending well."""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """What is set aside for one step under way."""

    tokens: int
    usd: Decimal | None


@dataclass(kw_only=True)
class Meter:
    """The budget of one run: what is spent, what is set aside, what is left."""

    limits: Limits
    elapsed: Callable[[], float]
    """Seconds since the run began."""
    spent: Spend = NOTHING_SPENT
    _held: list[Hold] = field(default_factory=list[Hold])
    _kwh: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))

    def hold(self, *, tokens: int, usd: Decimal | None, ending: bool = False) -> Hold:
        """Set aside what a step may cost at most. Only an `ending` step may use the reserve.

        Raises:
            BudgetExceeded: If it is not to be had; nothing is set aside then.
        """
        self._check_seconds(ending=ending)
        self._check_tokens(tokens, ending=ending)
        self._check_usd(usd, ending=ending)
        return self.hold_again(tokens=tokens, usd=usd)

    def hold_again(self, *, tokens: int, usd: Decimal | None) -> Hold:
        """Set aside what was to be had when the step was first taken."""
        hold = Hold(tokens=tokens, usd=usd)
        self._held.append(hold)
        return hold

    def fits_later(self, *, tokens: int, usd: Decimal | None, ending: bool = False) -> bool:
        """Say whether a step that was refused would fit once the steps under way are settled.

        They usually cost far less than what is set aside for them.
        """
        if not self._held:
            return False
        alone = Meter(limits=self.limits, elapsed=self.elapsed, spent=self.spent)
        try:
            alone.hold(tokens=tokens, usd=usd, ending=ending)
        except BudgetExceeded:
            return False
        return True

    def settle(self, hold: Hold, spend: Spend) -> None:
        """Give back what was set aside and keep what was really spent."""
        self._held.remove(hold)
        self.spent = self.spent + spend
        if self.spent.kwh_low is not None and self.spent.kwh_high is not None:
            # Added up exactly, so that it is the ledger's sum whatever was settled first.
            self._kwh = (
                self._kwh[0] + Fraction(spend.kwh_low or 0),
                self._kwh[1] + Fraction(spend.kwh_high or 0),
            )
            low, high = map(float, self._kwh)
            self.spent = replace(self.spent, kwh_low=low, kwh_high=high)

    def left(self) -> Left:
        """What work may still take, the reserve not counted."""
        tokens = self.limits.tokens
        if tokens is not None:
            tokens = max(0, tokens - int(tokens * RESERVE) - self.spent.tokens - self.held_tokens)
        return Left(tokens=tokens, seconds=self.seconds_left(ending=False))

    def affords(self, needs: Left) -> bool:
        """Say whether one more try is likely to be paid for.

        What it costs in dollars is not known; half of all that there is will do.
        """
        left, usd = self.left(), self.limits.usd
        pairs = ((left.tokens, needs.tokens), (left.seconds, needs.seconds))
        enough = all(there is None or there >= (need or 0) for there, need in pairs)
        return enough and (usd is None or 2 * (self.spent.usd or 0) <= usd)

    def seconds_left(self, *, ending: bool) -> float | None:
        """Seconds a step may still take; `None` without a limit, never below zero."""
        if self.limits.seconds is None:
            return None
        share = 1.0 if ending else float(1 - RESERVE_SECONDS)
        return max(0.0, self.limits.seconds * share - self.elapsed())

    @property
    def held_tokens(self) -> int:
        """Tokens set aside for steps under way."""
        return sum(hold.tokens for hold in self._held)

    def _check_seconds(self, *, ending: bool) -> None:
        left = self.seconds_left(ending=ending)
        if left is not None and left <= 0:
            allowed = Decimal(str(self.limits.seconds))
            spent = Decimal(str(round(self.elapsed(), 1)))
            raise BudgetExceeded("seconds", allowed=allowed, spent=spent)

    def _check_tokens(self, tokens: int, *, ending: bool) -> None:
        limit = self.limits.tokens
        if limit is None:
            return
        usable = limit if ending else limit - int(limit * RESERVE)
        taken = self.spent.tokens + self.held_tokens
        if taken + tokens > usable:
            raise BudgetExceeded("tokens", allowed=Decimal(limit), spent=Decimal(taken))

    def _check_usd(self, usd: Decimal | None, *, ending: bool) -> None:
        limit = self.limits.usd
        if limit is None:
            return
        usable = limit if ending else limit * Decimal(float(1 - RESERVE))
        taken = self.spent.usd
        for hold in self._held:
            taken = None if taken is None or hold.usd is None else taken + hold.usd
        # An unknown price under a dollar cap cannot be kept: refuse rather than hope.
        if usd is None or taken is None or taken + usd > usable:
            spent = Decimal(0) if self.spent.usd is None else self.spent.usd
            raise BudgetExceeded("usd", allowed=limit, spent=spent)
