"""A real PostgreSQL for the tests: on a private port and socket, begun once, gone afterwards."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_USER = "postgres"
_PLACES = Path("/usr/lib/postgresql")


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Serve from a folder of its own; yields the server's address, without a database."""
    programs, port = _programs(), _free_port()
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:  # it refuses to be root
        shutil.chown(folder, _USER)
        for above in folder.parents:
            above.chmod(above.stat().st_mode | 0o011)
    _run(programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", _USER, "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=200"
    control = (programs / "pg_ctl", "-D", folder / "data", "-w")
    _run(*control, "-o", options, "-l", folder / "log", "start")
    try:
        yield f"postgresql://{_USER}@127.0.0.1:{port}"
    finally:
        _run(*control, "-m", "immediate", "stop")


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """Make a database; yields its address."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as db:
        db.execute(f'create database "{name}"')
    yield f"{server}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as db:
        db.execute(f'drop database "{name}" with (force)')


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", _USER, "--", *words]
    # Not to a pipe: the server that is begun would hold it open.
    with Path(os.devnull).open("w") as nothing:
        subprocess.run(words, check=True, stdout=nothing, timeout=120, cwd="/")


def _programs() -> Path:
    """Return where PostgreSQL's programs are; Debian keeps them off the path."""
    found = _found()
    if found is None and sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-q", "postgresql"], check=False, timeout=600)
        found = _found()
    if found is None:
        raise RuntimeError("the fleet's tests need PostgreSQL: apt-get install postgresql")
    return found


def _found() -> Path | None:
    if on_path := shutil.which("initdb"):
        return Path(on_path).parent
    places = sorted(_PLACES.glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return places[-1].parent if places else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
