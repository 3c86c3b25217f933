"""Demonstrations: what was done on pages for which instruction, one JSON line each.

Of a page only its controls are kept, and of what was written in them only whether something was:
what a person typed by themselves, a password too, is nobody else's.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.pilot.view import Element, View
from manyminds.recommend.doing.plan import Step

__all__ = ["Demonstration", "keep_demonstrations", "read_demonstrations"]

FILLED = "(filled in)"
"""What stands for what stood in a control."""


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """What was done on one page."""

    instruction: str
    view: View
    """The page before the first step."""
    steps: tuple[Step, ...]


def keep_demonstrations(path: Path, found: Iterable[Demonstration]) -> None:
    """Add demonstrations to a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    with path.open("a", encoding="utf-8") as file:
        for one in found:
            file.write(json.dumps(_told(one), ensure_ascii=False) + "\n")


def read_demonstrations(path: Path) -> list[Demonstration]:
    """Read them back; none where there is no file.

    Raises:
        UsageError: If a line is none; the message names it.
    """
    if not path.exists():
        return []
    return [
        _demonstration(line, f"{path}:{number}")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if line.strip()
    ]


def _told(one: Demonstration) -> dict[str, Any]:
    elements = [
        asdict(e if e.role == "combobox" else replace(e, value=FILLED if e.value else ""))
        for e in one.view.elements
    ]
    return {
        "instruction": one.instruction, "address": one.view.address, "title": one.view.title,
        "elements": elements, "steps": [asdict(step) for step in one.steps],
    }  # fmt: skip


def _demonstration(line: str, where: str) -> Demonstration:
    try:
        told: Any = json.loads(line)
        elements = tuple(_element(one) for one in told["elements"])
        view = View(address=told["address"], title=told["title"], text="", elements=elements)
        steps = tuple(Step(**step) for step in told["steps"])
        return Demonstration(instruction=str(told["instruction"]), view=view, steps=steps)
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{where}: no demonstration: {error}") from error


def _element(told: dict[str, Any]) -> Element:
    fields: dict[str, Any] = {**told, "options": tuple(told["options"])}
    return Element(**fields)
