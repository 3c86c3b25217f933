"""A page used as a person uses it: by labels, names and words, never by its code."""

import re
from contextlib import suppress
from typing import Any

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.read import number_of
from manyminds.recommend.doing.plan import Step

__all__ = ["AWAY", "cost_of", "found", "gently", "prices_of", "text_of", "what_is_wrong"]

LOOK_MS = 1_500
"""For something that is there or is not."""
_NUMBER = r"\d{1,3}(?:[.,\u00a0\u202f ]\d{3})+(?:[.,]\d{2})?|\d+(?:[.,]\d{1,2})?"
_PRICE = re.compile(
    rf"(?P<before>[A-Z]{{0,3}}[€$£]|\b(?:EUR|USD|GBP|CHF)\b)[ \u00a0]?(?P<first>{_NUMBER})"
    rf"(?![\d.,]*\d)|(?P<last>{_NUMBER})[ \u00a0]?(?P<after>€|(?:EUR|USD|GBP|CHF)\b)(?! ?\d)"
)
_TOTAL = re.compile(
    r"(?<![\w-])(?:(?:grand |order )?total(?: (?:price|amount|cost|due|to pay))?|amount due|"
    r"balance due|(?:left )?to pay|you pay)(?: \([^()]{1,30}\))?[\s:=]{0,6}",
    re.IGNORECASE,
)
"""What stands before the price of all of it; a subtotal is none."""
_CURRENCY = {"€": "EUR", "$": "USD", "£": "GBP", "A$": "AUD", "US$": "USD", "C$": "CAD"}
AWAY = re.compile(
    r"^\s*(?:close|dismiss|no,? thanks|not now|reject(?: all)?|decline|×|x)\s*$", re.IGNORECASE
)
_GONE = re.compile(
    r"\b(?:sold out|fully booked|no longer available|unavailable|expired)\b", re.IGNORECASE
)
_ROLES = {
    "fill": ("textbox", "searchbox", "spinbutton", "combobox"), "choose": ("combobox", "listbox"),
    "tick": ("checkbox", "radio", "switch"),
}  # fmt: skip
_PLACED = re.compile(
    r"(?:(?P<name>.+) )?\((?P<role>button|link|textbox|searchbox|spinbutton|combobox|checkbox|"
    r"radio|tab|menuitem|switch|slider) (?P<number>[1-9]\d?)\)",
    re.DOTALL,
)
"""How a control is called that shares its name, or has none: by its place among those."""
_INNERMOST = """found => found.flatMap((one, place) =>
  found.some(other => other !== one && one.contains(other)) ? [] : [place])"""
"""Places of those elements that hold no other one of them."""


async def gently(page: Any, step: Step) -> None:
    """Do what needs no yes."""
    if step.kind == "open":
        await page.goto(step.what, wait_until="load")
        return
    await _clear(page)
    if step.kind == "press":
        await (await found(page, step)).click()
        await page.wait_for_load_state("load")
        return
    if step.kind == "see":
        await page.get_by_text(step.what).first.wait_for()
        return
    field = _nth(page, step.what)
    if field is None:
        # By its label; and by its name, which a placeholder or a part of the label may give it.
        field = page.get_by_label(step.what, exact=True)
        for role in _ROLES[step.kind]:
            field = field.or_(page.get_by_role(role, name=step.what, exact=True))
    if step.kind == "fill":
        await field.fill(step.value)
    elif step.kind == "choose":
        await field.select_option(label=step.value)
    else:
        await field.check()


async def _clear(page: Any) -> None:
    """Close what lies over the page, by the buttons that only close."""
    for dialog in await page.get_by_role("dialog").all():
        for button in await dialog.get_by_role("button").all():
            if AWAY.match(await button.inner_text()):
                await button.click()
                break


def _nth(page: Any, what: str) -> Any:
    """Return what is called by its place: `(textbox 2)`, `Odd (button 3)`; else `None`."""
    told = _PLACED.fullmatch(what)
    if told is None:
        return None
    named = {} if told["name"] is None else {"name": told["name"], "exact": True}
    return page.get_by_role(told["role"], **named).nth(int(told["number"]) - 1)


async def found(page: Any, step: Step) -> Any:
    """Return what is to be pressed.

    Raises:
        UsageError: If there is none, if there are several of the name, or if it cannot be used.
    """
    await _clear(page)
    there = _nth(page, step.what)
    if there is None:
        name = {"name": step.what, "exact": True}
        there = page.get_by_role("button", **name)
        for role in ("link", "tab", "menuitem"):
            there = there.or_(page.get_by_role(role, **name))
    with suppress(Exception):
        await there.first.wait_for(timeout=LOOK_MS)
    count = await there.count()
    if count > 1:  # a link in a tab of its name is no second one; who presses it presses both
        inner = await there.evaluate_all(_INNERMOST)
        there, count = (there.nth(inner[0]), 1) if len(inner) == 1 else (there, count)
    if count != 1:
        raise UsageError(f"there is {'no' if count == 0 else 'more than one'} {step.what!r}")
    if not await there.is_enabled():
        raise UsageError(f"{step.what!r} cannot be pressed")
    return there


async def what_is_wrong(page: Any, step: Step, error: Exception) -> str:
    """Say what stands in the way, in the page's words where they are plain."""
    with suppress(Exception):
        text = await page.inner_text("body", timeout=LOOK_MS)
        if (gone := _GONE.search(text)) is not None:
            return f"the page says: {gone[0]}"
    first = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
    return f"{step.kind} {step.what!r} did not work: {first}"


async def text_of(page: Any) -> str:
    """Return the words of a page."""
    return " ".join((await page.inner_text("body")).split())


def prices_of(text: str) -> tuple[str, ...]:
    """Return all prices that a text names, each once."""
    found: dict[str, None] = {}
    for price in _PRICE.finditer(text):
        number = number_of(price["first"] or price["last"], money=True)
        unit = price["before"] or price["after"]
        if number is not None:
            found[f"{number:.2f} {_CURRENCY.get(unit, unit)}"] = None
    return tuple(found)


def cost_of(text: str) -> str | None:
    """Return what a text says that all of it costs: its only price, or its only total."""
    named = prices_of(text)
    if len(named) == 1:
        return named[0]
    totals = {
        prices_of(price[0])[0]
        for total in _TOTAL.finditer(text)
        if (price := _PRICE.match(text, total.end())) is not None and prices_of(price[0])
    }
    return totals.pop() if len(totals) == 1 else None
