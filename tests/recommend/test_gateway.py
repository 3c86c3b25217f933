"""Messages twice, late, in another order, and a process that dies: the same one flow."""

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

import pytest

from manyminds.recommend.audio import Heard
from manyminds.recommend.dialogue import open_dialogue
from manyminds.recommend.gateway import Gateway, Incoming, Stage
from manyminds.recommend.memory.home import DECISIONS, Memory
from manyminds.recommend.proxy import Proxy
from tests.chaos.counts import COUNTS, FULL

PLACES = (
    "id,name,cuisine,price,distance\n1,Roma,italian,18,2.0\n2,Napoli,italian,24,0.5\n3,Sakura,japanese,21,1.0\n"
    "4,Spice,indian,16,3.0\n5,Bistro,french,23,0.8\n"
)
TALK = (
    "dinner tonight under 25 euros", "italian", "back", "japanese", "no matter", "1",
    "dinner tomorrow, italian", "no matter", "2",
)  # fmt: skip
RUNS = 300 if FULL else 12


class Died(BaseException):
    """The process ended here."""


class Stub:
    """A channel that loses, doubles and shuffles what it carries, and forgets that it was taken."""

    def __init__(self, chance: random.Random | None) -> None:
        self.chance = chance
        self.waiting: list[Incoming] = []
        self.got: dict[str, str] = {}
        self.order: list[str] = []

    def write(
        self, number: int, text: str, sender: str = "ann", *, audio: Path | None = None
    ) -> None:
        self.waiting.append(
            Incoming(id=f"{sender}-{number}", sender=sender, number=number, text=text, audio=audio)
        )

    def received(self) -> Iterable[Incoming]:
        if self.chance is None:
            return list(self.waiting)
        some = [one for one in self.waiting if self.chance.random() < 0.6]
        return self.chance.sample(some * 2, len(some) * 2)

    def take(self, id_: str) -> None:
        if self.chance is None or self.chance.random() < 0.5:
            self.waiting = [one for one in self.waiting if one.id != id_]

    def send(self, to: str, key: str, text: str) -> bool:
        if self.chance is not None and self.chance.random() < 0.3:
            return False  # lost on the way
        if key not in self.got:
            self.order.append(key)
        assert self.got.setdefault(key, text) == text
        return self.chance is None or self.chance.random() < 0.7  # it came, and nobody says so


def gateway(
    home: Path, stub: Stub, dies: random.Random | None = None, clock: float = 1_772_000_000.0,
    hear: Callable[[Path, Sequence[str]], Heard] | None = None,
) -> Gateway:  # fmt: skip
    def stage(_name: Stage) -> None:
        if dies is not None and dies.random() < 0.12:
            raise Died

    (home / "places.csv").write_text(PLACES)
    return Gateway(
        home, stub, senders=frozenset(("ann", "bob")), catalogues=lambda _domain: [home / "places.csv"],
        memory=Memory(home, today=lambda: date(2026, 2, 25)), proxy=Proxy(home, home / "cache"),
        clock=lambda: clock, on_stage=stage, hear=hear,
    )  # fmt: skip


def decided(home: Path) -> list[str]:
    return [line.text for line in Memory(home, today=lambda: date(2026, 2, 25)).lines(DECISIONS)[0]]


@pytest.fixture
def clean(tmp_path: Path) -> tuple[list[str], list[str]]:
    home, stub = tmp_path / "clean", Stub(None)
    home.mkdir()
    for number, text in enumerate(TALK, 1):
        stub.write(number, text)
        gateway(home, stub).turn()
    return list(stub.got.values()), decided(home)


def test_a_talk_by_messages(clean: tuple[list[str], list[str]]) -> None:
    replies, decisions = clean
    assert replies[0].startswith("Which kitchen would you like? (italian, ")
    assert replies[5].startswith("Chosen: Sakura")
    assert replies[8].startswith("Chosen: ")
    assert len(decisions) == 2


def test_whatever_happens_to_messages_it_is_one_flow(clean: tuple[list[str], list[str]], tmp_path: Path) -> None:  # fmt: skip
    died = 0
    for seed in range(RUNS):
        chance = random.Random(seed)
        home, stub = tmp_path / str(seed), Stub(chance)
        home.mkdir()
        for number, text in chance.sample(list(enumerate(TALK, 1)), len(TALK)):
            stub.write(number, text)
        for _ in range(400):
            try:
                gateway(home, stub, dies=chance).turn()
            except Died:
                died += 1
            if len(stub.got) == len(TALK) and not stub.waiting:
                break
        assert ([stub.got[k] for k in stub.order], decided(home)) == clean, seed
        assert len(list((home / "dialogues").glob("*.jsonl"))) == 2
    COUNTS["talks by messages that came twice, late and shuffled, through processes that died"] += (
        RUNS
    )
    COUNTS["processes that died in them"] += died
    COUNTS["talks that became another flow"] += 0
    assert died > RUNS


def test_one_that_never_comes_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    stub = Stub(None)
    stub.write(2, "dinner tonight under 25 euros")
    assert gateway(tmp_path, stub).turn() == 0
    assert gateway(tmp_path, stub, clock=1_772_000_121.0).turn() == 1
    assert stub.got["re ann ann-2"].startswith("(A message before this one is missing.)")
    stub.write(1, "hello")
    gateway(tmp_path, stub).turn()
    assert stub.got["re ann ann-1"].startswith("(This came after what you wrote later.)")


def test_strangers_are_not_answered_and_people_are_kept_apart(tmp_path: Path) -> None:
    stub = Stub(None)
    stub.write(1, "dinner tonight under 25 euros", "eve")
    stub.write(1, "dinner tonight under 25 euros", "ann")
    stub.write(1, "dinner tonight, indian", "bob")
    gateway(tmp_path, stub).turn()
    assert set(stub.got) == {"re ann ann-1", "re bob bob-1"}
    stub.write(2, "1", "bob")
    gateway(tmp_path, stub).turn()
    assert stub.got["re bob bob-2"].startswith("Chosen: Spice")
    assert len(decided(tmp_path)) == 1
    assert open_dialogue(tmp_path / "dialogues", "last", Memory(tmp_path, today=lambda: date(2026, 2, 25)), Proxy(tmp_path, tmp_path / "c")).view().chosen  # fmt: skip


def test_what_is_not_understood_is_said_and_changes_nothing(tmp_path: Path) -> None:
    stub = Stub(None)
    stub.write(1, "hello there")
    stub.write(2, "dinner tonight under 25 euros")
    stub.write(3, "purple")
    gateway(tmp_path, stub).turn()
    assert "For instance: dinner" in stub.got["re ann ann-1"]
    assert "does not say" in stub.got["re ann ann-3"]


def test_thanks_and_late_words_change_nothing(tmp_path: Path) -> None:
    stub = Stub(None)
    for number, text in enumerate(["dinner tonight, indian", "thanks", "1", "1", "thanks"], 1):
        stub.write(number, text)
        gateway(tmp_path, stub).turn()
    replies = list(stub.got.values())
    assert replies[1] == "Say 1 or 2, or back, or what you would like instead."
    assert all(reply.startswith("Chosen: Spice") for reply in replies[2:])
    assert decided(tmp_path) == ["chose Spice"]
    stub.write(7, "dinner tomorrow, italian")
    gateway(tmp_path, stub).turn()
    gateway(tmp_path, stub, clock=1_772_000_200.0).turn()
    stub.write(6, "2")
    gateway(tmp_path, stub, clock=1_772_000_201.0).turn()
    assert decided(tmp_path) == ["chose Spice"]
    assert stub.got["re ann ann-6"].startswith("(This came after what you wrote later.)")


def test_what_goes_wrong_for_one_keeps_no_other_waiting(tmp_path: Path) -> None:
    stub = Stub(None)
    stub.write(1, "dinner tonight, indian \ud83d", "ann")
    assert gateway(tmp_path, stub).turn() == 1
    for file in (tmp_path / "dialogues").glob("*.jsonl"):
        file.write_text("")
    stub.write(2, "1", "ann")
    stub.write(1, "dinner tonight, indian", "bob")
    gateway(tmp_path, stub).turn()
    assert "begin anew" in stub.got["re ann ann-2"]
    assert stub.got["re bob bob-1"].startswith("1: Spice")
