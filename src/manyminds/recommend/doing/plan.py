"""A plan of acts on a few sites: shown before anything happens, and all that is done.

Steps name what a person would see: labels, buttons, links. What is on the page at the moment is
looked up then; a step that does not find its own is a surprise, never something else instead.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import ASKED, Class, Origin, origin_of

__all__ = ["Kind", "Plan", "Step", "digest_of", "plan_as_json", "plan_as_text", "read_plan"]

Kind = Literal["open", "fill", "choose", "tick", "press", "see", "person"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do."""

    kind: Kind
    what: str
    """The address to open, the label to fill, the button to press, the text to see, or what the
    person is to do themselves."""
    value: str = ""
    """What to fill in or choose."""
    origin: Origin = "plan"
    """Who the value is from."""
    act: Class = "navigate"
    """Of a press: what it does to the world."""

    def __post_init__(self) -> None:
        known = ((self.kind, Kind), (self.act, Class), (self.origin, Origin))
        for said, there in known:
            if said not in get_args(there):
                raise UsageError(f"a step says one of {', '.join(get_args(there))}, not {said!r}")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done, and how one sees that it was."""

    goal: str
    sites: tuple[str, ...]
    """Origins that may be reached; nothing else is, by any request of any page."""
    steps: tuple[Step, ...]
    receipt: str
    """Text on the page that says it is done; "" where nobody knows it: then nobody says it was."""
    look: str = ""
    """Address where one can see afterwards whether it was done; "" where there is none."""
    mark: str = ""
    """Text there that stands for this act and no other one."""

    def __post_init__(self) -> None:
        if not self.steps or not self.sites:
            raise UsageError("a plan has steps and sites")
        asked = [place for place, step in enumerate(self.steps) if step.act in ASKED]
        if asked and asked != [len(self.steps) - 1]:
            raise UsageError("a plan does one thing that needs a yes, in its last step")
        for site in self.sites:
            if origin_of(site) != site:
                raise UsageError(f"{site!r} is no site: scheme, host and port alone")
        opened = [step.what for step in self.steps if step.kind == "open"]
        for address in (*opened, *filter(None, [self.look])):
            if origin_of(address) not in self.sites:
                known = ", ".join(self.sites)
                raise UsageError(f"{address} is on none of the plan's sites: {known}")


def plan_as_text(plan: Plan) -> str:
    """Return a plan as a person reads it."""
    rows = [plan.goal, f"on {', '.join(plan.sites)}, nowhere else"]
    for number, step in enumerate(plan.steps, 1):
        said = f' = "{step.value}" ({step.origin})' if step.value else ""
        asks = f"  [asks before: {step.act}]" if step.act in ASKED else ""
        rows.append(f"{number:>3} {step.kind} {step.what}{said}{asks}")
    done = (
        f'done when it says "{plan.receipt}"' if plan.receipt else "nobody knows what it says then"
    )
    return "\n".join([*rows, f"    {done}"])


def read_plan(text: str) -> Plan:
    """Read a plan back from JSON, as `plan_as_json` wrote it.

    Raises:
        UsageError: If it is none.
    """
    try:
        told: Any = json.loads(text)
        steps = tuple(Step(**step) for step in told.pop("steps"))
        told["sites"] = tuple(told["sites"])
        return Plan(**told, steps=steps)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"no plan: {error}") from error


def plan_as_json(plan: Plan) -> str:
    """Write a plan down."""
    return json.dumps(asdict(plan), ensure_ascii=False)


def digest_of(plan: Plan) -> str:
    """Return what tells a plan from any other one: SHA-256 of all of it."""
    return hashlib.sha256(plan_as_json(plan).encode()).hexdigest()
