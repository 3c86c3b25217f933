"""What speaks for each option: every condition holds, and the rest is weighed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from manyminds.recommend.catalogue.domain import Domain, Field
from manyminds.recommend.catalogue.item import Item
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.wish import STRESSED, Condition, Taste, holds

__all__ = ["TASTE", "Option", "Part", "Wanted", "feasible", "leader", "weigh", "weights_of"]

TASTE = "taste"
"""Name of the part that tastes make up."""
TASTE_WEIGHT = 2.0


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """All that is known of what a person wants."""

    conditions: tuple[Condition, ...] = ()
    tastes: tuple[Taste, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of fields: instead of the domain's."""
    stressed: Mapping[str, str] = field(default_factory=dict[str, str])
    been: frozenset[str] = frozenset()
    """Titles of what they have had before, in small letters."""
    settled: frozenset[str] = frozenset()
    """Fields that need not be asked for: answered, or said not to matter."""
    gone: frozenset[str] = frozenset()
    """Ids of items that are not to be had, whatever the catalogue says."""
    unread: tuple[str, ...] = ()
    """What was said that the catalogue has no word for: nothing was held to it."""
    unspoken: bool = False
    """Whether there are documents of theirs, and none speaks of anything there is."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one field gives an option."""

    field: str
    share: float | None
    """From 0, the worst of what is feasible, to 1, the best; `None` where it is not known."""
    weight: float
    why: tuple[Taste, ...] = ()
    """Tastes that it has or lacks."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """An item that meets every condition."""

    item: Item
    score: float
    """From 0 to 1: the mean of its parts by weight; what is not known counts as the middle."""
    parts: tuple[Part, ...]


def feasible(catalogue: Catalogue, wanted: Wanted) -> tuple[list[Item], int]:
    """Return the items that meet every condition, and how many may do so but do not say.

    What is not known to meet a condition is not chosen: the second figure says what that costs.
    """
    fit: list[Item] = []
    unsure = 0
    for item in catalogue.items:
        if item.id in wanted.gone:
            continue
        held = [holds(condition, item, wanted.been) for condition in wanted.conditions]
        if all(held):
            fit.append(item)
        elif False not in held:
            unsure += 1
    return fit, unsure


def weights_of(domain: Domain, wanted: Wanted) -> dict[str, float]:
    """Return what each field counts for this person.

    Fields that count nothing are left out, unless the person has said so: it can be said again.
    """
    found: dict[str, float] = {}
    for one in domain.fields.values():
        usual = one.weight if one.better else 0.0
        weight = wanted.weights.get(
            one.name, usual * (STRESSED if one.name in wanted.stressed else 1)
        )
        if one.better and (weight > 0 or one.name in wanted.weights):
            found[one.name] = weight
    if wanted.tastes:
        found[TASTE] = wanted.weights.get(TASTE, TASTE_WEIGHT)
    return found


def weigh(catalogue: Catalogue, items: Sequence[Item], wanted: Wanted) -> list[Option]:
    """Return options for items that meet the conditions, the best first.

    Of equal ones the one that stands first in the catalogue leads.
    """
    weights = weights_of(catalogue.domain, wanted)
    shares = _all_shares(catalogue, items, wanted, weights)
    options: list[Option] = []
    for place, item in enumerate(items):
        parts = tuple(
            Part(
                field=name, share=shares[name][place], weight=weight,
                why=_met(item, wanted.tastes) if name == TASTE else (),
            )
            for name, weight in weights.items()
        )  # fmt: skip
        total = sum(weights.values())
        score = sum((0.5 if p.share is None else p.share) * p.weight for p in parts)
        options.append(Option(item=item, score=score / total if total else 0.5, parts=parts))
    return sorted(options, key=lambda option: -option.score)


def leader(catalogue: Catalogue, items: Sequence[Item], wanted: Wanted) -> tuple[Item, float]:
    """Return the item that `weigh` would put first, with its score; there is one at least."""
    weights = weights_of(catalogue.domain, wanted)
    total = sum(weights.values())
    if not total:
        return items[0], 0.5
    sums = [0.0] * len(items)
    for name, shares in _all_shares(catalogue, items, wanted, weights).items():
        for place, share in enumerate(shares):
            sums[place] += weights[name] * (0.5 if share is None else share)
    best = max(range(len(items)), key=lambda place: sums[place])
    return items[best], sums[best] / total


def _all_shares(
    catalogue: Catalogue, items: Sequence[Item], wanted: Wanted, names: Iterable[str]
) -> dict[str, list[float | None]]:
    """Return the shares of all items, part by part."""
    return {
        name: _tasted(items, wanted.tastes) if name == TASTE
        else _shares(items, catalogue.domain.fields[name])
        for name in names
    }  # fmt: skip


def _shares(items: Sequence[Item], one: Field) -> list[float | None]:
    """Return where each item stands between the worst and the best there is."""
    known = [_measure(item, one.name) for item in items]
    there = [value for value in known if value is not None]
    low, high = min(there, default=0.0), max(there, default=0.0)
    if high <= low:
        return [None if value is None else 1.0 for value in known]
    up = one.better == "more"
    return [
        None if value is None else (value - low if up else high - value) / (high - low)
        for value in known
    ]


def _measure(item: Item, name: str) -> float | None:
    value = item.values.get(name)
    if isinstance(value, datetime):
        return value.timestamp()
    return value if isinstance(value, float) else None


def _tasted(items: Sequence[Item], tastes: Sequence[Taste]) -> list[float | None]:
    """Return how well each item meets the tastes, 0 to 1."""
    sums = [sum(taste.sign for taste in _met(item, tastes)) for item in items]
    low, high = min(sums, default=0), max(sums, default=0)
    return [1.0 if high == low else (value - low) / (high - low) for value in sums]


def _met(item: Item, tastes: Sequence[Taste]) -> tuple[Taste, ...]:
    """Return the tastes whose tag an item has."""
    found: list[Taste] = []
    for taste in tastes:
        has = item.values.get(taste.field)
        if isinstance(has, tuple) and taste.tag in has:
            found.append(taste)
    return tuple(found)
