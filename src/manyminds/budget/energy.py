"""What model requests draw: always an estimate, always with its method. Unknown is `None`.

The figures of hosted models are those shipped inside `ecologits`, where it is installed (extra
`energy`); nothing is fetched.
"""

import logging
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

__all__ = [
    "COUNTED",
    "GRAMS_PER_KWH",
    "JOULES_PER_KWH",
    "MODELLED",
    "WATTS_PER_CORE",
    "Energy",
    "hosted",
    "local",
]

GRAMS_PER_KWH = 480.0
"""Of CO2 equivalent: the world's mean mix, as in Dauner and Socher 2025, Energy costs of
communicating with AI (Frontiers in Communication)."""
WATTS_PER_CORE = (5.0, 20.0)
"""A busy core: about 5 W in a laptop, 20 W as a server's share with memory and cooling. A modelled
range, not a measurement."""
COUNTED = "the processor's counters (RAPL)"
MODELLED = "CPU seconds x 5 to 20 W"
_BY_THE_CLOCK = "seconds x 10 to 40 W"
"""Two busy cores, where only the time is known: of a request that failed."""
_ECOLOGITS = "EcoLogits"
_PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "google": "google_genai"}
JOULES_PER_KWH = 3_600_000.0


@dataclass(frozen=True, kw_only=True)
class Energy:
    """An estimate of what one request drew."""

    kwh_low: float
    kwh_high: float
    by: str
    """The method."""


def local(*, seconds: float, joules: tuple[float, float] | None) -> Energy:
    """Return what this machine drew for a request.

    Args:
        seconds: How long it took.
        joules: What was counted or modelled meanwhile, low and high end; `None`: nobody looked.
    """
    if joules is None:
        low, high = (2 * seconds * watts for watts in WATTS_PER_CORE)
        by = _BY_THE_CLOCK
    else:
        low, high = joules
        by = COUNTED if low == high > 0 else MODELLED
    return Energy(kwh_low=low / JOULES_PER_KWH, kwh_high=high / JOULES_PER_KWH, by=by)


def hosted(provider: str, model: str, *, tokens_out: int, seconds: float) -> Energy | None:
    """Return what a hosted model's machines drew; `None` where nothing is known of the model.

    Args:
        provider: As we name it.
        model: As the provider names it.
        tokens_out: Of the reply.
        seconds: How long the request took, the way there included.
    """
    if provider not in _PROVIDERS or _ecologits() is None:
        return None
    found = _ecologits().llm_impacts(_PROVIDERS[provider], model, tokens_out, seconds).energy
    if found is None:
        return None
    low, high = getattr(found.value, "min", found.value), getattr(found.value, "max", found.value)
    return Energy(kwh_low=float(low), kwh_high=float(high), by=_ECOLOGITS)


@cache
def _ecologits() -> Any:
    """Return the library, quietened; `None` where it is not installed."""
    loggers = logging.getLoggerClass()
    try:
        return import_module("ecologits.tracers.utils")
    except ModuleNotFoundError:
        return None
    finally:
        logging.setLoggerClass(loggers)  # importing it sets one for the whole process
        logging.getLogger("ecologits").setLevel(logging.CRITICAL)
