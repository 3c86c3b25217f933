"""What every driver of a peer has in common: questions come as lines of JSON, answers go as such.

A driver runs in its peer's own environment, so this file needs nothing but the standard library.
Each question is a line `{"label", "base", "run", "prompt", "asked", "system"}`: the name it is counted
under, the address of the server, that of a sandbox, the question with what our members are told about
missing data, the question as our own members are asked it, and what they are told before it. Each answer is a line `{"label", "text", "error"}`.
"""

import contextlib
import json
import logging
import os
import sys
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

MODEL = "local"
MAX_TOKENS = 700
"""Of one reply, as for our own members."""
RETRIES = 3
"""Of a request, as ours."""

os.environ.update(OTEL_SDK_DISABLED="true", AUTOGEN_USE_DOCKER="0", OPENAI_API_KEY="x")
logging.disable(logging.CRITICAL)
_writing = threading.Lock()


def run_program(address: str, code: str) -> tuple[bool, str]:
    """Run a program in the sandbox; return whether it ended well, and what it printed."""
    body = json.dumps({"code": code}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        told = json.loads(reply.read())
    return told["ok"], told["output"]


def serve(answer: Callable[[dict[str, str]], str], side_by_side: int) -> None:
    """Answer every question on standard input, so many at once."""
    out, sys.stdout = sys.stdout, sys.stderr  # what peers print is none of ours

    def one(line: str) -> None:
        asked = json.loads(line)
        told = {"label": asked["label"], "text": None, "error": None}
        with contextlib.redirect_stdout(sys.stderr):
            try:
                told["text"] = str(answer(asked))
            except Exception as error:  # noqa: BLE001 (a peer that fails has not answered)
                told["error"] = f"{type(error).__name__}: {error}"[:300]
        with _writing:
            out.write(json.dumps(told) + "\n")
            out.flush()

    with ThreadPoolExecutor(side_by_side) as pool:
        list(pool.map(one, sys.stdin.read().splitlines()))
