"""What documents call each other: the words of links, and where they lead."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

__all__ = ["Link", "html_links", "markdown_links"]

_ANCHOR = re.compile(r"<a\s", re.IGNORECASE)
_END = re.compile(r"</a\s*>", re.IGNORECASE)
_TOLD = 400
"""Characters of what stands in a link, its tags too."""
_HREF = re.compile(r"""\bhref\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_MARKDOWN = re.compile(r"(?<!!)\[([^\[\]]{1,200})\]\(<?([^\s()<>]{1,500})>?(?:\s[^()]{0,200})?\)")
_SHORTEST, _LONGEST = 2, 120
"""Characters of the words of a link: longer ones are texts, and not what a thing is called."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link to another document of the folder."""

    target: str
    """Path of the document below the folder."""
    words: str


def html_links(page: str, source: str) -> tuple[Link, ...]:
    """Return the links of a page to others of its folder, each with its words once.

    Args:
        page: HTML.
        source: Its path below the folder.
    """
    return _links(_anchors(page), source)


def _anchors(page: str) -> Iterator[tuple[str, str]]:
    """Yield where each link of a page leads, and its words."""
    for piece in _ANCHOR.split(page)[1:]:
        tag, _, rest = piece.partition(">")
        end = _END.search(rest, 0, _TOLD)
        href = _HREF.search(f" {tag}") if end else None
        if end is not None and href is not None:
            words = rest[: end.start()]
            words = _TAG.sub("", words) if "<" in words else words
            yield _plain(href[1] or href[2] or href[3] or ""), _plain(words)


def _plain(text: str) -> str:
    return html.unescape(text) if "&" in text else text


def markdown_links(text: str, source: str) -> tuple[Link, ...]:
    """Return the links of a Markdown text to other documents of its folder."""
    return _links(((found[2], found[1]) for found in _MARKDOWN.finditer(text)), source)


def _links(found: Iterator[tuple[str, str]], source: str) -> tuple[Link, ...]:
    links: dict[tuple[str, str], None] = {}
    targets: dict[str, str | None] = {}
    for href, words in found:
        path = href.partition("#")[0]
        if path not in targets:
            targets[path] = _target(path, source)
        target, plain = targets[path], " ".join(words.split())
        if target is not None and _SHORTEST <= len(plain) <= _LONGEST:
            links[target, plain] = None
    return tuple(Link(target=target, words=words) for target, words in links)


def _target(href: str, source: str) -> str | None:
    """Return what a link leads to; `None` where that is itself, elsewhere or out of the folder."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not parts.path or "\0" in parts.path:
        return None
    target = normpath(join(dirname(source), unquote(parts.path)))
    return None if target.startswith(("/", "..")) or target == source else target
