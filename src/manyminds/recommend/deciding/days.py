"""Days in the words of a wish."""

import calendar
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from manyminds.recommend.catalogue.item import WEEKDAYS
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.numbers import Read
from manyminds.recommend.deciding.span import joined
from manyminds.recommend.deciding.words import Words

__all__ = ["days"]

_MONTHS = (
    "jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?",
    "aug(?:ust)?", "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?",
)  # fmt: skip
_MONTH = rf"(?:{'|'.join(_MONTHS)})\b\.?"
_NUMBER = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:,? (?P<{}>\d{{4}}))?"
_DAY = re.compile(
    r"\b(?P<near>today|tonight|this evening|day after tomorrow|tomorrow)\b|"
    r"\b(?P<later>next )?(?:(?:this|at the|on the) )?(?P<weekend>weekend)\b|"
    rf"\b(?P<next>next )?(?P<weekday>{'|'.join(WEEKDAYS)})(?P<every>s)?\b|"
    r"\b(?P<iso>\d{4}-\d\d-\d\d)\b|"
    rf"\b(?:(?:between )?(?P<from>{_NUMBER})\s?(?:-|\u2013|to|and|until|till)\s?)?"
    rf"(?P<day>{_NUMBER})(?: of)? (?P<month>{_MONTH}){_YEAR.format('year')}|"
    rf"\b(?P<month2>{_MONTH}) (?P<day2>{_NUMBER})(?:\s?(?:-|\u2013|to)\s?(?P<to2>{_NUMBER}))?"
    rf"(?!\d){_YEAR.format('year2')}|"
    r"(?<![\d.])(?P<point>\d{1,2})\.(?P<point_month>\d{1,2})\.(?P<point_year>\d{4})?(?!\d)|"
    rf"\b(?:in|during|this|next) (?P<whole>{_MONTH})|"
    r"\b(?P<which>this|next) week\b|\bon the (?P<only>\d{1,2})(?:st|nd|rd|th)\b"
    rf"(?! (?:of )?{_MONTH})"
)
_NOT = re.compile(r"\b(?:not|except|no|never|but not)\b(?: on)?(?: a| the)?\s*$")
_UNTIL = re.compile(r"\s*(?:-|\u2013|to|until|till|through)\s*")
_UP_TO = ("before", "by", "until", "till", "no later than")
_BOUND = re.compile(rf"\b({'|'.join(_UP_TO)}|after|from|starting|not before)(?: on)?(?: the)?\s+$")
_YEAR_OF_DAYS = 366
_NEAR = {"today": 0, "tonight": 0, "this evening": 0, "tomorrow": 1, "day after tomorrow": 2}
_WEEKS = 53
"""How far "not on mondays" reaches."""
_Days = tuple[date, int]
"""The first day, and how many there are."""


def days(words: Words, catalogue: Catalogue, today: date) -> Iterator[Read]:
    """Yield what days ask for, of the fields that say when."""
    wanted, refused, said = _named(words, today)
    for one in catalogue.domain.fields.values():
        if not any(one.name in item.values for item in catalogue.items):
            continue
        if one.kind == "days":
            for test, chosen in (("any", wanted), ("none", refused)):
                if named := _weekdays(chosen):
                    yield one.name, test, named, said
        elif one.kind == "time" and one.better is None:
            for test, chosen in (("between", wanted), ("none", _always(refused, words.text))):
                if span := joined(map(_times, chosen)):
                    yield one.name, test, span, said


def _named(words: Words, today: date) -> tuple[list[_Days], list[_Days], str]:
    """Return the days that are wanted, those that are refused, and the words for them."""
    wanted: list[_Days] = []
    refused: list[_Days] = []
    said: list[str] = []
    last = 0
    for found in _DAY.finditer(words.text):
        span = _span(found, today)
        if span is None or not words.free(found.span()):
            continue
        before, between = words.text[: found.start()], words.text[last : found.start()]
        into = refused if _NOT.search(before) else wanted
        if into and said and _UNTIL.fullmatch(between):
            into.append(_up_to(into.pop(), span))
            words.use((last, found.start()))
            said[-1] += between + found[0]
        else:
            bound = _BOUND.search(before)
            into.append(_bounded(bound[1], span, today) if bound else span)
            words.use(bound.span() if bound else found.span())
            said.append(f"{bound[0] if bound else ''}{found[0]}")
        words.use(found.span())
        last = found.end()
    return wanted, refused, " or ".join(said)


def _bounded(bound: str, days: _Days, today: date) -> _Days:
    """Return the days up to or from what was named: "by friday", "after 5 december"."""
    first, count = days
    if bound in _UP_TO:
        last = first - timedelta(days=1) if bound == "before" else first + timedelta(days=count - 1)
        return today, max(1, (last - today).days + 1)
    return (first + timedelta(days=count) if bound == "after" else first), _YEAR_OF_DAYS


def _weekdays(chosen: list[_Days]) -> tuple[str, ...]:
    steps = (first + timedelta(days=step) for first, count in chosen for step in range(count))
    return tuple(dict.fromkeys(WEEKDAYS[day.weekday()] for day in steps))


def _times(days: _Days) -> tuple[datetime, datetime]:
    begin = datetime.combine(days[0], datetime.min.time())
    return begin, begin + timedelta(days=days[1])


def _always(refused: list[_Days], text: str) -> list[_Days]:
    """Return refused days, those that are called by a weekday's name week after week."""
    named = {m["weekday"] for m in _DAY.finditer(text) if m["weekday"]}
    return [
        (first + timedelta(weeks=week), count)
        for first, count in refused
        for week in range(_WEEKS if WEEKDAYS[first.weekday()] in named else 1)
    ]


def _up_to(begin: _Days, end: _Days) -> _Days:
    """Return the days from one to another; "friday to monday" ends after it begins."""
    first, (last, count) = begin[0], end
    while last < first:
        last += timedelta(days=7)
    return first, (last - first).days + count


def _span(found: re.Match[str], today: date) -> _Days | None:
    """Return the first day of what was named, and how many days it has; `None` if it is none."""
    if found["near"]:
        return today + timedelta(days=_NEAR[found["near"]]), 1
    if found["weekend"]:
        sunday = today.weekday() == 6
        saturday = today + timedelta(days=0 if sunday else (5 - today.weekday()) % 7)
        saturday += timedelta(days=(6 if sunday else 7) if found["later"] else 0)
        return saturday, 1 if sunday and not found["later"] else 2
    if found["weekday"]:
        ahead = (WEEKDAYS.index(found["weekday"]) - today.weekday()) % 7
        return today + timedelta(days=7 if found["next"] and ahead == 0 else ahead), 1
    if found["which"]:
        left = 7 - today.weekday()
        return (today, left) if found["which"] == "this" else (today + timedelta(days=left), 7)
    try:
        return _dated(found, today)
    except ValueError:  # 31 November
        return None


def _dated(found: re.Match[str], today: date) -> _Days:
    """Return the days of a date; one without a year is the next that comes.

    Raises:
        ValueError: If there is no such day.
    """
    if found["iso"]:
        return date.fromisoformat(found["iso"]), 1
    if found["whole"]:
        month = _month(found["whole"])
        year = today.year + (month < today.month)
        first = max(today, date(year, month, 1))
        return first, calendar.monthrange(year, month)[1] - first.day + 1
    if found["only"]:
        day = int(found["only"])
        later = today.month + (day < today.day)
        return date(today.year + (later > 12), (later - 1) % 12 + 1, day), 1
    if found["point"]:
        month, day, until = int(found["point_month"]), found["point"], None
        year = found["point_year"]
    elif found["month"]:
        month, day, until = _month(found["month"]), found["from"] or found["day"], found["day"]
        year = found["year"]
    else:
        month, day, until = _month(found["month2"]), found["day2"], found["to2"]
        year = found["year2"]
    first = date(int(year or today.year), month, _number(day))
    if not year and first < today:
        first = first.replace(year=today.year + 1)
    last = first.replace(day=_number(until or day))
    return first, max(1, (last - first).days + 1)


def _month(text: str) -> int:
    name = text.rstrip(".")
    return next(n for n, month in enumerate(_MONTHS, 1) if re.fullmatch(month, name))


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text))
