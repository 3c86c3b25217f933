"""What a server said of its tools when it was first used: a changed word keeps a tool away.

A description is read by models as if it were ours. So it is hashed when a server is first met; a
tool whose hash is another since then, or that was not there then, is quarantined until the person
has looked at it and accepts it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import cast

from filelock import FileLock

from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonSchema

__all__ = ["Offered", "Pins"]


@dataclass(frozen=True, kw_only=True)
class Offered:
    """One tool as its server describes it."""

    name: str
    description: str
    parameters: JsonSchema
    reads: bool
    """Whether the server says that it changes nothing."""

    @property
    def digest(self) -> str:
        """Hash over all that is said of it."""
        said = [self.name, self.description, self.parameters, self.reads]
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Pins:
    """The file of hashes."""

    path: Path

    def quarantined(self, server: str, tools: Sequence[Offered]) -> Mapping[str, str]:
        """Return the tools that may not be used, and why; a server that is new is pinned.

        Args:
            server: Its identity.
            tools: What it offers now.
        """
        with self._locked():
            pins = self._read()
            if server not in pins:
                self._write({**pins, server: {tool.name: tool.digest for tool in tools}})
                return {}
            known = pins[server]
        return {
            tool.name: "it is new since you first used this server"
            if tool.name not in known
            else "what the server says of it has changed"
            for tool in tools
            if known.get(tool.name) != tool.digest
        }

    def accept(self, server: str, tools: Sequence[Offered]) -> None:
        """Pin what a server says now."""
        with self._locked():
            self._write({**self._read(), server: {tool.name: tool.digest for tool in tools}})

    def _locked(self) -> FileLock:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(self.path.with_suffix(".lock"))

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            found: object = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise UsageError(f"{self.path} cannot be read ({error}); mend or remove it") from None
        if not isinstance(found, dict):
            raise UsageError(f"{self.path} is no file of pins; mend or remove it")
        return cast("dict[str, dict[str, str]]", found)

    def _write(self, pins: Mapping[str, Mapping[str, str]]) -> None:
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(pins, indent=1, sort_keys=True), encoding="utf-8")
        part.replace(self.path)
