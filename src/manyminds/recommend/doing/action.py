"""One act on a site, resolved: where, what is pressed, every value that goes out, what it costs.

A person says yes to exactly this. Its digest covers all of it, so that an act that differs in one
letter is another act.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Literal
from urllib.parse import urlsplit

from manyminds.core.errors import UsageError

__all__ = ["ASKED", "Action", "Class", "Origin", "Sent", "card", "origin_of", "within"]

Class = Literal[
    "observe", "navigate", "type", "submit", "pay", "delete", "login", "download", "share"
]
"""What an act is, from looking to what cannot be undone."""
ASKED: frozenset[Class] = frozenset(("submit", "pay", "delete", "login", "download", "share"))
"""Classes that need a yes to the exact act: read freely, write with consent."""
Origin = Literal["person", "memory", "plan", "catalogue", "page"]
"""Who a value is from. What a page says is nobody's word but the page's."""
_PLAIN = re.compile(r"[\w.:\[\]-]{1,60}", re.ASCII)
_SECRET = "(a password field's, shown and kept nowhere)"
_FRESH = "(made up by the page for each visit)"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One value that an act sends."""

    value: str
    origin: Origin
    secret: bool = False
    """What a password field holds: it stands nowhere here, not even in the digest."""
    fresh: bool = False
    """A number that the page makes up for each visit: its name alone is part of the act."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """One act, as the page has it at this moment."""

    kind: Class
    origin: str
    """Scheme, host and port: https://book.example."""
    element: str
    """What is pressed, by its role and name: `button "Book table"`."""
    values: Mapping[str, Sent] = field(default_factory=dict[str, Sent])
    """Every field that goes out, the hidden ones too; of several of one name `name (2)`."""
    cost: str | None = None
    """What the page asks for all of it: "48.00 EUR"; `None` where it names no price, or several and
    no one total."""
    prices: tuple[str, ...] = ()
    """All prices that the page names."""
    target: str = ""
    """Method and whole address that it is sent to: `POST https://book.example/tables`."""
    undo: str = ""
    """How it could be undone, where the page says so."""

    def __post_init__(self) -> None:
        for name, text in self._texts():
            _check(name, text)
        if self.origin != origin_of(self.origin):
            raise UsageError(f"{self.origin!r} is no origin: scheme, host and port alone")
        if self.cost is not None:
            _check_cost(self.cost)

    def _texts(self) -> list[tuple[str, str]]:
        """Return all that a person reads, with what it is."""
        return [
            ("element", self.element), ("target", self.target), ("undo", self.undo),
            *(("a field's name", name) for name in self.values),
            *((f"field {name!r}", sent.value) for name, sent in self.values.items()),
        ]  # fmt: skip

    @property
    def due(self) -> str | None:
        """What it may come to: its cost, or the highest price of several in one currency."""
        if self.cost is not None or not self.prices:
            return self.cost
        amounts = [price.partition(" ") for price in self.prices]
        one = len({currency for _, _, currency in amounts}) == 1
        return max(self.prices, key=lambda p: Decimal(p.partition(" ")[0])) if one else None

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, in one fixed form."""
        told = {
            "kind": self.kind, "origin": self.origin, "element": self.element, "cost": self.cost,
            "target": self.target, "undo": self.undo, "prices": list(self.prices),
            "values": {
                name: {
                    "origin": s.origin, "secret": s.secret, "fresh": s.fresh,
                    "value": "" if s.secret or s.fresh else s.value,
                }
                for name, s in self.values.items()
            },
        }  # fmt: skip
        fixed = json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(fixed.encode()).hexdigest()


def card(action: Action) -> str:
    """Return what a person is shown before they say yes: all that the digest covers."""
    rows = [f"{action.kind}: {action.element}", f"on      {action.origin}"]
    if action.target:
        rows.append(f"sent to {action.target}")
    if action.cost is not None or action.prices:
        named = ", ".join(action.prices)
        of = f"{action.cost}, the total of {named}" if len(action.prices) > 1 else action.cost
        rows.append(f"costs   {f'one of {named}' if action.cost is None else of}")
    for name, sent in sorted(action.values.items()):
        said = json.dumps(sent.value, ensure_ascii=False)
        said = _SECRET if sent.secret else _FRESH if sent.fresh else said
        mark = "  (THE PAGE SAYS SO)" if sent.origin == "page" else f"  ({sent.origin})"
        # A name that looks like more than a name is quoted: it is the page's.
        called = name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)
        rows.append(f"  {called} = {said}{mark}")
    rows.append(f"undo    {action.undo or 'not known'}")
    rows.append(f"digest  {action.digest}")
    return "\n".join(rows)


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address, the host as names are looked up: in ASCII.

    Raises:
        UsageError: If it is no address of the web.
    """
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
        port = parts.port
    except (UnicodeError, ValueError) as error:
        raise UsageError(f"{address!r} is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise UsageError(f"{address!r} is no address of the web that can be acted on")
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")


def within(address: str, sites: tuple[str, ...]) -> bool:
    """Say whether an address is on one of these sites."""
    try:
        return origin_of(address) in sites
    except UsageError:
        return False


def _check(name: str, text: str) -> None:
    """Refuse what a person could not see or would see as something else."""
    lines = "\n" if name.startswith("field ") else ""
    if any(c not in lines and not c.isprintable() for c in text):
        raise UsageError(f"{name} holds characters that nobody can see: {text[:60]!r}")
    if unicodedata.normalize("NFC", text) != text:
        raise UsageError(f"{name} is not in Unicode's normal form: {text[:60]!r}")


def _check_cost(cost: str) -> None:
    amount, _, currency = cost.partition(" ")
    try:
        known = Decimal(amount) >= 0 and currency.isalpha() and len(currency) == 3
    except InvalidOperation:
        known = False
    if not known:
        raise UsageError(f"a cost is an amount and a currency, as 48.00 EUR, not {cost!r}")
