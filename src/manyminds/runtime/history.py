"""What runs have cost so far, and so what the next one will: shown before it starts.

One line a run in `history.jsonl`. Where there is none like it the estimate is a stated one, by
what a token of other runs on the model has cost; what nothing is known of is `None`.
"""

import json
import os
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from manyminds.core.values import Cost

__all__ = ["Expected", "expected", "remember"]

_FILE = "history.jsonl"
_LATEST = 50
"""Runs looked at, the latest ones."""
_TAIL_BYTES = 256 * 1_024
_LEAST = 3
"""Runs from which history is believed."""

_TOKENS: Mapping[str, tuple[int, int]] = {
    # Means of the committed runs, rounded: `benchmarks/everyday`; of `majority` and `best_of_n`
    # those in `benchmarks/live` and `results/gsm_plus`.
    "single": (1_000, 0), "self_consistency": (0, 1_000), "heavy": (0, 1_200),
    "majority": (0, 450), "best_of_n": (0, 430),
    # For each part of a plan, as `benchmarks/research/deep.py` saw with the embedded model.
    "orchestrate": (0, 2_600),
    # Not measured: so many samples of that size, reading what the others said.
    "brief": (150, 0), "mixture": (1_500, 360), "debate": (500, 1_500), "tree": (6_000, 0),
    "crew": (3_000, 0), "self_refine": (3_000, 0), "plan_execute": (5_000, 0), "auto": (500, 600),
    "wide": (4_000, 0),
}  # fmt: skip
"""Tokens, read and written, of a run where there is no history: in all, and for each member."""
_OTHER = (0, 1_000)


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


def expected(home: Path, strategy: str, model: str, members: int, *, free: bool) -> Expected:
    """Return what a run will probably cost: the medians of the latest like it.

    Args:
        home: The data folder.
        strategy: By name.
        model: All models of the run, with commas between them.
        members: On the panel; of research, the parts of its plan.
        free: Whether every model runs on this machine, so that it costs no dollars.
    """
    of_model = _rows(home, model, strategy, members)
    like = [r for r in of_model if (r["strategy"], r["members"]) == (strategy, members)][-_LATEST:]
    if len(like) < _LEAST:
        fixed, each = _TOKENS.get(strategy, _OTHER)
        tokens = fixed + each * members
        # What other runs on the model have cost a token says something of this one, too.
        usd, seconds, wh = (_rate(of_model[-_LATEST:], key) for key in ("usd", "seconds", "wh"))
        return Expected(
            tokens=tokens, usd=0.0 if free else _times(usd, tokens),
            seconds=_times(seconds, tokens), wh=_times(wh, tokens), runs=0,
        )  # fmt: skip
    return Expected(
        tokens=int(_median(like, "tokens") or 0),
        usd=_median(like, "usd"),
        seconds=_median(like, "seconds"),
        wh=_median(like, "wh"),
        runs=len(like),
    )


def _rows(
    home: Path, model: str, strategy: str, members: int
) -> list[dict[str, str | float | None]]:
    """Return the latest runs on a model, the oldest first: those like it, and a few of any."""
    on_it, by_it, of_it = json.dumps(model), json.dumps(strategy), f'"members": {members},'
    alike = 0
    try:
        with (home / _FILE).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            # The end alone, so that a run costs the same after a hundred thousand; what was cut in
            # the middle is no row.
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    found: list[dict[str, str | float | None]] = []
    for line in reversed(lines[-20 * _LATEST :]):
        if alike == _LATEST:
            break
        # To read a line as JSON takes a hundred times as long as to look for a word in it.
        is_like = on_it in line and by_it in line and of_it in line
        if on_it not in line or not (is_like or len(found) < _LATEST):
            continue
        alike += is_like
        try:
            row = json.loads(line)
        except ValueError:
            continue  # a torn line of a process that was killed; it is only an estimate
        if {"strategy", "members", "tokens"} <= set(row) and row.get("model") == model:
            found.append(row)
    return found[::-1]


def _rate(rows: list[dict[str, str | float | None]], key: str) -> float | None:
    """Return what a token has cost, in the median of runs; `None` where too few tell."""
    rates = [
        value / tokens
        for row in rows
        if isinstance(value := row.get(key), int | float)
        and isinstance(tokens := row.get("tokens"), int | float)
        and tokens > 0
    ]
    return statistics.median(rates) if len(rates) >= _LEAST else None


def _times(rate: float | None, tokens: int) -> float | None:
    return None if rate is None else rate * tokens


def _median(rows: list[dict[str, str | float | None]], key: str) -> float | None:
    values = [v for row in rows if isinstance(v := row.get(key), int | float)]
    return statistics.median(values) if len(values) == len(rows) else None
