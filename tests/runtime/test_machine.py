"""Shares of the machine add up to the time that it was busy."""

from contextlib import ExitStack, suppress
from random import Random

import pytest

from manyminds.runtime.machine import Machine, Share, collecting, joules_of


class Steady:
    """Draws 2 to 3 W all the time."""

    method = "steady"

    def __init__(self, clock: list[float]) -> None:
        self.clock = clock

    def joules(self) -> tuple[float, float]:
        return 2 * self.clock[0], 3 * self.clock[0]


def test_side_by_side_each_has_its_part() -> None:
    clock = [0.0]
    machine = Machine(counter=Steady(clock), now=lambda: clock[0])
    with machine.at_work() as long:
        clock[0] = 4  # alone
        with machine.at_work() as short:
            clock[0] = 10  # two of them
        clock[0] = 11  # alone again
    clock[0] = 50  # idle
    with machine.at_work() as later:
        clock[0] = 52
    assert (long.seconds, short.seconds, later.seconds) == (8, 3, 2)
    assert (long.joules, short.joules, later.joules) == ((16, 24), (6, 9), (4, 6))


def test_shares_add_up_whatever_the_order() -> None:
    rng, clock, busy = Random(1), [0.0], 0.0
    machine = Machine(counter=Steady(clock), now=lambda: clock[0])
    under_way: list[ExitStack] = []
    shares: list[Share] = []
    for _ in range(2_000):
        step = rng.random()
        busy += step if under_way else 0
        clock[0] += step
        if under_way and rng.random() < 0.5:
            under_way.pop(rng.randrange(len(under_way))).close()
        else:
            stack = ExitStack()
            shares.append(stack.enter_context(machine.at_work()))
            under_way.append(stack)
    for stack in under_way:
        stack.close()
    assert sum(share.seconds for share in shares) == pytest.approx(busy)


def test_a_piece_that_fails_has_had_its_part_as_well() -> None:
    clock = [0.0]
    machine = Machine(counter=Steady(clock), now=lambda: clock[0])
    shares: list[Share] = []

    def fail() -> None:
        with machine.at_work() as share:
            shares.append(share)
            clock[0] = 3
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert shares[0].seconds == 3


def test_every_try_is_collected_the_failed_one_too() -> None:
    clock = [0.0]
    machine = Machine(counter=Steady(clock), now=lambda: clock[0])
    with collecting() as whole:
        with collecting() as tries:
            for seconds, fails in ((3, True), (5, False)):
                with suppress(KeyError), machine.at_work():
                    clock[0] += seconds
                    if fails:
                        raise KeyError
        assert joules_of(tries) == (16, 24)
        with machine.at_work():
            clock[0] += 1
    assert joules_of(whole) == (18, 27)
    assert joules_of([]) is None
