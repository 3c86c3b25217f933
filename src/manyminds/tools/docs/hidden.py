"""Words of an HTML page that no reader of it sees: left out, for they are written for machines.

It is judged by what stands in it: inline styles, plain rules of its own style sheets, attributes.
What a style sheet of another file hides is not known.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any

__all__ = ["drop_hidden", "shown_html"]

_HTML: Any = import_module("lxml.html")  # it has no types

_SIGNS = re.compile(
    rb"display\s*:\s*none|visibility\s*:|opacity\s*:\s*0?\.?0|font-size\s*:\s*(?:0|[0-3](?:\.\d+)?p|\.)"
    rb"|(?<![\w-])color\s*:|:\s*-\d{3,}|clip(?:-path)?\s*:|(?:height|width)\s*:\s*[01]\s*(?:px)?\s*[;\"'}]"
    rb"|transform\s*:"
)
_ATTRIBUTE = 2_000
_HIDDEN = re.compile(rb"<[a-z][^<>]*\shidden[\s>=]")
_TAGS = (b"<dialog", b"<template", b"<font")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SIMPLE = re.compile(
    r"^(?P<tag>[a-z][a-z0-9]*)?(?:\.(?P<cls>[\w-]+)|#(?P<id>[\w-]+))?$", re.IGNORECASE
)
_LENGTH = re.compile(r"(-?\d*\.?\d+)\s*(px|pt|em|rem|%|vw|vh|)")
_PIXELS = {
    "px": 1.0,
    "": 1.0,
    "pt": 1.33,
    "em": 16.0,
    "rem": 16.0,
    "%": 10.0,
    "vw": 10.0,
    "vh": 8.0,
}
_TINY = 3.0
"""Pixels of a font that nobody reads."""
_AWAY = -400.0
"""Pixels by which words are moved off a page."""
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
    before, *pieces = html.split(b"style")
    for piece in pieces:
        # A style sheet reaches to the next "style", which ends it; an attribute is short.
        if _SIGNS.search(piece if before.endswith(b"<") else piece[:_ATTRIBUTE]):
            return True
        before = piece
    return False


def drop_hidden(tree: Any) -> bool:
    """Take elements out of a parsed page that nobody sees; say whether there were any."""
    rules = _rules(tree)
    hidden = [e for e in tree.iter() if isinstance(e.tag, str) and _is_hidden(e, rules)]
    for element in hidden:
        if element.getparent() is not None:
            element.drop_tree()
    return bool(hidden)


Style = dict[str, str]
Rules = dict[str, list[tuple[str, Style]]]
"""By ".class", "#id" or tag: the tag that it has to be, else "", and what is declared."""


def _rules(tree: Any) -> Rules:
    """Return the rules of a page's own style sheets whose selectors are plain."""
    found: Rules = {}
    for sheet in tree.iter("style"):
        text = re.sub(r"/\*.*?\*/", "", sheet.text or "", flags=re.DOTALL)
        for selectors, told in _RULE.findall(text):
            for selector in selectors.split(","):
                plain = _SIMPLE.match(selector.strip())
                if plain is not None and selector.strip():
                    tag = (plain["tag"] or "").lower()
                    key = f".{plain['cls']}" if plain["cls"] else f"#{plain['id']}"
                    key = key if plain["cls"] or plain["id"] else tag
                    found.setdefault(key, []).append((tag, _declared(told)))
    return found


def _declared(text: str) -> dict[str, str]:
    if not text:
        return {}
    pairs = (part.partition(":") for part in text.split(";"))
    return {
        name.strip().lower(): value.replace("!important", "").strip().lower()
        for name, _, value in pairs
    }


def _style(element: Any, rules: Rules) -> Style:
    keys = [element.tag, *(f".{name}" for name in (element.get("class") or "").split())]
    if element.get("id"):
        keys.append(f"#{element.get('id')}")
    found: Style = {}
    for key in keys:
        for tag, declared in rules.get(key, ()):
            if tag in ("", element.tag):
                found |= declared
    return found | _declared(element.get("style") or "")


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
    if element.tag == "font" and element.get("color"):
        style.setdefault("color", element.get("color").lower())
    return bool(style) and (
        _is_out_of_sight(tuple(style.items())) or _is_unlit(element, style, rules)
    )


@lru_cache(maxsize=1_000)
def _is_out_of_sight(declared: tuple[tuple[str, str], ...]) -> bool:
    """Say whether a style takes words off the page, or makes them too small to see."""
    style = dict(declared)
    size = _pixels(style.get("font-size"))
    moved = ("left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top")
    boxes = ("height", "width", "max-height", "max-width")
    closed = any((box := _pixels(style.get(name))) is not None and box <= 1 for name in boxes)
    clips = f"{style.get('clip', '')} {style.get('clip-path', '')}"
    return (
        style.get("display") == "none"
        or style.get("visibility") in ("hidden", "collapse")
        or _is_zero(style.get("opacity"))
        or (size is not None and size < _TINY)
        or any((at := _pixels(style.get(name))) is not None and at <= _AWAY for name in moved)
        or (closed and style.get("overflow") in ("hidden", "clip"))
        or bool(re.search(r"rect\(\s*[01]|inset\(\s*(?:100|50)%|circle\(\s*0", clips))
        or bool(
            re.search(r"scale\(\s*0(?:\.0\d*)?\s*[),]|\(\s*-\d{3,}", style.get("transform", ""))
        )
    )


def _is_unlit(element: Any, style: Mapping[str, str], rules: Rules) -> bool:
    """Say whether words have the colour of what is known to be behind them."""
    said = style.get("color")
    if said is None:
        return False
    if said == "transparent" or re.search(r"rgba\([^)]*,\s*0?\.?0\d?\s*\)", said):
        return True
    colour = _colour(said)
    return colour is not None and _same(colour, _behind(element, rules))


def _behind(element: Any, rules: Rules) -> Colour:
    for place in (element, *element.iterancestors()):
        style = _style(place, rules)
        told = style.get("background-color") or style.get("background") or place.get("bgcolor")
        colour = None if told is None else _colour(told.lower())
        if colour is not None:
            return colour
    return _PAGE


def _colour(text: str) -> Colour | None:
    for word in re.findall(r"#[0-9a-f]+|rgba?\([^)]*\)|[a-z]+", text):
        if word in _COLOURS:
            return _COLOURS[word]
        digits = word[1:]
        if word[0] == "#" and len(digits) in (3, 4):
            return _rgb([int(d * 2, 16) for d in digits])
        if word[0] == "#" and len(digits) in (6, 8):
            return _rgb([int(digits[i : i + 2], 16) for i in (0, 2, 4)])
        numbers = re.findall(r"\d+", word)
        if word.startswith("rgb") and len(numbers) >= len(_PAGE):
            return _rgb([min(255, int(n)) for n in numbers])
    return None


def _rgb(parts: list[int]) -> Colour:
    return parts[0], parts[1], parts[2]


def _same(a: Colour, b: Colour) -> bool:
    return all(abs(x - y) < _ALIKE for x, y in zip(a, b, strict=True))


def _pixels(text: str | None) -> float | None:
    found = _LENGTH.match(text or "")
    return float(found[1]) * _PIXELS[found[2]] if found else None


def _is_zero(text: str | None) -> bool:
    try:
        return text is not None and float(text.rstrip("%")) < 0.1
    except ValueError:
        return False
