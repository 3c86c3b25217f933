"""The ledger: what a run has cost, read off its events.

There is no second book. Each reply and each failed request carries its own spend, and the
ledger is their sum, so a run that is read again knows what it had spent.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import fsum

from manyminds.core.events import Recorded, Replied, RequestFailed, Resumed
from manyminds.core.values import NOTHING_SPENT, Cost, Spend

__all__ = ["cost_of"]


def cost_of(events: Iterable[Recorded]) -> Cost:
    """Sum what the events say was spent; one unknown price makes the total unknown."""
    total = NOTHING_SPENT
    lows: list[float] = []
    highs: list[float] = []
    members: dict[str, Spend] = {}
    first = last = None
    before = 0.0
    for recorded in events:
        event = recorded.event
        if isinstance(event, Resumed):  # no process was at work in between
            before, first = event.elapsed_s, recorded.at
        first = recorded.at if first is None else first
        last = recorded.at
        if isinstance(event, Replied | RequestFailed):
            total = total + event.spend
            lows.append(event.spend.kwh_low or 0.0)
            highs.append(event.spend.kwh_high or 0.0)
            members[event.member] = members.get(event.member, NOTHING_SPENT) + event.spend
    if total.kwh_low is not None and total.kwh_high is not None:
        total = replace(total, kwh_low=fsum(lows), kwh_high=fsum(highs))
    worked = 0.0 if first is None or last is None else (last - first).total_seconds()
    seconds = before + worked
    return Cost(spend=total, seconds=seconds, by_member=members)
