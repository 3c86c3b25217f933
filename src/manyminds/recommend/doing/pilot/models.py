"""Planner and hand as models, each with a prompt of its own and nothing of the person."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from manyminds.agents.inquiry import inquire
from manyminds.agents.prompts import prompt
from manyminds.core.errors import ProviderError, UsageError
from manyminds.core.messages import JsonValue
from manyminds.core.protocols import Run
from manyminds.core.values import Member
from manyminds.recommend.doing.pilot.directive import CHUNK, Directive, steps_in
from manyminds.recommend.doing.pilot.explore import Turn
from manyminds.recommend.doing.pilot.view import View, view_as_text
from manyminds.recommend.doing.plan import Kind, Step
from manyminds.tools.fence import fence

__all__ = ["ModelHand", "ModelPlanner"]

_PAGE = 6_000
"""Characters of a page that a model reads."""
_TURNS = 8
"""Last turns that the planner is told of."""
_KINDS: tuple[JsonValue, ...] = ("press", "fill", "choose", "tick")


@dataclass(frozen=True, kw_only=True)
class ModelPlanner:
    """Says what is next."""

    run: Run
    member: Member
    goal: str
    values: Mapping[str, str]
    """What the person gave to be filled in, by what it is."""

    async def __call__(self, view: View, turns: Sequence[Turn]) -> Directive:
        """Look at the page and say what is next.

        Raises:
            BudgetExceeded: If it cannot be paid.
            ProviderError: If the model failed.
        """
        text = prompt(
            "pilot_plan", goal=self.goal, turns=_told(turns), page=_page(view),
            values="\n".join(f"- {k}: {v}" for k, v in self.values.items()) or "- nothing",
        )  # fmt: skip
        fields: dict[str, JsonValue] = {
            "state": {"enum": ["go", "over", "person"]},
            "next_step": {"type": "string"},
            "correction": {"type": "boolean"},
            "correction_text": {"type": "string"},
        }
        said = await inquire(
            self.run, self.member, text, fields, max_tokens=250, purpose="lead"
        )  # fmt: skip
        state, step = said.get("state"), str(said.get("next_step") or "")
        mended = str(said.get("correction_text") or "")
        if not said:
            raise ProviderError(f"{self.member.model} says nothing that can be done")
        return Directive(
            next_step=step, correction=said.get("correction") is True and bool(mended),
            correction_text=mended, over=state == "over",
            person=step if state == "person" else "",
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ModelHand:
    """Does what an instruction says: as it stands, or as a model reads it."""

    run: Run
    member: Member

    async def __call__(self, instruction: str, view: View) -> tuple[Step, ...]:
        """Return the steps that an instruction comes to on a page.

        Raises:
            UsageError: If it comes to none.
            BudgetExceeded: If it cannot be paid.
            ProviderError: If the model failed.
        """
        try:
            return steps_in(instruction)
        except UsageError:
            pass
        names: list[JsonValue] = [e.name for e in view.elements if not e.dead]
        if not names:
            raise UsageError("the page has nothing that can be used")
        text = prompt("pilot_hand", instruction=instruction, page=_page(view))
        step: JsonValue = {
            "type": "object", "additionalProperties": False,
            "required": ["do", "element", "value"],
            "properties": {
                "do": {"enum": list(_KINDS)}, "element": {"enum": names},
                "value": {"type": "string"},
            },
        }  # fmt: skip
        fields: dict[str, JsonValue] = {
            "steps": {"type": "array", "items": step, "minItems": 1, "maxItems": CHUNK}
        }
        said = await inquire(self.run, self.member, text, fields, max_tokens=250, purpose="work")
        found = said.get("steps")
        if not isinstance(found, list) or not found:
            raise UsageError(f"no step comes of {instruction[:80]!r}")
        return tuple(_step(one, view) for one in found)


_DONE: dict[str, Kind] = {
    "textbox": "fill", "searchbox": "fill", "spinbutton": "fill", "slider": "fill",
    "checkbox": "tick", "radio": "tick", "switch": "tick", "button": "press", "link": "press",
    "tab": "press", "menuitem": "press",
}  # fmt: skip
"""What is done with a control; a list is chosen from or written into."""


def _step(told: JsonValue, view: View) -> Step:
    """Return the step that a model names: what is done follows from what the control is."""
    if not isinstance(told, dict) or told.get("do") not in _KINDS:
        raise UsageError(f"no step: {json.dumps(told)[:80]}")
    what, value = str(told.get("element") or ""), str(told.get("value") or "")
    control = next((e for e in view.elements if e.name == what), None)
    if control is None:
        raise UsageError(f"there is no {what[:80]!r} on the page")
    kind = _DONE.get(control.role, "choose" if control.options else "fill")
    return Step(kind=kind, what=what, value=value if kind in ("fill", "choose") else "")


def _page(view: View) -> str:
    return fence(view_as_text(view), source=view.address, limit=_PAGE)


def _told(turns: Sequence[Turn]) -> str:
    rows = [
        f"- {turn.directive.instruction or turn.directive.person}: {turn.wrong or 'done'}"
        for turn in turns[-_TURNS:]
    ]
    return "\n".join(rows) or "- nothing"
