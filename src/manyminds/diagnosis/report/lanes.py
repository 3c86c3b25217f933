"""A run as lanes of signs, for a terminal: a lane for each author, acts from left to right."""

from collections.abc import Iterator

from manyminds.diagnosis.diagnose import Diagnosis
from manyminds.diagnosis.modes import WASTES
from manyminds.diagnosis.trace import Act, Trace

__all__ = ["lanes"]

MOST_LANES, MOST_WIDTH = 8, 60
_SIGNS = " ·○✗▶"
"""Nothing, an act, a waste, a failure, the decisive one: what weighs more stands over the rest."""


def lanes(trace: Trace, found: Diagnosis) -> Iterator[str]:
    """Yield a line for each author, and one that says what the signs are; none for short runs."""
    acts = [act for act in trace.acts if act.kind != "ends"]
    if len(acts) < 3:
        return
    names = trace.authors[:MOST_LANES]
    room, width = max(map(len, names)), min(MOST_WIDTH, len(acts))
    for name in names:
        row = [0] * width
        for number, act in enumerate(acts):
            place = min(width - 1, number * width // len(acts))
            if act.author == name:
                row[place] = max(row[place], _weight(act, found))
        yield f"{name:<{room}}  {''.join(_SIGNS[weight] for weight in row).rstrip()}"
    if len(trace.authors) > MOST_LANES:
        yield f"… {len(trace.authors) - MOST_LANES} more"
    yield f"{'':<{room}}  · act  ○ waste  ✗ failure  ▶ decisive"


def _weight(act: Act, found: Diagnosis) -> int:
    mine = [one for one in found.findings if one.step == act.step and one.member == act.author]
    if found.decisive in mine:
        return 4
    if any(one.code not in WASTES for one in mine):
        return 3
    return 2 if mine else 1
