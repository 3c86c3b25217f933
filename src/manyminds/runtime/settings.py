"""Settings, each with its origin: flag, environment, `./manyminds.toml`, user file, default.

Keys of providers are not settings and are refused in these files.
"""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from manyminds.core.errors import UnknownName, UsageError
from manyminds.runtime.address import checked, has_password
from manyminds.runtime.paths import config_home

__all__ = ["SETTINGS", "Setting", "load_settings"]

Value = str | int | tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting as it stands."""

    name: str
    value: Value
    origin: str
    """Where the value is from, as shown to people."""


@dataclass(frozen=True, kw_only=True)
class _Known:
    default: Value
    read: Callable[[str, object], Value]
    about: str


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"setting {name} takes a text, not {value!r}")
    return value


def _number(name: str, value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise UsageError(f"setting {name} takes a whole number, not {value!r}") from None


def _texts(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, Sequence):
        return tuple(_text(name, part) for part in cast("Sequence[object]", value))
    raise UsageError(f"setting {name} takes names, not {value!r}")


def _database(name: str, value: object) -> str:
    return checked(_text(name, value))


SETTINGS: dict[str, _Known] = {
    "models": _Known(default=(), read=_texts, about="models to use, like openai:gpt-5-mini"),
    "effort": _Known(default="heavy", read=_text, about="low, medium, high, heavy or auto"),
    "strategy": _Known(default=None, read=_text, about="overrides the effort's own"),
    "members": _Known(default=None, read=_number, about="members of a panel, 1 to 16"),
    "budget": _Known(default=None, read=_text, about="like 200k,0.50usd,5m"),
    "docs": _Known(default=None, read=_text, about="folder of documents to search"),
    "search": _Known(
        default="ddgs",
        read=_text,
        about="search engines of --web: brave,searxng=http://127.0.0.1:8080",
    ),
    "mcp": _Known(default=None, read=_text, about="file with mcpServers, whose tools members use"),
    "fleet": _Known(default=None, read=_database, about="PostgreSQL address of a fleet of workers"),
    "seed": _Known(default=None, read=_number, about="whole number, to play a run again"),
}


def load_settings(flags: Mapping[str, Value], *, folder: Path | None = None) -> dict[str, Setting]:
    """Return every setting with where it is from; the first place that names it wins.

    Raises:
        UsageError: If a file cannot be read, or a value is of the wrong kind.
        UnknownName: If a file names a setting there is not.
    """
    local = (Path.cwd() if folder is None else folder) / "manyminds.toml"
    user = config_home() / "config.toml"
    files = [(str(path), _read(path)) for path in (local, user)]
    return {name: _find(name, known, flags, files) for name, known in SETTINGS.items()}


def _find(
    name: str,
    known: _Known,
    flags: Mapping[str, Value],
    files: Sequence[tuple[str, Mapping[str, object]]],
) -> Setting:
    flag = flags.get(name)
    if flag is not None and flag != ():
        return Setting(name=name, value=flag, origin="flag")
    variable = f"MANYMINDS_{name.upper()}"
    text = os.environ.get(variable)
    if text:
        return Setting(name=name, value=known.read(name, text), origin=variable)
    for origin, values in files:
        if name in values:
            _check_no_password(origin, name, values[name])
            _check_no_command(origin, name)
            return Setting(name=name, value=known.read(name, values[name]), origin=origin)
    return Setting(name=name, value=known.default, origin="default")


def _check_no_command(origin: str, name: str) -> None:
    """Refuse what would run commands because of the folder that one happens to stand in."""
    if name == "mcp" and Path(origin) != config_home() / "config.toml":
        raise UsageError(
            f"{origin} names {name!r}, whose commands would be run: name it by --mcp, or in "
            f"{config_home() / 'config.toml'}"
        )


def _check_no_password(origin: str, name: str, value: object) -> None:
    if name == "fleet" and isinstance(value, str) and has_password(value):
        raise UsageError(
            f"{origin} holds a password in {name!r}: passwords do not belong in settings; put it "
            "in ~/.pgpass, or in PGPASSWORD"
        )


def _read(path: Path) -> Mapping[str, object]:
    try:
        with path.open("rb") as file:
            found: dict[str, object] = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    for name in found:
        if "key" in name.lower() or "token" in name.lower():
            raise UsageError(
                f"{path} holds {name!r}: keys do not belong in settings; "
                "take it out and run `manyminds keys set PROVIDER`"
            )
        if name not in SETTINGS:
            raise UnknownName(f"setting (in {path})", name, SETTINGS)
    return found
