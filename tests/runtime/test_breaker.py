"""The circuit breaker: opened by trouble that stays, closed by one answer."""

import pytest

from manyminds.core.errors import ProviderError
from manyminds.runtime.breaker import FAILURES, LASTING_S, REST_S, Breaker


class Clock:
    at = 100.0

    def __call__(self) -> float:
        return self.at


def test_a_moment_s_trouble_opens_nothing_however_many_meet_it() -> None:
    clock = Clock()
    breaker = Breaker(name="m", now=clock)
    for _ in range(10 * FAILURES):
        breaker.check()
        breaker.failed()
    breaker.check()


def test_trouble_that_stays_is_not_asked_again_until_one_request_finds_it_over() -> None:
    clock = Clock()
    breaker = Breaker(name="m", now=clock)
    for _ in range(FAILURES):
        breaker.check()
        breaker.failed()
        clock.at += LASTING_S / (FAILURES - 1)
    with pytest.raises(ProviderError, match="m failed 4 times in a row; it is left alone for"):
        breaker.check()
    clock.at += REST_S
    breaker.check()  # one is let through
    with pytest.raises(ProviderError):
        breaker.check()  # and no other meanwhile
    breaker.failed()
    with pytest.raises(ProviderError):
        breaker.check()
    clock.at += REST_S
    breaker.check()
    breaker.let_go()  # ended by us: the next one may try
    breaker.check()
    breaker.passed()
    breaker.check()
    assert breaker.failures == 0


def test_one_answer_ends_the_row() -> None:
    clock = Clock()
    breaker = Breaker(name="m", now=clock)
    for _ in range(20):
        breaker.failed()
        clock.at += LASTING_S
        breaker.passed()
        breaker.check()
