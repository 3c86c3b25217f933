"""A chat whose messages come twice, late, in any order, or after some tries: one run for each."""

import io
import json
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from manyminds.cli.app import run
from manyminds.core.errors import UsageError
from manyminds.core.values import Answer, Cost, Spend, Task
from manyminds.runtime.ask import Asked, AskOptions
from manyminds.runtime.door import Door, SqliteDoor
from manyminds.runtime.gateway import PATIENCE_S, Gateway, Message, Said
from manyminds.runtime.later import RunsHere, run_name
from manyminds.runtime.orders import Order
from tests.runtime.test_schedules import Died
from tests.stub import Stub

BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
ORDER = Order(task=Task(prompt=""), options=AskOptions(models=("m",)))


@dataclass
class Works:
    """Runs that take a few looks, begun once each whatever is begun again."""

    chance: random.Random
    dies: float = 0.0
    begun: dict[str, str] = field(default_factory=dict[str, str])
    looks: Counter[str] = field(default_factory=Counter[str])

    def begin(self, run: str, order: Order) -> None:
        self.begun.setdefault(run, order.task.prompt)
        self.die()

    def ended(self, run: str) -> Asked | None:
        self.die()
        self.looks[run] += 1
        if run not in self.begun or self.looks[run] < 3:
            return None
        text = f"to {self.begun[run]}"
        return Asked(
            run=run, strategy="single", members=(), stopped_by=None, transcript=Path(), prompts="",
            answer=Answer(outcome="answered", text=text, canonical=text, confidence=None),
            cost=Cost(spend=Spend(), seconds=1.0),
        )  # fmt: skip

    def die(self) -> None:
        if self.chance.random() < self.dies:
            raise Died


@dataclass
class Bridge:
    """A stub of a chat's bridge: hands in what it has until it is taken, and sends one key once."""

    chance: random.Random
    left: list[Message]
    sent: dict[str, Said] = field(default_factory=dict[str, Said])
    tries: int = 0

    def send(self, said: Said) -> None:
        self.tries += 1
        self.sent.setdefault(said.key, said)

    def hand_in(self, gateway: Gateway, now: datetime) -> None:
        """Some of what is left, in any order; some of it is lost, and some of the receipts."""
        for message in self.chance.sample(self.left, min(4, len(self.left))):
            if self.chance.random() < 0.4:
                continue
            gateway.take(message, now)
            if self.chance.random() < 0.5:
                self.left.remove(message)


def chats(count: int, each: int, *, numbered: bool) -> list[Message]:
    return [
        Message(
            channel="stub", conversation=f"c{chat}", id=f"id{number}", text=f"c{chat} question {number}",
            number=number if numbered else None,
        )
        for chat in range(count)
        for number in range(1, each + 1)
    ]  # fmt: skip


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return SqliteDoor(tmp_path / "gateway.sqlite")


@pytest.mark.parametrize("dies", [0.0, 0.2])
@pytest.mark.parametrize("numbered", [True, False])
def test_each_message_is_one_run_and_one_reply(door: Door, *, numbered: bool, dies: float) -> None:  # fmt: skip
    chance = random.Random(7)
    works = Works(chance=chance, dies=dies)
    messages = chats(5, 8, numbered=numbered)
    bridge = Bridge(chance=chance, left=list(messages))
    now = BEGIN
    for _ in range(2_000):
        gateway = Gateway(door, works, ORDER, bridge.send)
        bridge.hand_in(gateway, now)
        with suppress(Died):
            gateway.tick(now)
        now += timedelta(seconds=1)
        if len(bridge.sent) == len(messages):
            break
    assert Counter(works.begun.values()) == Counter(m.text for m in messages)
    assert {said.text for said in bridge.sent.values()} == {f"to {m.text}" for m in messages}
    assert dies or bridge.tries == len(messages)


def test_a_conversation_is_worked_in_its_order(door: Door) -> None:
    works = Works(chance=random.Random(1))
    bridge = Bridge(chance=random.Random(1), left=[])
    gateway = Gateway(door, works, ORDER, bridge.send)
    for message in reversed(chats(1, 4, numbered=True)):
        gateway.take(message, BEGIN)
    for second in range(20):
        gateway.tick(BEGIN + timedelta(seconds=second))
    assert list(works.begun.values()) == [f"c0 question {n}" for n in (1, 2, 3, 4)]


def test_a_message_that_never_comes_holds_up_the_others_only_for_a_while(door: Door) -> None:
    works = Works(chance=random.Random(1))
    bridge = Bridge(chance=random.Random(1), left=[])
    gateway = Gateway(door, works, ORDER, bridge.send)
    second = chats(1, 2, numbered=True)[1]
    gateway.take(second, BEGIN)
    gateway.tick(BEGIN + timedelta(seconds=PATIENCE_S - 1))
    assert works.begun == {}
    gateway.tick(BEGIN + timedelta(seconds=PATIENCE_S))
    assert list(works.begun.values()) == [second.text]


def test_the_same_message_is_taken_once_and_an_empty_one_never(door: Door) -> None:
    gateway = Gateway(
        door, Works(chance=random.Random(1)), ORDER, Bridge(random.Random(1), []).send
    )
    [message] = chats(1, 1, numbered=False)
    assert [gateway.take(message, BEGIN) for _ in range(3)] == [True, False, False]
    with pytest.raises(UsageError, match="some words"):
        gateway.take(Message(channel="stub", conversation="c", id="1", text=" \n"), BEGIN)


def test_a_chat_is_piped_in_and_answers_out(stub: Stub, own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    ask = ["ask", "--model", stub.model, "--strategy", "single", "--members", "1", "-q", "Which?"]
    assert run(ask) == 0
    capsys.readouterr()
    first = {"conversation": "c1", "id": "m1", "text": "What is 6 * 7?"}
    lines = [json.dumps(first), json.dumps(first), "no JSON", '{"id": 3}', "[1]"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert run(["gateway"]) == 0
    out, err = capsys.readouterr()
    [said] = [json.loads(line) for line in out.splitlines()]
    assert said == {"conversation": "c1", "key": "chat/c1/m1", "text": "42"}
    assert err.count("no message") == 3
    assert len(stub.requests) == 2
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(first)))
    assert run(["gateway"]) == 0
    assert capsys.readouterr().out == ""


def test_a_run_whose_process_is_slow_to_begin_is_given_no_second_one(stub: Stub, own_home: Path) -> None:  # fmt: skip
    stub.behaviours = [lambda _body: None]
    options = AskOptions(models=(stub.model,), strategy="single", members=1)
    runs, name = RunsHere(own_home), run_name("chat", BEGIN)
    order = Order(task=Task(prompt="What is 6 * 7?"), options=options)
    for _ in range(5):
        runs.begin(name, order)
    begun = [p for p in psutil.process_iter(["cmdline"]) if name in (p.info["cmdline"] or [])]
    for process in begun:
        process.kill()
    assert len(begun) == 1
    gone, _ = psutil.wait_procs(begun, timeout=10)
    assert gone
    runs.begin(name, order)  # it is dead now
    [again] = [p for p in psutil.process_iter(["cmdline"]) if name in (p.info["cmdline"] or [])]
    again.kill()
