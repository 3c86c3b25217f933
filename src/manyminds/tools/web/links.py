"""The links of a page as a list: what each is called, leads to, stands under and beside."""

from typing import Any
from urllib.parse import urldefrag, urljoin

from manyminds.tools.web.pages import Part

__all__ = ["MAX_ENTRIES", "line_of", "links_of"]

MAX_ENTRIES = 5_000
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset(("li", "tr", "dt", "dd", "p", "td", "th", "blockquote", "figcaption"))
_AROUND = frozenset(("nav", "header", "footer", "aside", "form"))
_LONGEST = 200
"""Characters of a field."""


def line_of(title: str, address: str, date: str = "", under: str = "", around: str = "") -> str:
    """Return an entry as a line; tabs and line ends in its fields become spaces."""
    fields = (title, address, date, under, around)
    return "\t".join(" ".join(field.split())[:_LONGEST] for field in fields) + "\n"


def links_of(tree: Any, address: str) -> tuple[Part, ...]:
    """Return the part that lists a page's links, in their order; none where there are none.

    What leads around a site (navigation, header, footer) is under "around the page".

    Args:
        tree: The page, parsed by `lxml.html`.
        address: Where it is from; links are completed by it.
    """
    base = tree.xpath("string(//base/@href)")
    origin = urljoin(address, str(base)) if base else address
    headings: list[str] = []
    lines: list[str] = []
    for element in tree.iter():
        name = element.tag if isinstance(element.tag, str) else ""
        if name in _HEADINGS:
            level = int(name[1])
            headings = [*headings[: level - 1], *[""] * (level - 1 - len(headings)), _text(element)]
        if name != "a" or not element.get("href"):
            continue
        where = _where(origin, str(element.get("href")))
        title = _text(element).replace("¶", "").strip()
        if where and title:
            under = " › ".join(h for h in headings if h)
            under = "around the page" if _is_around(element) else under
            lines.append(line_of(title, where, "", under, _beside(element, title)))
        if len(lines) >= MAX_ENTRIES:
            break
    return (Part(name="links", text="".join(lines)),) if lines else ()


def _where(origin: str, href: str) -> str:
    try:
        found = urljoin(origin, href.strip())
    except ValueError:
        return ""
    return found if urldefrag(found)[0].startswith(("http://", "https://")) else ""


def _is_around(element: Any) -> bool:
    if any(
        a.tag in ("article", "main") or a.get("role") == "main" for a in element.iterancestors()
    ):
        return False
    return any(
        a.tag in _AROUND or a.get("role") in ("navigation", "banner", "contentinfo", "search")
        for a in element.iterancestors()
    )


def _beside(element: Any, title: str) -> str:
    """Return what stands in the same item, row or paragraph."""
    for ancestor in element.iterancestors():
        if ancestor.tag in _BLOCKS:
            row = ancestor.getparent() if ancestor.tag in ("td", "th") else ancestor
            text = _text(ancestor if row is None else row)
            after = ancestor.getnext() if ancestor.tag == "dt" else None
            text = text if after is None else f"{text} {_text(after)}"
            return text.replace(title, "", 1).strip(" -–—:·,|")[:_LONGEST]
    return ""


def _text(element: Any) -> str:
    # Cut early: an item may hold a whole page.
    return " ".join("".join(element.itertext()).split()).replace("¶", "")[: _LONGEST * 2]
