"""The green route: of the ways measured on questions of a kind, the frugal one within a point.

`manyminds route green` learns it from one's own benches and keeps it in `green.json`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from manyminds.core.errors import RecordError, UsageError
from manyminds.strategies.question import Family

__all__ = ["LEAST", "Way", "greenest", "keep_ways", "load_ways"]

_FILE = "green.json"
LEAST = 30
"""Questions of a kind below which a way is not believed to be measured."""
POINTS = 0.01
"""Accuracy that may be lost for energy."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """What one strategy with one model reached on questions of one kind."""

    family: Family
    model: str
    strategy: str
    members: int
    n: int
    """Questions: the same ones for all ways of a family."""
    accuracy: float
    joules: float
    """Mean of a question: the middle of the estimate."""


_WAYS = TypeAdapter(list[Way])


def greenest(ways: Sequence[Way], family: Family, models: Sequence[str]) -> tuple[Way, Way] | None:
    """Return the way of least energy within a point of the best one, and that best one.

    Args:
        ways: What was measured.
        family: Of the question.
        models: Those that may be asked.

    Returns:
        `None` where fewer than two ways were measured often enough: then there is no choice.
    """
    known = [w for w in ways if w.family == family and w.model in models and w.n >= LEAST]
    if len(known) < 2:
        return None
    best = max(known, key=lambda w: (w.accuracy, -w.joules))
    near = [w for w in known if w.accuracy >= best.accuracy - POINTS]
    return min(near, key=lambda w: w.joules), best


def keep_ways(home: Path, ways: Sequence[Way]) -> Path:
    """Keep what was measured; return the file."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / _FILE
    file.write_text(json.dumps([asdict(way) for way in ways], indent=1) + "\n", encoding="utf-8")
    return file


def load_ways(home: Path) -> list[Way]:
    """Return what was measured.

    Raises:
        UsageError: If nothing was.
        RecordError: If the file cannot be read.
    """
    file = home / _FILE
    try:
        return _WAYS.validate_json(file.read_bytes())
    except FileNotFoundError:
        raise UsageError(
            "nothing was measured here yet that says what takes least energy; play "
            "`manyminds bench`, then `manyminds route green`"
        ) from None
    except ValidationError:
        raise RecordError(
            f"{file} cannot be read; `manyminds route green` writes it anew"
        ) from None
