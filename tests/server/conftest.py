"""A server on loopback, with clients of their own, over the stub model."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import openai
import pytest
from playwright.sync_api import Browser, Page

from manyminds.runtime.door import SqliteDoor
from manyminds.server.app import application
from manyminds.server.books import Books
from manyminds.server.clients import Client, Clients
from manyminds.server.engine import Engine
from manyminds.server.gate import Who
from manyminds.server.house import House, ReasoningField
from manyminds.server.listening import Listening, bound
from manyminds.server.modes import Modes
from tests.browser import browsing, watched
from tests.stub import Stub

OWNER_KEY = "the-owners-key"


@dataclass
class Served:
    """One server, in a thread of its own."""

    home: Path
    model: str
    at_once: int = 4
    waiting: int = 8
    origins: frozenset[str] = frozenset()
    docs: Path | None = None
    reasoning: ReasoningField = "reasoning_content"
    root_path: str = ""
    keys: dict[str, str] = field(default_factory=dict[str, str])
    port: int = 0
    made: list[httpx2.Client | openai.OpenAI] = field(
        default_factory=list[httpx2.Client | openai.OpenAI]
    )

    def __enter__(self) -> "Served":
        self.clients = Clients(self.home / "clients.json", OWNER_KEY)
        for name in ("ann", "bob"):
            if name not in self.clients.all():
                self.keys[name] = self.clients.add(Client(name=name))
        books = Books(SqliteDoor(self.home / "server.sqlite"))
        engine = Engine(
            data=self.home, cache=self.home / "cache", books=books, at_once=self.at_once,
            waiting=self.waiting,
        )  # fmt: skip
        self.house = House(
            engine=engine,
            modes=Modes(models=(self.model,), docs=self.docs),
            reasoning=self.reasoning,
        )
        who = Who(
            clients=self.clients, hosts=frozenset({"127.0.0.1", "localhost", "::1"}),
            origins=self.origins,
        )  # fmt: skip
        listening = Listening(at=bound("127.0.0.1", self.port), root_path=self.root_path)
        self.port = listening.at.getsockname()[1]
        self.server = listening.server(application(self.house, who))
        self.thread = threading.Thread(
            target=lambda: asyncio.run(self.server.serve(sockets=[listening.at])), daemon=True
        )
        self.thread.start()
        ends = time.monotonic() + 10
        while not self.server.started and time.monotonic() < ends:
            time.sleep(0.01)
        assert self.server.started
        return self

    def __exit__(self, *_exc: object) -> None:
        for client in self.made:
            client.close()
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def http(self, name: str = "ann") -> httpx2.Client:
        """A client with its key; the owner's has no name."""
        key = self.keys[name] if name else OWNER_KEY
        headers = {"Authorization": f"Bearer {key}"}
        made = httpx2.Client(base_url=self.url, headers=headers, timeout=30)
        self.made.append(made)
        return made

    def openai(self, name: str = "ann") -> openai.OpenAI:
        made = openai.OpenAI(
            base_url=f"{self.url}/v1", api_key=self.keys[name], max_retries=0, timeout=30
        )
        self.made.append(made)
        return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as one:
        yield one


@contextmanager
def owners_page(browser: Browser, served: Served) -> Iterator[Page]:
    """The owner's page, which has nothing to complain about as long as it is open."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    one = context.new_page()
    troubles = watched(one)
    one.goto(f"{served.url}/#token={OWNER_KEY}")
    yield one
    context.close()
    assert troubles == []


@pytest.fixture
def served(stub: Stub, own_home: Path) -> Iterator[Served]:
    with Served(home=own_home, model=stub.model) as one:
        yield one


def wait_for(client: httpx2.Client, run: str, *states: str, most_s: float = 20.0) -> dict:
    """Wait until a run stands so, and return what the server says of it."""
    ends, told = time.monotonic() + most_s, {}
    while time.monotonic() < ends:
        told = client.get(f"/v1/runs/{run}").json()
        if told["state"] in states:
            return told
        time.sleep(0.05)
    raise AssertionError(f"{told}, not {states}")
