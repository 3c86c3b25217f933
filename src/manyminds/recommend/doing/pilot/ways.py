"""Ways that were found and then really done, kept so that their like is found without a model.

What is kept shows how a site is used and nothing of the person: values stand as blanks by their
names, a page is its site and its controls, and of what stood in those only whether something did.
A way counts only once its plan was carried out: until then nobody has looked at it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from manyminds.recommend.doing.action import origin_of
from manyminds.recommend.doing.pilot.view import Element, View
from manyminds.recommend.doing.plan import Step
from manyminds.recommend.files import append_line

__all__ = ["Blanks", "Demonstration", "Way", "Ways"]

_FILLED = "(filled in)"
"""What stands for what stood in a control."""
_OTHER = "(another one)"
"""What stands for a value that the person did not give."""
_PLAIN = frozenset(("link", "menuitem", "option"))
"""Controls whose names may be the person's: subjects of mail, accounts. Only used ones are kept."""


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """What was done on one page."""

    instruction: str
    view: View
    """The page before the first step."""
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Way:
    """What was done on a site for a goal, page by page."""

    site: str
    goal: str
    """In the person's words, given values as blanks."""
    plan: str
    """Digest of the plan that came of it."""
    pages: tuple[Demonstration, ...]


@dataclass(frozen=True)
class Blanks:
    """What the person gave to be filled in, by what it is: it stands as {name} in what is kept."""

    values: Mapping[str, str]

    def goal(self, text: str) -> str:
        """Return a text with blanks for the values in it, where they stand as whole words."""
        names = {value: name for name, value in self.values.items() if value}
        if not names:
            return text
        longest = "|".join(re.escape(value) for value in sorted(names, key=len, reverse=True))
        return re.sub(rf"(?<!\w)(?:{longest})(?!\w)", lambda v: f"{{{names[v[0]]}}}", text)

    def instruction(self, goal: str) -> str:
        """Return what is wanted, and which blanks there are, as one instruction."""
        return ". ".join([self.goal(goal), *(f'{name} "{{{name}}}"' for name in self.values)])

    def hidden(self, view: View) -> View:
        """Return a page with blanks for values, and no word of what else stands in its controls."""
        return View(
            address=origin_of(view.address), title="", text="",
            elements=tuple(self._hidden(e) for e in view.elements),
        )  # fmt: skip

    def blank(self, step: Step) -> Step:
        """Return a step with a blank for its value."""
        value = self._blank(step.value) or (_OTHER if step.value else "")
        return Step(kind=step.kind, what=step.what, value=value)

    def filled(self, steps: Sequence[Step]) -> list[Step]:
        """Return steps with the values of their blanks."""
        known = {f"{{{name}}}": value for name, value in self.values.items()}
        return [replace(step, value=known.get(step.value, step.value)) for step in steps]

    def _hidden(self, e: Element) -> Element:
        chosen = e.role == "combobox"
        other = "" if chosen or not e.value else _FILLED
        options = tuple(self._blank(option) or option for option in e.options)
        return replace(e, value=self._blank(e.value) or other, options=options)

    def _blank(self, text: str) -> str | None:
        """Return the blank of a value; `None` where it is none of them."""
        folded = text.strip().casefold()
        for name, value in self.values.items():
            if folded and folded == value.strip().casefold():
                return f"{{{name}}}"
        return None


class Ways:
    """A file of ways, a JSON line each, that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, way: Way) -> None:
        """Add a way; it counts once its plan is done.

        Raises:
            OSError: If the file cannot be written.
        """
        self._add({"way": asdict(replace(way, pages=tuple(_neutral(page) for page in way.pages)))})

    def confirm(self, plan: str) -> None:
        """Say that a plan was carried out to its end.

        Raises:
            OSError: If the file cannot be written.
        """
        if any(way.plan == plan for way in self._read()[0]):
            self._add({"done": plan})

    def like(self, site: str, goal: str) -> list[Way]:
        """Return the ways to this goal on this site that were done; a line that is none is left."""
        ways, done = self._read()
        known = goal.strip().casefold()
        return [
            way for way in ways
            if way.plan in done and way.site == site and way.goal.strip().casefold() == known
        ]  # fmt: skip

    def _add(self, told: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.touch(mode=0o600)
        append_line(self._path, json.dumps(told))

    def _read(self) -> tuple[list[Way], set[str]]:
        ways, done = list[Way](), set[str]()
        text = self._path.read_text("utf-8", "replace") if self._path.exists() else ""
        for line in text.split("\n"):
            try:
                told: Any = json.loads(line)
                if "done" in told:
                    done.add(str(told["done"]))
                else:
                    ways.append(_way(told["way"]))
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # it only saves requests: what cannot be read saves none
        return ways, done


def _neutral(page: Demonstration) -> Demonstration:
    """Return a page without names and choices that were not used and may be the person's."""
    used = {text for step in page.steps for text in (step.what, step.value)}
    elements = tuple(
        replace(
            e, name=f"({e.role} {n})" if e.role in _PLAIN and e.name not in used else e.name,
            options=tuple(o if o in used else f"(option {i})" for i, o in enumerate(e.options)),
        )
        for n, e in enumerate(page.view.elements)
    )  # fmt: skip
    return replace(page, view=replace(page.view, elements=elements))


def _way(told: Any) -> Way:
    return Way(
        site=_text(told["site"]), goal=_text(told["goal"]), plan=_text(told["plan"]),
        pages=tuple(_page(page) for page in told["pages"]),
    )  # fmt: skip


def _page(told: Any) -> Demonstration:
    view = told["view"]
    elements = tuple(_element(one) for one in view["elements"])
    return Demonstration(
        instruction=_text(told["instruction"]),
        view=View(address=_text(view["address"]), title="", text="", elements=elements),
        steps=tuple(
            Step(kind=one["kind"], what=_text(one["what"]), value=_text(one["value"]))
            for one in told["steps"]
        ),
    )


def _element(told: Any) -> Element:
    return Element(
        role=_text(told["role"]), name=_text(told["name"]), value=_text(told["value"]),
        options=tuple(_text(option) for option in told["options"]), on=told["on"] is True,
        dead=told["dead"] is True,
    )  # fmt: skip


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError("no text")
    return told
