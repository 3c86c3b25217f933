"""Where a page says that it has its words from."""

import re
from collections.abc import Iterator
from typing import Any

from manyminds.tools.web.links import joined

__all__ = ["POINTS", "credits_in", "said_in"]

POINTS = re.compile(
    r"\b(?:(?:published|posted|appeared|written) (?:on|at|in|by)"
    r"|(?:copied|taken|reposted|republished|reproduced|adapted|reprinted|quoted) (?:from|via|off)"
    r"|according to|via|(?:original|source) (?:is|at|on)|(?:original|source|via|origin) ?:)"
    r"[^\n]{0,100}",
    re.IGNORECASE,
)
"""Words that lead to an origin, and what follows them; who was copied by whom does not count."""
_PLACE = re.compile(r"https?://[^\s<>\"]{4,}|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b", re.IGNORECASE)
_MOST = 20
_SILENT = ("script", "style", "noscript", "template")


def credits_in(text: str) -> tuple[str, ...]:
    """Return the stretches of a text that lead to a place where it is from, the first twenty."""
    found = (" ".join(stretch.split()) for stretch in POINTS.findall(text))
    return tuple(dict.fromkeys(s for s in found if _PLACE.search(s)))[:_MOST]


def said_in(tree: Any, address: str) -> str:
    """Return all words of a tree of HTML, each link's followed by where it leads."""
    return "".join(_said(tree, address))


def _said(tree: Any, address: str) -> Iterator[str]:
    waiting: list[tuple[Any, bool]] = [(tree, False)]
    while waiting:
        node, over = waiting.pop()
        if over:
            if node.tag == "a" and (leads := node.get("href") or "").startswith(("http", "/")):
                yield f" {joined(address, leads)} "
            yield (node.tail or "").replace("\n", " ")
            if node.tag in _BLOCKS:
                yield "\n"
            continue
        waiting.append((node, True))
        if isinstance(node.tag, str) and node.tag not in _SILENT and not _of_visitors(node):
            yield (node.text or "").replace("\n", " ")
            waiting += [(child, False) for child in reversed(node)]


def _of_visitors(node: Any) -> bool:
    """Say whether what stands in it is what anybody may have left on the page."""
    return bool(_VISITORS.search(f"{node.get('class') or ''} {node.get('id') or ''}"))


_VISITORS = re.compile(
    r"(?<![a-z])(?:comments?|repl(?:y|ies)|disqus|guestbook)(?![a-z])", re.IGNORECASE
)
_BLOCKS = frozenset((
    "p", "div", "li", "td", "th", "tr", "dt", "dd", "br", "h1", "h2", "h3", "h4", "h5", "h6", "pre",
    "section", "article", "header", "footer", "blockquote", "figcaption", "caption",
))  # fmt: skip
