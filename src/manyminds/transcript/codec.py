"""Events as lines of JSON and back. One line, one event."""

import hashlib
import json
import re
from datetime import datetime
from functools import cache
from typing import get_args

from pydantic import TypeAdapter, ValidationError

from manyminds.core.errors import RecordError
from manyminds.core.events import Event, Recorded

__all__ = ["chained", "decode", "encode", "split_chain"]

_CHAIN = re.compile(rb',"chain":"([0-9a-f]{32})"\}$')


@cache
def _kinds() -> dict[str, type[Event]]:
    return {kind.kind: kind for kind in get_args(Event)}


@cache
def _adapter(kind: type[Event]) -> TypeAdapter[Event]:
    # Built on first use, and one by one: all of them take some 50 ms, which `--help` need not pay.
    return TypeAdapter(kind)


def encode(recorded: Recorded) -> bytes:
    """Return one line, with its newline."""
    event = _adapter(type(recorded.event)).dump_json(recorded.event)
    head = f'{{"run":"{recorded.run}","number":{recorded.number},"at":"{recorded.at.isoformat()}"'
    return b"".join((head.encode(), b',"event":', event, b"}\n"))


def decode(line: bytes, *, where: str) -> Recorded:
    """Read one line back.

    Raises:
        RecordError: If it is no event; the message begins with `where`.
    """
    try:
        found = json.loads(line)
        body = found["event"]
        kind = _kinds()[body["kind"]]
        event = _adapter(kind).validate_python(body)
        at = datetime.fromisoformat(found["at"])
        return Recorded(run=str(found["run"]), number=int(found["number"]), at=at, event=event)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecordError(f"{where}: not an event ({place}: {first['msg']})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordError(f"{where}: not an event ({type(error).__name__}: {error})") from error


def chained(line: bytes, before: str) -> tuple[bytes, str]:
    """Return a line with the hash over it and the hash before, and that hash."""
    body = line.removesuffix(b"\n")
    digest = hashlib.sha256(before.encode() + body).hexdigest()[:32]
    return b"".join((body[:-1], b',"chain":"', digest.encode(), b'"}\n')), digest


def split_chain(line: bytes) -> tuple[bytes, str | None]:
    """Return a line as it was before it was chained, and its hash; `None` where it has none."""
    found = _CHAIN.search(line)
    if found is None:
        return line, None
    return line[: found.start()] + b"}", found[1].decode()
