"""What every committed figure carries: the command, the machine, the code."""

import platform
import re
import shlex
import subprocess
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

__all__ = ["command", "commit", "machine", "version"]


def command() -> str:
    """Return the command line as it was given, but for names and passwords in addresses."""
    name = Path(sys.argv[0]).name
    told = shlex.join(["manyminds" if name == "__main__.py" else name, *sys.argv[1:]])
    return re.sub(r"//[^/@\s]+@", "//", told)


def machine() -> str:
    """Describe this machine in a line."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cpu = names[0] if names else platform.processor() or platform.machine()
    cores = f"{len(names)} cores, " if names else ""
    system = f"{platform.system()} {platform.release()}"
    return f"{cores}{cpu}, {system}, Python {platform.python_version()}"


def version() -> str:
    """Name the code: the package's version, and its commit where it runs from a checkout."""
    found = f"manyminds {installed_version('manyminds')}"
    known = commit()
    return found if known is None else f"{found} at {known}"


def commit() -> str | None:
    """Name the commit that runs, and whether it was changed since; `None` outside a checkout."""
    # Where the package is only installed inside somebody's repository, that commit is not ours.
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None
    # What measurements write beside themselves changes no code.
    code = (":(top)src", ":(top)*.py", ":(top)pyproject.toml", ":(top)requirements")
    changed = _git("status", "--porcelain", "--", *code)
    return f"{_git('describe', '--always')}{'-dirty' if changed else ''}"


def _git(*arguments: str) -> str | None:
    here = Path(__file__).parent
    try:
        told = subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return told.stdout.strip() or None
