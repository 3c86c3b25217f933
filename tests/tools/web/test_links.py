"""Links of a page as lines: addresses whole, odd ones left out."""

from importlib import import_module
from typing import Any

import pytest

from manyminds.tools.web.links import joined, line_of, links_of

HTML: Any = import_module("lxml.html")
LONG = "https://a.example/" + "x" * 900


def lines(page: str) -> list[list[str]]:
    parts = links_of(HTML.fromstring(page), "https://a.example/dir/page")
    return [line.split("\t") for part in parts for line in part.text.splitlines()]


def test_an_address_is_never_cut() -> None:
    [line] = lines(f"<body><a href='{LONG}'>A very long way</a></body>")
    assert line[1] == LONG
    assert line_of("t", "https://a.example/" + "x" * 5_000) == ""


@pytest.mark.parametrize("base", ["http://[::1", "http://[x]/"])
def test_a_base_that_is_none_is_passed_over(base: str) -> None:
    page = f"<html><head><base href='{base}'></head><body><a href='b'>B</a></body></html>"
    assert lines(page)[0][1] == "https://a.example/dir/b"


def test_what_leads_nowhere_is_no_link() -> None:
    for href in ("http://[::1", "mailto:a@b.example", "javascript:x()", "ftp://a.example/"):
        assert joined("https://a.example/", href) == ""
