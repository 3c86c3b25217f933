"""Words of an HTML page that no reader of it sees: left out, for they are written for machines.

It is judged by what stands in it: inline styles, plain rules of its own style sheets, attributes.
What a style sheet of another file hides is not known, nor what rules do that depend on something;
where it cannot be told, words are kept.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

__all__ = ["drop_hidden", "shown_html"]

_HTML: Any = import_module("lxml.html")  # it has no types

_SIGNS = re.compile(
    rb"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:|opacity\s{0,9}:\s{0,9}0?\.?0"
    rb"|font-size\s{0,9}:\s{0,9}(?:0|[0-3](?:\.\d{1,9})?[p%]|\.)|(?<![\w-])color\s{0,9}:|:\s{0,9}-\d{3}"
    rb"|clip(?:-path)?\s{0,9}:|(?:height|width)\s{0,9}:\s{0,9}[01]\s{0,9}(?:px)?\s{0,9}[;\"'}]"
    rb"|transform\s{0,9}:|\\"
)
"""With what may stand for any of them: an escape."""
_MASKED = re.compile(rb"&[#a-z]|/\*")
"""What else may, in an attribute: an entity, a comment."""
_COMMENT = re.compile(rb"/\*.*?(?:\*/|$)", re.DOTALL)
_STYLED = re.compile(rb"[\s\"'/]style\s*=\s*")
_ENDS = re.compile(rb"[\s>]")
_CLOSED = re.compile(rb"</style[\s/>]")
_HIDDEN = re.compile(rb"[\s\"'/]hidden[\s>=/]")
_TAGS = (b"<dialog", b"<template", b"<font")
_SIMPLE = re.compile(
    r"^(?P<tag>[a-z][a-z0-9]*)?(?:\.(?P<cls>[\w-]+)|#(?P<id>[\w-]+))?$", re.IGNORECASE
)
_NAMED = re.compile(r"[.#][\w-]+")
_SHEET = 300_000
"""Characters of a style sheet that are read."""
_LENGTH = re.compile(r"(-?\d*\.?\d+)\s{0,9}([a-z%]*)")
_PIXELS = {"px": 1.0, "": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0}
_SHARES = frozenset(("%", "vw", "vh"))
_MOVES = ("left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top")
_LASTING = frozenset(("visibility", "font-size", "color"))
"""What what is within takes over, unless it says otherwise itself."""
_TINY = 3.0
"""Pixels of a font that nobody reads."""
_AWAY = -400.0
"""Pixels by which words are moved off a page."""
_WHOLE = 100.0
"""Hundredths by which they are."""
_COLOURS = {
    "white": (255, 255, 255), "snow": (255, 250, 250), "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245), "black": (0, 0, 0), "ghostwhite": (248, 248, 255),
}  # fmt: skip
_ALIKE = 24
"""Of 255: colours that differ by less in every part look the same."""
_PAGE = (255, 255, 255)


Colour = tuple[int, int, int]


def shown_html(html: str) -> str:
    """Return a page without the words that nobody sees."""
    if not _may_hide(html.encode("utf-8", "replace").lower()):
        return html
    tree = _HTML.document_fromstring(
        html.encode("utf-8", "replace"), parser=_HTML.HTMLParser(encoding="utf-8")
    )
    return str(_HTML.tostring(tree, encoding="unicode")) if drop_hidden(tree) else html


def _may_hide(html: bytes) -> bool:
    """Say whether a page, in small letters, is worth a closer look: most are not, and it costs."""
    if any(tag in html for tag in _TAGS) or (b" hidden" in html and _HIDDEN.search(html)):
        return True
    sheets = (_CLOSED.split(piece, maxsplit=1)[0] for piece in html.split(b"<style")[1:])
    return any(_SIGNS.search(text) or _MASKED.search(text) for text in _styles(html)) or any(
        _SIGNS.search(_COMMENT.sub(b"", sheet)) for sheet in sheets
    )


def _styles(html: bytes) -> Iterator[bytes]:
    """Yield the values of style attributes, also of what only looks like one within another."""
    looked = 0
    for found in _STYLED.finditer(html):
        start, quote = found.end(), html[found.end() : found.end() + 1]
        if quote in (b'"', b"'"):
            end = html.find(quote, start + 1)
            yield html[start + 1 : len(html) if end < 0 else end] + b'"'
        elif start >= looked:  # else it is a part of the value before
            ends = _ENDS.search(html, start)
            looked = len(html) if ends is None else ends.start()
            yield html[start:looked] + b'"'


def drop_hidden(tree: Any) -> bool:
    """Take elements out of a parsed page that nobody sees; say whether there were any."""
    rules = _rules(sheet.text or "" for sheet in tree.iter("style"))
    hidden = [e for e in _suspects(tree, rules) if _is_hidden(e, rules)]
    for element in hidden:
        if element.getparent() is not None:
            element.drop_tree()
    return bool(hidden)


Style = dict[str, str]
Rules = dict[str, list[tuple[int, str, Style]]]
"""By ".class", "#id" or tag: place in the sheet, the tag it has to be or "", what is declared."""


_TELLING = "//*[@style or @hidden or self::template or self::dialog or self::font]"


def _suspects(tree: Any, rules: Rules) -> Iterator[Any]:
    """Yield the elements that say something of how they look, or that a rule names: few of them."""
    yield from tree.xpath(_TELLING)
    for key in rules:
        if key[:1] not in ".#":
            yield from tree.iter(key)
    named: dict[str, bool] = {}
    by_class = any(key.startswith(".") for key in rules)
    for element in tree.xpath("//*[@class and not(@style)]") if by_class else ():
        classes = element.get("class")
        if classes not in named:
            named[classes] = any(f".{name}" in rules for name in classes.split())
        if named[classes]:
            yield element
    if any(key.startswith("#") for key in rules):
        yield from (e for e in tree.xpath("//*[@id]") if f"#{e.get('id')}" in rules)


def _rules(sheets: Iterable[str]) -> Rules:
    """Return the rules of a page's own style sheets whose selectors are plain.

    What other selectors name as well, or rules on conditions, is left to be seen: nobody knows here
    which of them hold.
    """
    found: Rules = {}
    other: set[str] = set()
    place = 0
    for sheet in sheets:
        for selectors, told, conditional in _told(sheet[:_SHEET]):
            place += 1
            for selector in (one.strip() for one in selectors.split(",")):
                plain = _SIMPLE.match(selector) if selector and not conditional else None
                if plain is None:
                    other |= set(_NAMED.findall(selector))
                    continue
                tag = (plain["tag"] or "").lower()
                named = f".{plain['cls']}" if plain["cls"] else f"#{plain['id']}"
                key = named if plain["cls"] or plain["id"] else tag
                found.setdefault(key, []).append((place, tag, _declared(told)))
    return {key: rows for key, rows in found.items() if key not in other}


def _told(sheet: str) -> Iterator[tuple[str, str, bool]]:
    """Yield selectors, what they declare, and whether only on a condition, as in `@media`."""
    text = "".join(
        part.partition("*/")[2] if n else part for n, part in enumerate(sheet.split("/*"))
    )
    open_: list[str] = []
    for piece in text.split("}"):
        *heads, told = piece.split("{")
        open_ += [head.strip() for head in heads]
        if open_:
            conditional = any(head.startswith("@") for head in open_[:-1])
            if not open_[-1].startswith("@"):
                yield open_[-1], told, conditional
            open_.pop()


def _declared(text: str) -> Style:
    if not text:
        return {}
    if "/*" in text:
        text = re.sub(r"/\*.*?(?:\*/|$)", "", text, flags=re.DOTALL)
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    pairs = (part.partition(":") for part in text.split(";"))
    return {
        name.strip().lower(): value.replace("!important", "").strip().lower()
        for name, _, value in pairs
    }


_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})\s?|\\(.)", re.DOTALL)


def _unescaped(found: re.Match[str]) -> str:
    """Return the letter that an escape of CSS stands for."""
    if found[1] is None:
        return found[2]
    code = int(found[1], 16)
    return chr(code) if 0 < code <= sys.maxunicode else "\ufffd"


def _style(element: Any, rules: Rules) -> Style:
    keys = [element.tag, *(f".{name}" for name in (element.get("class") or "").split())]
    if element.get("id"):
        keys.append(f"#{element.get('id')}")
    rows = [row for key in keys for row in rules.get(key, ()) if row[1] in ("", element.tag)]
    found: Style = {}
    for _, _, declared in sorted(rows, key=lambda row: row[0]):
        found |= declared
    own = _declared(element.get("style") or "")
    if element.tag == "font" and element.get("color"):
        own.setdefault("color", element.get("color").lower())
    return found | own


def _is_hidden(element: Any, rules: Rules) -> bool:
    if element.tag in ("html", "body", "style", "script"):
        return False
    if (
        element.tag == "template"
        or element.get("hidden") is not None
        or (element.tag == "dialog" and element.get("open") is None)
    ):
        return True
    style = _style(element, rules)
    if not style:
        return False
    if _is_out_of_sight(tuple(style.items())):
        return True
    fades = _fades(style) or _is_unlit(element, style, rules)
    return fades and not _undone(element, rules)


def _undone(element: Any, rules: Rules) -> bool:
    """Say whether something within may be seen although what it stands in is not."""
    within = element.iterdescendants()
    return any(isinstance(e.tag, str) and _LASTING & _style(e, rules).keys() for e in within)


def _fades(style: Style) -> bool:
    """Say whether a style makes words unseen that what is within takes over."""
    size = style.get("font-size")
    share = _share(size)
    pixels = share * 0.16 if share is not None else _pixels(size)
    return style.get("visibility") in ("hidden", "collapse") or (
        pixels is not None and pixels < _TINY
    )


@lru_cache(maxsize=1_000)
def _is_out_of_sight(declared: tuple[tuple[str, str], ...]) -> bool:
    """Say whether a style takes words off the page, with all that is within."""
    style = dict(declared)
    closed = any(
        (box := _pixels(style.get(n))) is not None and box <= 1 for n in ("height", "width")
    )
    clips = f"{style.get('clip', '')} {style.get('clip-path', '')}"
    # What moves or fades in is seen a moment later.
    moving = any(name.startswith(("transition", "animation")) for name in style)
    faded = _is_zero(style.get("opacity")) and not moving and "transform" not in style
    return (
        style.get("display") == "none"
        or faded
        or any(_is_away(style.get(name)) for name in _MOVES)
        or (closed and style.get("overflow") in ("hidden", "clip"))
        or bool(re.search(r"rect\((?:\s{0,9}[01](?:px)?\s{0,9}[, ]?){4}\)", clips))
        or bool(re.search(r"inset\(\s{0,9}(?:100|50)%|circle\(\s{0,9}0", clips))
        or bool(re.search(r"scale\(\s{0,9}0(?:\.0\d{0,9})?\s{0,9}[),]", style.get("transform", "")))
        or bool(re.search(r"\(\s{0,9}-\d{3,9}px", style.get("transform", "")))
    )


def _is_away(text: str | None) -> bool:
    share = _share(text)
    if share is not None:
        return share < -_WHOLE
    pixels = _pixels(text)
    return pixels is not None and pixels <= _AWAY


def _is_unlit(element: Any, style: Mapping[str, str], rules: Rules) -> bool:
    """Say whether words have the colour of what is known to be behind them."""
    said = style.get("color")
    if said is None:
        return False
    if said == "transparent" or re.search(r"rgba\([^)]{0,60},\s{0,9}0?\.?0\d?\s{0,9}\)", said):
        return True
    if re.fullmatch(r"#(?:[0-9a-f]{3}0|[0-9a-f]{6}0[0-9a-f])", said):
        return True
    colour = _colour(said)
    behind = _behind(element, rules)
    return colour is not None and behind is not None and _same(colour, behind)


def _behind(element: Any, rules: Rules) -> Colour | None:
    """Return the colour behind an element; `None` where it cannot be told.

    A page is white where nothing says otherwise. What has a class may have its colour from a style
    sheet that is not here.
    """
    for place in (element, *element.iterancestors()):
        style = _style(place, rules)
        told = style.get("background-color") or style.get("background") or place.get("bgcolor")
        if told is not None:
            return _colour(told.lower())
        if (place.get("class") or place.get("id")) and not _all_known(place, rules):
            return None
    return _PAGE


def _all_known(element: Any, rules: Rules) -> bool:
    """Say whether a sheet of this page has a plain rule for each class and name of an element."""
    names = [f".{name}" for name in (element.get("class") or "").split()]
    names += [f"#{element.get('id')}"] if element.get("id") else []
    return all(name in rules for name in names)


def _colour(text: str) -> Colour | None:
    """Read a colour; `None` for pictures, gradients, variables and names unknown here."""
    found = re.fullmatch(r"#([0-9a-f]{3,8})|rgba?\(([^()]{0,60})\)|([a-z]+)", text.strip())
    if found is None:
        return None
    digits, numbers, name = found.groups()
    if name:
        return _COLOURS.get(name)
    if digits and len(digits) in (3, 4):
        return _rgb([int(d * 2, 16) for d in digits])
    if digits and len(digits) in (6, 8):
        return _rgb([int(digits[i : i + 2], 16) for i in (0, 2, 4)])
    parts = [min(255, int(n)) for n in re.findall(r"\d+", numbers or "")]
    return _rgb(parts) if len(parts) >= len(_PAGE) else None


def _rgb(parts: list[int]) -> Colour:
    return parts[0], parts[1], parts[2]


def _same(a: Colour, b: Colour) -> bool:
    return all(abs(x - y) < _ALIKE for x, y in zip(a, b, strict=True))


def _pixels(text: str | None) -> float | None:
    found = _LENGTH.match(text or "")
    factor = _PIXELS.get(found[2]) if found else None
    return None if found is None or factor is None else float(found[1]) * factor


def _share(text: str | None) -> float | None:
    """Return hundredths of what is around, where a length is told as such."""
    found = _LENGTH.match(text or "")
    return float(found[1]) if found and found[2] in _SHARES else None


def _is_zero(text: str | None) -> bool:
    try:
        return text is not None and float(text.rstrip("%")) < 0.1
    except ValueError:
        return False
