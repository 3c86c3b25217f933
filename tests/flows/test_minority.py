from collections import Counter

import pytest

from manyminds.core.values import Answer, Task
from manyminds.judging.canonical import canonicalize, same
from manyminds.strategies.heavy import Heavy
from manyminds.strategies.self_consistency import SelfConsistency
from manyminds.testing import ScriptedRun, act, final
from tests.flows.cases import CASES, Case

NAMES = ("m1", "m2", "m3", "m4")
CRUX = '{"cruxes": ["Which of the numbers is right?"]}'


def proof(case: Case) -> list[str]:
    return [act("calculate", expression=case.expression), final(case.right)]


def stubborn(answer: str) -> list[str]:
    return [final(answer), final(answer)]


def script(
    case: Case, *, holder: int, others: str, minority: list[str], checker: list[str]
) -> dict[str, list[str]]:
    """One member holds `minority`, the others say `others`; m1 also names the crux."""
    lines = {name: stubborn(others) for name in NAMES}
    lines[NAMES[holder]] = [*minority, *minority[-1:]]
    crux_at = len(minority) if holder == 0 else 1
    lines["m1"].insert(crux_at, CRUX)
    return {**lines, "checker1": checker}


def right(answer: Answer, case: Case) -> bool:
    return answer.text is not None and same(
        canonicalize(answer.text, question=case.question),
        canonicalize(case.right, question=case.question),
    )


@pytest.mark.anyio
@pytest.mark.parametrize("settled", [True, False], ids=["checker settles", "checker cannot"])
async def test_heavy_picks_the_minority_that_can_prove_itself(*, settled: bool) -> None:
    won = Counter[bool]()
    for place, case in enumerate(CASES):
        for holder in range(4) if place < 8 else (place % 4,):
            run = ScriptedRun(
                task=Task(prompt=case.question),
                script=script(
                    case,
                    holder=holder,
                    others=case.wrong,
                    minority=proof(case),
                    checker=proof(case) if settled else stubborn("cannot be determined"),
                ),
            )
            won[right(await Heavy()(run), case)] += 1
    assert len(CASES) >= 24
    assert won[True] / won.total() >= 0.95


@pytest.mark.anyio
async def test_plain_majority_never_picks_the_minority() -> None:
    for place, case in enumerate(CASES):
        lines = script(case, holder=place % 4, others=case.wrong, minority=proof(case), checker=[])
        lines["m1"] = [line for line in lines["m1"] if line != CRUX]
        run = ScriptedRun(task=Task(prompt=case.question), script=lines)
        assert not right(await SelfConsistency()(run), case)


@pytest.mark.anyio
@pytest.mark.parametrize("place", range(len(CASES)))
async def test_nothing_is_lost_where_the_majority_is_right(place: int) -> None:
    """The odd one out has a program too, which computes something else."""
    case = CASES[place]
    other = [act("calculate", expression="1000003 + 4"), final("1000007")]
    run = ScriptedRun(
        task=Task(prompt=case.question),
        script=script(
            case, holder=place % 4, others=case.right, minority=other, checker=proof(case)
        ),
    )
    assert right(await Heavy()(run), case)


@pytest.mark.anyio
async def test_nothing_is_lost_where_nobody_has_a_proof() -> None:
    for place, case in enumerate(CASES):
        run = ScriptedRun(
            task=Task(prompt=case.question),
            script=script(
                case,
                holder=place % 4,
                others=case.right,
                minority=stubborn(case.wrong)[:1],
                checker=stubborn("cannot be determined"),
            ),
        )
        assert right(await Heavy()(run), case)
