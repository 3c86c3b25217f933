"""What a page says, once it was read."""

from dataclasses import dataclass

__all__ = ["LISTS", "Part", "Read", "Unread"]

LISTS = ("links", "feed", "sitemap")
"""Names of parts that list other addresses: an entry a line, its fields apart by tabs (title,
address, date, what it stands under, what stands around it)."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One text of a page: the whole of it, or one page of a PDF."""

    name: str
    """Empty, or as "page=3": what stands behind the # of its address."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Read:
    """What a body says."""

    title: str
    author: str | None
    date: str | None
    """Of the page itself, as it tells: YYYY-MM-DD."""
    parts: tuple[Part, ...]
    credits: tuple[str, ...] = ()
    """Stretches of it that say where it has its words from, wherever on the page they stand."""


@dataclass(frozen=True, kw_only=True)
class Unread:
    """Why a body says nothing."""

    why: str
