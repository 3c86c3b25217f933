"""What runs have cost so far, and so what the next one will: shown before it starts.

One line a run in `history.jsonl`. Where there is no history the estimate is a stated one.
"""

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from manyminds.core.values import Cost

__all__ = ["Expected", "expected", "remember"]

_FILE = "history.jsonl"
_LATEST = 50
"""Runs looked at, the latest ones."""
_LEAST = 3
"""Runs from which history is believed."""

_REQUESTS: Mapping[str, tuple[float, float]] = {
    # a run, and for each member
    "single": (2.5, 0), "self_consistency": (0, 2.0), "majority": (0, 0.8), "best_of_n": (0, 0.7),
    "mixture": (1, 1), "debate": (1, 2), "tree": (10, 0), "crew": (5, 0), "plan_execute": (8, 0),
    "heavy": (3, 2.5), "auto": (1, 1.5),
}  # fmt: skip
_TOKENS_A_REQUEST = (700, 150)
"""Input and output of one request; both measured on the everyday questions, rounded."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a run will probably cost; `None` is not known."""

    tokens: int
    usd: float | None
    seconds: float | None
    wh: float | None
    """Watt-hours, the middle of the estimate."""
    runs: int
    """Past runs it rests on; 0 for a stated estimate."""

    def __str__(self) -> str:
        """Return it in one line for people."""
        usd = "$ unknown" if self.usd is None else f"${self.usd:.4f}"
        seconds = "time unknown" if self.seconds is None else f"{self.seconds:.0f} s"
        energy = "energy unknown" if self.wh is None else f"{self.wh:.2g} Wh"
        how = f"as {self.runs} runs like it" if self.runs else "a rough estimate, no history yet"
        return f"about {self.tokens:,} tokens, {usd}, {seconds}, {energy} ({how})"


def remember(home: Path, strategy: str, model: str, members: int, cost: Cost) -> None:
    """Add a run that came to its end."""
    spend = cost.spend
    middle = None
    if spend.kwh_low is not None and spend.kwh_high is not None:
        middle = (spend.kwh_low + spend.kwh_high) * 500
    row = {
        "strategy": strategy, "model": model, "members": members,
        **asdict(
            Expected(
                tokens=spend.tokens, usd=None if spend.usd is None else float(spend.usd),
                seconds=round(cost.seconds, 2), wh=middle, runs=1,
            )
        ),
    }  # fmt: skip
    home.mkdir(parents=True, exist_ok=True)
    with (home / _FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def expected(home: Path, strategy: str, model: str, members: int) -> Expected:
    """Return what a run will probably cost: the medians of the latest like it."""
    like = [
        row
        for row in _rows(home)
        if (row["strategy"], row["model"], row["members"]) == (strategy, model, members)
    ][-_LATEST:]
    if len(like) < _LEAST:
        fixed, each = _REQUESTS.get(strategy, (0, 2.0))
        tokens = int((fixed + each * members) * sum(_TOKENS_A_REQUEST))
        return Expected(tokens=tokens, usd=None, seconds=None, wh=None, runs=0)
    return Expected(
        tokens=int(_median(like, "tokens") or 0),
        usd=_median(like, "usd"),
        seconds=_median(like, "seconds"),
        wh=_median(like, "wh"),
        runs=len(like),
    )


def _rows(home: Path) -> list[dict[str, str | float | None]]:
    try:
        lines = (home / _FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found: list[dict[str, str | float | None]] = []
    for line in lines[-20 * _LATEST :]:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue  # a torn line of a process that was killed; it is only an estimate
    return [row for row in found if {"strategy", "model", "members", "tokens"} <= set(row)]


def _median(rows: list[dict[str, str | float | None]], key: str) -> float | None:
    values = [v for row in rows if isinstance(v := row.get(key), int | float)]
    return statistics.median(values) if len(values) == len(rows) else None
