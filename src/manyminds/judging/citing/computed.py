"""What a program computed, as something that can be cited.

A model can have a program print whatever it likes, so its words prove nothing. What counts is a
number in the output that stands in none of its worker's programs so far: that one was computed, if
only by adding two that were made up. A judge reads each such claim, the programs go with the
citation, and can be run again.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from manyminds.core.values import Evidence

__all__ = ["as_sources", "computed_by", "is_program", "rounds_to"]

_NAMED = "program://"
"""No file below a folder and no page has such a name."""
_COMPUTING = "python"
_LITERAL = re.compile(r"\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TOLD = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")


def as_sources(evidence: Iterable[Evidence]) -> Iterator[Evidence]:
    """Yield one worker's evidence, what its programs printed with a name that it is cited by.

    Names persist from one program to the next, so a program goes with those before it.
    """
    ran: list[str] = []
    for e in evidence:
        if e.source is not None or e.tool != _COMPUTING:
            yield e
            continue
        ran.append(e.request.strip())
        yield replace(
            e, source=f"{_NAMED}{e.id}", request="\n\n".join(ran), start=0, end=len(e.output),
            line_start=1, line_end=e.output.rstrip("\n").count("\n") + 1,
        )  # fmt: skip


def is_program(source: str) -> bool:
    """Say whether a citation is of what a program printed."""
    return source.startswith(_NAMED)


def computed_by(evidence: Evidence, quote: str) -> set[str]:
    """Return the numbers of a quote that no program so far holds: those that were computed."""
    written = [float(n.replace("_", "")) for n in _LITERAL.findall(evidence.request)]
    printed = {n.replace(",", "") for n in _TOLD.findall(quote)}
    return {n for n in printed if not any(abs(float(n) - w) <= 1e-9 * abs(w) for w in written)}


def rounds_to(told: str, computed: str) -> bool:
    """Say whether a number that is told is a computed one, to the places that are told."""
    try:
        places = len(told.partition(".")[2])
        return abs(abs(float(computed)) - abs(float(told))) <= 0.5 * 10**-places + 1e-12
    except ValueError:
        return False
