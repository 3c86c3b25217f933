"""A last look in pairs: the best rises, what is unsure stays, nothing is lost."""

from pathlib import Path

import pytest

from manyminds.core.errors import ProviderError
from manyminds.core.values import Limits
from manyminds.recommend.preferring import ModelPrefers
from manyminds.recommend.ranking.pairs import ordered_by_pairs
from manyminds.runtime.alone import member_alone
from tests.stub import Body, Stub

pytestmark = pytest.mark.anyio
LIST = [4, 2, 7, 1, 9, 0]


async def less(one: int, other: int) -> bool | None:
    return one < other


async def test_a_pass_brings_the_best_to_the_front() -> None:
    found = await ordered_by_pairs(LIST, less)
    assert found.order == (0, 4, 2, 7, 1, 9)
    assert (found.compared, found.swapped, found.unsure) == (5, 5, 0)


async def test_as_many_passes_as_places_sort_it_with_no_pair_twice_too_often() -> None:
    found = await ordered_by_pairs(LIST, less, passes=len(LIST))
    assert found.order == tuple(sorted(LIST))
    assert found.compared == len(LIST) * (len(LIST) - 1) // 2


@pytest.mark.parametrize("few", [[], [3]])
async def test_what_has_no_pair_is_compared_with_nothing(few: list[int]) -> None:
    found = await ordered_by_pairs(few, less)
    assert (found.order, found.compared) == (tuple(few), 0)


async def test_where_nobody_can_be_asked_any_more_the_rest_stays() -> None:
    asked: list[int] = []

    async def dies(one: int, _other: int) -> bool:
        asked.append(one)
        if len(asked) > 2:
            raise ProviderError("gone")
        return True

    found = await ordered_by_pairs(LIST, dies)
    assert found.order == (4, 2, 7, 0, 1, 9)
    assert (found.compared, found.ended) == (2, "gone")


LIKES_OLD = {"a": 1950, "b": 1990, "c": 2020}


def by_year(body: Body) -> str:
    text = str(body["messages"][0]["content"])
    first = text.partition("\nA: ")[2].partition("\nB: ")
    years = [next(y for name, y in LIKES_OLD.items() if f"film {name}" in part) for part in (first[0], first[2])]  # fmt: skip
    return '{"better": "A"}' if years[0] < years[1] else '{"better": "B"}'


async def preferred(stub: Stub, folder: Path) -> list[bool | None]:
    async with member_alone(stub.model, "films", name="pairs", cache=folder, limits=Limits()) as (
        run,
        member,
    ):
        things = [f"film {name}" for name in LIKES_OLD]
        judge = ModelPrefers(run=run, member=member, liked=["an old film"], things=things)
        return [await judge(0, 1), await judge(2, 1)]


async def test_a_model_is_asked_both_ways_round(stub: Stub, tmp_path: Path) -> None:
    stub.behaviours = [by_year]
    assert await preferred(stub, tmp_path) == [True, False]


@pytest.mark.parametrize("said", ['{"better": "A"}', "no JSON", '{"better": "C"}'])
async def test_who_favours_a_place_or_says_neither_is_unsure(stub: Stub, tmp_path: Path, said: str) -> None:  # fmt: skip
    stub.behaviours = [lambda _body: said]
    assert await preferred(stub, tmp_path) == [None, None]
