"""What could be done next on a page, and what of it speaks for doing it.

Nothing here knows a site: a step is told by how its name and value stand to the words of the
instruction, by what was done before it, and by its kind.
"""

import re
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from manyminds.recommend.doing.pilot.view import Element, View
from manyminds.recommend.doing.plan import Step

__all__ = ["WIDTH", "candidates", "features", "shown_after"]

Floats = npt.NDArray[np.float64]
WRITTEN = frozenset(("textbox", "searchbox", "spinbutton"))
TICKED = frozenset(("checkbox", "radio", "switch"))
PRESSED = frozenset(("button", "link", "tab", "menuitem"))
_KINDS = ("press", "fill", "choose", "tick", "end")
_NAMES = 32
"""Names of what is pressed when nothing named is left, told apart by hash."""
_VERBS = 12
_FACTS = 17
WIDTH = len(_KINDS) * (_FACTS + len(_KINDS) + _VERBS) + _NAMES
"""Features of a candidate."""
_QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”')
_LOOSE = re.compile(r"\d[\d/.:-]*\d|\d+|(?:\b[A-Z]\w+(?: [A-Z]\w+)*)|\S+@\S+\w")
_WORD = re.compile(r"[^\W_]+")
_MOST_VALUES = 24


@dataclass(frozen=True)
class _Told:
    """An instruction, read once."""

    plain: str
    """Folded."""
    words: frozenset[str]
    values: tuple[str, ...]
    """What it may want filled in, in order."""


def shown_after(view: View, step: Step) -> View:
    """Return a page as it looks after a step that does not leave it."""
    match step.kind:
        case "fill" | "choose":
            after: dict[str, str | bool] = {"value": step.value}
        case "tick":
            after = {"on": True}
        case _:
            return view
    elements = (replace(e, **after) if e.name == step.what else e for e in view.elements)
    return replace(view, elements=tuple(elements))


def candidates(instruction: str, view: View) -> list[Step | None]:
    """Return the steps that could be done; `None` stands for being done with the instruction."""
    values = _read(instruction).values
    found: list[Step | None] = [None]
    for element in view.elements:
        if element.dead:
            continue
        if element.role in WRITTEN:
            found += [Step(kind="fill", what=element.name, value=value) for value in values]
        elif element.role == "combobox":
            found += [Step(kind="choose", what=element.name, value=v) for v in element.options]
        elif element.role in TICKED:
            found.append(Step(kind="tick", what=element.name))
        elif element.role in PRESSED:
            found.append(Step(kind="press", what=element.name))
    return list(dict.fromkeys(found))


def features(
    instruction: str, view: View, done: Sequence[Step], steps: Sequence[Step | None]
) -> Floats:
    """Return what speaks for each step: one row a candidate, n by WIDTH.

    Args:
        instruction: What is to be done on this page.
        view: The page as it is now, after what was done.
        done: What was done for this instruction before.
        steps: The candidates.
    """
    told = _read(instruction)
    by_name = {element.name: element for element in view.elements}
    left = {
        name for name, element in by_name.items()
        if _named(name, told) and not _is_done(element, done, told)
    }  # fmt: skip
    used = {step.value for step in done if step.kind in ("fill", "choose")}
    unused = [value for value in told.values if value not in used]
    boxes = [e.name for e in view.elements if e.role in WRITTEN and not e.value]
    last = _KINDS.index(done[-1].kind) if done and done[-1].kind in _KINDS else 4
    rows = np.zeros((len(steps), WIDTH))
    for row, step in zip(rows, steps, strict=True):
        kind = 4 if step is None else _KINDS.index(step.kind)
        facts = _facts(step, by_name, told, left, unused, boxes, done)
        base = kind * (_FACTS + len(_KINDS) + _VERBS)
        row[base : base + _FACTS] = facts
        row[base + _FACTS + last] = 1
        for word in told.words:
            row[base + _FACTS + len(_KINDS) + _hash(word, _VERBS)] += 1 / len(told.words)
        if step is not None and step.kind == "press" and not _named(step.what, told):
            row[WIDTH - _NAMES + _hash(step.what.casefold(), _NAMES)] = 1
    return rows


def _facts(
    step: Step | None, by_name: dict[str, Element], told: _Told, left: set[str],
    unused: list[str], boxes: list[str], done: Sequence[Step],
) -> list[float]:  # fmt: skip
    """Return the facts of one candidate, _FACTS of them."""
    everywhere = [1.0, not left, not unused, not boxes, not done, len(done) > 0 and not left]
    if step is None:
        return [*map(float, everywhere), *[0.0] * (_FACTS - len(everywhere))]
    name, value = step.what, step.value
    words = frozenset(_WORD.findall(name.casefold()))
    return [
        *map(float, everywhere),
        float(_named(name, told)),
        float(f'"{name.casefold()}"' in told.plain),
        len(words & told.words) / len(words) if words else 0.0,
        float(_is_done(by_name.get(name), done, told)),
        float(any(old.what == name and old.kind == step.kind for old in done)),
        float(bool(unused) and value == unused[0]) if value else 0.0,
        float(bool(boxes) and name == boxes[0]),
        float(bool(value) and bool(_named(value, told))),
        float(name in left and name == min(left, key=lambda n: told.plain.find(n.casefold()))),
        *_beside(name, value, by_name, told.plain),
    ]


def _read(instruction: str) -> _Told:
    plain = instruction.casefold()
    quoted = [found[found.lastindex or 0] for found in _QUOTED.finditer(instruction)]
    loose = [found for found in _LOOSE.findall(instruction) if found != instruction.split()[0]]
    values = tuple(dict.fromkeys(quoted or loose))[:_MOST_VALUES]
    words = frozenset(_WORD.findall(plain))
    return _Told(plain, words, values)


def _named(name: str, told: _Told) -> bool:
    """Say whether an instruction has a name in it, as whole words."""
    folded = name.casefold().strip()
    if not folded or folded not in told.plain:
        return False
    return re.search(rf"(?<!\w){re.escape(folded)}(?!\w)", told.plain) is not None


def _is_done(element: Element | None, done: Sequence[Step], told: _Told) -> bool:
    """Say whether what an instruction could want of an element was done.

    Something is always chosen in a list: it is what was wanted where the instruction names it.
    """
    if element is None:
        return False
    chosen = element.role == "combobox"
    there = _named(element.value, told) if chosen else bool(element.value)
    return element.on or there or any(step.what == element.name for step in done)


def _beside(name: str, value: str, by_name: Collection[str], plain: str) -> tuple[float, float]:
    """Say whether a name is the nearest one of the page's, before a value and after it.

    A step without a value stands before all words.
    """
    at = plain.find(value.casefold()) if value else 0
    if at < 0:
        return 0.0, 0.0
    end = at + len(value)
    before = {one: plain.rfind(one.casefold(), 0, at) for one in by_name if one}
    after = {one: plain.find(one.casefold(), end) for one in by_name if one}
    last, first = max(before.values(), default=-1), [p for p in after.values() if p >= 0]
    return (
        float(last >= 0 and before.get(name) == last),
        float(bool(first) and after.get(name) == min(first)),
    )


def _hash(word: str, size: int) -> int:
    return zlib.crc32(word.encode()) % size
