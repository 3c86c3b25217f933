"""What a program computed, as something that can be cited.

A model can have a program print whatever it likes, so its words prove nothing. What counts is a
number in the output that stands nowhere in the program itself: that one was computed. The program
goes with the citation, and can be run again.
"""

import re
from dataclasses import replace

from manyminds.core.values import Evidence

__all__ = ["as_source", "computed_by", "is_program", "rounds_to"]

_NAMED = "program "
_COMPUTING = "python"
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?")


def as_source(evidence: Evidence) -> Evidence:
    """Return a program's output with a name that it is cited by; other evidence as it is."""
    if evidence.source is not None or evidence.tool != _COMPUTING or not evidence.output.strip():
        return evidence
    output = evidence.output
    return replace(
        evidence, source=f"{_NAMED}{evidence.id}", start=0, end=len(output), line_start=1,
        line_end=output.rstrip("\n").count("\n") + 1,
    )  # fmt: skip


def is_program(source: str) -> bool:
    """Say whether a citation is of what a program printed."""
    return source.startswith(_NAMED)


def computed_by(evidence: Evidence, quote: str) -> set[str]:
    """Return the numbers of a quote that the program does not hold: those it computed."""
    return _numbers(quote) - _numbers(evidence.request)


def _numbers(text: str) -> set[str]:
    return {number.replace(",", "") for number in _NUMBER.findall(text)}


def rounds_to(told: str, computed: str) -> bool:
    """Say whether a number that is told is a computed one, to the places that are told."""
    try:
        places = len(told.partition(".")[2])
        return told == computed or abs(float(computed) - float(told)) <= 0.5 * 10**-places + 1e-12
    except ValueError:
        return False
