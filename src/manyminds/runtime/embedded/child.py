"""The child process: serves one model on loopback until nobody needs it any more.

Started as `python -m manyminds.runtime.embedded.child`; its settings and its key come on stdin,
so that neither stands in the process list. It says where it listens in a file that only the user
can read, and ends when no run has held a lease for a while.
"""

# xllamacpp is a compiled module without type stubs.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportAttributeAccessIssue=false, reportUnknownParameterType=false, reportUnknownArgumentType=false

import json
import os
import sys
import time
from pathlib import Path

import xllamacpp

from manyminds.runtime.embedded.lease import live_leases

__all__ = ["SLOTS", "main"]

SLOTS = 8
"""Requests served side by side; more wait in the server's own queue."""
CONTEXT_TOKENS = 20_480
"""Shared by all slots: 28 KiB a token make 560 MiB, which keeps four members under 3 GiB."""
LOOK_EVERY_S = 2.0


def main() -> None:
    """Serve until idle."""
    settings: dict[str, str | float] = json.loads(sys.stdin.readline())
    state = Path(str(settings["state"]))
    server = xllamacpp.Server(_parameters(str(settings["model"]), str(settings["key"])))
    address = str(server.listening_address)
    _say_where(state, address, settings)
    idle_s, idle_since = float(settings["idle_s"]), time.monotonic()
    while time.monotonic() - idle_since < idle_s:
        time.sleep(LOOK_EVERY_S)
        if live_leases(state.parent):
            idle_since = time.monotonic()
        if not _still_ours(state):
            break
    if _still_ours(state):
        state.unlink(missing_ok=True)
    # The server's threads may be in the middle of a reply that nobody waits for.
    os._exit(0)


def _parameters(model: str, key: str) -> "xllamacpp.CommonParams":
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.model_alias = {Path(model).stem}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.n_parallel = SLOTS
    parameters.kv_unified = True
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.cache_ram_mib = 0
    parameters.cpuparams.n_threads = max(1, min(8, _cores()))
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = 1
    return parameters


def _cores() -> int:
    # The cores this process may use: two threads that share one core wait for each other.
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _say_where(state: Path, address: str, settings: dict[str, str | float]) -> None:
    said = {
        "pid": os.getpid(),
        "address": address,
        "key": settings["key"],
        "model": settings["model"],
    }
    new = state.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(said, file)
    new.replace(state)


def _still_ours(state: Path) -> bool:
    """Say whether the state file names this process; another server may have taken over."""
    try:
        found: dict[str, int] = json.loads(state.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return found.get("pid") == os.getpid()


if __name__ == "__main__":
    main()
