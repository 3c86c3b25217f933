"""The links of a page as a list: what each is called, leads to, stands under and beside."""

from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from manyminds.tools.web.pages import Part

__all__ = ["MAX_ENTRIES", "NEXT", "joined", "line_of", "links_of"]

MAX_ENTRIES = 5_000
NEXT = "the next page"
"""What a link stands under that leads to where a list goes on."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset(("li", "tr", "dt", "dd", "p", "td", "th", "blockquote", "figcaption"))
_AROUND = frozenset(("nav", "header", "footer", "aside", "form"))
_LONGEST = 200
"""Characters of a field."""
_LONGEST_ADDRESS = 2_000


def line_of(title: str, address: str, date: str = "", under: str = "", around: str = "") -> str:
    """Return an entry as a line; tabs and line ends in its fields become spaces.

    An address is never cut, for then it leads elsewhere; an entry that is too long is no line.
    """
    where = " ".join(address.split())
    if len(where) > _LONGEST_ADDRESS:
        return ""
    before, *after = (" ".join(field.split())[:_LONGEST] for field in (title, date, under, around))
    return "\t".join((before, where, *after)) + "\n"


def joined(origin: str, href: str) -> str:
    """Return the address that a link of a page leads to; empty where that is none."""
    try:
        found = urljoin(origin, href.strip())
        urlsplit(found)
    except ValueError:
        return ""
    return found if urldefrag(found)[0].startswith(("http://", "https://")) else ""


def links_of(tree: Any, address: str) -> tuple[Part, ...]:
    """Return the part that lists a page's links, in their order; none where there are none.

    What leads around a site (navigation, header, footer) is under "around the page".

    Args:
        tree: The page, parsed by `lxml.html`.
        address: Where it is from; links are completed by it.
    """
    base = tree.xpath("string(//base/@href)")
    origin = joined(address, str(base)) or address
    headings: list[str] = []
    lines: list[str] = []
    for element in tree.iter():
        name = element.tag if isinstance(element.tag, str) else ""
        if name in _HEADINGS:
            level = int(name[1])
            headings = [*headings[: level - 1], *[""] * (level - 1 - len(headings)), _text(element)]
        if name != "a" or not element.get("href"):
            continue
        where = joined(origin, str(element.get("href")))
        title = _text(element).replace("¶", "").strip()
        if where and title:
            under = " › ".join(h for h in headings if h)
            under = "around the page" if _is_around(element) else under
            under = NEXT if "next" in (element.get("rel") or "").lower().split() else under
            lines.append(line_of(title, where, "", under, _beside(element, title)))
        if len(lines) >= MAX_ENTRIES:
            break
    return (Part(name="links", text="".join(lines)),) if lines else ()


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
