"""Messages of a chat, however they arrive, become runs: each one exactly one.

A bridge to a chat hands in what it has, as often as it likes, in any order; what was handed in is
never asked for again. Messages of one conversation are worked in the order they were written; one
that does not come holds up the others for a while, no longer. Replies have a key, so a bridge that
sends again after a crash can be told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from manyminds.core.errors import UsageError
from manyminds.core.values import Task
from manyminds.runtime.ask import Asked
from manyminds.runtime.door import Door, Row, Statement
from manyminds.runtime.later import Runs, run_name
from manyminds.runtime.orders import Order

__all__ = ["Gateway", "Message", "Said"]

PATIENCE_S = 30.0
"""How long a message that is missing holds up those after it."""
LONGEST = 20_000
"""Characters of a message."""

_TABLES: tuple[Statement, ...] = (
    (
        "create table if not exists message (channel text not null, conversation text not null,"
        " id text not null, number bigint, body text not null, at text not null, state text not"
        " null, run text not null, primary key (channel, conversation, id))",
        (),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a person wrote."""

    channel: str
    conversation: str
    id: str
    """The channel's own; the same one is the same message."""
    text: str
    number: int | None = None
    """Its place in the conversation, from 1; `None`: the channel counts nothing."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is said back."""

    channel: str
    conversation: str
    text: str
    key: str
    """Names the message that it answers: a bridge sends one key once."""


@dataclass(frozen=True, kw_only=True)
class _Kept:
    message: Message
    at: datetime
    state: str
    """`waiting`, `going` or `answered`."""
    run: str


class Gateway:
    """Takes messages and says what came of them."""

    def __init__(self, door: Door, runs: Runs, order: Order, send: Callable[[Said], None]) -> None:
        """Take up what is there.

        Args:
            door: Where messages are kept.
            runs: Works them.
            order: How they are to be worked; each message is the task.
            send: Says something in a conversation; an error there is tried again.
        """
        self._door, self._runs, self._order, self._send = door, runs, order, send
        door.do(*_TABLES)

    def take(self, message: Message, now: datetime) -> bool:
        """Keep a message; say whether it is a new one.

        Raises:
            UsageError: If it says nothing, or too much.
        """
        if not 0 < len(message.text.strip()) <= LONGEST:
            raise UsageError(f"a message has some words, at most {LONGEST} characters")
        name = f"{message.channel}/{message.conversation}/{message.id}"
        [new] = self._door.do(
            (
                "insert into message values (?, ?, ?, ?, ?, ?, 'waiting', ?)"
                " on conflict do nothing returning id",
                (
                    message.channel, message.conversation, message.id, message.number,
                    message.text, now.isoformat(), run_name(name, now),
                ),
            )
        )  # fmt: skip
        return bool(new)

    def open(self) -> int:
        """Return how many messages are not answered yet."""
        [[row]] = self._door.do(("select count(*) from message where state <> 'answered'", ()))
        return int(str(row[0]))

    def tick(self, now: datetime) -> None:
        """Do what is to be done at a moment; it may be killed anywhere."""
        [rows] = self._door.do(
            ("select * from message where state <> 'answered' order by number, at", ())
        )
        by: dict[tuple[str, str], list[_Kept]] = {}
        for kept in map(_kept, rows):
            by.setdefault((kept.message.channel, kept.message.conversation), []).append(kept)
        for conversation in by.values():
            self._go_on(conversation, now)

    def _go_on(self, conversation: Sequence[_Kept], now: datetime) -> None:
        """Go on with a conversation: one message after the other."""
        for kept in conversation:
            if kept.state == "going":
                asked = self._runs.ended(kept.run)
                if asked is None:
                    self._runs.begin(kept.run, self._asking(kept.message))
                    return
                self._send(_said(kept.message, asked))
                self._now(kept, "answered")
        waiting = [kept for kept in conversation if kept.state == "waiting"]
        if waiting and self._is_next(waiting[0], now):
            self._now(waiting[0], "going")
            self._runs.begin(waiting[0].run, self._asking(waiting[0].message))

    def _is_next(self, kept: _Kept, now: datetime) -> bool:
        """Say whether all before it were worked, or have had their time to come."""
        message = kept.message
        if message.number is None or now - kept.at >= timedelta(seconds=PATIENCE_S):
            return True
        [[row]] = self._door.do(
            (
                "select coalesce(max(number), 0) from message"
                " where channel = ? and conversation = ? and state = 'answered'",
                (message.channel, message.conversation),
            )
        )
        return message.number <= int(str(row[0])) + 1

    def _asking(self, message: Message) -> Order:
        return replace(self._order, task=Task(prompt=message.text))

    def _now(self, kept: _Kept, state: str) -> None:
        message = kept.message
        self._door.do(
            (
                "update message set state = ? where channel = ? and conversation = ? and id = ?",
                (state, message.channel, message.conversation, message.id),
            )
        )


def _kept(row: Row) -> _Kept:
    channel, conversation, name, number, text, at, state, run = row
    message = Message(
        channel=str(channel), conversation=str(conversation), id=str(name), text=str(text),
        number=None if number is None else int(str(number)),
    )  # fmt: skip
    return _Kept(
        message=message, at=datetime.fromisoformat(str(at)), state=str(state), run=str(run)
    )


def _said(message: Message, asked: Asked) -> Said:
    answer = asked.answer
    text = answer.text if answer.text is not None else "; ".join(answer.missing) or "no answer"
    return Said(
        channel=message.channel, conversation=message.conversation, text=text,
        key=f"{message.channel}/{message.conversation}/{message.id}",
    )  # fmt: skip
