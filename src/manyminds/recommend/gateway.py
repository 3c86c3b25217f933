"""A dialogue over messages that come twice, late, in another order, or not at all: one flow.

Each message is written down before anything is done with it, done once in the order in which it was
written, and answered by a reply with a name of its own, which is sent until it is taken.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from filelock import FileLock

from manyminds.core.errors import UsageError
from manyminds.recommend.audio import Heard
from manyminds.recommend.catalogue.domain import Domain, domain_of
from manyminds.recommend.dialogue import Dialogue, begin_dialogue, open_dialogue
from manyminds.recommend.memory.home import Memory
from manyminds.recommend.proxy import Proxy
from manyminds.recommend.talking import expected, said, told

__all__ = ["Channel", "Gateway", "Incoming", "Stage"]

PATIENCE_S = 120.0
"""How long an earlier message is waited for before a later one is answered without it."""
_LATE = "(This came after what you wrote later.)"
_MOST = 2_000
"""Characters of a message."""
Stage = Literal["kept", "begun", "done", "answered", "sent"]
_SCHEMA = """
create table if not exists inbox (
    id text primary key, sender text, number integer, text text, at real, state text, dialogue text,
    steps integer
);
create table if not exists heard (id text primary key, text text);
create table if not exists outbox (
    key text primary key, sender text, text text, at real, sent real
);
"""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """One message."""

    id: str
    """The same for the same message, however often it comes."""
    sender: str
    number: int
    """1 and up, in the order in which the sender wrote them."""
    text: str
    audio: Path | None = None
    """A recording in place of the text."""


class Channel(Protocol):
    """Something that carries messages: a bridge to a messenger, a folder, a test."""

    def received(self) -> Iterable[Incoming]:
        """Return what has come and is not taken yet, in any order, any number of times."""
        ...

    def take(self, id_: str) -> None:
        """Say that a message is safe here; it may come again all the same."""
        ...

    def send(self, to: str, key: str, text: str) -> bool:
        """Send a reply and say whether it was taken; it may be called again with the same key."""
        ...


class Gateway:
    """Carries on the dialogues of those who may write to it.

    Args:
        home: The person's folder.
        channel: Where messages come from and go to.
        senders: Who may write; what others send is taken and nothing else.
        catalogues: Returns the files of what there is of a kind.
        memory: What is known of the person.
        proxy: What their own words say.
        clock: Seconds since 1970.
        hear: Returns the words of a recording, given what may be said, as `audio.hear` does; where
            it fails, or is `None`, the answer is that it be written.
        on_stage: Told how far a message has come.
        patience_s: How long an earlier message is waited for.
    """

    def __init__(
        self, home: Path, channel: Channel, *, senders: frozenset[str],
        catalogues: Callable[[Domain], Sequence[Path]], memory: Memory, proxy: Proxy,
        clock: Callable[[], float], hear: Callable[[Path, Sequence[str]], Heard] | None = None,
        on_stage: Callable[[Stage], None] = lambda _stage: None, patience_s: float = PATIENCE_S,
    ) -> None:  # fmt: skip
        self._home, self._channel, self._senders = home, channel, senders
        self._catalogues, self._memory, self._proxy = catalogues, memory, proxy
        self._clock, self._on_stage, self._patience = clock, on_stage, patience_s
        self._hear = hear
        with closing(self._open()) as db:
            db.executescript(_SCHEMA)

    def turn(self) -> int:
        """Take in what has come, answer what can be answered, send what is unsent.

        Returns:
            How many messages were answered.
        """
        answered = 0
        # Two that did the same message at once would both write its step down.
        with FileLock(self._home / "messages.lock"), closing(self._open()) as db:
            self._keep(db)
            for sender in sorted(self._senders):
                while (row := self._next(db, sender)) is not None:
                    self._do(db, row)
                    answered += 1
                self._send(db, sender)
        return answered

    def _keep(self, db: sqlite3.Connection) -> None:
        for one in self._channel.received():
            if one.sender in self._senders:
                id_ = f"{one.sender} {one.id}"
                if self._one(db, "select 1 from inbox where id = ?", id_) is None:
                    db.execute(
                        "insert or ignore into inbox values (?, ?, ?, ?, ?, 'new', null, null)",
                        (id_, one.sender, one.number, self._words(db, id_, one), self._clock()),
                    )
                self._on_stage("kept")
            self._channel.take(one.id)

    def _words(self, db: sqlite3.Connection, id_: str, one: Incoming) -> str:
        """Return what a message says; of a recording what is understood, which may be nothing."""
        if one.audio is None:
            return _plain(one.text)
        text = ""
        if self._hear is not None:
            now = self._now(db, one.sender)
            likely = () if now is None else expected(now.view())
            with suppress(Exception):  # a stranger's bytes, and a listener of any kind
                text = _plain(self._hear(one.audio, likely).text)
        db.execute("insert or replace into heard values (?, ?)", (id_, text))
        return text

    def _as_heard(self, db: sqlite3.Connection, id_: str) -> str:
        """Say what was understood of a recording: it may be another word."""
        row = self._one(db, "select text from heard where id = ?", id_)
        if row is None:
            return ""
        text = row["text"]
        return f'(Heard: "{text}") ' if text else "(I did not understand the recording; write it.) "

    def _next(self, db: sqlite3.Connection, sender: str) -> Any:
        """Return the message that is to be done now; `None` while an earlier one is waited for."""
        row = self._one(
            db, "select * from inbox where sender = ? and state != 'done' order by number limit 1",
            sender,
        )  # fmt: skip
        if row is None or row["number"] <= self._last(db, sender) + 1:
            return row
        waits = self._one(
            db, "select min(at) from inbox where sender = ? and state != 'done'", sender
        )[0]
        return row if self._clock() - waits >= self._patience else None

    def _do(self, db: sqlite3.Connection, row: Any) -> None:
        """Do one message and write its reply down; what a crash came after is not done again."""
        if row["state"] == "new":
            now = None if domain_of(row["text"]) else self._now(db, row["sender"])
            name = None if now is None else now.name
            steps = 0 if now is None else len(now.steps())
            db.execute(
                "update inbox set state = 'begun', dialogue = ?, steps = ? where id = ?",
                (name or secrets.token_hex(4), steps, row["id"]),
            )
            self._on_stage("begun")
            row = self._one(db, "select * from inbox where id = ?", row["id"])
        late = self._missed(db, row)
        name, text = row["dialogue"], row["text"]
        so_far = self._replied(text, name, row["steps"], late=late.startswith(_LATE))
        reply = late + self._as_heard(db, row["id"]) + so_far
        if not self._path(name).exists():
            db.execute("update inbox set dialogue = null where id = ?", (row["id"],))
        self._on_stage("done")
        with db:
            db.execute("begin immediate")
            db.execute("update inbox set state = 'done' where id = ?", (row["id"],))
            db.execute(
                "insert or ignore into outbox values (?, ?, ?, ?, null)",
                (f"re {row['id']}", row["sender"], reply, self._clock()),
            )
        self._on_stage("answered")

    def _replied(self, text: str, name: str, before: int, *, late: bool) -> str:
        """Do what a message says, unless that was done already; return what is said to it."""
        try:
            if not self._path(name).exists():
                return told(self._begun(text, name).view())
            dialogue = self._dialogue(name)
            if before == 0 or len(dialogue.steps()) != before:
                dialogue.remember()  # it was done, and then the process died
                return told(dialogue.view())
            if late or not text.strip():  # it is of a moment that is over, or says nothing
                return told(dialogue.view())
            return told(said(dialogue, text))
        except UsageError as error:
            return str(error)

    def _begun(self, text: str, name: str) -> Dialogue:
        domain = domain_of(text)
        if domain is None:
            raise UsageError("What would you like? For instance: dinner tonight, under 25 euros")
        return begin_dialogue(
            self._home / "dialogues", text, memory=self._memory, proxy=self._proxy, domain=domain,
            catalogues=self._catalogues(domain), name=name,
            today=datetime.fromtimestamp(self._clock(), UTC).astimezone().date(),
        )  # fmt: skip

    def _path(self, name: str) -> Path:
        return self._home / "dialogues" / f"{name}.jsonl"

    def _dialogue(self, name: str) -> Dialogue:
        return open_dialogue(self._home / "dialogues", name, self._memory, self._proxy)

    def _now(self, db: sqlite3.Connection, sender: str) -> Dialogue | None:
        """Return the dialogue that somebody is in."""
        row = self._one(
            db, "select dialogue from inbox where sender = ? and state = 'done' "
            "and dialogue is not null order by number desc limit 1",
            sender,
        )  # fmt: skip
        if row is None or not self._path(row["dialogue"]).exists():
            return None
        return self._dialogue(str(row["dialogue"]))

    def _missed(self, db: sqlite3.Connection, row: Any) -> str:
        """Say that a message before this one seems to be lost, or that this one comes late."""
        ahead = row["number"] - self._last(db, row["sender"])
        if ahead < 0:
            return f"{_LATE} "
        return "" if ahead <= 1 else "(A message before this one is missing.) "

    def _last(self, db: sqlite3.Connection, sender: str) -> int:
        """Return the number of the last message that was done; 0 where none was."""
        found = "select max(number) from inbox where sender = ? and state = 'done'"
        return self._one(db, found, sender)[0] or 0

    def _send(self, db: sqlite3.Connection, sender: str) -> None:
        rows = db.execute(
            "select key, text from outbox where sent is null and sender = ? order by at, rowid",
            (sender,),
        )
        for row in rows.fetchall():
            if not self._channel.send(sender, row["key"], row["text"]):
                return  # those after it wait, so that none overtakes it
            db.execute("update outbox set sent = ? where key = ?", (self._clock(), row["key"]))
            self._on_stage("sent")

    def _one(self, db: sqlite3.Connection, sql: str, *values: Any) -> Any:
        return db.execute(sql, values).fetchone()

    def _open(self) -> sqlite3.Connection:
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        db = sqlite3.connect(self._home / "messages.sqlite", timeout=30, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")
        return db


def _plain(text: str) -> str:
    """Return a text that can be written down, and no more of it than a message has."""
    return text[:_MOST].encode("utf-8", "replace").decode()
