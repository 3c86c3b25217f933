"""Keys of providers: from the environment, else the system's keyring, else a file of mode 0600.

Keys are never settings: they stand in no TOML file, no transcript, no log and no error.
"""

import json
import os
import stat
from pathlib import Path
from typing import Literal

import keyring
from keyring.errors import KeyringError

from manyminds.core.errors import UnknownName, UsageError
from manyminds.runtime.paths import config_home

__all__ = ["KEY_NAMES", "Hidden", "Key", "KeyPlace", "find_key", "forget_key", "store_key"]

KeyPlace = Literal["environment", "keyring", "file"]

KEY_NAMES: dict[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "openrouter": ("OPENROUTER_API_KEY",),
    "http": ("MANYMINDS_API_KEY",),
    "brave": ("BRAVE_API_KEY",),
    "tavily": ("TAVILY_API_KEY",),
    "exa": ("EXA_API_KEY",),
}
"""Providers that take a key, and the environment variables it may stand in; `http` is for models
named by a bare URL; the last three are search engines."""

_SERVICE = "manyminds"


class Key:
    """A key that does not show itself: printing, logging or encoding it shows asterisks."""

    __slots__ = ("_value", "place")

    def __init__(self, value: str, *, place: KeyPlace) -> None:
        self._value = value
        self.place: KeyPlace = place

    def reveal(self) -> str:
        """Return the key itself, for the one request header it belongs in."""
        return self._value

    def taken_out_of(self, text: str) -> str:
        """Return text without this key in it."""
        return text.replace(self._value, "***")

    def __repr__(self) -> str:
        return f"Key('***', place={self.place!r})"


class Hidden:
    """A text that comes in pieces, without a key in it wherever the pieces part.

    Its last characters are held back, as they may be the beginning of the key.
    """

    def __init__(self, key: Key) -> None:
        self._key, self._held = key, ""

    def shown(self, new: str) -> str:
        """Return what may be shown now."""
        text = self._key.taken_out_of(self._held + new)
        keep = len(self._key.reveal()) - 1
        self._held = text[max(0, len(text) - keep) :] if keep else ""
        return text[: len(text) - len(self._held)]


def find_key(provider: str) -> Key | None:
    """Return the provider's key, if there is one anywhere.

    Raises:
        UsageError: If it stands in a file that others can read.
    """
    for variable in KEY_NAMES.get(provider, ()):
        value = os.environ.get(variable, "").strip()
        if value:
            return Key(value, place="environment")
    stored = _from_keyring(provider)
    if stored:
        return Key(stored, place="keyring")
    value = _read_file().get(provider)
    return Key(value, place="file") if value else None


def store_key(provider: str, value: str) -> KeyPlace:
    """Store a key in the keyring, or in the file where there is no keyring; say which.

    Raises:
        UnknownName: If the provider takes no key.
        UsageError: If the key is empty or is more than one line.
    """
    _known(provider)
    if not value.strip() or len(value.split()) != 1:
        raise UsageError("the key is empty or has spaces in it; paste the key alone")
    try:
        keyring.set_password(_SERVICE, provider, value.strip())
    except (KeyringError, OSError, RuntimeError):
        _write_file({**_read_file(), provider: value.strip()})
        return "file"
    return "keyring"


def forget_key(provider: str) -> bool:
    """Remove a stored key; say whether there was one."""
    _known(provider)
    had = False
    try:
        keyring.delete_password(_SERVICE, provider)
        had = True
    except (KeyringError, OSError, RuntimeError):
        pass
    kept = _read_file()
    if kept.pop(provider, None) is not None:
        _write_file(kept)
        had = True
    return had


def _known(provider: str) -> None:
    if provider not in KEY_NAMES:
        raise UnknownName("provider with a key", provider, KEY_NAMES)


def _from_keyring(provider: str) -> str | None:
    try:
        return keyring.get_password(_SERVICE, provider)
    except (KeyringError, OSError, RuntimeError):
        return None


def _path() -> Path:
    return config_home() / "keys.json"


def _read_file() -> dict[str, str]:
    path = _path()
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return {}
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise UsageError(f"{path} can be read by others; run: chmod 600 {path}")
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path} is not readable; remove it and set the keys again") from error
    return found


def _write_file(keys: dict[str, str]) -> None:
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(keys, file)
    new.replace(path)
