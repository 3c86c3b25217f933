"""Which servers there are: `mcpServers` files as other hosts write them, and what we add.

Ours are `allow`, the tools that members may use although the server does not call them read-only,
`trust`, those that they may use without the person being asked about any call, and `deny`, those
that they may not.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import cast

from manyminds.core.errors import UsageError

__all__ = ["ServerConfig", "read_servers"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,40}")
_VARIABLE = re.compile(r"\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)\}")
_KNOWN = {
    "command", "args", "env", "cwd", "url", "headers", "type", "transport", "disabled", "allow",
    "trust", "deny", "timeout", "description", "name",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """One server: a command that is begun, or an address."""

    name: str
    command: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    """All that it gets of the environment, beside what any program needs."""
    cwd: str | None = None
    url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    allow: tuple[str, ...] = ()
    """Tools that act and may be used; about what the person did not say they are asked."""
    trust: tuple[str, ...] = ()
    """Tools that may be used, whatever they are called with."""
    deny: tuple[str, ...] = ()
    written: str = ""
    """Command or url as they stand in the file, before variables are put in: a key that changes
    makes no other server of it."""

    @property
    def identity(self) -> str:
        """What its pins are kept under: another command of the same name is another server."""
        return f"{self.name} {sha256(self.written.encode()).hexdigest()[:12]}"


def read_servers(path: Path) -> tuple[ServerConfig, ...]:
    """Read the servers of a file that are not disabled.

    Raises:
        UsageError: If it is none of that kind.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"--mcp {path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"--mcp {path} cannot be read as JSON: {error}") from None
    whole = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    servers = whole.get("mcpServers")
    if not isinstance(servers, dict):
        raise UsageError(f'--mcp {path}: it holds no "mcpServers"; write {{"mcpServers": {{…}}}}')
    named = cast("dict[str, object]", servers)
    read = [_server(f"--mcp {path}: {name}", name, one) for name, one in named.items()]
    return tuple(one for one in read if one is not None)


def _server(where: str, name: str, found: object) -> ServerConfig | None:
    if not _NAME.fullmatch(name) or not isinstance(found, dict):
        raise UsageError(f"{where}: a server is a name of letters and digits, and an object")
    one = cast("dict[str, object]", found)
    if one.get("disabled") is True:
        return None
    if unknown := sorted(set(one) - _KNOWN):
        raise UsageError(f"{where}: a server has no {unknown[0]!r}; it has {', '.join(_KNOWN)}")
    url, command = one.get("url"), one.get("command")
    if (url is None) == (command is None):
        raise UsageError(f"{where}: a server has a command or a url")
    if url is not None and not (isinstance(url, str) and url.startswith(("http://", "https://"))):
        raise UsageError(f"{where}: its url begins with http:// or https://")
    words = _texts(where, "args", one.get("args", []))
    cwd = one.get("cwd")
    return ServerConfig(
        name=name, url=url if url is None else _filled(where, url),
        command=() if command is None else tuple(
            _filled(where, word) for word in (_text(where, "command", command), *words)
        ),
        cwd=None if cwd is None else _text(where, "cwd", cwd),
        env=_pairs(where, "env", one.get("env", {})),
        headers=_pairs(where, "headers", one.get("headers", {})),
        allow=_texts(where, "allow", one.get("allow", [])),
        trust=_texts(where, "trust", one.get("trust", [])),
        deny=_texts(where, "deny", one.get("deny", [])),
        written=json.dumps([url, command, words, cwd]),
    )  # fmt: skip


def _text(where: str, name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{where}: {name} is a text")
    return value


def _texts(where: str, name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise UsageError(f"{where}: {name} is a list of texts")
    return tuple(_text(where, name, one) for one in cast("list[object]", value))


def _pairs(where: str, name: str, value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        raise UsageError(f"{where}: {name} is an object of texts")
    pairs = cast("Mapping[str, object]", value)
    return tuple((key, _filled(where, _text(where, key, one))) for key, one in pairs.items())


def _filled(where: str, text: str) -> str:
    """Put variables of the environment in place of ${NAME}, so that keys need not be written."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in os.environ:  # noqa: TID251 (a key stands where its owner keeps it)
            raise UsageError(f"{where}: the environment has no {name}")
        return os.environ[name]  # noqa: TID251

    return _VARIABLE.sub(value, text)
