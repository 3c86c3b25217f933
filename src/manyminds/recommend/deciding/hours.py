"""Times of day in the words of a wish: "after 6 pm", "18:00 to 21:00", "in the evening".

Only what is plain is read. Where times are joined in ways that are not (a time for one day and
another one for another), none is: they are then listed as not held to.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from manyminds.recommend.catalogue.item import WEEKDAYS
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.dates import mentions
from manyminds.recommend.deciding.numbers import Read
from manyminds.recommend.deciding.span import DAY, Hours, midnight
from manyminds.recommend.deciding.words import Place, Words

__all__ = ["hours"]

Minutes = tuple[int, int]
"""Of the day: from, and before."""
_PARTS: dict[str, Minutes] = {
    "morning": (5 * 60, 12 * 60), "afternoon": (12 * 60, 18 * 60), "evening": (17 * 60, DAY),
    "tonight": (17 * 60, DAY), "night": (20 * 60, DAY),
}  # fmt: skip
_ABOUT = 30
"""Minutes that "at 8 pm" may be off: what begins at half past is at that time, too."""
_FROM = (
    r"after|from|since|past|starting(?: at| from)?|not before|(?:no|not) earlier than|later than|"
    r"not until|not till|earliest|at least|at the earliest"
)
_UP_TO = r"before|by|until|till|(?:no|not) later than|not after|earlier than|latest|at the latest"
_AT = r"at|around|about|from about|~"
_HALF = r"am|pm|a\.m\.|p\.m\.|(?:o'clock )?(?:in the (?:morning|afternoon|evening)|at night)"
_TIME = (
    r"(?:(?<![\d:.,])(?P<{0}h>\d{{1,2}})(?:[:.](?P<{0}m>[0-5]\d))?(?![\d:])\s?(?P<{0}half>"
    + _HALF
    + r")?(?![a-z])|\b(?P<{0}word>noon|midday|midnight)\b)"
)
_CLOCK = re.compile(
    rf"(?:\b(?:between|from) )?(?<!-){_TIME.format('a')}(?:-|\u2013| - | to | until | till | and )"
    rf"{_TIME.format('b')}|"
    rf"(?:\b(?:(?P<lower>{_FROM})|(?P<upper>{_UP_TO})|{_AT}) )?(?<!-){_TIME.format('c')}"
    r"(?:(?P<later>\+| or later| and later| onwards?| at the earliest)|"
    r"(?P<sooner> or earlier| at the latest))?"
)
_DAY_NAME = rf"(?:{'|'.join(WEEKDAYS)}|tomorrow|today)s?"
_PART = re.compile(
    rf"\b(?:(?P<day>{_DAY_NAME}|this|tonight)(?: in the)?|in the|during the|at)"
    r"(?: (?P<part>morning|afternoon|evening|night)s?)?\b"
)
_NO = (
    r"\b(?:not|no|never|nothing|don't|doesn't|won't|can't|cannot|couldn't|avoid|except|neither|nor|"
    r"anything but|without)\b"
)
_NOT = re.compile(
    rf"{_NO}(?: (?:want|like|to|be|go|do|come|make|it|out|home|leave|starts?|starting|begins?|"
    r"beginning|that|anything|on|free|able|concerts?|events?))*\s*$"
)
"""What turns a time right behind it: "nothing after", "I do not want to be out after"."""
_UNSURE = re.compile(rf"{_NO}[^,.;!?]{{0,30}}$")
"""What may turn it, or may refuse something else: "no classical after"."""
_BUSY = re.compile(
    r"\b(?:busy|work|working|booked|away|unavailable|tied up)(?: (?:from|till))?\s*$"
)
"""What says until when one cannot: that is from when one can."""
_NEAR = 40
_NOON = 12 * 60
_SMALL_HOURS = 6


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What one part of the words says of the time of day."""

    place: Place
    spans: tuple[Minutes, ...]
    bound: bool = False
    """Whether it only cuts off what is before or after it."""
    clock: bool = True
    """Whether it is a time of the clock and no part of the day."""
    refused: bool = False
    of_day: bool = False
    """Whether it belongs to a day that is named with it."""
    clear: bool = True
    """Whether it is plain that it is wanted, or that it is not."""


def hours(words: Words, catalogue: Catalogue, today: date) -> Iterator[Read]:
    """Yield what times of day ask for, of the first field that says when.

    Nothing is read where no item says a time of day: then it is not held to, and said so.

    Args:
        words: Of the wish; days were not read from them yet.
        catalogue: What there is.
        today: What "tomorrow" is after.
    """
    field = next(
        (
            one.name for one in catalogue.domain.fields.values()
            if one.kind == "time" and one.better is None
            and any(not midnight(item.values.get(one.name)) for item in catalogue.items)
        ),
        None,
    )  # fmt: skip
    if field is None:
        return
    taken = [(m.begin, m.end) for m in mentions(words.text, today)]
    tags = [
        place for one in catalogue.domain.fields.values() if one.kind == "tags"
        for place, _ in words.all(catalogue.tags(one.name))
    ]  # fmt: skip
    clocks = [one for one in _clocks(words.text) if not _meets(one.place, [*taken, *tags])]
    known = [*tags, *(one.place for one in clocks)]
    found = [*clocks, *(one for one in _parts(words.text) if not _meets(one.place, known))]
    found.sort(key=lambda one: one.place)
    if not found or not _plain(found, words.text, days=len(taken)):
        return
    for chosen, test in (
        ([one for one in found if not one.refused], "between"),
        ([one for one in found if one.refused], "none"),
    ):
        if spans := _joined(chosen):
            said = " and ".join(words.text[slice(*one.place)] for one in chosen)
            yield field, test, Hours(spans=spans), said
    for one in found:
        words.use(one.place)


def _plain(found: Sequence[_Said], text: str, *, days: int) -> bool:
    """Say whether it is clear how times belong together."""
    if len(found) > 1 and days > 1:
        return False
    joins = [
        text[one.place[1] : other.place[0]] for one, other in zip(found, found[1:], strict=False)
    ]
    either = any(re.search(r"\bor\b", join) for join in joins)
    mixed = any(one.bound for one in found) or len({one.refused for one in found}) > 1
    refused_day = any(one.refused and one.of_day for one in found)
    clear = all(one.clear for one in found)
    return clear and not (either and mixed) and not refused_day


def _joined(said: Sequence[_Said]) -> tuple[Minutes, ...]:
    """Return the times that are meant: any of those named, within all bounds."""
    if not said:
        return ()
    low = max((one.spans[0][0] for one in said if one.bound), default=0)
    high = min((one.spans[0][1] for one in said if one.bound), default=DAY)
    parts = [span for one in said if not one.bound and not one.clock for span in one.spans]
    clocks = [span for one in said if not one.bound and one.clock for span in one.spans]
    # "in the evening at 8": the part says which half of the day is meant, and no more.
    named = sorted(set(clocks or parts)) or [(low, high)]
    cut = [(max(low, begin), min(high, end)) for begin, end in named]
    return tuple(span for span in cut if span[0] < span[1]) or (cut[0],)


def _clocks(text: str) -> Iterator[_Said]:
    for found in _CLOCK.finditer(text):
        before = _before(found, text)
        place = (before.begin, found.end())
        if found["ah"] or found["aword"]:
            if (spans := _range(found)) is not None:
                yield _Said(place=place, spans=spans, refused=before.turns, clear=before.clear)
            continue
        at = _minute(found, "c")
        if at is None:
            continue
        lower, upper = found["lower"] or found["later"], found["upper"] or found["sooner"]
        if not lower and not upper:
            span = (max(0, at - _ABOUT), min(DAY, at + _ABOUT + 1))
            yield _Said(place=place, spans=(span,), refused=before.turns, clear=before.clear)
            continue
        # Who says "by ten" means that ten will do. After midnight is another day, or this one.
        exact = upper in ("before", "earlier than") and not before.turns
        after = bool(lower) != before.turns
        span = (at, DAY) if after else (0, at if exact else min(DAY, at + 1))
        clear = before.clear and not (lower and at == DAY)
        yield _Said(place=place, spans=(span,), bound=True, clear=clear)


@dataclass(frozen=True)
class _Before:
    """What stands before a time."""

    turns: bool
    """Whether it turns it: "nothing after", "busy until"."""
    clear: bool
    """Whether that is plain."""
    begin: int
    """Of the words that turn it, or of the time."""


def _before(found: re.Match[str], text: str) -> _Before:
    begin = max(0, found.start() - _NEAR)
    before = text[begin : found.start()]
    if (turned := _NOT.search(before) or _BUSY.search(before)) is not None:
        return _Before(True, True, begin + turned.start())
    return _Before(False, not _UNSURE.search(before), found.start())


def _range(found: re.Match[str]) -> tuple[Minutes, ...] | None:
    """Return the times from one to another; `None` where they are no times."""
    end = _minute(found, "b")
    begin = _minute(found, "a", like=found["bhalf"])
    if begin is None or end is None:
        return None
    if begin >= end and not found["ahalf"] and found["bhalf"] and begin >= _NOON:
        begin -= _NOON  # "from 9 to 5 pm"
    if begin < end:
        return ((begin, end),)
    return ((begin, DAY), (0, end)) if end else ((begin, DAY),)


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
    pointed = f".{found[f'{name}m']}" in found[0]
    if half is None and (found[f"{name}m"] is None or pointed):
        return None
    if half is not None and not 1 <= hour <= 12:
        return None if hour > 23 or found[f"{name}half"] else 60 * hour + minute
    if half is not None:
        small = half.endswith("night") and (hour == 12 or hour < _SMALL_HOURS)
        late = half.startswith("p") or half.endswith(("afternoon", "evening", "night"))
        hour = hour % 12 + (12 if late and not small else 0)
    if hour == 0 and minute == 0 and half is not None and name != "a":
        return DAY  # "until 12 am"
    return 60 * hour + minute if hour <= 23 else None


def _parts(text: str) -> Iterator[_Said]:
    for found in _PART.finditer(text):
        part = found["part"] or ("tonight" if found["day"] == "tonight" else None)
        if part is None or (found[0].startswith("at ") and part != "night"):
            continue
        before = _before(found, text)
        # The day before it is still to be read.
        begin = found.start("part") if found["part"] else found.end()
        yield _Said(
            place=(begin if found["day"] else before.begin, found.end()), spans=(_PARTS[part],),
            clock=False, refused=before.turns, clear=before.clear,
            of_day=found["day"] is not None,
        )  # fmt: skip


def _meets(place: Place, others: Sequence[Place]) -> bool:
    return any(place[0] < end and begin < place[1] for begin, end in others)
