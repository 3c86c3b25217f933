"""`ask --web`: from a question to an answer whose citation stands in a stored page."""

import json
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from manyminds.testing import act, final
from manyminds.tools.web.named import addresses_in, readings_of
from manyminds.tools.web.sources import Sources
from tests.stub import Stub, say
from tests.tools.web.site import Site


def test_an_answer_cites_the_page_it_stands_in(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "The filter of this pump is blue, and it has to be washed each month. " * 4
    site.pages["/pump"] = f"<title>Pump</title><article><h1>Pump</h1><p>{text}</p></article>"

    async def found(_request: web.Request) -> web.StreamResponse:
        rows = [{"url": site.url("/pump"), "title": "Pump", "content": "a manual"}]
        return web.json_response({"results": rows})

    site.pages["/search?q=pump+filter&format=json"] = found
    stub.behaviours = [
        say(act("search_web", query="pump filter")),
        say(act("read_page", address=site.url("/pump"), about="colour of the filter")),
        say(final("blue")),
    ]
    asked = [
        "ask", "--model", stub.model, "--strategy", "single", "--json", "--web", "--web-loopback",
        "--search", f"searxng={site.url('')}", "What colour is the filter?",
    ]  # fmt: skip
    assert run(asked) == 0
    told = json.loads(capsys.readouterr().out)
    citation = told["answer"]["citations"][0]
    assert citation["source"] == site.url("/pump")
    assert citation["support"] == "supported"
    sources = Sources(Path(told["transcript"]).with_name("sources.sqlite"))
    stored = sources.text_of(citation["source"])
    assert stored is not None
    assert stored[citation["start"] : citation["end"]] == citation["quote"]


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--web", "--search", "goggle"], "goggle"), (["--web", "--search", "brave"], "keys set brave"),
        (["--site", "example.com"], "--web"), (["--web", "--site", "10.0.0.1"], "example.com"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line(
    stub: Stub, capsys: pytest.CaptureFixture[str], flags: list[str], word: str
) -> None:
    assert run(["ask", "--model", stub.model, *flags, "What?"]) == 2
    assert word in capsys.readouterr().err.strip().splitlines()[-1]
    assert stub.requests == []


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("Read https://a.com/b.", "https://a.com/b"), ("(see https://a.com/b)", "https://a.com/b"),
        ("https://a.com/Mercury_(planet)?", "https://a.com/Mercury_(planet)"),
        ("“https://a.com/b”", "https://a.com/b"), ("**https://a.com/b**", "https://a.com/b"),
        ("https://a.com/Moore's_law", "https://a.com/Moore's_law"), ("HTTPS://a.com/b", "HTTPS://a.com/b"),
    ],
)  # fmt: skip
def test_addresses_of_a_question_are_known(question: str, named: str) -> None:
    assert named in readings_of(question)
    assert addresses_in(question) == [named]
