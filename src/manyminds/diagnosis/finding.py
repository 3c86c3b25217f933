"""A finding: a failure or a waste, where it stands, and what shows it."""

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Finding"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One failure or waste. One without evidence is not reported."""

    code: str
    """Of `modes.MODES`: "1.3" and so on as MAST v3 numbers them, or the name of a waste."""
    step: int
    member: str
    evidence: str
    """Words of the run, as they stand in it at `step`."""
    why: str
    """One sentence a person can check."""
    confidence: float
    """From 0 to 1: of a rule stated, not measured; of a model the share of its votes."""
    by: str
    """"rule" or the model that judged."""
    also: tuple[int, ...] = ()
    """Other steps it rests on."""
    tokens: int | None = None
    """What it cost; `None` where the source does not say."""
    usd: Decimal | None = None
    seconds: float | None = None
