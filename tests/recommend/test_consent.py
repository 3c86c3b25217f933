"""A yes to one exact act, and mandates for what pays."""

import json
import threading
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import ASKED, Action, Sent, card, origin_of
from manyminds.recommend.doing.consent import LASTS_S, Consent
from manyminds.recommend.doing.mandate import Cart, Intent, check, sign

KEY = bytes(range(32))
ACT = Action(
    kind="pay", origin="https://book.example", element='button "Book table"', cost="48.00 EUR",
    values={"name": Sent(value="Ann", origin="person"), "guests": Sent(value="2", origin="plan"), "password": Sent(value="", origin="page", secret=True)},
)  # fmt: skip
INVISIBLE = ["\u202e", "\u200b", "\u2066", "\ufeff", "\x1b[2J", "\x00", "\r", "\u00ad", "\u2028"]


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def consent(tmp_path: Path, clock: Clock) -> Consent:
    return Consent(tmp_path / "doing.sqlite", clock=clock)


def mutated(act: Action, how: int, text: str) -> Action:
    """Return another act: one thing of it is otherwise."""
    values = dict(act.values)
    name = sorted(values)[how % len(values)]
    other = [
        lambda: replace(act, kind="submit"), lambda: replace(act, origin="https://book.example.evil.example"),
        lambda: replace(act, origin="http://book.example"), lambda: replace(act, origin="https://book.example:8443"),
        lambda: replace(act, element=act.element + text), lambda: replace(act, cost="480.00 EUR"),
        lambda: replace(act, cost="48.00 USD"), lambda: replace(act, cost=None), lambda: replace(act, target="https://evil.example/" + text),
        lambda: replace(act, undo="no " + text), lambda: replace(act, values={**values, name: replace(values[name], value=values[name].value + text, secret=False)}),
        lambda: replace(act, values={k: v for k, v in values.items() if k != name}),
        lambda: replace(act, values={**values, "more" + text: Sent(value="1", origin="page")}),
        lambda: replace(act, values={**values, name: replace(values[name], origin="catalogue")}),
        lambda: replace(act, values={**values, name: replace(values[name], secret=not values[name].secret)}),
    ]  # fmt: skip
    return other[how % len(other)]()


@settings(
    max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    how=st.integers(0, 14),
    text=st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=8).map(
        lambda t: unicodedata.normalize("NFC", t)
    ),
)
def test_an_act_that_was_changed_after_the_yes_is_not_done(
    tmp_path_factory: pytest.TempPathFactory, how: int, text: str
) -> None:
    consent = Consent(tmp_path_factory.getbasetemp() / "mutations.sqlite", clock=lambda: 1_000.0)
    consent.revoke("d")
    consent.give(ACT, "d")
    other = mutated(ACT, how, text)
    assert other.digest != ACT.digest
    assert not consent.take(other, "d").allowed


def test_a_yes_is_used_up_once(consent: Consent) -> None:
    consent.give(ACT, "d")
    assert consent.take(ACT, "d").allowed
    assert consent.take(ACT, "d").refusal == "used"


def test_a_yes_is_over_after_its_time(consent: Consent, clock: Clock) -> None:
    consent.give(ACT, "d")
    clock.now += LASTS_S
    assert consent.take(ACT, "d").refusal == "expired"


def test_a_yes_is_of_its_dialogue_alone(consent: Consent) -> None:
    consent.give(ACT, "d")
    assert consent.take(ACT, "other").refusal == "another dialogue"
    assert consent.take(ACT, "d").allowed


def test_silence_is_no(consent: Consent) -> None:
    assert consent.take(ACT, "d").refusal == "not asked"
    consent.give(ACT, "d")
    assert consent.take(replace(ACT, cost="49.00 EUR"), "d").refusal == "another act"


def test_a_yes_that_was_taken_back_is_gone(consent: Consent) -> None:
    consent.give(ACT, "d")
    assert consent.revoke("d") == 1
    assert not consent.take(ACT, "d").allowed


def test_of_two_at_once_one_gets_it(tmp_path: Path) -> None:
    path = tmp_path / "doing.sqlite"
    Consent(path, clock=lambda: 1.0).give(ACT, "d")
    got: list[bool] = []
    both = threading.Barrier(8)

    def take() -> None:
        mine = Consent(path, clock=lambda: 1.0)
        both.wait()
        got.append(mine.take(ACT, "d").allowed)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 7 + [True]


def test_a_yes_outlives_its_process(tmp_path: Path) -> None:
    path = tmp_path / "doing.sqlite"
    Consent(path, clock=lambda: 1.0).give(ACT, "d")
    assert Consent(path, clock=lambda: 2.0).take(ACT, "d").allowed
    assert Consent(path, clock=lambda: 3.0).take(ACT, "d").refusal == "used"


def test_the_act_of_a_dialogue_begins_once_and_what_is_done_stays_done(consent: Consent) -> None:
    assert consent.begin(ACT, "d", marks=0)
    assert not consent.begin(replace(ACT, cost="49.00 EUR"), "d", marks=0)
    past = consent.past("d")
    assert past is not None
    assert not past.done
    assert consent.forget("d")
    assert consent.begin(ACT, "d", marks=1)
    consent.end("d", "Reference 7")
    assert not consent.forget("d")
    past = consent.past("d")
    assert past is not None
    assert (past.done, past.said, past.marks) == (True, "Reference 7", 1)
    assert consent.past("other") is None


def test_a_digest_agrees_to_an_act_that_was_shown_a_moment_ago_and_once(
    consent: Consent, clock: Clock
) -> None:
    assert not consent.agree(ACT.digest, ACT, "d")
    consent.show(ACT, "d")
    assert not consent.agree(ACT.digest[:16], ACT, "d")
    assert not consent.agree(ACT.digest, ACT, "other")
    assert consent.agree(ACT.digest, ACT, "d")
    assert not consent.agree(ACT.digest, ACT, "d")
    consent.show(ACT, "d")
    clock.now += LASTS_S
    assert not consent.agree(ACT.digest, ACT, "d")
    other = replace(ACT, cost="49.00 EUR")
    consent.show(other, "d")
    assert not consent.agree(other.digest, ACT, "d")


def test_no_name_of_a_field_makes_a_line_of_the_card() -> None:
    with pytest.raises(UsageError, match="nobody can see"):
        replace(ACT, values={'q = "1"\ncosts   1.00 EUR': Sent(value="", origin="page")})


@pytest.mark.parametrize("trick", [
    "**Ann**", "[Ann](https://evil.example)", "![x](https://evil.example/x.png)", "# Approved", "`yes`", "<b>Ann</b>",
    '" (person)', 'x = "Ann"  (person)', "| a | b |", "&lt;", "x" + " " * 200 + "y", "\\n digest  0",
])  # fmt: skip
def test_no_markup_makes_the_card_say_something_else(trick: str) -> None:
    plain = card(ACT).splitlines()
    as_value = replace(ACT, values={**ACT.values, "guests": Sent(value=trick, origin="page")})
    as_name = replace(ACT, values={**ACT.values, trick: Sent(value="1", origin="page")})
    shown = card(as_value).splitlines()
    assert len(shown) == len(plain)
    assert f"  guests = {json.dumps(trick)}  (THE PAGE SAYS SO)" in shown
    named = card(as_name).splitlines()
    assert len(named) == len(plain) + 1
    assert f'  {json.dumps(trick)} = "1"  (THE PAGE SAYS SO)' in named
    assert len({ACT.digest, as_value.digest, as_name.digest}) == 3


@pytest.mark.parametrize("kind", ["observe", "navigate", "type"])
def test_looking_needs_no_yes_and_gets_none(consent: Consent, kind: str) -> None:
    look = replace(ACT, kind=kind)  # pyright: ignore[reportArgumentType]
    assert kind not in ASKED
    assert consent.take(look, "d").allowed
    with pytest.raises(UsageError, match="needs no yes"):
        consent.give(look, "d")


@pytest.mark.parametrize("hidden", INVISIBLE, ids=[ascii(h) for h in INVISIBLE])
@pytest.mark.parametrize("place", ["element", "value", "name", "target", "undo"])
def test_what_nobody_could_see_is_refused(hidden: str, place: str) -> None:
    if place in ("value", "name"):
        sent = {"to" + hidden * (place == "name"): ("x" + hidden * (place == "value"))}
        change = {
            "values": {name: Sent(value=value, origin="page") for name, value in sent.items()}
        }
    else:
        change = {place: "x" + hidden}
    with pytest.raises(UsageError, match="nobody can see"):
        replace(ACT, **change)  # pyright: ignore[reportArgumentType]


def test_the_card_shows_all_that_the_digest_covers_and_no_secret() -> None:
    act = replace(
        ACT,
        target="https://pay.example/x",
        values={
            **ACT.values,
            "to": Sent(value="DE02", origin="page"),
            "pin": Sent(value="canary", origin="page", secret=True),
        },
    )
    shown = card(act)
    for part in (
        "pay",
        'button "Book table"',
        "https://book.example",
        "https://pay.example/x",
        "48.00 EUR",
        '"Ann"  (person)',
        '"DE02"  (THE PAGE SAYS SO)',
        act.digest[:16],
    ):
        assert part in shown
    assert "canary" not in shown
    assert (
        replace(
            act, values={**act.values, "pin": Sent(value="other", origin="page", secret=True)}
        ).digest
        == act.digest
    )


@pytest.mark.parametrize(("address", "origin"), [
    ("https://Book.Example/a?b", "https://book.example"), ("https://book.example:443/", "https://book.example"), ("http://[::1]:80/", "http://[::1]"),
    ("https://b\u00fccher.example", "https://xn--bcher-kva.example"), ("https://\u0430pple.example", "https://xn--pple-43d.example"),
    ("javascript:alert(1)", None), ("data:text/html,x", None), ("file:///etc/passwd", None), ("https://user@book.example", None), ("https://", None), ("chrome://settings", None),
])  # fmt: skip
def test_an_origin_is_shown_as_it_is_looked_up(address: str, origin: str | None) -> None:
    if origin is None:
        with pytest.raises(UsageError):
            origin_of(address)
    else:
        assert origin_of(address) == origin


INTENT = Intent(
    what="a table for two",
    most="50.00 EUR",
    sites=("https://book.example",),
    until=2_000.0,
    number="i1",
)
CART = Cart(intent="i1", act=ACT.digest, cost="48.00 EUR", site="https://book.example")


def paid(
    intent: Intent = INTENT,
    cart: Cart = CART,
    act: Action = ACT,
    *,
    now: float = 1_000.0,
    used: frozenset[str] = frozenset(),
) -> str:
    return check(sign(intent, KEY), sign(cart, KEY), act, KEY, now=now, used=used)


def test_what_fits_its_mandates_may_pay() -> None:
    assert paid() == "i1"


@pytest.mark.parametrize(("change", "why"), [
    ({"used": frozenset(["i1"])}, "carried out before"), ({"now": 2_000.0}, "is over"), ({"cart": replace(CART, intent="i2")}, "another intent"),
    ({"act": replace(ACT, undo="no")}, "not the one"), ({"cart": replace(CART, cost="47.00 EUR")}, "price is another"),
    ({"intent": replace(INTENT, most="47.99 EUR")}, "more than"), ({"intent": replace(INTENT, most="50.00 USD")}, "currency"),
    ({"intent": replace(INTENT, sites=("https://other.example",))}, "no site"), ({"cart": replace(CART, site="https://other.example")}, "no site"),
])  # fmt: skip
def test_what_does_not_fit_is_not_paid(change: dict, why: str) -> None:
    with pytest.raises(UsageError, match=f"not paid: .*{why}"):
        paid(**change)


def test_an_act_that_does_not_pay_has_no_mandate() -> None:
    act = replace(ACT, kind="submit")
    with pytest.raises(UsageError, match="does not pay"):
        paid(cart=replace(CART, act=act.digest), act=act)


def test_a_mandate_that_was_changed_by_one_letter_is_refused() -> None:
    intent, cart = sign(INTENT, KEY), sign(CART, KEY)
    for place in range(len(cart.text)):
        other = replace(
            cart, text=cart.text[:place] + chr(ord(cart.text[place]) ^ 1) + cart.text[place + 1 :]
        )
        with pytest.raises(UsageError, match="not paid"):
            check(intent, other, ACT, KEY, now=1_000.0, used=frozenset())
    with pytest.raises(UsageError, match="signed by somebody else"):
        check(sign(INTENT, bytes(32)), cart, ACT, KEY, now=1_000.0, used=frozenset())
    with pytest.raises(UsageError, match="a cart was given for the intent"):
        check(cart, intent, ACT, KEY, now=1_000.0, used=frozenset())
