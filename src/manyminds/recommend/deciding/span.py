"""A stretch of time."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Span"]


@dataclass(frozen=True, kw_only=True)
class Span:
    """From its begin on, and before its end."""

    begin: datetime
    end: datetime
