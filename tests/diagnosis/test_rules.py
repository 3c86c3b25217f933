"""Rules against planted faults: what was planted is found, and little else."""

import time
from collections import Counter

import pytest

from manyminds.diagnosis.diagnose import by_rules, diagnosed
from manyminds.diagnosis.modes import MODES, WASTES
from manyminds.diagnosis.trace import Act, Trace
from tests.diagnosis.seeded import MUTATORS, UNDECIDED, clean, mutated

BASES = [clean(number) for number in range(40)]


def test_a_clean_run_has_no_finding() -> None:
    for base in BASES:
        assert by_rules(base) == [], base.name


@pytest.mark.parametrize("code", MUTATORS)
def test_a_planted_fault_is_found_where_it_was_planted(code: str) -> None:
    broken = mutated(BASES, code, 40)
    assert len(broken) >= 10
    found = [{finding.code for finding in by_rules(trace)} for trace in broken]
    recall = sum(code in codes for codes in found) / len(found)
    assert recall >= 0.8, Counter(code for codes in found for code in codes)
    for trace in broken:
        for finding in by_rules(trace):
            act = next(act for act in trace.acts if act.step == finding.step)
            assert act.author == finding.member
            quoted = f"{act.text} {act.tool}({act.arguments}) {act.verdict}"
            assert " ".join(finding.evidence.split())[:60] in " ".join(quoted.split())


@pytest.mark.parametrize("code", UNDECIDED)
def test_what_no_rule_decides_is_told_as_nothing_else(code: str) -> None:
    broken = mutated(BASES, code, 40)
    assert len(broken) >= 10
    found = Counter(finding.code for trace in broken for finding in by_rules(trace))
    assert {one: n for one, n in found.items() if one not in WASTES} == {}


def test_what_was_not_planted_is_seldom_found() -> None:
    planted, right = Counter[str](), Counter[str]()
    for code in MUTATORS:
        for trace in mutated(BASES, code, 40):
            for other in {finding.code for finding in by_rules(trace)}:
                planted[other] += 1
                right[other] += other == code
    assert {code: round(right[code] / n, 2) for code, n in planted.items() if right[code] < 0.9 * n} == {}  # fmt: skip


def test_the_first_mistake_is_the_decisive_one_and_waste_never_is() -> None:
    broken = mutated(BASES, "2.2", 1)[0]
    found = diagnosed(broken)
    assert found.decisive is not None
    assert found.decisive.code == "2.2"
    wasteful = diagnosed(mutated(BASES, "unbatched_calls", 1)[0])
    assert wasteful.decisive is None
    assert {one.code for one in wasteful.findings} <= WASTES


def test_every_code_has_words_and_every_rule_a_code() -> None:
    assert set(MUTATORS) < set(MODES)
    for mode in MODES.values():
        assert mode.means
        assert mode.not_this
        assert mode.prevents


def test_a_thousand_long_runs_take_less_than_a_minute() -> None:
    base = BASES[0]
    acts = [act for number in range(20) for act in clean(number).acts if act.kind != "ends"]
    long = Trace(name="long", source="chat", task=base.task, acts=tuple(Act(**{**vars(act), "step": n}) for n, act in enumerate(acts)))  # fmt: skip
    assert len(long.acts) == 180
    began = time.process_time()
    for _ in range(20):
        by_rules(long)
    assert (time.process_time() - began) * 50 / 2 < 60


def test_time_does_not_grow_with_the_square_of_a_run() -> None:
    def took(calls: int) -> float:
        acts = [
            act
            for n in range(calls)
            for act in (
                Act(step=2 * n, author="m", kind="calls", tool="t", arguments=f'{{"x": "word{n}"}}', text="x"),
                Act(step=2 * n + 1, author="m", kind="returns", tool="t", text=f"Result{n} " * 60),
            )
        ]  # fmt: skip
        trace = Trace(name="t", source="chat", task="x", acts=tuple(acts))
        began = time.process_time()
        by_rules(trace)
        return time.process_time() - began

    # Ten times as much costs ten times as much, and would cost a hundred times.
    assert min(took(3_000) for _ in range(2)) < 40 * max(0.02, min(took(300) for _ in range(3)))
