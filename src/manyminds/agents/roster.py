"""Who sits on a panel: ways of knowing, spread over the models there are."""

from collections.abc import Sequence
from dataclasses import replace

from manyminds.core.values import AgentEffort, Member

__all__ = ["MAX_MEMBERS", "newcomer", "roster"]

MAX_MEMBERS = 16

_WAYS = ("compute", "derive", "refute", "wording", "backwards", "another", "cases")
_WAYS_WITH_DOCS = ("look_up", "derive", "compute", "refute", "wording", "another", "backwards")


def roster(
    count: int,
    models: Sequence[str],
    *,
    has_docs: bool,
    acts: bool = False,
    efforts: Sequence[AgentEffort] = (),
) -> tuple[Member, ...]:
    """Return a panel of `count` members; ways differ first, then models and efforts take turns.

    The first two make the gate: a program beside reasoning, or the documents beside it. Where there
    are tools that do something outside (`acts`), the first member is the hand that does it.
    """
    seats = [_seat(place, models, has_docs=has_docs) for place in range(count)]
    if efforts:
        seats = [replace(m, effort=efforts[n % len(efforts)]) for n, m in enumerate(seats)]
    if acts:
        # One that has to answer at once cannot act.
        effort = None if seats[0].effort == "low" else seats[0].effort
        seats[0] = replace(seats[0], way="act", effort=effort)
    return tuple(seats)


def newcomer(members: Sequence[Member], models: Sequence[str], *, has_docs: bool) -> Member | None:
    """Return one more member for a panel; `None` where it is full."""
    if len(members) >= MAX_MEMBERS:
        return None
    return _seat(len(members), models, has_docs=has_docs)


def _seat(place: int, models: Sequence[str], *, has_docs: bool) -> Member:
    ways = _WAYS_WITH_DOCS if has_docs else _WAYS
    return Member(
        name=f"m{place + 1}", way=ways[place % len(ways)], model=models[place % len(models)]
    )
