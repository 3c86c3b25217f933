"""What of a text names days: "tomorrow", "next week", "3 to 5 December", "the 12th"."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from manyminds.recommend.catalogue.item import WEEKDAYS

__all__ = ["NEAR", "Days", "Mention", "mentions"]

Days = tuple[date, int]
"""The first day, and how many there are."""
Kind = Literal["near", "weekday", "weekend", "week", "date"]
NEAR = 40
"""Characters before and after that are looked at: what a day is about stands close by."""
_YEARS = 50
"""Further off than this is no day that anybody means."""
_MONTHS = (
    "jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?",
    "aug(?:ust)?", "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?",
)  # fmt: skip
_MONTH = rf"(?:{'|'.join(_MONTHS)})\b\.?"
_NUMBER = r"(?<![\d:.,])\d{1,2}(?:st|nd|rd|th|\.)?"
_SEPARATOR = r"\s?(?P<{}>-|\u2013|to|until|till|and|or)\s?"
_NO_DATE = (
    r"(?! ?(?:people|persons?|guests|kids|children|adults|tickets|euros?|eur|\u20ac|\$|dollars?|km|"
    r"of us|pm|am|min|hours?|:|%|k\b))"
)
"""What makes a number after a month's name one of something else."""
_DAY = re.compile(
    r"\b(?P<near>today|tonight|this (?:morning|afternoon|evening)|day after tomorrow|tomorrow)\b|"
    r"\b(?P<later>next )?(?:this |at the |on the )?(?P<weekend>weekend)(?P<weekends>s)?\b|"
    rf"\b(?P<next>next |this )?(?P<weekday>{'|'.join(WEEKDAYS)})(?P<every>s)?\b|"
    r"\b(?P<iso>\d{4}-\d\d-\d\d)\b|"
    rf"(?:(?P<from>{_NUMBER}){_SEPARATOR.format('by')})?(?P<day>{_NUMBER})(?: of)? "
    rf"(?P<month>{_MONTH})(?! \d{{1,2}}(?!\d){_NO_DATE})(?:,? (?P<year>\d{{4}}))?|"
    rf"\b(?P<month2>{_MONTH}) (?P<day2>{_NUMBER})(?!\d){_NO_DATE}"
    rf"(?:{_SEPARATOR.format('by2')}(?P<to2>\d{{1,2}}(?:st|nd|rd|th)?)(?!\d){_NO_DATE}"
    rf"(?! (?:of )?{_MONTH}))?(?:,? (?P<year2>\d{{4}}))?|"
    r"(?<![\d.])(?P<point>\d{1,2})\.(?P<point_month>\d{1,2})\.(?P<point_year>\d{4})?(?!\d)|"
    rf"\b(?P<lead>in|during|this|next|until|till|before|by|after|from|mid|early|late)[ -]"
    rf"(?P<whole>{_MONTH})(?! \d{{1,2}}(?!\d))(?: (?P<whole_year>\d{{4}}))?|"
    r"\b(?P<which>this|next) (?P<unit>week|month)\b|"
    rf"\bthe (?P<only>\d{{1,2}})(?:st|nd|rd|th)\b(?! (?:of )?{_MONTH})"
)
_ORDINAL = re.compile(
    r"(?:\b(?:on|by|until|till|from|to|before|after|and|or|weekend of|week of)|day),?\s+$"
)
"""What stands before "the 12th" where it is a day, and no floor."""
_STOREY = re.compile(r"\s+(?!(?:at|or|and|to|till|until|for|in|with|under|but|near|from)\b)[a-z]")
_VERB = re.compile(
    r"\s+(?:i|we|you|it|be|cost|have|join|not|also|need|come|want|take|get|do|go|eat|even|well|"
    r"or may|just|still|\d)\b"
)
"""What follows a "may" that is no month."""
_SUBJECT = re.compile(r"\b(?:it|that|this|which|who|i|we|he|she|they|you|will|there)\s+$")
_AMOUNT = re.compile(
    r"(?:\b(?:under|over|below|above|at most|at least|max|maximum|min|minimum|up to|more than|"
    r"less than|rated|rating|score|costs?|for|about|around|between \d+ and|than)|[\u20ac$\u00a3])"
    r"\s*$"
)
"""What stands before a number that is no day."""


@dataclass(frozen=True, kw_only=True)
class Mention:
    """Days that were named."""

    days: tuple[Days, ...]
    kind: Kind
    begin: int
    """Of its first character."""
    end: int
    weekly: bool = False
    """Whether it is a weekday without "this" or "next": a refusal of it is of each of them."""
    every: bool = False
    """Whether it is said of each of them: "on fridays"."""
    dated: bool = False
    """Whether it has a year."""
    ranged: bool = False
    """Whether it names its own begin and end: "3 to 5 december"."""


def mentions(text: str, today: date) -> Iterator[Mention]:
    """Yield what names days in a text of small letters, in its order."""
    for found in _DAY.finditer(text):
        if _is_no_day(found, text):
            continue
        try:
            days = _days(found, today)
        except (ValueError, OverflowError):  # 31 November
            continue
        if all(abs(first.year - today.year) <= _YEARS for first, _ in days):
            # A word that bounds or joins what follows is read where it stands.
            begin = found.start("whole" if found["whole"] else 0)
            if found["whole"] and found["lead"] in ("in", "during", "this", "next"):
                begin = found.start()
            plural = found["every"] or found["weekends"]
            yield Mention(
                days=days, kind=_kind(found), begin=begin, end=found.end(),
                weekly=bool(found["weekday"] or found["weekend"])
                and not (found["next"] or found["later"]),
                every=bool(plural), ranged=bool(found["from"] or found["to2"]),
                dated=any(found[k] for k in ("year", "year2", "point_year", "iso", "whole_year")),
            )  # fmt: skip


def _kind(found: re.Match[str]) -> Kind:
    for kind in ("near", "weekday", "weekend"):
        if found[kind]:
            return kind
    return "week" if found["unit"] == "week" else "date"


def _is_no_day(found: re.Match[str], text: str) -> bool:
    """Say whether it only looks like days: the verb "may", an amount."""
    before, after = text[max(0, found.start() - NEAR) : found.start()], text[found.end() :][:NEAR]
    month = found["month"] or found["month2"] or found["whole"]
    if month in ("may", "march", "mar"):
        if found["lead"] in ("this", "early", "late") or _SUBJECT.search(before):
            return True
        if (found["whole"] or found["month"]) and _VERB.match(after) and not found["year"]:
            return True
    if found["month"] and month in ("may", "march") and _AMOUNT.search(before):
        return True
    if found["only"]:
        return not _ORDINAL.search(before) or bool(_STOREY.match(after))
    return bool(found["point"] and not found["point_year"] and _AMOUNT.search(before))


def _days(found: re.Match[str], today: date) -> tuple[Days, ...]:
    """Return the days of what was named.

    Raises:
        ValueError: If there is no such day.
    """
    if found["near"]:
        later = found["near"] in ("tomorrow", "day after tomorrow")
        ahead = 1 + found["near"].startswith("day after") if later else 0
        return ((today + timedelta(days=ahead), 1),)
    if found["weekend"]:
        sunday = today.weekday() == 6
        saturday = today + timedelta(days=0 if sunday else (5 - today.weekday()) % 7)
        saturday += timedelta(days=(6 if sunday else 7) if found["later"] else 0)
        return ((saturday, 1 if sunday and not found["later"] else 2),)
    if found["weekday"]:
        ahead = (WEEKDAYS.index(found["weekday"]) - today.weekday()) % 7
        later = found["next"] == "next " and ahead == 0
        return ((today + timedelta(days=7 if later else ahead), 1),)
    if found["unit"] == "month":
        month = (today.month + (found["which"] == "next") - 1) % 12 + 1
        return (_whole(month, None, today),)
    if found["which"]:
        left = 7 - today.weekday()
        return ((today, left) if found["which"] == "this" else (today + timedelta(days=left), 7),)
    if found["iso"]:
        return ((date.fromisoformat(found["iso"]), 1),)
    if found["whole"]:
        return (_whole(_month(found["whole"]), found["whole_year"], today),)
    if found["only"]:
        return ((_next_of(int(found["only"]), today), 1),)
    return _dated(found, today)


def _whole(month: int, year: str | None, today: date) -> Days:
    chosen = int(year) if year else today.year + (month < today.month)
    first = date(chosen, month, 1)
    days = calendar.monthrange(chosen, month)[1]
    begin = max(first, today) if first.month == today.month and chosen == today.year else first
    return begin, days - begin.day + 1


def _next_of(day: int, today: date) -> date:
    """Return the next day of that number: of this month, or of the next that has one."""
    if not 1 <= day <= 31:
        raise ValueError(day)
    return next(at for ahead in range(62) if (at := today + timedelta(days=ahead)).day == day)


def _dated(found: re.Match[str], today: date) -> tuple[Days, ...]:
    """Return the days of a date, of two, or of all between them; without a year the next such."""
    if found["point"]:
        month, numbers, by = int(found["point_month"]), [found["point"]], None
        year = found["point_year"]
    elif found["month"]:
        month, by, year = _month(found["month"]), found["by"], found["year"]
        numbers = [n for n in (found["from"], found["day"]) if n]
    else:
        month, by, year = _month(found["month2"]), found["by2"], found["year2"]
        numbers = [n for n in (found["day2"], found["to2"]) if n]
    days = [int(re.sub(r"\D", "", number)) for number in numbers]
    chosen = int(year) if year else _year_of(month, days[-1], today)
    dates = [date(chosen, month, day) for day in days]
    between = found.string[max(0, found.start() - 9) : found.start()].endswith("between ")
    if len(dates) == 2 and (by != "or" if between else by not in ("and", "or")):
        return ((dates[0], max(1, (dates[1] - dates[0]).days + 1)),)
    return tuple((day, 1) for day in dates)


def _year_of(month: int, day: int, today: date) -> int:
    """Return the year of the next such day; of 29 February the next leap year."""
    for year in range(today.year, today.year + 9):
        last = calendar.monthrange(year, month)[1] if 1 <= month <= 12 else 0
        if day <= last and date(year, month, max(1, day)) >= today:
            return year
    raise ValueError(f"{month}-{day}")


def _month(text: str) -> int:
    name = text.rstrip(".")
    return next(n for n, month in enumerate(_MONTHS, 1) if re.fullmatch(month, name))
