"""Files that are read in a process of their own: one that is a bomb takes only that along.

The process reads one JSON line that describes a file, then its bytes, and writes one JSON line; so
on until its input ends (`serve`).
"""

import atexit
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import IO, Any

from manyminds.tools.bounds import TOO_LONG, Bounds

__all__ = ["TAKES", "Apart", "Rows", "serve"]

BOUNDS = Bounds(
    memory=192 << 20, memory_each=48, memory_most=1_024 << 20,
    seconds=5.0, seconds_each=5.0, seconds_most=120.0,
)  # fmt: skip
"""More than a page of the web may take: these files are the person's own, and read once."""
_ROOT = str(Path(__file__).parents[3])
_CHILD = f"""import sys
sys.path.append({_ROOT!r})
from manyminds.tools.docs.readers import main
main()"""
TAKES = "takes too"
"""What it is said of a bomb, in the beginning."""
Rows = list[dict[str, Any]]
"""What a file says: documents as JSON has them."""


class Apart:
    """Reads files one after the other; a process that fails is replaced."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = Lock()
        atexit.register(self.close)

    def read(self, data: bytes, kind: str, name: str) -> Rows | str:
        """Return the rows that a file's reader gave, or why it gave none.

        Args:
            data: The file.
            kind: Its ending.
            name: What its documents are called by.
        """
        with self._turn:
            try:
                return self._ask(data, kind, name)
            except (OSError, ValueError):
                code = self._end()
                return f"{TAKES} {'long' if code == TOO_LONG else 'much'} to read"
            except BaseException:
                self._end()  # interrupted in the middle of an answer: the next would get it
                raise

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _ask(self, data: bytes, kind: str, name: str) -> Rows | str:
        child = self._child
        if child is None:
            # It gets nothing of the environment: no key is near what reads any file.
            child = self._child = subprocess.Popen(
                [sys.executable, "-I", "-c", _CHILD], env={}, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                start_new_session=True,  # an interrupt is for who waits
            )  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        head = json.dumps({"kind": kind, "name": name, "size": len(data)})
        child.stdin.write(head.encode() + b"\n" + data)
        child.stdin.flush()
        return json.loads(child.stdout.readline())

    def _end(self) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        for pipe in (child.stdin, child.stdout):
            _close(pipe)
        try:
            return child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:
        pass  # what it still held is for nobody


def serve(read: Callable[[bytes, str, str], Rows | str]) -> None:
    """Read files until the input ends."""
    most = BOUNDS.ceiling()
    while line := sys.stdin.buffer.readline():
        told = json.loads(line)
        data = sys.stdin.buffer.read(told["size"])
        BOUNDS.begin(len(data), most)
        found = read(data, told["kind"], told["name"])
        BOUNDS.end()
        sys.stdout.buffer.write(json.dumps(found).encode() + b"\n")
        sys.stdout.buffer.flush()
