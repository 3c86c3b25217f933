"""What a page offers at a moment: its controls by role and name, and what it says."""

import json
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from manyminds.recommend.doing.secrets import SECRET, Secrets

__all__ = ["SECRET", "Element", "View", "look_at", "view_as_text"]

_LONGEST = 4_000
"""Characters of a page's words that are looked at."""
_MOST = 80
"""Elements of a page that are looked at."""
_ROLES = (
    "button", "link", "textbox", "searchbox", "spinbutton", "combobox", "checkbox", "radio", "tab",
    "menuitem", "switch", "slider",
)  # fmt: skip
_LINE = re.compile(
    r'^(?P<indent> *)- (?P<role>[a-z]+)(?: (?P<name>"(?:[^"\\]|\\.)*"))?'
    r"(?P<marks>(?: \[[^\]]*\])*)(?:: (?P<value>.*))?:?$"
)
_WRITTEN = frozenset(("textbox", "searchbox", "spinbutton", "slider"))


@dataclass(frozen=True, kw_only=True)
class Element:
    """One control."""

    role: str
    name: str
    """What a screen reader calls it; what has no name is `(textbox 2)`, by its place, and what
    shares its name `Odd (button 3)`."""
    value: str = ""
    """What stands or is chosen in it."""
    options: tuple[str, ...] = ()
    on: bool = False
    """Whether it is ticked or selected."""
    dead: bool = False
    """Whether it can be used."""


@dataclass(frozen=True, kw_only=True)
class View:
    """One page as it is now."""

    address: str
    title: str
    text: str
    elements: tuple[Element, ...]

    def has(self, name: str, *roles: str) -> Element | None:
        """Return the only live element of a name, of these roles where some are given."""
        found = [
            e for e in self.elements
            if e.name == name and not e.dead and (not roles or e.role in roles)
        ]  # fmt: skip
        return found[0] if len(found) == 1 else None


async def look_at(page: Any, secrets: Secrets | None = None) -> View:
    """Look at a page, through what it offers to a screen reader.

    What a field for a secret holds is not part of it: a person or a browser that fills passwords in
    may have put it there.

    Args:
        page: Playwright's.
        secrets: Those of earlier pages; what fields of this one hold is added.
    """
    known = Secrets() if secrets is None else secrets
    body = page.locator("body")
    text = " ".join((await body.inner_text()).split())
    elements = _elements(await body.aria_snapshot())
    # Asked for last: what was typed meanwhile is known, too.
    own = {" ".join(secret.split()) for secret in await known.see(page)}
    return View(
        address=known.hide_in(page.url), title=known.hide(await page.title()),
        text=known.hide(text)[:_LONGEST],
        elements=tuple(_without(one, own, known) for one in elements[:_MOST]),
    )  # fmt: skip


def _without(one: Element, own: Collection[str], known: Secrets) -> Element:
    """Return a control without secrets: not in its name nor options, and never as its value."""
    value = SECRET if one.value in own else known.hide(one.value)
    options = tuple(map(known.hide, one.options))
    return replace(one, value=value, name=known.hide(one.name), options=options)


def view_as_text(view: View) -> str:
    """Return a page as a model reads it: elements in lines, then its words."""
    rows: list[str] = []
    for one in view.elements:
        more = [f"= {json.dumps(one.value, ensure_ascii=False)}"] if one.value else []
        more += [f"of {', '.join(one.options[:12])}"] if one.options else []
        more += ["ticked"] if one.on else []
        more += ["cannot be used"] if one.dead else []
        rows.append(" ".join([one.role, json.dumps(one.name, ensure_ascii=False), *more]))
    return "\n".join([f"{view.title} ({view.address})", *rows, "", view.text[:1_500]])


def _elements(snapshot: str) -> list[Element]:
    """Read elements from Playwright's snapshot of the accessibility tree."""
    found: list[Element] = []
    options: list[tuple[str, bool]] = []
    unnamed: Counter[str] = Counter()
    above: list[tuple[int, int]] = []  # controls that are around: how deep they stand, and which
    dropped = set[int]()
    for line in snapshot.splitlines():
        parts = _LINE.match(_unquoted(line))
        if parts is None:
            continue
        depth = len(parts["indent"])
        above = [one for one in above if one[0] < depth]
        role, name = parts["role"], json.loads(parts["name"]) if parts["name"] else ""
        marks = parts["marks"] or ""
        if role == "option":
            options.append((name, "[selected]" in marks))
            _with_options(found, options)
            continue
        options = []
        if role in _ROLES:
            unnamed[role] += 1
            twin = next((at for _, at in above if name and found[at].name == name), None)
            if twin is not None:  # a link in a tab of its name is the same control
                dropped.add(twin if role == "button" else len(found))
            above.append((depth, len(found)))
            found.append(
                Element(
                    role=role, name=name or f"({role} {unnamed[role]})", dead="[disabled]" in marks,
                    value=_bare(parts["value"] or "") if role in _WRITTEN else "",
                    on="[checked]" in marks or "[selected]" in marks,
                )
            )  # fmt: skip
    return _told_apart(found, dropped)


def _told_apart(found: list[Element], dropped: set[int]) -> list[Element]:
    """Call what shares its name by its place among those of its role, those left out counted."""
    shared = Counter(one.name for place, one in enumerate(found) if place not in dropped)
    places: Counter[tuple[str, str]] = Counter()
    told: list[Element] = []
    for at, one in enumerate(found):
        places[one.role, one.name] += 1
        place = f"{one.name} ({one.role} {places[one.role, one.name]})"
        if at not in dropped:
            told.append(one if shared[one.name] == 1 else replace(one, name=place))
    return told


def _with_options(found: list[Element], options: list[tuple[str, bool]]) -> None:
    """Give the last list of choices what stands in it so far."""
    if found and found[-1].role == "combobox":
        chosen = [name for name, selected in options if selected]
        last = found[-1]
        found[-1] = Element(
            role=last.role, name=last.name, dead=last.dead, value=chosen[0] if chosen else "",
            options=tuple(name for name, _ in options),
        )  # fmt: skip


def _unquoted(line: str) -> str:
    """Return a line whose key YAML needs quotes for without them: `- 'button "Buy: now"'`."""
    found = re.fullmatch(r"( *- )'((?:[^']|'')*)'(:?.*)", line)
    return line if found is None else found[1] + found[2].replace("''", "'") + found[3]


def _bare(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return str(json.loads(value)) if quoted else value
