"""Reading what is asked: from the argument, a file or stdin."""

import json
import sys
from pathlib import Path

from manyminds.agents.schemas import check_schema
from manyminds.core.errors import UsageError
from manyminds.core.messages import JsonValue

__all__ = ["read_question", "read_schema"]

MAX_BYTES = 8 << 20
"""More than any model reads; told before it is sent."""


def read_question(given: str | None) -> str:
    """Return the question's text.

    Raises:
        UsageError: If it is empty, not text, unreadable or larger than any model reads.
    """
    if given is None or given == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError('ask what? write manyminds ask "QUESTION", @file, or pipe it in')
        data, name = sys.stdin.buffer.read(MAX_BYTES + 1), "stdin"
    elif given.startswith("@") and len(given) > 1:
        data, name = _read(Path(given[1:])), given[1:]
    else:
        data, name = given.encode("utf-8", "surrogateescape"), "the question"
    if len(data) > MAX_BYTES:
        raise UsageError(f"{name} is larger than {MAX_BYTES >> 20} MiB; put it behind --docs")
    if b"\0" in data:
        raise UsageError(f"{name} is binary, not text; documents go behind --docs")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not UTF-8 text; convert it first") from None
    if not text.strip():
        raise UsageError(f"{name} is empty; ask something")
    return text.strip()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def read_schema(path: Path | None) -> str | None:
    """Return a JSON Schema's text.

    Raises:
        UsageError: If it is no JSON object.
    """
    if path is None:
        return None
    try:
        found: JsonValue = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--schema {path} is not JSON: {error}") from None
    try:
        check_schema(found)
    except UsageError as error:
        raise UsageError(f"--schema {path} is not a JSON Schema to be used here: {error}") from None
    return json.dumps(found)
