"""Requests on their way: to what endpoint, for how long, and what one without a reply has cost."""

import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from manyminds.agents.models import Progress, tokens_at_least, tokens_at_most
from manyminds.budget.prices import Price
from manyminds.core.events import RequestFailed
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.protocols import Abilities
from manyminds.core.values import Member, Spend
from manyminds.runtime.machine import Share, joules_of

__all__ = ["Endpoint", "Flight", "Patience"]


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a service in trouble is waited for."""

    tries: int = 4
    """Requests in all; 4 tries with doubling waits outlast some four seconds of trouble."""
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    """A service that asks for a longer wait is given up at once."""


class Endpoint(Protocol):
    """One model behind one address, ready to be asked."""

    @property
    def abilities(self) -> Abilities:
        """What it can do."""
        ...

    @property
    def price(self) -> Price:
        """How it is priced."""
        ...

    async def send(self, call: ModelCall, *, progress: Progress | None = None) -> Reply:
        """Send one request.

        Raises:
            ProviderError: If there was no usable reply.
        """
        ...


@dataclass(kw_only=True)
class Flight:
    """One request on its way."""

    step: int
    member: Member
    call: ModelCall
    asked: ModelCall
    """The same before anybody had something to say to it."""
    endpoint: Endpoint
    prompt_hash: str
    began: float = field(default_factory=time.monotonic)
    pieces: int = 0
    shares: list[Share] = field(default_factory=list[Share])
    """What it has had of this machine."""
    past: RequestFailed | None = None
    """How it failed when it was sent by a process that has ended since."""
    cut: bool = False
    """Whether it was us who ended it, so that the provider bills what it had done."""
    _lost: Spend | None = None

    def lost(self) -> Spend:
        """Estimate what a request without a reply has cost: the prompt, and what had come.

        A request that the provider itself refused costs nothing. It is asked once: what is on
        record is what the budget knows.
        """
        if self._lost is None:
            at_least = tokens_at_least(self.call) if self.cut or self.pieces else 0
            guessed = at_least + self.pieces > 0
            spend = Spend(tokens_in=at_least, tokens_out=self.pieces, estimated=guessed)
            joules = joules_of(self.shares)
            self._lost = self.endpoint.price.of(spend, seconds=self.seconds, joules=joules)
        return self._lost

    def most(self) -> tuple[int, Decimal | None]:
        """Return the tokens and dollars that it may cost."""
        tokens = tokens_at_most(self.call)
        given = tokens - self.call.max_tokens
        # Input is dearest where a provider writes all of it to its cache.
        dearest = Spend(
            tokens_in=given, tokens_written=given, tokens_out=self.call.max_tokens
        )  # fmt: skip
        return tokens, self.endpoint.price.of(dearest, seconds=0.0).usd

    def reset(self, step: int) -> None:
        """Make it another step: the same request, sent anew."""
        self.step, self.began, self.pieces, self.shares = step, time.monotonic(), 0, []
        self.past, self.cut, self._lost = None, False, None

    @property
    def seconds(self) -> float:
        """How long it has been under way."""
        return time.monotonic() - self.began
