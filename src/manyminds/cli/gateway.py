"""`manyminds gateway`: messages come in as lines of JSON, answers go out as lines of JSON.

What a bridge to a chat has to do is to pipe: its messages here, what is printed there.
"""

import json
import queue
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

from manyminds.cli.exits import ANSWERED
from manyminds.cli.words import notice
from manyminds.core.errors import UsageError
from manyminds.runtime.door import SqliteDoor
from manyminds.runtime.elsewhere import located
from manyminds.runtime.gateway import Gateway, Message, Said
from manyminds.runtime.later import RunsHere
from manyminds.runtime.orders import read_order
from manyminds.runtime.paths import data_home

__all__ = ["gateway"]

_LOOK_EVERY_S = 0.3


def gateway(run: str = "last", *, channel: str = "chat") -> int:
    """Answer messages that come in on stdin; each is one run, however often it comes.

    In: {"conversation": "c1", "id": "m1", "text": "…", "number": 1}, a line each; `number` is its
    place in the conversation, where the channel counts. Out: {"conversation": "c1", "key": "…",
    "text": "…"}; one key is one answer. It ends when stdin does and all is answered.

    Args:
        run: Messages are worked as this run was: its name, a unique part of it, or `last`.
        channel: A name for where they come from.
    """
    order = read_order(located(data_home(), run).parent)
    order = replace(order, notify=None, options=replace(order.options, seed=None))
    door = SqliteDoor(data_home() / "gateway.sqlite")
    made = Gateway(door, RunsHere(data_home()), order, _print)
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    ended = False
    while not (ended and made.open() == 0):
        for line in _there(lines):
            ended = ended or line is None
            if line is not None and line.strip():
                _take(made, line, channel)
        made.tick(datetime.now(UTC))
        time.sleep(_LOOK_EVERY_S)
    return ANSWERED


def _read(lines: "queue.SimpleQueue[str | None]") -> None:
    for line in sys.stdin:
        lines.put(line)
    lines.put(None)


def _there(lines: "queue.SimpleQueue[str | None]") -> Iterator[str | None]:
    """Yield what has come, without waiting."""
    while not lines.empty():
        yield lines.get()


def _take(made: Gateway, line: str, channel: str) -> None:
    """Take one message; a line that is none is told, and the others go on."""
    try:
        found = cast("dict[str, object]", json.loads(line))
        number = found.get("number")
        message = Message(
            channel=channel, conversation=str(found["conversation"]), id=str(found["id"]),
            text=str(found["text"]), number=None if number is None else int(str(number)),
        )  # fmt: skip
        made.take(message, datetime.now(UTC))
    except UsageError as error:
        notice(str(error))
    except (ValueError, KeyError, TypeError, AttributeError):
        notice('no message: a line is {"conversation": "c1", "id": "m1", "text": "…"}')


def _print(said: Said) -> None:
    told = {"conversation": said.conversation, "key": said.key, "text": said.text}
    print(json.dumps(told, ensure_ascii=False), flush=True)
