"""What the two options give up against each other, and what would put another one first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from manyminds.recommend.catalogue.domain import Domain, Field
from manyminds.recommend.catalogue.item import Item, Value, shown
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.weigh import Option, Wanted, feasible, leader
from manyminds.recommend.deciding.wish import Condition

__all__ = ["TradeOff", "Turn", "trade_offs", "turns"]


@dataclass(frozen=True, kw_only=True)
class TradeOff:
    """One field in which two options differ, as their rows say."""

    field: str
    first: Value | None
    second: Value | None
    better: Literal["first", "second"] | None
    """Whose value is better; `None` where that is a matter of taste, or one is not known."""
    text: str
    """Of the first one, seen from the second: "8 \N{EURO SIGN} less"."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What would have to be otherwise for another option to come first."""

    what: str
    leads_to: str
    field: str
    factor: float | None = None
    """Of a weight: how many times as much it would have to count."""


def trade_offs(first: Item, second: Item, domain: Domain) -> list[TradeOff]:
    """Return where two items differ, field by field, computed from their values alone."""
    found: list[TradeOff] = []
    for one in domain.fields.values():
        a, b = first.values.get(one.name), second.values.get(one.name)
        if a == b or (one.kind == "text"):
            continue
        found.append(
            TradeOff(
                field=one.name,
                first=a,
                second=b,
                better=_better(a, b, one),
                text=_differ(a, b, one),
            )
        )
    return found


def turns(catalogue: Catalogue, wanted: Wanted, options: Sequence[Option]) -> list[Turn]:
    """Return what would change the order: weights, then conditions that leave better ones out."""
    if not options:
        return _without(catalogue, wanted, None)
    return [*_weights(options), *_without(catalogue, wanted, options[0])]


def _weights(options: Sequence[Option]) -> list[Turn]:
    """Solve for the weight of each field at which another option would lead.

    Scores are sums by weight, so the lead of the first over another is a straight line in each
    weight; where it crosses zero is computed, not searched for.
    """
    top = options[0]
    found: list[Turn] = []
    for place, part in enumerate(top.parts):
        nearest: dict[bool, tuple[float, str]] = {}
        for other in options[1:]:
            gain = _share(top, place) - _share(other, place)
            rest = _sum(top, place) - _sum(other, place)
            if gain == 0:
                continue
            cross = -rest / gain
            more = cross > part.weight
            # Towards the crossing the lead must fall.
            if cross <= 1e-9 or (gain > 0) == more:
                continue
            if more not in nearest or abs(cross - part.weight) < abs(
                nearest[more][0] - part.weight
            ):
                nearest[more] = cross, other.item.title
        for more, (cross, title) in sorted(nearest.items(), reverse=True):
            # Of what counts nothing now no multiple can be said.
            factor = cross / part.weight if part.weight else float("inf")
            if factor > 10:
                continue
            times = (
                f"more than {factor:.1f} times as much"
                if more
                else f"less than {factor:.0%} of that"
            )
            found.append(
                Turn(
                    what=f"if {part.field} counted {times}",
                    leads_to=title,
                    field=part.field,
                    factor=round(factor, 4),
                )
            )
    return found


def _share(option: Option, place: int) -> float:
    share = option.parts[place].share
    return 0.5 if share is None else share


def _sum(option: Option, without: int) -> float:
    return sum(
        _share(option, place) * part.weight
        for place, part in enumerate(option.parts)
        if place != without
    )


def _without(catalogue: Catalogue, wanted: Wanted, top: Option | None) -> list[Turn]:
    """Return the conditions without which another option would lead, or any would be there."""
    found: list[Turn] = []
    for condition in wanted.conditions:
        if condition.test == "not_past":
            continue
        less = replace(wanted, conditions=tuple(c for c in wanted.conditions if c is not condition))
        fit, _ = feasible(catalogue, less)
        if not fit:
            continue
        best, _ = leader(catalogue, fit, less)
        if top is None or best.id != top.item.id:
            turn = Turn(
                what=f"without {_named(condition)}", leads_to=best.title, field=condition.field
            )
            found.append(turn)
    return found


def _named(condition: Condition) -> str:
    return f'"{condition.said}"' if condition.said else f"what was answered about {condition.field}"


def _better(a: Value | None, b: Value | None, one: Field) -> Literal["first", "second"] | None:
    lead = _lead(a, b)
    if lead is None or one.better is None:
        return None
    return "first" if (lead > 0) == (one.better == "more") else "second"


def _lead(a: Value | None, b: Value | None) -> float | None:
    """Return by how much one is more than the other; `None` where that cannot be said."""
    if isinstance(a, float) and isinstance(b, float):
        return a - b
    if isinstance(a, datetime) and isinstance(b, datetime):
        return (a - b).total_seconds()
    return None


def _differ(a: Value | None, b: Value | None, one: Field) -> str:
    if isinstance(a, float) and isinstance(b, float):
        return f"{one.name}: {shown(abs(a - b), one.unit)} {'more' if a > b else 'less'}"
    if isinstance(a, tuple) and isinstance(b, tuple):
        gained, lost = [t for t in a if t not in b], [t for t in b if t not in a]
        parts = [f"{', '.join(gained)}" if gained else "", f"not {', '.join(lost)}" if lost else ""]
        return f"{one.name}: {'; '.join(filter(None, parts))}"
    if isinstance(a, datetime) and isinstance(b, datetime):
        days = (a.date() - b.date()).days
        if days:
            count = f"{abs(days)} day{'s' if abs(days) != 1 else ''}"
            return f"{count} {'later' if days > 0 else 'earlier'}"
        return f"at {a:%H:%M} instead of {b:%H:%M}"
    if a is None or b is None:
        if b is None:
            return f"{one.name}: {shown(a, one.unit)}; of the other one it is not known"
        return f"{one.name}: not known; {shown(b, one.unit)} for the other one"
    return f"{one.name}: {shown(a, one.unit)} instead of {shown(b, one.unit)}"
