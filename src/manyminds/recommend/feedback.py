"""What somebody's words about what they had say of their taste: lines to be proposed."""

import re
from datetime import date

from manyminds.recommend.catalogue.item import Item
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.wish import read_wish

__all__ = ["learned_from"]

_GOOD = re.compile(
    r"\b(?:loved?|liked|enjoyed|great|wonderful|excellent|delicious|perfect|lovely|superb|"
    r"fantastic|would go again)\b"
)
_BAD = re.compile(
    r"\b(?:hated?|disliked|awful|terrible|horrible|boring|bland|disappoint\w*|never again|"
    r"waste of)\b"
)
_NOT = re.compile(r"\b(?:not|no|never|hardly)\b|n't\b")


def learned_from(text: str, item: Item, catalogue: Catalogue, *, today: date) -> list[str]:
    """Return what may be remembered of what somebody says of a thing.

    Tastes that the words name, or else the kind of the thing where they only praise or blame it.
    What is both praised and blamed, or denied, says nothing.

    Args:
        text: Theirs.
        item: What they had.
        catalogue: What there is: words for its tags are tastes.
        today: What days in the text are counted from.
    """
    read = read_wish(text, catalogue, today=today, source="feedback", soft=True)
    if read.tastes:
        return [_line(taste.tag, taste.sign) for taste in read.tastes]
    low = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    good, bad = bool(_GOOD.search(low)), bool(_BAD.search(low))
    if good == bad or _NOT.search(low.replace("never again", "")):
        return []
    # What kind of thing it is, is the first of its tags: the kitchen, the genre.
    fields = catalogue.domain.fields.values()
    kind = next((one.name for one in fields if one.kind == "tags" and not one.strict), "")
    tags = item.values.get(kind)
    return [_line(tag, 1 if good else -1) for tag in (tags if isinstance(tags, tuple) else ())]


def _line(tag: str, sign: int) -> str:
    return f"Likes {tag}" if sign > 0 else f"Does not like {tag}"
