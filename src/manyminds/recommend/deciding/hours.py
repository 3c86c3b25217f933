"""Times of day in the words of a wish: "after 6 pm", "18:00 to 21:00", "in the evening"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.numbers import Read
from manyminds.recommend.deciding.span import DAY, Hours, midnight
from manyminds.recommend.deciding.words import Place, Words

__all__ = ["hours"]

_PARTS = {
    "morning": (5 * 60, 12 * 60), "afternoon": (12 * 60, 18 * 60), "evening": (17 * 60, DAY),
    "tonight": (17 * 60, DAY), "night": (20 * 60, DAY),
}  # fmt: skip
"""Minutes of the day that a word stands for: from, and before."""
_ABOUT = 30
"""Minutes that "at 8 pm" may be off: what begins at half past is at that time, too."""
_FROM = (
    r"after|from|since|past|starting(?: at| from)?|not before|(?:no|not) earlier than|later than"
)
_UP_TO = r"before|by|until|till|(?:no|not) later than|not after|earlier than"
_AT = r"at|around|about|from about|~"
_HALF = r"am|pm|a\.m\.|p\.m\.|(?:o'clock )?(?:in the (?:morning|afternoon|evening)|at night)"
_TIME = (
    r"(?:(?<![\d:.,])(?P<{0}h>\d{{1,2}})(?:[:.](?P<{0}m>[0-5]\d))?(?![\d:])\s?(?P<{0}half>"
    + _HALF
    + r")?(?![a-z])|\b(?P<{0}word>noon|midday|midnight)\b)"
)
_CLOCK = re.compile(
    rf"(?:\b(?:between|from) )?(?<!-){_TIME.format('a')}\s?(?:-|\u2013|to|until|till|and)\s?"
    rf"{_TIME.format('b')}|"
    rf"(?:\b(?:(?P<lower>{_FROM})|(?P<upper>{_UP_TO})|(?P<at>{_AT})) )?(?<!-){_TIME.format('c')}"
)
_PART = re.compile(
    r"\b(?:(?P<no>no|not|never)(?: \w+)?(?: in the| at)? )?(?:(?:in the|during the|this|at) )?"
    r"(?P<part>morning|afternoon|evening|night|tonight)s?\b"
)
_NOON = 12 * 60


@dataclass(frozen=True)
class _Said:
    """What one part of the words says of the time of day."""

    place: Place
    span: tuple[int, int]
    bound: bool = False
    """Whether it only cuts off what is before or after it."""
    exact: bool = True
    """Whether it is a time of the clock and no part of the day."""
    refused: bool = False


def hours(words: Words, catalogue: Catalogue) -> Iterator[Read]:
    """Yield what times of day ask for, of the first field that says when.

    Nothing is read where no item says a time of day: then it is not held to, and said so.

    Args:
        words: Of the wish; days were not read from them yet.
        catalogue: What there is.
    """
    field = next(
        (
            one.name for one in catalogue.domain.fields.values()
            if one.kind == "time" and one.better is None
            and any(not midnight(item.values.get(one.name)) for item in catalogue.items)
        ),
        None,
    )  # fmt: skip
    found = [] if field is None else [*_clocks(words.text), *_parts(words.text)]
    if field is None or not found:
        return
    exact = any(one.exact for one in found)
    wanted = [one for one in found if not one.refused and (one.exact or not exact)]
    for chosen, test in ((wanted, "between"), ([o for o in found if o.refused], "none")):
        if spans := _joined(chosen):
            said = " and ".join(words.text[slice(*one.place)] for one in chosen)
            yield field, test, Hours(spans=spans), said
    for one in found:
        if words.text[slice(*one.place)] not in ("tonight", "this evening"):  # they name a day, too
            words.use(one.place)


def _joined(said: Sequence[_Said]) -> tuple[tuple[int, int], ...]:
    """Return the times that are meant: any of those named, within all bounds."""
    if not said:
        return ()
    low = max((one.span[0] for one in said if one.bound), default=0)
    high = min((one.span[1] for one in said if one.bound), default=DAY)
    named = sorted({one.span for one in said if not one.bound}) or [(low, high)]
    cut = [(max(low, begin), min(high, end)) for begin, end in named]
    # Bounds that leave nothing are kept as they stand: nothing is then found, and it is seen why.
    return tuple(span for span in cut if span[0] < span[1]) or (cut[0],)


def _clocks(text: str) -> Iterator[_Said]:
    for found in _CLOCK.finditer(text):
        if found["ah"] or found["aword"]:
            end = _minute(found, "b")
            begin = _minute(found, "a", like=found["bhalf"])
            if begin is not None and end is not None:
                yield _Said(found.span(), (begin, end if end > begin else DAY))
            continue
        at = _minute(found, "c")
        if at is None:
            continue
        if found["lower"]:
            yield _Said(found.span(), (at, DAY), bound=True)
        elif found["upper"]:
            # Who says "by ten" means that ten will do.
            last = at if found["upper"] in ("before", "earlier than") else at + 1
            yield _Said(found.span(), (0, last), bound=True)
        else:
            yield _Said(found.span(), (max(0, at - _ABOUT), min(DAY, at + _ABOUT + 1)))


def _minute(found: re.Match[str], name: str, *, like: str | None = None) -> int | None:
    """Return the minute of the day; `None` where it may be any other number.

    Args:
        found: The match.
        name: Which of its times.
        like: Half of the day that it is of where it names none: "from 6 to 9 pm".
    """
    if word := found[f"{name}word"]:
        return _NOON if word != "midnight" else 0 if name == "a" else DAY
    hour, minute = int(found[f"{name}h"]), int(found[f"{name}m"] or 0)
    half = found[f"{name}half"] or like
    pointed = found[0][found.start(f"{name}h") - found.start() :].startswith(f"{hour}.")
    if half is None and (found[f"{name}m"] is None or pointed):
        return None
    if half is not None:
        if not 1 <= hour <= 12:
            return None if hour > 23 or found[f"{name}half"] else 60 * hour + minute
        late = half.startswith("p") or half.endswith(("afternoon", "evening", "night"))
        hour = hour % 12 + (12 if late else 0)
    return 60 * hour + minute if hour <= 23 else None


def _parts(text: str) -> Iterator[_Said]:
    for found in _PART.finditer(text):
        yield _Said(
            found.span(), _PARTS[found["part"]], exact=False, refused=found["no"] is not None
        )
