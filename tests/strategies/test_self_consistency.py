import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyminds.agents.roster import MAX_MEMBERS, roster
from manyminds.core.errors import ProviderError, UnknownName
from manyminds.core.values import Group, Task
from manyminds.judging.canonical import canonicalize
from manyminds.strategies.registry import strategy_named, strategy_names
from manyminds.strategies.self_consistency import SelfConsistency, majority_is_stable
from manyminds.testing import ScriptedRun, final


def groups(*sizes: int) -> list[Group]:
    return [
        Group(label="A", canonical=canonicalize(str(n)), members=tuple("m" * size))
        for n, size in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("sizes", "stable"),
    [((), False), ((1,), False), ((2,), False), ((3,), True), ((2, 1), False), ((5, 1), True), ((3, 3), False)],
)  # fmt: skip
def test_the_stop_rule(sizes: tuple[int, ...], *, stable: bool) -> None:
    assert majority_is_stable(groups(*sizes)) is stable


@given(st.integers(1, 30), st.integers(0, 30))
def test_one_more_vote_for_the_leader_never_makes_it_less_stable(first: int, second: int) -> None:
    assert majority_is_stable(groups(first + 1, second)) >= majority_is_stable(
        groups(first, second)
    )


@pytest.mark.anyio
async def test_it_stops_as_soon_as_the_majority_is_stable() -> None:
    run = ScriptedRun(
        task=Task(prompt="?"),
        script={f"m{n}": [final("42")] for n in range(1, 9)},
        members=roster(8, ["scripted:model"], has_docs=False),
    )
    answer = await SelfConsistency()(run)
    assert answer.text == "42"
    assert len(run.calls) == 3


@pytest.mark.anyio
async def test_it_goes_on_where_samples_part_and_a_dead_one_is_no_vote() -> None:
    says = {"m1": "1", "m2": "2", "m4": "2", "m5": "2"}
    script = {name: [final(text)] for name, text in says.items()}
    run = ScriptedRun(
        task=Task(prompt="?"),
        script={**script, "m3": [ProviderError("gone")]},
        members=roster(5, ["scripted:model"], has_docs=False),
    )
    answer = await SelfConsistency()(run)
    assert answer.text == "2"
    assert answer.how == "majority: 3 of 4 samples agree"
    assert [d.answer for d in answer.dissent] == ["1"]
    assert answer.missing == ("m3: gone",)


def test_a_panel_mixes_ways_and_models() -> None:
    members = roster(MAX_MEMBERS, ["a:x", "b:y"], has_docs=False)
    assert len({m.name for m in members}) == MAX_MEMBERS
    assert {m.model for m in members} == {"a:x", "b:y"}
    assert members[0].way != members[1].way
    assert roster(2, ["a:x"], has_docs=True)[0].way == "look_up"


def test_strategies_are_found_by_name_and_the_nearest_is_offered() -> None:
    assert [type(strategy_named(name)).__name__ for name in strategy_names()]
    with pytest.raises(UnknownName, match="did you mean 'heavy'"):
        strategy_named("heavvy")
