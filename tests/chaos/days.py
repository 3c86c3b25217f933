"""A month of a schedule, or a chat, by a clock of its own, whose processes are killed by `SIGKILL`.

    python -m tests.chaos.days digest|chat FOLDER KILLS

What is outside (begun runs, what was told, what was said) is a file of lines that outlives the
processes; children are forked from one process that has imported all it needs. Each looks, and
looks again, where the one before was killed. Prints how many were.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from manyminds.core.values import Answer, Cost, Limits, Spend, Task
from manyminds.runtime.ask import Asked, AskOptions
from manyminds.runtime.door import SqliteDoor
from manyminds.runtime.gateway import Gateway, Message, Said
from manyminds.runtime.orders import Order
from manyminds.runtime.schedules.book import Book, Schedule, Slot
from manyminds.runtime.schedules.digest import Digests
from manyminds.runtime.schedules.times import parse_quiet, parse_when

BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
DAYS, LOOKS_A_DAY = 30, 24
CAP, CAP_DAYS, TOKENS = 10_000, 7, 3_000
CHATS, EACH = 8, 25


class Outside:
    """The world: each thing that happens to it is a line, written in one piece."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "outside.jsonl"
        self.lines: list[dict[str, Any]] = []
        if self._file.exists():
            self.lines = [json.loads(line) for line in self._file.read_text().splitlines()]

    def put(self, **line: Any) -> None:
        with self._file.open("ab", buffering=0) as file:
            file.write(json.dumps(line).encode() + b"\n")
        self.lines.append(line)

    def of(self, what: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["what"] == what]

    def begin(self, run: str, order: Order) -> None:
        """Begin a run; one that is there goes on."""
        if all(line["run"] != run for line in self.of("begin")):
            limits = order.options.limits
            self.put(what="begin", run=run, prompt=order.task.prompt, tokens=limits.tokens)

    def ended(self, run: str) -> Asked | None:
        """Each day brings one new thing beside all there was before."""
        begun = self.of("begin")
        for day, line in enumerate(begun, 1):
            if line["run"] == run:
                text = "\n".join(f"- Thing {n} ({line['prompt']})" for n in range(day))
                spend = Spend(tokens_in=min(TOKENS, line["tokens"] or TOKENS), usd=Decimal("0.01"))
                return Asked(
                    run=run, strategy="single", members=(), stopped_by=None, transcript=Path(), prompts="",
                    answer=Answer(outcome="answered", text=text, canonical=text, confidence=None),
                    cost=Cost(spend=spend, seconds=1.0),
                )  # fmt: skip
        return None


def digest(folder: Path, outside: Outside, look: int) -> bool:
    """Look at the schedules; say whether the month is over."""
    book = Book(SqliteDoor(folder / "book.sqlite"))
    if not book.all():
        options = AskOptions(models=("m",))
        book.add(
            Schedule(
                name="news", order=Order(task=Task(prompt="What is new?"), options=options),
                when=parse_when("07:30", None, None), since=BEGIN.isoformat(timespec="seconds"),
                quiet=parse_quiet("20:00-09:00"), cap=Limits(tokens=CAP), cap_days=CAP_DAYS,
            )
        )  # fmt: skip
    now = BEGIN + timedelta(days=1) * look / LOOKS_A_DAY

    def tell(schedule: Schedule, slot: Slot) -> str | None:
        key = f"{schedule.name}/{slot.slot}"
        outside.put(what="tell", at=now.isoformat(), key=key, items=slot.items)
        return None

    Digests(book=book, runs=outside, tell=tell).tick(now)
    return look > DAYS * LOOKS_A_DAY + 4


def chat(folder: Path, outside: Outside, look: int) -> bool:
    """Hand in what has no receipt yet, in any order, and look at it; say whether all is said."""
    chance = random.Random(look)

    def send(said: Said) -> None:
        outside.put(what="said", key=said.key, text=said.text)

    gateway = Gateway(
        SqliteDoor(folder / "gateway.sqlite"), outside,
        Order(task=Task(prompt=""), options=AskOptions(models=("m",))), send,
    )  # fmt: skip
    now = BEGIN + timedelta(seconds=look)
    receipts = {line["id"] for line in outside.of("receipt")}
    left = [
        Message(channel="stub", conversation=f"c{c}", id=f"c{c}-{n}", text=f"c{c} {n}", number=n)
        for c in range(CHATS)
        for n in range(1, EACH + 1)
        if f"c{c}-{n}" not in receipts
    ]
    # In any order, but none so late that the others have ceased to wait for it.
    near = [
        m
        for m in left
        if sum(o.conversation == m.conversation and (o.number or 0) < (m.number or 0) for o in left)
        < 3
    ]
    for message in chance.sample(near, min(3, len(near))):
        gateway.take(message, now)
        if chance.random() < 0.5:
            outside.put(what="receipt", id=message.id)
    gateway.tick(now)
    return not left and gateway.open() == 0


FLOWS: dict[str, Callable[[Path, Outside, int], bool]] = {"digest": digest, "chat": chat}


def work(flow: str, folder: Path) -> None:
    """Look, and look again, until it is over."""
    outside = Outside(folder)
    looked = (folder / "looks").open("ab", buffering=0)
    while not FLOWS[flow](folder, outside, looked.tell()):
        looked.write(b".")


def live(flow: str, folder: Path, most: int) -> int:
    """Let it be worked by processes that are killed, so many of them; return how many were."""
    chance, kills = random.Random(5), 0
    while True:
        child = os.fork()
        if not child:
            work(flow, folder)
            os._exit(0)
        if kills < most:
            time.sleep(chance.uniform(0.0, 0.006))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            kills += 1
        elif os.waitstatus_to_exitcode(status) == 0:
            return kills
        else:
            sys.exit(1)


if __name__ == "__main__":
    sys.stdout.write(f"{live(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))}\n")
