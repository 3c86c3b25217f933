"""Search engines: what is sent, how results are read, fusing, and what may be configured."""

import gzip
import inspect
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import psutil
import pytest
from aiohttp import web

from manyminds.core.errors import ToolFailed, UnknownName, UsageError
from manyminds.tools.web.search import ENGINES, Hit, fused, parse_engines
from tests.tools.web.site import Site, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def service() -> AsyncIterator[Site]:
    async with serving() as site:
        yield site


def no_key(_name: str) -> None:
    return None


FEED = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/abs/1</id>
<title>A  paper</title><summary>About it.</summary><published>2025-01-02T00:00:00Z</published></entry></feed>"""
REPLIES = {
    "searxng": ("/search?q=two+words&format=json", {"results": [{"url": "https://a.com/", "title": "A", "content": "about", "publishedDate": "2025-01-02T03:04:05"}]}),
    "wikipedia": ("/w/api.php?search=two+words&action=opensearch&format=json&limit=10", ["two words", ["A"], ["about"], ["https://a.com/"]]),
    "brave": ("/res/v1/web/search?q=two+words&count=10", {"web": {"results": [{"url": "https://a.com/", "title": "A", "description": "about", "page_age": "2025-01-02T00:00:00"}]}}),
    "tavily": ("/search", {"results": [{"url": "https://a.com/", "title": "A", "content": "about"}]}),
    "exa": ("/search", {"results": [{"url": "https://a.com/", "title": "A", "highlights": ["about"], "publishedDate": "2025-01-02"}]}),
    "openalex": ("/works?search=two+words&per-page=10", {"results": [{"id": "https://openalex.org/W1", "doi": "https://a.com/", "title": "A", "type": "about", "publication_date": "2025-01-02"}]}),
    "arxiv": ("/api/query?search_query=all%3Atwo+words&max_results=10", FEED),
}  # fmt: skip


@pytest.mark.parametrize("name", REPLIES)
async def test_an_engine_is_asked_in_its_own_way(service: Site, name: str) -> None:
    path, told = REPLIES[name]

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.text()
        assert (request.method, bool(body)) in {("GET", False), ("POST", True)}
        assert not body or json.loads(body)["query"] == "two words"
        return web.Response(text=told if isinstance(told, str) else json.dumps(told))

    service.pages[path] = answer
    [engine] = parse_engines(f"{name}={service.url('')}", lambda asked: f"key of {asked}")
    [hit] = await engine.search("two words")
    assert hit.address in {"https://a.com/", "https://arxiv.org/abs/1"}
    assert hit.title in {"A", "A paper"}
    if ENGINES[name].needs_key:
        assert f"key of {name}" in str(service.sent[0])
    else:
        assert "key of" not in str(service.sent[0])


ODD = [
    '{"results": [{"no": 1}]}', '{"web": {"results": [{"url": null}]}}', "Rate exceeded.", "<html>", "7",
    '{"results": [{"url": null, "title": null}]}', '[1, ["a"], [null], [2]]', "",
]  # fmt: skip


@pytest.mark.parametrize("name", REPLIES)
@pytest.mark.parametrize("reply", ODD)
async def test_what_is_no_result_is_told_or_left_out(service: Site, name: str, reply: str) -> None:
    service.pages[REPLIES[name][0]] = reply
    [engine] = parse_engines(f"{name}={service.url('')}", lambda asked: f"key of {asked}")
    try:
        found = await engine.search("two words")
    except ToolFailed as error:
        found = []
        assert_told(str(error), name)
    assert found == []


def assert_told(message: str, name: str) -> None:
    assert name in message
    assert "no result" in message


async def test_an_engine_is_told_who_asks(service: Site) -> None:
    service.pages["/search?q=x&format=json"] = '{"results": []}'
    [engine] = parse_engines(f"searxng={service.url('')}", no_key)
    assert await engine.search("x") == []
    assert service.sent[0]["user-agent"].startswith("manyminds/")


async def test_an_engine_at_no_address_is_told() -> None:
    [engine] = parse_engines("searxng=http://[::", no_key)
    with pytest.raises(ToolFailed, match="cannot be reached"):
        await engine.search("x")


async def test_a_refusal_is_told(service: Site) -> None:
    service.pages["/search?q=x&format=json"] = web.Response(status=403)
    [engine] = parse_engines(f"searxng={service.url('')}", no_key)
    with pytest.raises(ToolFailed, match="refuses to search"):
        await engine.search("x")


def test_results_of_several_engines_are_one_order() -> None:
    a, b, c = (Hit(address=f"https://{x}.com/#part", title=x, snippet="") for x in "abc")
    hits = fused(
        [
            ("one", [a, b]),
            ("two", [b, c]),
            ("three", [Hit(address="file:///x", title="", snippet="")]),
        ]
    )
    assert [hit.address for hit in hits] == ["https://b.com/", "https://a.com/", "https://c.com/"]
    assert hits[0].engines == ("one", "two")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("goggle", UnknownName), ("searxng", UsageError), ("brave", UsageError), ("", UsageError),
        ("ddgs,exa", UsageError),
    ],
)  # fmt: skip
def test_engines_that_cannot_be_used_say_what_to_do(text: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"there are|write|keys set|name a search engine|did you mean"):
        parse_engines(text, no_key)


def test_halves_of_letters_are_no_text_that_a_file_can_hold() -> None:
    hit = Hit(address="https://a.com/", title="A \ud800", snippet="\udfff b")
    assert f"{hit.title}{hit.snippet}".encode() == b"A ?? b"


ROWS = [{"title": "A", "href": "https://a.com/", "body": "about"}, {"title": "B"}]


def a_library(monkeypatch: pytest.MonkeyPatch, found: object) -> list[object]:
    """Put a library in the place of `ddgs` that gives rows, or fails as told."""
    asked: list[object] = []

    class Failed(Exception):
        pass

    class Library:
        def __init__(self, *, timeout: int) -> None:
            asked.append(timeout)

        def text(self, query: str, *, max_results: int) -> object:
            asked.append((query, max_results))
            if isinstance(found, str):
                raise Failed(found)
            if isinstance(found, Exception):
                raise found
            return found

    errors = SimpleNamespace(DDGSException=Failed)
    monkeypatch.setitem(sys.modules, "ddgs", SimpleNamespace(DDGS=Library, exceptions=errors))
    monkeypatch.setitem(sys.modules, "ddgs.exceptions", errors)
    return asked


async def test_public_search_pages_are_asked_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = a_library(monkeypatch, ROWS)
    [engine] = parse_engines("ddgs", no_key)
    found = await engine.search("two words")
    assert found == [
        Hit(address="https://a.com/", title="A", snippet="about"),
        Hit(address="", title="B", snippet=""),
    ]
    assert asked[1] == ("two words", 10)
    assert fused([("ddgs", found)], loopback=False) == [replace(found[0], engines=("ddgs",))]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        ("Ratelimit: 202", "Ratelimit: 202"), ("a line\nand a trace", "(a line)"),
        (OSError("no network"), "no network"), (RuntimeError(), "RuntimeError"),
    ],
)  # fmt: skip
async def test_public_search_pages_that_refuse_are_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, failure: object, told: str
) -> None:
    a_library(monkeypatch, failure)
    [engine] = parse_engines("ddgs", no_key)
    with pytest.raises(ToolFailed, match="no public search page answers") as raised:
        await engine.search("x")
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_public_search_pages_that_find_nothing_have_not_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a_library(monkeypatch, "No results found.")
    [engine] = parse_engines("ddgs", no_key)
    assert await engine.search("x") == []


def test_the_library_is_as_it_is_used_here() -> None:
    """What stands in for it above has its shape."""
    ddgs, errors = import_module("ddgs.ddgs"), import_module("ddgs.exceptions")
    assert "timeout" in inspect.signature(ddgs.DDGS.__init__).parameters
    takes = inspect.signature(ddgs.DDGS.text).parameters
    assert "query" in takes
    assert "max_results" in takes or any(p.kind is p.VAR_KEYWORD for p in takes.values())
    assert issubclass(errors.DDGSException, Exception)


BOMBS = {
    "gzip": lambda: web.Response(body=gzip.compress(bytes(64 << 20)), headers={"content-encoding": "gzip"}),
    "brotli": lambda: web.Response(body=b"\x5b\xff\xff\xff\x0f\xfe", headers={"content-encoding": "br"}),
    "large": lambda: web.Response(body=b"x" * (3 << 20)),
    "nested": lambda: web.Response(body=b"[" * 100_000 + b"]" * 100_000),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
async def test_a_service_that_answers_a_bomb_is_told_of(service: Site, kind: str) -> None:
    service.pages[REPLIES["searxng"][0]] = BOMBS[kind]()
    [engine] = parse_engines(f"searxng={service.url('')}", no_key)
    before = psutil.Process().memory_info().rss
    with pytest.raises(ToolFailed, match="searxng"):
        await engine.search("two words")
    assert psutil.Process().memory_info().rss - before < 64 << 20


async def test_a_packed_answer_is_read(service: Site) -> None:
    body = gzip.compress(json.dumps(REPLIES["searxng"][1]).encode())
    headers = {"content-encoding": "gzip"}
    service.pages[REPLIES["searxng"][0]] = web.Response(body=body, headers=headers)
    [engine] = parse_engines(f"searxng={service.url('')}", no_key)
    assert [hit.title for hit in await engine.search("two words")] == ["A"]
