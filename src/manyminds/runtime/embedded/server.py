"""Finding or starting the one model server of this user.

All runs of a user share a server: the first starts it, the others find it through its state
file. Starting holds a lock, so two processes that begin at once get the same one.
"""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from manyminds.core.errors import ProviderError
from manyminds.runtime.embedded.lease import drop_lease, take_lease
from manyminds.runtime.embedded.parts import ModelFile, ensure_model

__all__ = ["Server", "ensure_server", "release_server", "server_answers", "stop_server"]

IDLE_S = 300.0
"""A server without a lease lives this long: the next question starts warm."""
START_S = 120.0
_CHILD = "manyminds.runtime.embedded.child"
_started: list["subprocess.Popen[bytes]"] = []
"""Children of this process. They are meant to outlive it, so nobody waits for them; those that
ended meanwhile are taken off the process table when the next one is started or stopped."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the model is served."""

    pid: int
    address: str
    key: str
    model: str

    def __repr__(self) -> str:
        return f"Server(pid={self.pid}, address={self.address!r})"


async def ensure_server(model: ModelFile, cache: Path, *, idle_s: float = IDLE_S) -> Server:
    """Return a server of `model` that answers, starting one where there is none.

    Raises:
        ProviderError: If the model is not there or the server does not come up.
    """
    return await asyncio.to_thread(_ensure, model, cache, idle_s)


async def server_answers(model: ModelFile, cache: Path) -> bool:
    """Say whether the server that is on record still answers."""
    server = _read(_home(model, cache) / "server.json")
    return server is not None and await asyncio.to_thread(_answers, server)


def release_server(model: ModelFile, cache: Path) -> None:
    """Say that this process needs the server no more; it ends by itself when idle."""
    drop_lease(_home(model, cache))


def stop_server(model: ModelFile, cache: Path) -> bool:
    """End the server now; say whether one was running."""
    state = _home(model, cache) / "server.json"
    server = _read(state)
    if server is None:
        return False
    state.unlink(missing_ok=True)
    _kill(server.pid)
    _reap(server.pid)
    return True


def _home(model: ModelFile, cache: Path) -> Path:
    return cache / "embedded" / model.name


def _ensure(model: ModelFile, cache: Path, idle_s: float) -> Server:
    home = _home(model, cache)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    take_lease(home)
    state = home / "server.json"
    with FileLock(home / "start.lock"):
        found = _read(state)
        if found is not None and any(_answers(found) for _ in range(3)):
            return found
        if found is not None:
            _kill(found.pid)
            state.unlink(missing_ok=True)
        return _start(ensure_model(model, cache), state, idle_s)


def _start(path: Path, state: Path, idle_s: float) -> Server:
    _reap()
    log = state.with_name("server.log")
    settings = {"model": str(path), "state": str(state), "idle_s": idle_s}
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", _CHILD],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={k: v for k, v in os.environ.items() if not k.upper().endswith(("_KEY", "_TOKEN"))},
        )
    _started.append(child)
    stdin = child.stdin
    if stdin is not None:
        line = json.dumps({**settings, "key": secrets.token_urlsafe(24)}) + "\n"
        with stdin:
            stdin.write(line.encode())
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        found = _read(state)
        if found is not None and found.pid == child.pid and _answers(found):
            return found
        if child.poll() is not None:
            break
        time.sleep(0.05)
    _kill(child.pid)
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    why = tail[-1][:200] if tail else "it said nothing"
    raise ProviderError(f"embedded: the model server did not start ({why}); see {log}")


def _read(state: Path) -> Server | None:
    try:
        found: dict[str, str] = json.loads(state.read_text(encoding="utf-8"))
        return Server(
            pid=int(found["pid"]), address=found["address"], key=found["key"], model=found["model"]
        )
    except (OSError, ValueError, KeyError):
        return None


def _answers(server: Server) -> bool:
    request = urllib.request.Request(
        f"{server.address}/v1/models", headers={"Authorization": f"Bearer {server.key}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def _kill(pid: int) -> None:
    """Kill a model server; a number that some other process has by now is left alone."""
    if _CHILD not in _command_of(pid):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _reap(pid: int | None = None) -> None:
    """Take ended children off the process table; wait for the one that was just killed."""
    for child in tuple(_started):
        if child.pid == pid:
            child.wait(5)
        if child.poll() is not None:
            _started.remove(child)


def _command_of(pid: int) -> str:
    """Return the command line of a process; empty where it cannot be known."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        pass  # no such process, or no such folder (macOS)
    try:
        told = subprocess.run(
            ["ps", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return told.stdout
