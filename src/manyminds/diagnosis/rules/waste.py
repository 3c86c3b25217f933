"""What was spent for nothing: calls one by one, results nobody read, work nobody used, waiting."""

import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from statistics import median

from manyminds.diagnosis.finding import Finding
from manyminds.diagnosis.rules.texts import cut
from manyminds.diagnosis.trace import Act, Trace

__all__ = ["stragglers", "unbatched", "unread", "unused"]

ONE_BY_ONE = 5
"""Look-ups of one kind in a row from which on a batch would have paid."""
TELLING, LONG = 3, 200
"""Words of its own that a result must have, and characters, to be missed."""
LATE, LEAST_S = 1.5, 5.0


def unbatched(trace: Trace) -> Iterator[Finding]:
    """Find look-ups of one kind that are made one by one, none of which needs the one before."""
    rows: dict[str, list[tuple[int, Act]]] = defaultdict(list)
    for place, act in enumerate(trace.acts):
        if act.kind == "calls":
            row = rows[act.author]
            if row and row[-1][1].tool != act.tool:
                yield from _row(trace, row)
                row.clear()
            row.append((place, act))
        elif act.kind in ("proposes", "checks"):
            yield from _row(trace, rows.pop(act.author, []))
    for row in rows.values():
        yield from _row(trace, row)


def _row(trace: Trace, row: list[tuple[int, Act]]) -> Iterator[Finding]:
    alone = list(_independent(trace, row))
    different = {call.arguments for _, call in alone}
    if len(different) < ONE_BY_ONE:
        return
    first = alone[0][1]
    between = [trace.returned[p].seconds for p, _ in alone[1:] if p in trace.returned]
    took = [one for one in between if one is not None]
    yield Finding(
        code="unbatched_calls", step=first.step, member=first.author, by="rule", confidence=0.9,
        evidence=cut(f"{first.tool}({first.arguments})"),
        why=f"{len(different)} calls of {first.tool} in a row, none of which needs what another "
        "returned",
        also=tuple(call.step for _, call in alone[1:]), seconds=sum(took) if took else None,
    )  # fmt: skip


def _independent(trace: Trace, row: list[tuple[int, Act]]) -> Iterator[tuple[int, Act]]:
    """Yield the calls of a row that name nothing that only an earlier result of it holds."""
    known, new = set(_TERM.findall(trace.task)), set[str]()
    for place, call in row:
        given = set(_TERM.findall(call.arguments or ""))
        if not given & new:
            yield place, call
        if (gave := trace.returned.get(place)) is not None:
            new |= set(_TERM.findall(gave.text)) - known - given


_TERM = re.compile(r"\w{4,}")


def unread(trace: Trace) -> Iterator[Finding]:
    """Find results of which no word of their own is in anything said afterwards."""
    called = {id(gave): trace.acts[place] for place, gave in trace.returned.items()}
    of_task, later, spoken = _own(trace.task), set[str](), False
    found: list[Finding] = []
    for act in reversed(trace.acts):
        call = called.get(id(act))
        if call is not None and spoken and not act.error and len(act.text) >= LONG:
            own = _own(act.text) - of_task - _own(call.arguments or "")
            if len(own) >= TELLING and not own & later:
                found.append(_left(act, call))
        if act.kind in ("says", "proposes", "calls", "ends") and act.text:
            later |= _own(act.text)
            spoken = True
    yield from reversed(found)


def _left(gave: Act, call: Act) -> Finding:
    return Finding(
        code="unread_result", step=gave.step, member=gave.author, evidence=cut(gave.text),
        why=f"nothing that {gave.tool} returned is in anything said afterwards", confidence=0.8,
        by="rule", also=(call.step,), seconds=gave.seconds,
    )  # fmt: skip


def _own(text: str) -> set[str]:
    """Return words that tell something: numbers, names and long words."""
    return {
        one.lower() for one in re.findall(r"\b(?:\d[\d.,]*\d|\d{2,}|[A-Z]\w{3,}|\w{7,})\b", text)
    }


def unused(trace: Trace) -> Iterator[Finding]:
    """Find members who put nothing forward, where others did, and whom nobody speaks of."""
    put_forward = {a.author for a in trace.acts if a.kind == "checks" or a.answer is not None}
    if len({act.author for act in trace.of("proposes")}) < 2:
        return
    for author in trace.authors:
        work = [a for a in trace.acts if a.author == author and a.kind in ("says", "calls")]
        if author in put_forward or not work or author in ("lead", "run", trace.person):
            continue
        if any(author == a.about or (a.author != author and author in a.text) for a in trace.acts):
            continue
        spent = [a.tokens for a in work if a.tokens is not None]
        took = [a.seconds for a in work if a.seconds is not None]
        prices = [a.usd for a in work if a.usd is not None]
        yield Finding(
            code="unused_work", step=work[-1].step, member=author, by="rule", confidence=0.8,
            evidence=cut(work[-1].text or str(work[-1].tool)),
            why="it put nothing forward that the others could weigh",
            tokens=sum(spent) if spent else None, usd=sum(prices, Decimal(0)) if prices else None,
            seconds=sum(took) if took else None,
        )  # fmt: skip


def stragglers(trace: Trace) -> Iterator[Finding]:
    """Find members that all waited for, and whose answer changed nothing."""
    firsts: dict[str, Act] = {}
    for act in trace.of("proposes"):
        if act.at_s is not None and act.author not in firsts:
            firsts[act.author] = act
    if len(firsts) < 3 or trace.final is None:
        return
    order = sorted(firsts.values(), key=lambda act: act.at_s or 0.0)
    last, before = order[-1], order[-2]
    waited = (last.at_s or 0.0) - (before.at_s or 0.0)
    usual = median((act.at_s or 0.0) for act in order[:-1])
    stood = sum(act.answer == trace.final.answer for act in order[:-1])
    decided = stood > len(order) / 2
    if decided and waited >= LEAST_S and (last.at_s or 0.0) >= LATE * usual:
        yield Finding(
            code="straggler", step=last.step, member=last.author, evidence=cut(last.text),
            confidence=0.9,
            why=f"all waited {waited:.0f} s for it, and {stood} of {len(order)} stood together "
            "already",
            by="rule", also=(before.step,), seconds=waited,
        )  # fmt: skip
