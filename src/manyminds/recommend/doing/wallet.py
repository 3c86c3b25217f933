"""Mandates on disk: signed as the person says yes to a price, used up as it is paid.

No money is in it. It says what may be paid, and afterwards what was: each line a signed intent with
its cart, or the number of an intent that was carried out.
"""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from manyminds.core.errors import UsageError
from manyminds.recommend.doing.action import Action
from manyminds.recommend.doing.mandate import Cart, Intent, Signed, check, sign
from manyminds.recommend.files import append_line

__all__ = ["Wallet"]


class Wallet:
    """One person's mandates.

    Args:
        folder: Where they and the key are kept, for nobody else to read.
        clock: Seconds since 1970.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float]) -> None:
        self._folder, self._clock = folder, clock

    @property
    def _lines(self) -> Path:
        return self._folder / "mandates.jsonl"

    def grant(self, action: Action, what: str, *, most: str | None = None, seconds: float) -> None:
        """Sign that an act may pay: the person has seen its card and said yes.

        Args:
            action: The act, with its price.
            what: What the person wants by it.
            most: What it may cost at most, as they said before; its price, where they said nothing.
                Of several prices without a total the highest has to be within it.
            seconds: How long that holds.

        Raises:
            UsageError: If it names several prices and nothing was said, or costs more than that.
        """
        if most is None and action.cost is None:
            raise UsageError(
                "not paid: the page names several prices and no total; say what it may cost at "
                'most: --at-most "50.00 EUR"'
            )
        if action.due is None:
            raise UsageError("not paid: the page names no price, or several currencies")
        intent = Intent(
            what=what, most=most or action.due, sites=(action.origin,),
            until=self._clock() + seconds, number=secrets.token_hex(8),
        )  # fmt: skip
        cart = Cart(intent=intent.number, act=action.digest, cost=action.due, site=action.origin)
        key = self._key()
        signed = sign(intent, key), sign(cart, key)
        check(*signed, action, key, now=self._clock(), used=frozenset())
        with self._lock():
            append_line(self._lines, json.dumps([asdict(one) for one in signed]))

    def pay(self, action: Action) -> str:
        """Use up the mandate of an act, right before it is sent; return the intent's number.

        Raises:
            UsageError: If none fits; the message says why the latest one does not.
        """
        key, why = self._key(), "not paid: nothing was signed for it"
        with self._lock():
            pairs, used = self._read()
            for intent, cart in reversed(pairs):
                try:
                    number = check(intent, cart, action, key, now=self._clock(), used=used)
                except UsageError as error:
                    why = str(error)
                    continue
                append_line(self._lines, json.dumps(number))
                return number
        raise UsageError(why)

    def _read(self) -> tuple[list[tuple[Signed, Signed]], frozenset[str]]:
        pairs: list[tuple[Signed, Signed]] = []
        used: set[str] = set()
        lines = self._lines.read_text("utf-8").splitlines() if self._lines.exists() else []
        for line in lines:
            try:
                told: Any = json.loads(line)
                if isinstance(told, str):
                    used.add(told)
                else:
                    intent, cart = (Signed(**one) for one in told)
                    pairs.append((intent, cart))
            except (ValueError, TypeError):
                continue  # a line that was cut off signs nothing
        return pairs, frozenset(used)

    def _lock(self) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(f"{self._lines}.lock")

    def _key(self) -> bytes:
        """Return the person's key; it is made at the first mandate."""
        path = self._folder / "mandates.key"
        with self._lock():
            if not path.exists():
                new = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(new, "wb") as file:
                    file.write(secrets.token_bytes(32))
            return path.read_bytes()
