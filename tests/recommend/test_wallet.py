"""Mandates on disk: what was signed may be paid, once, in time, for that price, and nothing else."""

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import Action
from manyminds.recommend.doing.wallet import Wallet

ACT = Action(
    kind="pay", origin="https://shop.example", element='button "Buy"', cost="48.00 EUR",
    prices=("48.00 EUR",), target="POST https://shop.example/buy",
)  # fmt: skip


class Clock:
    at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wallet(tmp_path: Path, clock: Clock) -> Wallet:
    return Wallet(tmp_path / "me", clock=clock)


def test_what_was_granted_is_paid_once_also_after_a_restart(
    wallet: Wallet, tmp_path: Path, clock: Clock
) -> None:
    wallet.grant(ACT, "a lamp", seconds=300)
    again = Wallet(tmp_path / "me", clock=clock)
    number = again.pay(ACT)
    assert number in (tmp_path / "me" / "mandates.jsonl").read_text("utf-8")
    for one in (wallet, again):
        with pytest.raises(UsageError, match="carried out before"):
            one.pay(ACT)


@pytest.mark.parametrize("other", [
    replace(ACT, cost="48.01 EUR"), replace(ACT, cost="48.00 USD"), replace(ACT, target="POST https://shop.example/two"),
    replace(ACT, origin="https://other.example"), replace(ACT, kind="submit"), replace(ACT, cost=None),
])  # fmt: skip
def test_nothing_else_is_paid_by_it(wallet: Wallet, other: Action) -> None:
    with pytest.raises(UsageError, match="nothing was signed"):
        wallet.pay(other)
    wallet.grant(ACT, "a lamp", seconds=300)
    with pytest.raises(UsageError, match="not paid"):
        wallet.pay(other)
    wallet.pay(ACT)


def test_it_is_over_in_time(wallet: Wallet, clock: Clock) -> None:
    wallet.grant(ACT, "a lamp", seconds=300)
    clock.at += 300
    with pytest.raises(UsageError, match="is over"):
        wallet.pay(ACT)


@pytest.mark.parametrize(("most", "why"), [
    ("47.99 EUR", "more than 47.99 EUR"), ("50.00 USD", "currency"), ("50", "no amount"), ("a lot EUR", "no amount"),
])  # fmt: skip
def test_what_costs_more_than_was_said_is_not_signed(
    wallet: Wallet, tmp_path: Path, most: str, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        wallet.grant(ACT, "a lamp", most=most, seconds=300)
    with pytest.raises(UsageError, match="nothing was signed"):
        wallet.pay(ACT)
    assert not (tmp_path / "me" / "mandates.jsonl").exists()


SEVERAL = replace(ACT, cost=None, prices=("12.00 EUR", "48.00 EUR", "9.00 EUR"))


def test_of_several_prices_without_a_total_the_highest_has_to_be_within_what_was_said(wallet: Wallet) -> None:  # fmt: skip
    with pytest.raises(UsageError, match="several prices and no total"):
        wallet.grant(SEVERAL, "a lamp", seconds=300)
    with pytest.raises(UsageError, match=r"48.00 EUR is more than 47.00 EUR"):
        wallet.grant(SEVERAL, "a lamp", most="47.00 EUR", seconds=300)
    mixed = replace(SEVERAL, prices=("12.00 EUR", "48.00 USD"))
    with pytest.raises(UsageError, match="several currencies"):
        wallet.grant(mixed, "a lamp", most="50.00 EUR", seconds=300)
    with pytest.raises(UsageError, match="nothing was signed"):
        wallet.pay(SEVERAL)
    wallet.grant(SEVERAL, "a lamp", most="50.00 EUR", seconds=300)
    with pytest.raises(UsageError, match="not the one"):
        wallet.pay(replace(SEVERAL, prices=("12.00 EUR", "48.00 EUR", "9.50 EUR")))
    wallet.pay(SEVERAL)


def test_a_file_that_was_changed_pays_nothing_and_the_key_is_for_nobody_else(
    wallet: Wallet, tmp_path: Path
) -> None:
    wallet.grant(ACT, "a lamp", seconds=300)
    path = tmp_path / "me" / "mandates.jsonl"
    whole = path.read_text("utf-8")
    for changed in (whole.replace("48.00", "18.00"), whole[:-30] + "\n", "[]\n", "nonsense\n"):
        path.write_text(changed, "utf-8")
        with pytest.raises(UsageError, match="not paid"):
            wallet.pay(ACT)
    path.write_text(whole[:-30] + "\n" + whole, "utf-8")  # half a line before it does no harm
    wallet.pay(ACT)
    key = tmp_path / "me" / "mandates.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes().hex() not in path.read_text("utf-8")
    path.write_text(whole, "utf-8")
    key.write_bytes(bytes(32))
    with pytest.raises(UsageError, match="signed by somebody else"):
        wallet.pay(ACT)


def test_of_many_at_once_one_pays(wallet: Wallet) -> None:
    wallet.grant(ACT, "a lamp", seconds=300)

    def pay(_number: int) -> bool:
        try:
            wallet.pay(ACT)
        except UsageError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(pay, range(16))) == 1
