"""Files of the person's own, written so that a process that dies leaves no half of anything."""

import os
from pathlib import Path

__all__ = ["append_line", "write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all, where it really is, as readable as it was."""
    target = path.resolve()
    draft = target.with_suffix(target.suffix + ".new")
    mode = target.stat().st_mode if target.exists() else 0o600
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(mode & 0o777)
    draft.replace(target)


def append_line(path: Path, line: str) -> None:
    """Put a line, without its end, behind all others; half a line there does not swallow it."""
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if torn else "") + line + "\n")
        file.flush()
        os.fsync(file.fileno())
