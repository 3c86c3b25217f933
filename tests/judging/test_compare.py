import itertools

import pytest

from manyminds.core.values import Note
from manyminds.judging.canonical import canonicalize
from manyminds.judging.compare import disagreement, group_notes


def groups(*answers: str) -> list[int]:
    notes = [
        Note(member=f"m{n}", round=1, answer=a, canonical=canonicalize(a), reason="")
        for n, a in enumerate(answers)
    ]
    return [len(group.members) for group in group_notes(notes)]


def test_equal_answers_stand_together_and_the_largest_group_first() -> None:
    assert groups("2", "120", "120.0", "one hundred and twenty pens") == [3, 1]


def test_a_bare_number_never_joins_what_differs() -> None:
    for order in itertools.permutations(["5", "5 km", "5 m"]):
        assert sorted(groups(*order)) == [1, 2]


def test_no_answer_is_in_no_group() -> None:
    assert groups("", "1") == [1]


def test_disagreement_rises_with_every_member_that_parts() -> None:
    found = []
    for parting in range(8):
        answers = ["42"] * (8 - parting) + [f"x{n}" for n in range(parting)]
        notes = [
            Note(member=f"m{n}", round=1, answer=a, canonical=canonicalize(a), reason="")
            for n, a in enumerate(answers)
        ]
        found.append(disagreement(group_notes(notes)))
    assert found[0] == 0
    assert found == sorted(set(found))
    assert found[-1] == pytest.approx(1)
    assert disagreement([]) == 0
