"""A thousand people who want something: what they are asked, and how good what they get is.

    python benchmarks/recommend/dialogues.py

Catalogues, people and wishes are made up, with one seed each, in the five domains. A person has
conditions and weights of their own; some conditions they say in their wish, the others only when they
are asked. Every question is held against all of its answers by another path than the one that chose
it. Regret: how far the first option (and the better one of both) lies below the best one there is for
this person, of the whole range; an option that breaks a condition of theirs counts as the worst.
Writes dialogues.json and DIALOGUES.md beside itself.
"""

import argparse
import json
import random
import re
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from manyminds.recommend.catalogue.domain import Domain, domain_named
from manyminds.recommend.catalogue.item import Item, Value
from manyminds.recommend.catalogue.read import Catalogue
from manyminds.recommend.deciding.change import TradeOff
from manyminds.recommend.deciding.decide import Decision, decide
from manyminds.recommend.deciding.missing import Asked, with_answer
from manyminds.recommend.deciding.weigh import Wanted, feasible, weigh
from manyminds.recommend.deciding.wish import Condition, holds

sys.path.append(str(Path(__file__).parents[1]))

from figures import code, machine, mean_interval

HERE = Path(__file__).parent
DOMAINS = ("dining", "events", "travel", "shopping", "jobs")
TAGS = ("amber", "birch", "coral", "delta", "ember", "fjord", "grove", "heron")
MOST_ASKED = 4


@dataclass(frozen=True, kw_only=True)
class Person:
    """What somebody wants, said or not."""

    conditions: tuple[Condition, ...]
    said: frozenset[str]
    """Fields of the conditions that stand in the wish."""
    weights: dict[str, float]
    been: frozenset[str]


def catalogue(domain: Domain, chance: random.Random) -> Catalogue:
    """Make up a catalogue; about one cell in ten says nothing."""
    items = []
    for number in range(chance.randint(8, 60)):
        values: dict[str, Value] = {}
        for field in domain.fields.values():
            if chance.random() < 0.1:
                continue
            if field.measured:
                values[field.name] = float(round(chance.lognormvariate(2, 0.6), 1))
            elif field.kind == "tags":
                values[field.name] = tuple(chance.sample(TAGS, chance.randint(1, 2)))
            elif field.kind == "yes":
                values[field.name] = chance.random() < 0.5
            elif field.kind == "time":
                values[field.name] = datetime.fromisoformat(
                    f"2026-12-0{chance.randint(1, 6)}T20:00"
                )
        items.append(Item(id=str(number), title=f"Option {number}", values=values, more={}, source=f"made-up:{number}"))  # fmt: skip
    return Catalogue(domain=domain, items=tuple(items))


def person(there: Catalogue, chance: random.Random) -> Person:
    """Make up somebody whose conditions one item at least meets."""
    lucky = chance.choice(there.items)
    asked = [f for f in there.domain.fields.values() if f.ask and f.name in lucky.values]
    found: list[Condition] = []
    for field in chance.sample(asked, min(len(asked), chance.randint(0, 3))):
        value = lucky.values[field.name]
        if field.measured and isinstance(value, float):
            test = "at_most" if field.better == "less" else "at_least"
            slack = 1.2 if test == "at_most" else 0.8
            found.append(Condition(field=field.name, test=test, value=value * slack, said=field.name, source="wish"))  # fmt: skip
        elif isinstance(value, tuple):
            found.append(Condition(field=field.name, test="all", value=value[:1], said=field.name, source="wish"))  # fmt: skip
        elif isinstance(value, bool):
            found.append(Condition(field=field.name, test="is", value=value, said=field.name, source="wish"))  # fmt: skip
    been = frozenset(i.title.casefold() for i in there.items if i is not lucky and chance.random() < 0.3)  # fmt: skip
    if chance.random() < 0.4:
        found.append(Condition(field="", test="new", value=None, said="new", source="wish"))
    weights = {f.name: f.weight * chance.lognormvariate(0, 0.7) for f in there.domain.fields.values() if f.better and f.weight}  # fmt: skip
    said = frozenset(c.field for c in found if not c.field or chance.random() < 0.4)
    return Person(conditions=tuple(found), said=said, weights=weights, been=been)


def play(there: Catalogue, who: Person, *, ask: bool) -> dict:
    """Play one dialogue."""
    state = Wanted(
        conditions=tuple(c for c in who.conditions if c.field in who.said), been=who.been,
        settled=frozenset(who.said),
    )  # fmt: skip
    asked = needless = doubled = 0
    while ask and asked < MOST_ASKED and (question := decide(there, state).asked) is not None:
        asked += 1
        doubled += question.text.count("?") != 1
        needless += _needless(there, state, question)
        answers = [c for c in who.conditions if c.field == question.field]
        state = with_answer(state, question.field, answers)
    decision = decide(there, state)
    shown = [o.item for o in (decision.top, decision.backup) if o is not None]
    trades = [_is_so(t, decision, there.domain) for t in decision.trade_offs]
    return {
        "trades": len(trades), "untrue": trades.count(False), "asked": asked, "needless": needless, "doubled": doubled, "shown": len(shown),
        "broken": sum(holds(c, i, who.been) is not True for i in shown for c in state.conditions),
        "visited": sum(i.title.casefold() in who.been for i in shown) if "" in who.said else 0,
        "regret": _regrets(there, who, shown),
    }  # fmt: skip


def _is_so(trade: TradeOff, decision: Decision, domain: Domain) -> bool:
    """Hold what is said of the first against the backup to the rows, by another path."""
    assert decision.top is not None
    assert decision.backup is not None
    rows = [option.item.values.get(trade.field) for option in (decision.top, decision.backup)]
    first, second = rows
    if (first, second) != (trade.first, trade.second) or first == second:
        return False
    one, text = domain.fields[trade.field], trade.text
    if isinstance(first, float) and isinstance(second, float):
        said = float(
            re.findall(r"[\d,]+(?:\.\d+)?", text.removeprefix(one.name))[0].replace(",", "")
        )
        more = text.endswith("more")
        better = None if one.better is None else ("first" if more == (one.better == "more") else "second")  # fmt: skip
        close = abs(said - abs(first - second)) <= 0.06 + 0.001 * abs(first - second)
        return close and more == (first > second) and trade.better == better
    if isinstance(first, tuple) and isinstance(second, tuple):
        gained, _, lost = text.partition(": ")[2].partition("not ")
        named = [set(re.findall(r"\w+", part)) for part in (gained, lost)]
        return named == [set(first) - set(second), set(second) - set(first)] and trade.better is None  # fmt: skip
    if isinstance(first, datetime) and isinstance(second, datetime):
        days = (first.date() - second.date()).days
        return text.endswith("later" if days > 0 else "earlier") and str(abs(days)) in text
    return ("not known" in text) == (first is None or second is None)


def _needless(there: Catalogue, state: Wanted, question: Asked) -> bool:
    """Say whether a question's answers all lead to what comes first anyway, or it was settled."""
    if question.field in state.settled:
        return True
    firsts = set()
    for conditions in ([], *([a.condition] for a in question.answers)):
        after = replace(state, conditions=(*state.conditions, *conditions))
        fit = [i for i in there.items if all(holds(c, i, state.been) for c in after.conditions)]
        best = weigh(there, fit, after)
        firsts.add(best[0].item.id if best else None)
    return len(firsts) < 2


def _regrets(there: Catalogue, who: Person, shown: list[Item]) -> list[float]:
    """Return the regret of the first option, and of the better one of both."""
    theirs = Wanted(conditions=who.conditions, weights=who.weights, been=who.been)
    options = weigh(there, feasible(there, theirs)[0], theirs)
    worth = {option.item.id: option.score for option in options}
    best, worst = options[0].score, min(0.0, *(o.score for o in options))
    spread = best - worst or 1.0
    found = [(best - worth.get(item.id, worst)) / spread for item in shown] or [1.0]
    return [found[0], min(found)]


def measure(count: int) -> dict:
    """Measure all of it."""
    rows = []
    for number in range(count):
        chance = random.Random(number)
        there = catalogue(domain_named(DOMAINS[number % len(DOMAINS)]), chance)
        who = person(there, chance)
        rows.append({"asking": play(there, who, ask=True), "silent": play(there, who, ask=False)})
    found: dict = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "code": code(),
        "command": f"python benchmarks/recommend/dialogues.py --count {count}", "n": count,
    }  # fmt: skip
    for way in ("asking", "silent"):
        mine = [row[way] for row in rows]
        found[way] = {
            "asked": _mean([m["asked"] for m in mine]), "needless": sum(m["needless"] for m in mine),
            "doubled": sum(m["doubled"] for m in mine), "broken": sum(m["broken"] for m in mine),
            "visited": sum(m["visited"] for m in mine), "shown": sum(m["shown"] for m in mine),
            "trades": sum(m["trades"] for m in mine), "untrue": sum(m["untrue"] for m in mine),
            "first": _mean([m["regret"][0] for m in mine]), "better": _mean([m["regret"][1] for m in mine]),
        }  # fmt: skip
    lead = [row["silent"]["regret"][0] - row["asking"]["regret"][0] for row in rows]
    found["saved"] = _mean(lead)
    by_number: dict[int, list[float]] = {}
    for row in rows:
        by_number.setdefault(row["asking"]["asked"], []).append(row["asking"]["regret"][0])
    found["by_questions"] = {
        str(k): [len(v), round(float(np.mean(v)), 3)] for k, v in sorted(by_number.items())
    }
    return found


def _mean(values: list[float]) -> list[float]:
    """Return a mean with its 95 % bootstrap interval."""
    array = np.array(values, float)
    return [round(float(array.mean()), 3), *mean_interval(array, digits=3)]


def table(found: dict) -> str:
    """Write the page."""

    def said(values: list[float]) -> str:
        return f"{values[0]:.3f} [{values[1]:.3f}, {values[2]:.3f}]"

    lines = [
        "# A thousand dialogues", "",
        "Written by `python benchmarks/recommend/dialogues.py`; do not edit by hand.", "",
        f"- date: {found['date']}; code: {found['code']}; machine: {found['machine']}",
        f"- n = {found['n']}, made up; regret from 0 (the best there is for this person) to 1; 95 % bootstrap intervals", "",
        "| | asking | silent |", "|---|---|---|",
    ]  # fmt: skip
    for name, key in (("questions a dialogue", "asked"), ("regret of Top 1", "first"), ("regret of the better of Top 1 and Backup 1", "better")):  # fmt: skip
        lines.append(f"| {name} | {said(found['asking'][key])} | {said(found['silent'][key])} |")
    for name, key in (
        ("turns with two questions", "doubled"), ("needless questions", "needless"), ("conditions broken by what is shown", "broken"),
        ("visited ones shown when asked not to", "visited"), ("options shown", "shown"),
        ("statements of what the first gives up or gains", "trades"), ("of them not as the rows have it", "untrue"),
    ):  # fmt: skip
        lines.append(f"| {name} | {found['asking'][key]:,} | {found['silent'][key]:,} |")
    by = ", ".join(f"{k} ({n} dialogues): {r:.3f}" for k, (n, r) in found["by_questions"].items())
    return "\n".join([*lines, "", f"Asking saves {said(found['saved'])} of regret. Regret of Top 1 by the number of questions asked: {by}."]) + "\n"  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000)
    arguments = parser.parse_args()
    found = measure(arguments.count)
    (HERE / "dialogues.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (HERE / "DIALOGUES.md").write_text(table(found), encoding="utf-8")
