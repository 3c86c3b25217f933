"""Who may use the server: one owner, and clients with keys, scopes and budgets of their own.

Keys are kept as hashes; the one who is given a key sees it once.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from pydantic import TypeAdapter

from manyminds.budget.parse import parse_limits
from manyminds.core.errors import UnknownName, UsageError
from manyminds.core.values import Limits

__all__ = ["OWNER", "SCOPES", "Client", "Clients", "Scope"]

Scope = Literal["ask", "web", "all"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""Begin runs and see to them; let them use the web; see to everybody's."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """Somebody with a key."""

    name: str
    scopes: tuple[Scope, ...] = ("ask", "web")
    budget: str | None = None
    """What all its runs may spend in `days`, like 500k,5usd; `None`: anything."""
    days: int = 30
    key_sha256: str = ""

    @property
    def limits(self) -> Limits:
        """Its budget."""
        return Limits() if self.budget is None else parse_limits(self.budget)

    def may(self, scope: Scope) -> bool:
        """Say whether it may do that."""
        return scope in self.scopes


OWNER = Client(name="", scopes=SCOPES)
"""Whoever began the server."""


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class Clients:
    """Reads and writes the file of clients."""

    def __init__(self, path: Path, owner_key: str = "") -> None:
        """Take up what is there.

        Args:
            path: The file; changes by others are seen.
            owner_key: The owner's key; none at all: nobody is the owner here.
        """
        self._path = path
        self._owner = _hash(owner_key) if owner_key else ""
        self._read_at = -1
        self._known: dict[str, Client] = {}

    def all(self) -> Mapping[str, Client]:
        """Return the clients by name.

        Raises:
            UsageError: If the file cannot be read.
        """
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if changed != self._read_at:
            self._known, self._read_at = _read(self._path), changed
        return self._known

    def with_key(self, key: str) -> Client | None:
        """Return whose key this is; `None`: nobody's."""
        digest, found = _hash(key), None
        if self._owner and hmac.compare_digest(digest, self._owner):
            found = OWNER
        for client in self.all().values():
            if hmac.compare_digest(digest, client.key_sha256):
                found = client
        return found

    def add(self, client: Client) -> str:
        """Keep a client and return its key.

        Raises:
            UsageError: If there is one of that name, or something of it is wrong.
        """
        if not client.name.replace("-", "").replace("_", "").isalnum() or len(client.name) > 60:
            raise UsageError(f"a client's name has letters, digits, - and _, not {client.name!r}")
        if client.name in self.all():
            raise UsageError(f"there is a client {client.name} already; remove it first")
        if client.days < 1:
            raise UsageError(f"--days takes 1 or more, not {client.days}")
        if client.limits.seconds is not None:
            raise UsageError("--budget of a client takes tokens and dollars, like 500k,5usd")
        key = f"mm-{secrets.token_urlsafe(32)}"
        self._write({**self.all(), client.name: replace(client, key_sha256=_hash(key))})
        return key

    def remove(self, name: str) -> None:
        """Take a client away; its key opens nothing any more.

        Raises:
            UnknownName: If there is none.
        """
        left = dict(self.all())
        if left.pop(name, None) is None:
            raise UnknownName("client", name, self.all())
        self._write(left)

    def _write(self, clients: Mapping[str, Client]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({name: asdict(client) for name, client in clients.items()}, file, indent=1)
        new.replace(self._path)


_ADAPTER = TypeAdapter(dict[str, Client])


def _read(path: Path) -> dict[str, Client]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return _ADAPTER.validate_python(found)
    except (OSError, ValueError) as error:
        why = f"{path} cannot be read ({type(error).__name__}); mend or remove it"
        raise UsageError(why) from None
