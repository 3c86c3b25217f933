"""Deno and Pyodide: CPython in WebAssembly, for systems where neither nsjail nor bubblewrap is.

Slower to start than a jail (seconds, not milliseconds), and with the standard library alone.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache as remember
from pathlib import Path

from manyminds.core.errors import ToolFailed
from manyminds.tools.sandbox.jail import Jail, Limits

__all__ = ["Deno", "fetch"]

VERSION = "314.0.7"
_FILES = {
    "pyodide.mjs": "6f1d60f7bf529beb300f0f47983c921d3982363640ba20af0e38efdddbc66109",
    "pyodide.asm.mjs": "f7cdc8ece80678ceb712f8e65ebe6d3a83203a180c399865f49612a051693635",
    "pyodide.asm.wasm": "cc36e3cab04fdfc9a63ff13eb52eae2b911bf46c025cc7b281f394bd3de1d5e6",
    "python_stdlib.zip": "fa1957e5777068fc4f7437f96d860ae2fbe9c19732ba06c84e004ec16dd7dd7a",
    "pyodide-lock.json": "5dc2fc119108bc148c7457dc86e7675b5c87e1cafd420b9c34c1eaef7b36c010",
}
"""SHA-256 of what is run, from the package of that version."""

_OWN_MB = 512
"""Resident memory that Deno and Pyodide take themselves, at most."""

_PROBE = """
import json, os, socket
def can(act):
    try: act()
    except BaseException: return False
    return True
def connect():
    s = socket.socket(); s.settimeout(1); s.connect(("127.0.0.1", {port}))
import pyodide_js
script = pyodide_js.runPython.constructor
def js(code):
    return can(lambda: script("return " + code)())
print(json.dumps({{
    "the network": can(connect),
    "the network, by JavaScript": js("Deno.listen({{port: 0}})"),
    "datagrams, by JavaScript": js("Deno.listenDatagram({{port: 0, transport: 'udp'}})"),
    "the host's temporary files": can(lambda: open({temporary!r}).read()),
    "the host's temporary files, by JavaScript": js(
        "Deno.readTextFileSync(" + json.dumps({temporary!r}) + ")"
    ),
    "the home folder": can(lambda: open({own!r}).read()),
    "the home folder, by JavaScript": js("Deno.readTextFileSync(" + json.dumps({own!r}) + ")"),
    "writing, by JavaScript": js("Deno.writeTextFileSync(" + json.dumps({own!r}) + ", 'x')"),
    "new processes": can(lambda: os.fork()),
    "new processes, by JavaScript": js("new Deno.Command('/bin/true').outputSync()"),
    "the environment, by JavaScript": js("Deno.env.get('PATH')"),
    "foreign code, by JavaScript": js("Deno.dlopen(" + json.dumps({temporary!r}) + ", {{}})"),
    "no scratch folder": not can(lambda: open("own", "w")),
}}))
"""
"""JavaScript is reached on purpose, to see that it is no way out."""

_GUEST = Path(__file__).with_name("guest.mjs")
_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True, kw_only=True)
class Deno:
    """Pyodide in a Deno process that may read Pyodide and its two workers, and nothing else."""

    cache: Path
    name = "deno"
    packages = "the standard library"
    probe = _PROBE

    def find(self) -> str | None:
        """Return where Deno is; `None` where it is not installed.

        Raises:
            ToolFailed: If Deno is there but Pyodide is missing or not what it should be.
        """
        binary = _deno()
        wrong = None if binary is None else _wrong(_folder(self.cache))
        if wrong is not None:
            raise ToolFailed(f"{wrong}; fetch it with `manyminds doctor --pyodide`")
        return binary

    def jail(self, binary: str, limits: Limits) -> Jail:
        """Return how to start one."""
        folder = str(_folder(self.cache))
        readable = ",".join((folder, str(_GUEST), str(_WORKER)))
        settings = {"pyodide": folder, "worker": str(_WORKER), "memory_mb": limits.memory_mb}
        denied = [f"--deny-{what}" for what in ("net", "write", "run", "env", "ffi", "sys")]
        deno = [
            binary, "run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-remote",
            "--no-npm", "--cached-only", f"--v8-flags=--max-old-space-size={limits.memory_mb // 2}",
            f"--allow-read={readable}", *denied, str(_GUEST), json.dumps(settings),
        ]  # fmt: skip
        # It keeps nothing in the user's folders, and asks nobody whether there is a newer one.
        clean = ("/usr/bin/env", "-i", "DENO_NO_UPDATE_CHECK=1", "NO_COLOR=1")
        own = f"DENO_DIR={self.cache / 'deno'}"
        bounded = ("/bin/sh", "-c", f'ulimit -c 0; ulimit -t {limits.cpu_s}; exec "$@"', "sh")
        return Jail(argv=(*clean, own, *bounded, *deno), resident_mb=limits.memory_mb + _OWN_MB)


def fetch(cache: Path) -> Path:
    """Let Deno fetch Pyodide from the package registry it is set up for, and keep what is right.

    Raises:
        ToolFailed: If there is no Deno, nothing could be fetched, or it is not what it should be.
    """
    binary, folder = _deno(), _folder(cache)
    if binary is None:
        raise ToolFailed("Deno is not installed; install it with: pip install deno")
    if _wrong(folder) is None:
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
        done = subprocess.run(
            [
                "/usr/bin/env", f"DENO_DIR={fresh}", "DENO_NO_UPDATE_CHECK=1",
                binary, "cache", "--quiet", "--no-lock", "--no-config", f"npm:pyodide@{VERSION}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        found = next(Path(fresh).glob(f"npm/**/pyodide/{VERSION}"), None)
        if done.returncode or found is None:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise ToolFailed(
                f"Pyodide could not be fetched: {said}; "
                f"or unpack the npm package pyodide {VERSION} as {folder}"
            )
        wrong = _wrong(found)
        if wrong is not None:
            raise ToolFailed(wrong)
        shutil.rmtree(folder, ignore_errors=True)
        found.rename(folder)
    return folder


def _deno() -> str | None:
    spec = importlib.util.find_spec("deno")
    name = "deno.exe" if sys.platform == "win32" else "deno"
    beside = Path(sys.executable).with_name(name)
    if spec is not None and os.access(beside, os.X_OK):
        return str(beside)
    return shutil.which("deno")


def _folder(cache: Path) -> Path:
    return (cache / f"pyodide-{VERSION}").resolve()


def _wrong(folder: Path) -> str | None:
    """Return what is wrong with a folder of Pyodide; `None` where all is as it was published."""
    for name, wanted in _FILES.items():
        try:
            found = _sha256(folder / name, (folder / name).stat().st_mtime_ns)
        except OSError:
            return f"Pyodide {VERSION} is not in {folder}"
        if found != wanted:
            return f"{folder / name} is not the file of Pyodide {VERSION}"
    return None


@remember
def _sha256(path: Path, _mtime: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
