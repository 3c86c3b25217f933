import random

import pytest

from manyminds.core.values import Candidate, Task, Verdict
from manyminds.judging.agreement import Agreement, Aligned, agreement
from manyminds.judging.calibrate import calibration_error, fit
from manyminds.judging.canonical import canonicalize

pytestmark = pytest.mark.anyio


def overconfident(n: int, seed: int) -> list[tuple[float, bool]]:
    """Answers whose true chance is the square of what is stated."""
    rng = random.Random(seed)
    stated = [rng.random() for _ in range(n)]
    return [(s, rng.random() < s * s) for s in stated]


@pytest.mark.parametrize(("n", "method"), [(100, "platt"), (1_000, "isotonic")])
def test_overconfidence_is_taken_back_on_answers_not_fitted_on(n: int, method: str) -> None:
    found = fit(overconfident(n, 1))
    assert found is not None
    assert found.method == method
    fresh = overconfident(5_000, 2)
    before = calibration_error(fresh)
    after = calibration_error([(found(stated), right) for stated, right in fresh])
    assert before > 0.13
    assert after < 0.07
    assert found.error_after < found.error_before


def test_surer_is_never_less() -> None:
    found = fit(overconfident(400, 3))
    assert found is not None
    values = [found(i / 100) for i in range(101)]
    assert values == sorted(values)
    assert 0 < values[0] < values[-1] < 1


def test_too_few_labels_fit_nothing() -> None:
    assert fit(overconfident(19, 1)) is None
    assert fit([(0.9, True)] * 100) is None


def test_the_error_of_perfect_confidence_is_nothing() -> None:
    assert calibration_error([(1.0, True)] * 10 + [(0.0, False)] * 10) == 0
    assert calibration_error([(1.0, False)] * 10) == 1
    assert calibration_error([]) == 0


def test_kappa_is_agreement_beyond_chance() -> None:
    # Cohen's own kind of table: 45, 15, 25, 15 of a hundred.
    pairs = (
        [(True, True)] * 45 + [(True, False)] * 15 + [(False, True)] * 25 + [(False, False)] * 15
    )
    found = agreement(pairs)
    assert found is not None
    assert found.kappa == pytest.approx(0.1304, abs=1e-4)
    assert found.low < found.kappa < found.high
    assert not found.may_decide()
    assert agreement([]) is None


def test_a_judge_that_always_says_one_thing_is_worth_nothing() -> None:
    found = agreement([(True, True)] * 50)
    assert found is not None
    assert found.kappa == 0


class Yes:
    """A verifier that accepts everything."""

    name = "yes"

    async def verify(self, task: Task, candidate: Candidate) -> Verdict:
        return Verdict(outcome="accepted", reason="yes", verifier=self.name)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (None, "accepted"),
        (Agreement(n=100, kappa=0.4, low=0.3, high=0.5, same=0.7), "unsure"),
        (Agreement(n=10, kappa=0.1, low=-0.5, high=0.7, same=0.5), "accepted"),
        (Agreement(n=100, kappa=0.8, low=0.7, high=0.9, same=0.9), "accepted"),
    ],
)
async def test_a_judge_known_to_disagree_decides_nothing(found: Agreement | None, outcome: str) -> None:  # fmt: skip
    candidate = Candidate(text="42", author="m", canonical=canonicalize("42"))
    verdict = await Aligned(verifier=Yes(), found=found).verify(Task(prompt="?"), candidate)
    assert verdict.outcome == outcome
    compared = found is not None and found.n >= 20
    assert ("of your labels" in verdict.reason) is not compared
