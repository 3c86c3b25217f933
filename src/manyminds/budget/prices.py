"""Prices and energy of model requests. Unknown is `None`, never zero.

Prices come from the data shipped inside the `genai-prices` package; nothing is fetched.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from genai_prices import Usage, calc_price

from manyminds.budget import energy
from manyminds.core.values import Spend

__all__ = ["Price", "price_of"]

_ON_THIS_MACHINE = frozenset({"embedded", "ollama", "llamacpp", "lmstudio", "vllm"})


@dataclass(frozen=True, kw_only=True)
class Price:
    """How requests to one model are priced."""

    basis: Literal["local", "genai-prices", "unknown"]
    provider: str
    model: str
    here: bool = False
    """Whether it runs on this machine, whose energy can be told."""

    def of(
        self, spend: Spend, *, seconds: float, joules: tuple[float, float] | None = None
    ) -> Spend:
        """Return the spend with dollars and energy filled in, as far as they are known.

        Args:
            spend: Token counts of one request.
            seconds: How long the request took.
            joules: What this machine drew for it, low and high end; `None`: nobody looked.
        """
        if self.here:
            drawn = energy.local(seconds=seconds, joules=joules)
        else:  # of one's own servers elsewhere nothing is known
            drawn = energy.hosted(
                self.provider, self.model, tokens_out=spend.tokens_out, seconds=seconds
            )
        return replace(
            spend, usd=self._usd(spend), kwh_low=None if drawn is None else drawn.kwh_low,
            kwh_high=None if drawn is None else drawn.kwh_high,
            kwh_by=() if drawn is None else (drawn.by,),
        )  # fmt: skip

    @property
    def known(self) -> bool:
        """Whether a dollar cap can be kept."""
        return self._usd(Spend(tokens_in=1, tokens_out=1)) is not None

    def _usd(self, spend: Spend) -> Decimal | None:
        if self.basis == "local":
            return Decimal(0)
        if self.basis == "unknown":
            return None
        usage = Usage(
            input_tokens=spend.tokens_in,
            cache_read_tokens=spend.tokens_cached,
            cache_write_tokens=spend.tokens_written,
            output_tokens=spend.tokens_out,
        )
        try:
            found = calc_price(usage, model_ref=self.model, provider_id=self.provider)
        except LookupError:
            return None
        return Decimal(found.total_price)


def price_of(provider: str, model: str) -> Price:
    """Return how a model is priced.

    Args:
        provider: The part before the colon of a model's name; a URL's provider is `http`.
        model: The part after it.
    """
    if provider in _ON_THIS_MACHINE:
        return Price(basis="local", provider=provider, model=model, here=True)
    # Behind a bare URL may stand anything, a reseller included: no price is known.
    basis = "unknown" if provider == "http" else "genai-prices"
    return Price(basis=basis, provider=provider, model=model)
