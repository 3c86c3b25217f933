"""Suites from the hub: a real server on loopback in its place."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from manyminds.core.errors import ProviderError, UnknownName
from manyminds.evals.hub import HUB_SUITES, fetch_suite
from manyminds.evals.suites import MMLU_SUBJECTS, load_suite

Answer = Callable[[dict[str, str]], tuple[int, bytes]]


class Hub:
    """Gives what a test writes down; remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.answer: Answer = rows_of(250)
        self.rows = ""
        """Its address."""

    def fetch(self, name: str, cache: Path) -> Path:
        return fetch_suite(name, cache, rows=self.rows)


def rows_of(count: int) -> Answer:
    """Return a service that has so many rows, of a shape that fits every suite."""

    def answer(asked: dict[str, str]) -> tuple[int, bytes]:
        first, size = int(asked["offset"]), int(asked["length"])
        rows = [{"row": row(n)} for n in range(first, min(count, first + size))]
        return 200, json_bytes({"rows": rows, "num_rows_total": count})

    return answer


def row(n: int) -> dict[str, Any]:
    return {
        "task_id": f"HumanEval/{n}", "prompt": "def f(): ...", "test": "def check(f): ...",
        "entry_point": "f", "question": f"How many are {n}?", "answer": n % 4, "level": n % 5,
        "perturbation_type": f"kind {n % 8}", "seed_question": f"seed {n // 8}", "problem": "1 + 1?",
        "unique_id": f"test/{n}", "choices": ["a", "b", "c", "d"],
    }  # fmt: skip


def json_bytes(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.fixture
def hub() -> Iterator[Hub]:
    found = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
            assert urlsplit(self.path).path == "/rows"
            found.asked.append(asked)
            status, body = found.answer(asked)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.rows = f"http://127.0.0.1:{server.server_port}/rows"
        yield found
        server.shutdown()


@pytest.mark.parametrize("name", HUB_SUITES)
def test_a_suite_is_fetched_whole_and_once(name: str, hub: Hub, tmp_path: Path) -> None:
    folder = hub.fetch(name, tmp_path)
    parts = len(MMLU_SUBJECTS) if name.startswith("mmlu") else 1
    assert len(load_suite(name, folder)) == 250 * parts
    assert len(hub.asked) == 3 * parts
    assert hub.fetch(name, tmp_path) == folder
    assert len(hub.asked) == 3 * parts


def test_a_hub_that_is_busy_is_waited_for(hub: Hub, tmp_path: Path) -> None:
    whole, tries = rows_of(10), iter([(429, b""), (503, b"")])
    hub.answer = lambda asked: next(tries, None) or whole(asked)
    assert len(load_suite("math500", hub.fetch("math500", tmp_path))) == 10


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((404, b"no such dataset"), "HTTP 404"),
        ((200, b"<html>"), "no JSON"),
        ((200, b"[]"), "something else"),
        ((200, b'{"rows": [], "num_rows_total": 7}'), "0 of 7"),
    ],
)
def test_what_cannot_be_fetched_leaves_nothing_half(
    answer: tuple[int, bytes], why: str, hub: Hub, tmp_path: Path
) -> None:
    hub.answer = lambda _asked: answer
    with pytest.raises(ProviderError, match=f"{why}.*--data"):
        hub.fetch("gsm_plus", tmp_path)
    hub.answer = rows_of(8)
    assert len(load_suite("gsm_plus", hub.fetch("gsm_plus", tmp_path))) == 8


def test_no_network(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="--data"):
        fetch_suite("math500", tmp_path, rows="http://127.0.0.1:9/rows")


def test_only_public_suites_are_there(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        fetch_suite("everyday", tmp_path)
