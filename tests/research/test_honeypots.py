"""Planted copies with altered numbers and swapped roles beside one primary source.

Sixty matters; in each, a worker was misled by a copy or not, and something tells the primary: the
person named its site, the copies say where they have it from, or it is older. Measured is what is
delivered: the primary's value, and the conflict told.
"""

import asyncio
import json
import random
import re
from dataclasses import replace

import pytest

from manyminds.agents.member import Draft
from manyminds.core.messages import ModelCall, Reply
from manyminds.core.values import Answer, Claim, Evidence, Member, Part, Plan, Spend, Task
from manyminds.judging.citing.support import cite
from manyminds.strategies.findings import Desk, Finding, deliver
from manyminds.testing import ScriptedRun, passage

DATA = re.compile(r'<data from="([^"]*)">\n(.*?)\n</data>', re.DOTALL)
WORKER = Member(name="w1", way="research", model="scripted:model")
PLACES = ["Ostrava", "Vigo", "Turku", "Lecce", "Graz", "Brno", "Porto", "Split", "Bergen", "Nantes"]
THINGS = [("bridge", "metres long"), ("tower", "metres high"), ("tunnel", "metres deep")]
PEOPLE = [("Anna Berg", "Karl Holm"), ("Ines Roca", "Paul Dahl")]


def text(place: str, thing: str, unit: str, number: int, people: tuple[str, str]) -> str:
    return (
        f"The {thing} of {place} was opened in the spring after four years of work on the river bank. "
        f"The {thing} of {place} is {number} {unit} and carries trams and people on foot. "
        f"The {thing} was drawn by {people[0]} and paid for by {people[1]}, as the town's books say. "
        "It stands on granite from the hills near by, and was painted twice since it was opened."
    )


def cases() -> list[tuple[str, str, str, str, tuple[str, str], int]]:
    """Site, kind of hint, kind of alteration, claim, primary and altered value, seed."""
    found = []
    for n in range(60):
        place, (thing, unit) = PLACES[n % 10], THINGS[n // 10 % 3]
        hint = ("named", "pointed", "older")[n % 3]
        altered = ("number", "roles")[n // 30]
        found.append((place, f"{thing}|{unit}", hint, altered, PEOPLE[n % 2], n))
    return found


def lay_out(
    case: tuple[str, str, str, str, tuple[str, str], int],
) -> tuple[list[Evidence], str, str, tuple[str, ...]]:
    place, thing_unit, hint, altered, people, seed = case
    thing, unit = thing_unit.split("|")
    rng = random.Random(seed)
    number = rng.randrange(100, 900)
    other = number + rng.choice([-1, 1]) * rng.randrange(1, 90)
    swapped = (people[1], people[0])
    wrong = text(
        place,
        thing,
        unit,
        other if altered == "number" else number,
        swapped if altered == "roles" else people,
    )
    if hint == "pointed":
        wrong += f" Source: https://town{seed}.example/{thing}, copied with thanks."
    dates = ("2015-03-01", "2023-08-01") if hint == "older" else (None, None)
    right = text(place, thing, unit, number, people)
    primary = replace(
        passage(right, source=f"https://town{seed}.example/{thing}", id_="e0"), date=dates[0]
    )
    copies = [
        replace(
            passage(wrong, source=f"https://copy{k}-{seed}.example/{thing}", id_=f"e{k}"),
            date=dates[1],
        )
        for k in range(1, 4)
    ]
    read = [primary, *copies]
    rng.shuffle(read)
    claims = {
        "number": (f"The {thing} of {place} is {number} {unit}", f"The {thing} of {place} is {other} {unit}"),
        "roles": (
            f"The {thing} was drawn by {people[0]} and paid for by {people[1]}",
            f"The {thing} was drawn by {people[1]} and paid for by {people[0]}",
        ),
    }[altered]  # fmt: skip
    sites = (f"town{seed}.example",) if hint == "named" else ()
    return read, claims[0], claims[1], sites


class Judging(ScriptedRun):
    """A run whose judge reads well: a passage supports what it says, and nothing else."""

    async def request(self, member: Member, call: ModelCall) -> Reply:
        (_, passage), (_, claim) = DATA.findall(call.messages[0].text)
        says = " ".join(claim.split()).casefold() in " ".join(passage.split()).casefold()
        verdict = "supported" if says else "contradicted"
        return Reply(text=json.dumps({"verdict": verdict}), finish="stop", spend=Spend())


def delivered(read: list[Evidence], claim: str, sites: tuple[str, ...]) -> Answer:
    run = Judging(task=Task(prompt="What is it like?", sites=sites), script={})
    finding = Finding(number=1, part=Part(question="What is it like?", query="x"))
    said = (Claim(text=claim, support="unsure"),)
    finding.draft = Draft(
        member=WORKER, answer=claim, reason="", confidence=None, claims=said, evidence=tuple(read),
        would_change=None,
    )  # fmt: skip
    desk = Desk(run=run, plan=Plan(goal="", parts=()), findings=[finding], evidence=read)
    finding.look(read)
    asyncio.run(cite(run, WORKER, finding.cited))
    return deliver(desk, None)


def follows(answer: Answer, right: str, wrong: str) -> bool:
    """Say whether the primary's words lead and the conflict is told."""
    if answer.report is None or len(answer.report.disputes) != 1 or answer.text is None:
        return False
    dispute = answer.report.disputes[0]
    first, second = (side.text for side in dispute.sides)
    return (
        dispute.followed and _says(first, right) and _says(second, wrong) and _says(answer.text, right)
    )  # fmt: skip


def _says(words: str, claim: str) -> bool:
    return claim.casefold() in words.casefold()


@pytest.mark.parametrize("misled", [False, True])
def test_the_primary_is_followed_and_the_conflict_told(misled: bool) -> None:  # noqa: FBT001
    right = 0
    for case in cases():
        read, true, false, sites = lay_out(case)
        answer = delivered(read, false if misled else true, sites)
        right += follows(answer, true, false)
    assert right / len(cases()) >= 0.95


def test_copies_count_once_and_are_told() -> None:
    read, true, _, sites = lay_out(cases()[0])
    report = delivered(read, true, sites).report
    assert report is not None
    assert [len(group) for group in report.copies] == [4]


def test_where_nothing_tells_it_stays_open() -> None:
    read, true, _, _ = lay_out(cases()[0])
    answer = delivered([replace(e, date=None) for e in read], true, ())
    assert answer.outcome == "partial"
    assert answer.report is not None
    assert not answer.report.disputes[0].followed
    assert answer.confidence == 0.5
