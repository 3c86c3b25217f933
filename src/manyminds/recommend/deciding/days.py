"""Days in the words of a wish: those that are wanted, those that are not, and up to when."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from manyminds.recommend.catalogue.item import WEEKDAYS
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.dates import NEAR, Days, Mention, mentions
from manyminds.recommend.deciding.numbers import Read
from manyminds.recommend.deciding.span import joined
from manyminds.recommend.deciding.words import Words

__all__ = ["days"]

_NOT = re.compile(
    r"\b(?:not|except(?: for)?|no|never|nothing|anything but|any day but|neither|nor|without|avoid|"
    r"can't|cannot|don't have time|don't want|isn't|won't)"
    r"(?: (?:do|go|make it|come))?(?: on)?(?: (?:a|the|this|any))?\s*$"
)
_LIST = re.compile(
    r"\s*(?:,|\bor\b|\band\b|\bnor\b|\bto\b|-|\u2013)+\s*(?:or\b|and\b|nor\b)?\s*(?:on )?(?:the )?"
)
_UNTIL = re.compile(r"\s*,?\s*(?:-|\u2013|to|until|till|through|thru)\s*(?:the )?")
_AND = re.compile(r"\s*and\s*(?:the )?")
_NAMES = re.compile(r",?\s*(?:the |of |of the )?")
"""What stands between a weekday and the date it is of."""
_LEAD = re.compile(r"\b(?:between|from|on)(?: the)? $")
_WEEK_OF = re.compile(r"\bweek of (?:the )?$")
_UP_TO = r"before|by|until|till|(?:no|not) later than|not after|at the latest"
_FROM = r"after|from|starting|not before|(?:no|not) earlier than|not until|not till|earliest"
_BOUND = re.compile(rf"\b(?:(?P<from>{_FROM})|(?P<to>{_UP_TO}))(?: on)?(?: the)?\s+$")
_EVER = 366
_WEEKS = 53
"""How far "not on mondays" reaches."""


@dataclass(kw_only=True)
class _Entry:
    """One naming of days, and what is said of it."""

    mention: Mention
    refused: bool
    bound: re.Match[str] | None
    """What makes it the end or the begin of a time: "by friday"."""
    begin: int
    """Of all that was read for it."""


def days(
    words: Words, catalogue: Catalogue, today: date, *, described: bool = False
) -> Iterator[Read]:
    """Yield what days ask for, of the fields that say when.

    Args:
        words: Of the wish; nothing was read from them yet.
        catalogue: What there is.
        today: What "tomorrow" is after.
        described: Whether the words describe a person and ask for nothing: then a date is one of
            their lives, and only weekdays that they refuse count.
    """
    entries = _read(words, today)
    said = " or ".join(words.text[one.begin : one.mention.end] for one in entries)
    refused = [e.mention for e in entries if e.refused and (e.mention.weekly or not described)]
    wanted = [] if described else _within([e for e in entries if not e.refused], today)
    for one in catalogue.domain.fields.values():
        if not any(one.name in item.values for item in catalogue.items):
            continue
        if one.kind == "days":
            if open_on := _weekdays(wanted, refused):
                yield one.name, "any", open_on, said
        elif one.kind == "time" and one.better is None:
            never = [days for one in refused for days in _repeated(one, weekly=one.weekly)]
            for test, chosen in (("between", wanted), ("none", never)):
                if span := joined(map(_times, chosen)):
                    yield one.name, test, span, said


def _read(words: Words, today: date) -> list[_Entry]:
    """Return what is said of each naming of days; those that are one are put together."""
    found: list[_Entry] = []
    for mention in mentions(words.text, today):
        last = found[-1] if found else None
        begin = last.mention.end if last else max(0, mention.begin - NEAR)
        before = words.text[max(begin, mention.begin - NEAR) : mention.begin]
        if last and _is_range(last.mention, before, words.text):
            whole = replace(
                last.mention, days=(_up_to(last.mention, mention, today),), end=mention.end,
                weekly=False,
            )  # fmt: skip
            # A range has its own begin: "from friday to sunday".
            found[-1] = replace(last, mention=whole, bound=None)
            continue
        if last and (one := _one_of(last.mention, mention, before)):
            found[-1] = replace(last, mention=one)
            continue
        if _WEEK_OF.search(before):
            mention = replace(mention, days=(_week(mention.days[0][0]),), kind="week")
        bound = _BOUND.search(before)
        bound = None if bound and bound["from"] == "from" and mention.ranged else bound
        listed = last is not None and last.refused and _LIST.fullmatch(before)
        lead = bound or _LEAD.search(before)
        found.append(_Entry(
            mention=mention, bound=bound, begin=mention.begin - (len(lead[0]) if lead else 0),
            refused=bound is None and bool(_NOT.search(before) or listed),
        ))  # fmt: skip
    for one in found:
        words.use((one.begin, one.mention.end))
    return found


def _is_range(last: Mention, between: str, text: str) -> bool:
    """Say whether what comes next is the end of what came last."""
    before = text[max(0, last.begin - NEAR) : last.begin]
    joins = re.search(r"\bbetween (?:the )?$", before) and _AND.fullmatch(between)
    return bool(_UNTIL.fullmatch(between) or joins)


def _one_of(last: Mention, mention: Mention, between: str) -> Mention | None:
    """Return a weekday and its date, or its week, as one; `None` where they are two."""
    if not _NAMES.fullmatch(between):
        return None
    if {last.kind, mention.kind} == {"weekday", "week"}:
        day, week = (last, mention) if last.kind == "weekday" else (mention, last)
        first = week.days[0][0]
        ahead = (day.days[0][0].weekday() - first.weekday()) % 7
        days = ((first + timedelta(days=ahead), 1),)
        return replace(mention, days=days, kind="date", begin=last.begin, weekly=False)
    if mention.kind == "date" and last.kind in ("weekday", "near"):
        return replace(mention, begin=last.begin)
    if mention.kind == "date" and last.kind == "weekend":
        days = ((_week(mention.days[0][0])[0] + timedelta(days=5), 2),)
        return replace(last, days=days, end=mention.end, weekly=False)
    return None


def _up_to(begin: Mention, end: Mention, today: date) -> Days:
    """Return the days from one to another.

    "friday to monday" ends after it begins; of dates without a year the first may be of the last
    year, where today lies between them.
    """
    first, (last, count) = begin.days[0][0], end.days[-1]
    while last < first and end.kind != "date":
        last += timedelta(days=7)
    if last < first and not begin.dated:
        first = first.replace(year=first.year - 1)
    while last < first or (last < today and not end.dated):
        last = last.replace(year=last.year + 1)
    return first, (last - first).days + count


def _bounded(bound: re.Match[str], mention: Mention, today: date) -> Days:
    """Return the days up to or from what was named: "by friday", "after 5 december"."""
    first, count = mention.days[0]
    if bound["to"]:
        if bound["to"] == "before":
            # Who says "before friday" on a friday means the next one.
            first += timedelta(days=7 if first <= today and mention.kind == "weekday" else 0)
            return today, max(0, (first - today).days)
        return today, max(1, (first - today).days + count)
    return (first + timedelta(days=count) if bound["from"] == "after" else first), _EVER


def _within(entries: Sequence[_Entry], today: date) -> list[Days]:
    """Return the days that are wanted, within all bounds."""
    chosen = [
        days for one in entries if one.bound is None
        for days in _repeated(one.mention, weekly=one.mention.every)
    ]  # fmt: skip
    bounds = [_bounded(one.bound, one.mention, today) for one in entries if one.bound]
    if not bounds:
        return chosen
    begin = max(first for first, _ in bounds)
    end = min(first + timedelta(days=count) for first, count in bounds)
    cut = [
        (max(begin, first), (min(end, first + timedelta(days=count)) - max(begin, first)).days)
        for first, count in chosen or [(begin, _EVER)]
    ]
    return [(first, count) for first, count in cut if count > 0] or [(today, 0)]


def _repeated(mention: Mention, *, weekly: bool) -> list[Days]:
    weeks = range(_WEEKS if weekly else 1)
    return [(first + timedelta(weeks=w), count) for first, count in mention.days for w in weeks]


def _weekdays(wanted: Sequence[Days], refused: Sequence[Mention]) -> tuple[str, ...]:
    """Return the weekdays on one of which a place has to be open."""

    def named(chosen: Sequence[Days]) -> dict[int, None]:
        return dict.fromkeys(
            (first.weekday() + step) % 7 for first, count in chosen for step in range(min(count, 7))
        )

    never = named([days for mention in refused for days in mention.days])
    some = named(wanted) if wanted else dict.fromkeys(range(7)) if never else {}
    return tuple(WEEKDAYS[day] for day in some if day not in never)


def _times(days: Days) -> tuple[datetime, datetime]:
    begin = datetime.combine(days[0], datetime.min.time())
    return begin, begin + timedelta(days=days[1])


def _week(day: date) -> Days:
    return day - timedelta(days=day.weekday()), 7
