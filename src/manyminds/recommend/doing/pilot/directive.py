"""What a planner tells the hand that acts: the next step, and what to mend where it went wrong.

Source: the message of a planner to a policy (next step, correction flag, correction text) is that
of hierarchical robot policies (Shi et al. 2024, "Yell at your robot"; Belkhale et al. 2024, RT-H).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.plan import Step

__all__ = ["CHUNK", "Directive", "said_of", "steps_in"]

CHUNK = 4
"""Steps that are done before the planner looks again."""
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (rf"(?:press|click|follow|open)(?: on)?(?: the)? {_QUOTED}", "press"),
        (rf"(?:fill|type|enter|put)(?: in)? {_QUOTED} (?:with|=) {_QUOTED}", "fill"),
        (rf"(?:choose|select|pick) {_QUOTED} (?:in|from|for) {_QUOTED}", "choose"),
        (rf"(?:tick|check) {_QUOTED}", "tick"),
        (rf"(?:see|look for|wait for) {_QUOTED}", "see"),
        (r"(?:go to|open) (https?://\S+)", "open"),
    )
)
_BETWEEN = re.compile(r"\s*(?:;|,? and then|, then|\n)\s*")


@dataclass(frozen=True, kw_only=True)
class Directive:
    """One message of the planner."""

    next_step: str
    correction: bool = False
    """Whether the last step went wrong: then the correction is what is done."""
    correction_text: str = ""
    over: bool = False
    """Whether there is nothing left to be done."""
    as_shown: bool = False
    """Whether no planner was asked: it is as it was done before."""
    person: str = ""
    """What the person has to do themselves before it can go on; "" where nothing."""

    @property
    def instruction(self) -> str:
        """What the policy is given: the flag selects which of the two."""
        return self.correction_text if self.correction else self.next_step


def steps_in(instruction: str) -> tuple[Step, ...]:
    """Read the steps that an instruction names outright: `fill "Name" with "Ann"; press "Next"`.

    Raises:
        UsageError: If it names anything else.
    """
    held: list[str] = []

    def hide(found: re.Match[str]) -> str:
        held.append(found[0])
        return f'"{len(held) - 1}"'

    if '"' not in instruction:  # small models quote as they like
        instruction = re.sub(r"(?<!\w)'([^'\n]*)'(?!\w)", r'"\1"', instruction)
    # What stands in quotes may hold what stands between steps.
    plain = re.sub(_QUOTED, hide, instruction.strip(" .;"))
    parts = [re.sub(r'"(\d+)"', lambda f: held[int(f[1])], p) for p in _BETWEEN.split(plain)]
    return tuple(_step(part) for part in parts if part)


def said_of(steps: Sequence[Step]) -> str:
    """Write steps as the instruction that `steps_in` reads."""
    return "; ".join(_said(step) for step in steps)


def _said(step: Step) -> str:
    what, value = (re.sub(r'(["\\])', r"\\\1", text) for text in (step.what, step.value))
    match step.kind:
        case "choose":
            return f'choose "{value}" in "{what}"'
        case "fill":
            return f'fill "{what}" with "{value}"'
        case "open":
            return f"open {step.what}"
        case _:
            return f'{step.kind} "{what}"'


def _step(text: str) -> Step:
    for pattern, kind in _FORMS:
        found = pattern.fullmatch(text.strip(" ."))
        if found is None:
            continue
        first, *second = [re.sub(r"\\(.)", r"\1", group) for group in found.groups()]
        if kind == "choose":
            return Step(kind="choose", what=second[0], value=first)
        if kind == "fill":
            return Step(kind="fill", what=first, value=second[0])
        if kind == "tick":
            return Step(kind="tick", what=first)
        if kind == "see":
            return Step(kind="see", what=first)
        return Step(kind="open" if kind == "open" else "press", what=first)
    raise UsageError(f"no step: {text[:80]!r}")
