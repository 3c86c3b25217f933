"""Signed mandates for what pays: what the person intends, and the cart that it was agreed to.

The idea is of AP2 (Agent Payments Protocol): verifiable intent instead of inferred action. They are
signed on this machine and checked on this machine; no money is moved by anything here.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import Action, origin_of

__all__ = ["Cart", "Intent", "Signed", "check", "sign"]


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What a person wants to be bought, at most for how much, where, until when."""

    what: str
    most: str
    """"50.00 EUR"."""
    sites: tuple[str, ...]
    """Origins that it may be bought at."""
    until: float
    """Seconds since 1970."""
    number: str
    """Unique: one intent is carried out once."""

    kind = "intent"


@dataclass(frozen=True, kw_only=True)
class Cart:
    """What would be bought: one act, under one intent."""

    intent: str
    """Number of its intent."""
    act: str
    """Digest of the act."""
    cost: str
    site: str

    kind = "cart"


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A mandate as it is kept: its text, byte for byte, and the signature over that."""

    text: str
    signature: str


def sign(mandate: Intent | Cart, key: bytes) -> Signed:
    """Sign a mandate with the person's key (HMAC-SHA256).

    Raises:
        UsageError: If the key is too short to be one, or an amount is none.
    """
    if len(key) < 32:
        raise UsageError("a key for mandates has 32 bytes at least")
    _money(mandate.most if isinstance(mandate, Intent) else mandate.cost)
    text = json.dumps({"kind": mandate.kind, **asdict(mandate)}, sort_keys=True, ensure_ascii=True)
    return Signed(text=text, signature=hmac.new(key, text.encode(), sha256).hexdigest())


def check(
    intent: Signed, cart: Signed, action: Action, key: bytes, *, now: float, used: frozenset[str]
) -> str:
    """Return the number of the intent under which an act may pay.

    Args:
        intent: What the person wanted.
        cart: What was agreed to.
        action: What would happen now.
        key: The person's.
        now: Seconds since 1970.
        used: Numbers of intents that were carried out before.

    Raises:
        UsageError: If any of it does not fit; the message says what.
    """
    wanted, agreed = _opened(intent, "intent", key), _opened(cart, "cart", key)
    most, cost = _money(wanted["most"]), _money(agreed["cost"])
    site = origin_of(action.origin)
    faults = (
        (wanted["number"] in used, "the intent was carried out before"),
        (now >= wanted["until"], "the intent is over"),
        (agreed["intent"] != wanted["number"], "the cart is of another intent"),
        (agreed["act"] != action.digest, "the act is not the one that was agreed to"),
        (action.kind != "pay", f"{action.kind} does not pay"),
        (action.due is None or _money(action.due) != cost, "the price is another one"),
        (most[1] != cost[1], "the currency is another one"),
        (cost[0] > most[0], f"{agreed['cost']} is more than {wanted['most']}"),
        (agreed["site"] != site or site not in wanted["sites"], f"{site} is no site of the intent"),
    )
    for wrong, why in faults:
        if wrong:
            raise UsageError(f"not paid: {why}")
    return str(wanted["number"])


def _opened(signed: Signed, kind: str, key: bytes) -> Mapping[str, Any]:
    found = hmac.new(key, signed.text.encode(), sha256).hexdigest()
    if not hmac.compare_digest(found, signed.signature):
        raise UsageError(f"not paid: the {kind} was changed, or signed by somebody else")
    told: Any = json.loads(signed.text)
    if told.get("kind") != kind:
        raise UsageError(f"not paid: a {told.get('kind')} was given for the {kind}")
    return told


def _money(text: str) -> tuple[Decimal, str]:
    amount, _, currency = text.partition(" ")
    try:
        value = Decimal(amount)
    except InvalidOperation as error:
        raise UsageError(f"{text!r} is no amount, as 48.00 EUR is one") from error
    if not value.is_finite() or value < 0 or len(currency) != 3:
        raise UsageError(f"{text!r} is no amount, as 48.00 EUR is one")
    return value, currency
