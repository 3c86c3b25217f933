"""The circuit breaker: opened by trouble that stays, closed by one answer."""

import pytest

from manyminds.core.errors import ProviderError
from manyminds.runtime.breaker import FAILURES, FORGOTTEN_S, LASTING_S, REST_S, Breaker


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


def test_failures_that_lie_far_apart_are_no_row() -> None:
    clock = Clock()
    breaker = Breaker(name="m", now=clock)
    for _ in range(10):
        for _ in range(FAILURES - 1):  # the tries of one request
            breaker.check()
            breaker.failed()
            clock.at += 0.5
        clock.at += FORGOTTEN_S + 1


def test_what_opened_it_long_ago_does_not_close_it_to_a_second_try() -> None:
    clock = Clock()
    breaker = Breaker(name="m", now=clock)
    for _ in range(FAILURES):
        breaker.failed()
        clock.at += LASTING_S / (FAILURES - 1)
    clock.at += FORGOTTEN_S + 1
    breaker.check()
    breaker.failed()
    breaker.check()


def test_a_service_that_takes_a_minute_to_fail_is_left_alone_all_the_same() -> None:
    clock = Clock()
    breaker = Breaker(name="m", now=clock)
    for _ in range(FAILURES):
        breaker.check()
        clock.at += FORGOTTEN_S + 1
        breaker.failed()
    with pytest.raises(ProviderError):
        breaker.check()
    clock.at += REST_S
    breaker.check()
    clock.at += FORGOTTEN_S + 1
    breaker.failed()  # the one that was let through
    with pytest.raises(ProviderError):
        breaker.check()
