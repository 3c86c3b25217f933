"""Questions that are due are asked, and what is new in the answers is told once.

One `tick` does all there is to do at a moment, and may be killed anywhere: a run has the name of
its time, so it is begun once; what is new is kept in one transaction before anybody hears of it; a
message has that time as its key.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from manyminds.core.messages import JsonValue
from manyminds.core.values import Answer, Limits
from manyminds.runtime.admission import SMALLEST_TOKENS
from manyminds.runtime.later import Runs, run_name
from manyminds.runtime.notify import notify
from manyminds.runtime.orders import Order
from manyminds.runtime.schedules.book import Book, Schedule, Slot

__all__ = ["Digests", "items_of", "key_of", "told"]

N = TypeVar("N", int, Decimal)
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+(?P<item>\S.*)")
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, kw_only=True)
class Digests:
    """Works all schedules of a book."""

    book: Book
    runs: Runs
    tell: Callable[[Schedule, Slot], str | None]
    """Tells the person; returns why it could not be done."""

    def tick(self, now: datetime) -> list[str]:
        """Do what is to be done at a moment; return what was done, a line each."""
        done: list[str] = []
        for schedule in self.book.all():
            slots = self.book.slots(schedule.name)
            done += self._gathered(schedule, slots)
            done += self._told(schedule, now)
            done += self._begun(schedule, self.book.slots(schedule.name), now)
        return done

    def _gathered(self, schedule: Schedule, slots: Sequence[Slot]) -> list[str]:
        """Take in what came of runs that are over; see that the others go on."""
        done: list[str] = []
        for slot in slots:
            if slot.state != "going":
                continue
            asked = self.runs.ended(slot.run)
            if asked is None:
                self.runs.begin(slot.run, self._order(schedule, slots, slot.slot))
                continue
            told = self.book.told(schedule.name)
            new = {key_of(item): item for item in reversed(items_of(asked.answer))}
            fresh = {key: new[key] for key in reversed(new) if key not in told}
            kept = dict(list(fresh.items())[: schedule.most])
            spend = asked.cost.spend
            held = replace(slot, items=tuple(kept.values()), usd=spend.usd, tokens=spend.tokens)
            self.book.hold(held, tuple(kept))
            done.append(f"{schedule.name}: {len(kept)} new of {len(new)} ({slot.run})")
        return done

    def _told(self, schedule: Schedule, now: datetime) -> list[str]:
        """Tell what is held, unless nobody wants to hear it now."""
        if schedule.quiet is not None and schedule.quiet.covers(now):
            return []
        done: list[str] = []
        for slot in reversed(self.book.slots(schedule.name)):
            if slot.state != "held":
                continue
            if slot.items and (why := self.tell(schedule, slot)) is not None:
                done.append(f"{schedule.name}: {why}; it is tried again")
                continue
            self.book.close(slot)
            done += [f"{schedule.name}: told {len(slot.items)}"] if slot.items else []
        return done

    def _begun(self, schedule: Schedule, slots: Sequence[Slot], now: datetime) -> list[str]:
        """Begin what is due, if there is money for it; one at a time."""
        if any(slot.state == "going" for slot in slots):
            return []
        since = datetime.fromisoformat(slots[0].slot if slots else schedule.since)
        due = schedule.when.last(now, since)
        if due is None:
            return []
        slot = due.astimezone(UTC).isoformat(timespec="seconds")
        order = self._order(schedule, slots, slot)
        opened = Slot(
            schedule=schedule.name,
            slot=slot,
            state="going",
            run=run_name(f"{schedule.name}/{schedule.since}", due),
        )
        if (why := _too_little(order.options.limits)) is not None:
            self.book.open(replace(opened, state="skipped", items=(why,)))
            return [f"{schedule.name}: left out, {why}"]
        if not self.book.open(opened):
            return []
        self.runs.begin(opened.run, order)
        return [f"{schedule.name}: begun as {opened.run}"]

    def _order(self, schedule: Schedule, slots: Sequence[Slot], at: str) -> Order:
        """Return the order of one time: its limits are what the cap leaves, at most its own."""
        begins = datetime.fromisoformat(at) - timedelta(days=schedule.cap_days)
        spent = [s for s in slots if begins < datetime.fromisoformat(s.slot) and s.slot != at]
        own, cap = schedule.order.options.limits, schedule.cap
        tokens = None if cap.tokens is None else cap.tokens - sum(s.tokens for s in spent)
        usd = cap.usd
        if usd is not None:
            # Dollars that nobody counted are not none: nothing more is begun on their account.
            unknown = any(s.usd is None and s.tokens for s in spent)
            left = usd - sum((s.usd for s in spent if s.usd is not None), Decimal(0))
            usd = Decimal(0) if unknown else left
        limits = Limits(
            tokens=_least(own.tokens, tokens), usd=_least(own.usd, usd), seconds=own.seconds
        )
        return replace(schedule.order, options=replace(schedule.order.options, limits=limits))


def _least(own: N | None, left: N | None) -> N | None:
    if own is None or left is None:
        return left if own is None else own
    return min(own, left)


def _too_little(limits: Limits) -> str | None:
    """Say why limits hold no answer; `None` where they may."""
    if limits.tokens is not None and limits.tokens < SMALLEST_TOKENS:
        return f"its cap leaves {max(0, limits.tokens)} tokens"
    if limits.usd is not None and limits.usd <= 0:
        return "its cap leaves no dollars"
    return None


def told(schedule: Schedule, slot: Slot) -> str | None:
    """Tell the person what is new, as the schedule says; return why it could not be done."""
    how = schedule.order.notify
    if how is None:
        return None
    items: list[JsonValue] = list(slot.items)
    line = f"{schedule.name}: {len(items)} new: {'; '.join(slot.items)}"[:200]
    body: dict[str, JsonValue] = {
        "schedule": schedule.name, "run": slot.run, "due": slot.slot, "new": items, "line": line,
    }  # fmt: skip
    return asyncio.run(notify(how, f"{schedule.name}/{slot.slot}", body))


def items_of(answer: Answer) -> list[str]:
    """Return what an answer names: the rows of its table, its bullets, or all of it."""
    if answer.report is not None and answer.report.table is not None:
        rows = answer.report.table.rows
        found = [" · ".join(cell.text for cell in row if cell.text) for row in rows]
        return [item for item in found if item]
    if answer.text is None:
        return []
    bullets = [
        found["item"].strip()
        for line in answer.text.splitlines()
        if (found := _BULLET.fullmatch(line))
    ]
    return bullets or [answer.text.strip()]


def key_of(item: str) -> str:
    """Return an item as it is compared: what it is called, in small letters.

    Of a row of a table only the first cell counts, so one with another price is not new.
    """
    first = item.split(" · ")[0]
    return _NO_WORD.sub(" ", first.casefold()).strip() or first
