"""Kinds of people: those of a history, or drawn ones where there is no history."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.taste.belief import Kinds, Question

__all__ = ["drawn_kinds", "kinds_of", "tags_of"]

TITLES = 60
"""Most liked items that are asked about."""
_DRAWN = 400
_LIKED = 0.2
"""Share of a catalogue that a drawn kind likes."""
_FEW = 3
"""Items that a tag must have to be asked about."""


def tags_of(catalogue: Catalogue) -> tuple[list[str], NDArray[np.float32]]:
    """Return the tags that tell items apart, and items by tags: 1 where they have it."""
    names: dict[str, int] = {}
    rows: list[set[str]] = []
    fields = [name for name, field in catalogue.domain.fields.items() if field.kind == "tags"]
    for item in catalogue.items:
        values = (item.values.get(name) for name in fields)
        has = {tag for value in values if isinstance(value, tuple) for tag in value}
        rows.append(has)
        for tag in has:
            names[tag] = names.get(tag, 0) + 1
    least = min(_FEW, max(1, len(rows) // 4))
    tags = sorted(tag for tag, count in names.items() if least <= count < len(rows))
    has = np.array([[tag in row for tag in tags] for row in rows], np.float32)
    return tags, has.reshape(len(rows), len(tags))


def kinds_of(
    likes: NDArray[np.float32], tags: Sequence[str], has: NDArray[np.float32], titles: Sequence[str]
) -> Kinds:
    """Return real people as kinds.

    Args:
        likes: People by items: 1 where liked.
        tags: What may be asked about.
        has: Items by tags.
        titles: Of the items.

    Raises:
        UsageError: If nobody likes anything.
    """
    some = likes[likes.sum(axis=1) > 0]
    if not len(some):
        raise UsageError("nobody in the history likes anything: there are no ratings of 4 or more")
    counts = some.sum(axis=0)
    asked = [int(i) for i in np.argsort(-counts, kind="stable")[:TITLES] if counts[i] > 0]
    share = (some @ has) / some.sum(axis=1, keepdims=True)
    more = share > np.median(share, axis=0)
    questions = (
        *(Question(text=f"Do you like {tag} more than most people do?", tag=tag) for tag in tags),
        *(Question(text=f"Do you like “{titles[item]}”?", item=item) for item in asked),
    )
    return Kinds(
        likes=some, questions=questions, yes=np.concatenate([more, some[:, asked] > 0], axis=1)
    )


def drawn_kinds(catalogue: Catalogue, *, seed: int = 0) -> Kinds:
    """Return made-up people: each likes what has the tags that chance gave them a liking for.

    It is what can be done for a catalogue that nobody's ratings are known of; what is found then
    rests on tags alone.

    Raises:
        UsageError: If the catalogue has no tags to ask about.
    """
    tags, has = tags_of(catalogue)
    if not tags:
        raise UsageError("the catalogue has no tags that tell its items apart: nothing to ask")
    chance = np.random.default_rng(seed)
    liking = chance.standard_normal((_DRAWN, len(tags)))
    pleased: NDArray[np.float64] = liking @ has.T / np.sqrt(np.maximum(has.sum(axis=1), 1))
    pleased += 0.1 * chance.standard_normal(pleased.shape)
    most = max(1, round(_LIKED * len(catalogue.items)))
    likes = pleased >= -np.partition(-pleased, most - 1, axis=1)[:, most - 1, None]
    questions = tuple(Question(text=f"Do you like {tag}?", tag=tag) for tag in tags)
    return Kinds(likes=likes.astype(np.float32), questions=questions, yes=liking > 0)
