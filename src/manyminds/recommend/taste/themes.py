"""From a few things that somebody likes to what they have in common, and more of that.

A theme is a tag, or two together, that the liked things share more often than chance would have
it. What is offered stands in the catalogue, is not among what was liked, and names its reason.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import combinations
from math import comb, log10
from unicodedata import normalize

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.item import Item
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.ranking.diversity import page_of_rows

__all__ = ["Theme", "item_called", "themes_of"]

THEMES, OPTIONS = 4, 4
_LEAST = 1.0
"""Surprise below which things share a tag by chance: one time in ten."""


@dataclass(frozen=True, kw_only=True)
class Theme:
    """What some liked things have in common."""

    tags: tuple[str, ...]
    """One tag, or two that stand together."""
    likes: tuple[Item, ...]
    """Liked things that have it: the reason for what is offered."""
    surprise: float
    """Minus log10 of the chance that as many of as many things would share it."""
    options: tuple[Item, ...] = ()


def item_called(catalogue: Catalogue, title: str) -> Item:
    """Return the thing of a title, or of the one title that holds it.

    Raises:
        UsageError: If there is none, or several; the message names near ones.
    """
    wanted = _plain(title)
    same = [item for item in catalogue.items if wanted in (_plain(item.title), item.id.casefold())]
    found = same or [item for item in catalogue.items if wanted and wanted in _plain(item.title)]
    if len(found) == 1:
        return found[0]
    if found:
        said = "; ".join(f"{item.title} ({item.id}, {item.source})" for item in found[:3])
        raise UsageError(f"{len(found)} things are called {title!r}; name the id of one: {said}")
    titles = {_plain(item.title): item.title for item in catalogue.items}
    said = "; ".join(titles[name] for name in get_close_matches(wanted, titles, 3))
    raise UsageError(f"no {title!r} in the catalogue" + (f"; there are: {said}" if said else ""))


def _plain(title: str) -> str:
    return normalize("NFC", title).casefold().strip()


def themes_of(
    catalogue: Catalogue, liked: Sequence[Item], scores: Mapping[str, float] | None = None
) -> list[Theme]:
    """Return what liked things have in common, the most surprising first, each with options.

    Args:
        catalogue: What there is.
        liked: Things of it.
        scores: How likely each thing is to be liked, by its id, where somebody knows: options are
            ordered by it, and without it by how much else of the themes they have.
    """
    tags = {item.id: _tags(catalogue, item) for item in catalogue.items}
    liked = sorted(liked, key=lambda item: (item.title, item.id))
    found = _common(tags, liked)
    chosen: list[Theme] = []
    for theme in sorted(found, key=lambda theme: (-theme.surprise, theme.tags)):
        # A tag that another theme has already said, of no other things, says nothing new.
        said = {(tag, item.id) for t in chosen for tag in t.tags for item in t.likes}
        if {(tag, item.id) for tag in theme.tags for item in theme.likes} - said:
            chosen.append(theme)
    worth = scores if scores and any(scores.values()) else {
        name: sum(t.surprise for t in chosen if has.issuperset(t.tags))
        for name, has in tags.items()
    }  # fmt: skip
    mine = {item.id for item in liked}
    others = sorted(
        (item for item in catalogue.items if item.id not in mine),
        key=lambda item: -worth.get(item.id, 0.0),
    )
    return _with_options(chosen, others, tags)


def _tags(catalogue: Catalogue, item: Item) -> frozenset[str]:
    fields = (name for name, field in catalogue.domain.fields.items() if field.kind == "tags")
    values = (item.values.get(name) for name in fields)
    return frozenset(tag for value in values if isinstance(value, tuple) for tag in value)


def _common(tags: dict[str, frozenset[str]], liked: Sequence[Item]) -> Iterable[Theme]:
    """Yield tags and pairs of them that more liked things share than chance would have it."""
    least = min(2, len(liked))
    counts = Counter(tag for item in liked for tag in tags[item.id])
    theirs = sorted(tag for tag, count in counts.items() if count >= least)
    # One look at the catalogue for all of them: there may be thousands of pairs.
    where = {tag: {name for name, has in tags.items() if tag in has} for tag in theirs}
    for group in [*((tag,) for tag in theirs), *combinations(theirs, 2)]:
        having = tuple(item for item in liked if tags[item.id].issuperset(group))
        if len(having) < least:
            continue
        there = set[str].intersection(*(where[tag] for tag in group))
        if len(there) == len(having):
            continue  # there is no more of it
        share = len(there) / len(tags)
        surprise = _surprise(len(having), len(liked), share)
        if surprise >= _LEAST:
            yield Theme(tags=group, likes=having, surprise=surprise)


def _surprise(count: int, of: int, share: float) -> float:
    """Return minus log10 of the chance of `count` or more of `of`, each with chance `share`."""
    chance = sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(count, of + 1))
    return -log10(max(chance, 1e-300))


def _with_options(
    themes: Sequence[Theme], items: Sequence[Item], tags: Mapping[str, frozenset[str]]
) -> list[Theme]:
    """Add to each theme the first things that have it; nothing stands under two."""
    rows = {
        str(n): [p for p, item in enumerate(items) if tags[item.id].issuperset(theme.tags)]
        for n, theme in enumerate(themes)
    }
    page = page_of_rows(rows, across=OPTIONS, down=THEMES)
    return [
        replace(theme, options=tuple(items[place] for place in page[str(n)]))
        for n, theme in enumerate(themes)
        if str(n) in page
    ]
