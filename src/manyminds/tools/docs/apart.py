"""Files that are read in a process of their own: one that is a bomb takes only that along.

The process reads one JSON line that describes a file, then its bytes, and writes one JSON line; so
on until its input ends (`serve`).
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock, Timer
from typing import Any

from manyminds.tools.bounds import TOO_LONG, Bounds

__all__ = ["TAKES", "Apart", "Rows", "serve"]

BOUNDS = Bounds(
    memory=192 << 20, memory_each=48, memory_most=1_024 << 20,
    seconds=5.0, seconds_each=5.0, seconds_most=120.0,
)  # fmt: skip
"""More than a page of the web may take: these files are the person's own, and read once."""
WAIT_S = 300.0
"""For one file, however busy the machine is."""
TAKES = "takes too"
"""What it is said of a bomb, in the beginning; of what may be otherwise another time it is not."""
_ROOT = str(Path(__file__).parents[3])
_CHILD = f"""import sys
sys.path.append({_ROOT!r})
from manyminds.tools.docs.readers import main
main()"""
Rows = list[dict[str, Any]]
"""What a file says: documents as JSON has them."""


class Apart:
    """Reads files one after the other; a process that ends meanwhile is replaced."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = Lock()
        self._over = False

    def read(self, data: bytes, kind: str, name: str) -> Rows | str:
        """Return the rows that a file's reader gave, or why it gave none.

        Args:
            data: The file.
            kind: Its ending.
            name: What its documents are called by.
        """
        with self._turn:
            ends: list[int | None] = []
            # Twice: the first process may hold much of files before, or be ended by somebody.
            while len(ends) < 2 and not self._over and TOO_LONG not in ends:
                try:
                    child = self._begun()
                except OSError as error:
                    return f"cannot be read now ({error.strerror})"
                try:
                    return _asked(child, data, kind, name)
                except (OSError, ValueError):
                    ends.append(self._end())
                except BaseException:
                    self._end()  # interrupted in the middle of an answer: the next would get it
                    raise
        if self._over:
            return "was not read to the end"
        return f"{TAKES} {'long' if ends[-1] == TOO_LONG else 'much'} to read"

    def close(self) -> None:
        """End the process, and what it reads."""
        self._over = True
        child = self._child
        if child is not None:
            child.kill()  # before its turn is over: who closes does not wait for a bomb
        with self._turn:
            self._end()

    def _begun(self) -> "subprocess.Popen[bytes]":
        if self._child is None:
            # It gets nothing of the environment: no key is near what reads any file.
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-c", _CHILD], env={}, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                start_new_session=True,  # an interrupt is for who waits
            )  # fmt: skip
        return self._child

    def _end(self) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        for pipe in (child.stdin, child.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass  # what it still held is for nobody
        try:
            return child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()


def _asked(child: "subprocess.Popen[bytes]", data: bytes, kind: str, name: str) -> Rows | str:
    assert child.stdin is not None
    assert child.stdout is not None
    late = Timer(WAIT_S, child.kill)
    late.daemon = True
    late.start()
    try:
        head = json.dumps({"kind": kind, "name": name, "size": len(data)})
        child.stdin.write(head.encode() + b"\n" + data)
        child.stdin.flush()
        return json.loads(child.stdout.readline())
    finally:
        late.cancel()


def serve(read: Callable[[bytes, str, str], Rows | str]) -> None:
    """Read files until the input ends."""
    most = BOUNDS.ceiling()
    while line := sys.stdin.buffer.readline():
        told = json.loads(line)
        data = sys.stdin.buffer.read(told["size"])
        BOUNDS.begin(len(data), most)
        try:
            found = read(data, told["kind"], told["name"])
        except Exception as error:  # noqa: BLE001 (readers of damaged files raise anything)
            found = f"cannot be read ({type(error).__name__})"
        BOUNDS.end()
        sys.stdout.buffer.write(json.dumps(found).encode() + b"\n")
        sys.stdout.buffer.flush()
