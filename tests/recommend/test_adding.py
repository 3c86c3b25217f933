"""A person's own writing at an address: a feed entry by entry, a page, or a plain reason why not."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from manyminds.core.errors import UsageError
from manyminds.recommend.words import list_words
from manyminds.runtime.adding import words_at
from manyminds.tools.web.fetch import Fetcher
from tests.serving import on_loopback

pytestmark = pytest.mark.anyio
ENTRY = "<item><title>{0}</title><pubDate>2024-05-0{1}</pubDate><link>http://x.example/{1}</link><description>{0} was grand.</description></item>"
FEED = f'<?xml version="1.0"?><rss version="2.0"><channel>{ENTRY.format("Graz", 1)}{ENTRY.format("Linz", 2)}</channel></rss>'
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Wien</title><content>By train.</content></entry></feed>'
PAGE = f"<html><head><title>Trains</title></head><body><article><h1>Trains</h1><p>{'I love night trains. ' * 20}</p></article></body></html>"
BY = (
    "<html><!-- <rdf:RDF xmlns='x'></rdf:RDF> --><body><article><p>"
    + "I like cc. " * 30
    + "</p></article></body></html>"
)
SITE = {
    "feed": (FEED, "application/rss+xml"), "odd": (ATOM, "text/plain"), "page": (PAGE, "text/html"),
    "note": ("I like tea.", "text/plain"), "picture": ("\0\1", "image/png"), "nothing": ("", "text/html"),
    "licensed": (BY, "text/html"), "bare": ('<?xml version="1.0"?><rss></rss>', "text/xml"), "broken": ("<rss><x", "text/xml"),
}  # fmt: skip


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async def page(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in SITE:
            return web.Response(status=404)
        return web.Response(text=SITE[name][0], content_type=SITE[name][1])

    app = web.Application()
    app.router.add_get("/{name}", page)
    async with on_loopback(app) as origin:
        yield origin


async def add(folder: Path, address: str, name: str | None = None) -> list[str]:
    fetcher = Fetcher(cache=None, now=lambda: datetime.now(UTC), loopback=True)
    try:
        added = await words_at(folder, address, name, fetcher)
    finally:
        await fetcher.close()
    return [p.read_text("utf-8") for p in sorted((folder / "words" / added.name).rglob("*.md"))]


async def test_a_feed_is_added_entry_by_entry(site: str, tmp_path: Path) -> None:
    graz, linz = await add(tmp_path, f"{site}/feed", "blog")
    assert graz.startswith("# Graz\n\n2024-05-01 · http://x.example/1\n\nGraz was grand.")
    assert "Linz was grand." in linz
    [wien] = await add(tmp_path, f"{site}/odd", "blog")  # what was there of the name is replaced
    assert "By train." in wien


@pytest.mark.parametrize(
    ("name", "says"),
    [("page", "I love night trains."), ("note", "I like tea."), ("licensed", "I like cc.")],
)
async def test_a_page_is_added_with_its_address(site: str, tmp_path: Path, name: str, says: str) -> None:  # fmt: skip
    [text] = await add(tmp_path, f"{site}/{name}")
    assert says in text
    assert f"{site}/{name}" in text


@pytest.mark.parametrize("name", ["gone", "picture", "nothing", "bare", "broken"])
async def test_what_says_nothing_takes_nothing_away(site: str, tmp_path: Path, name: str) -> None:
    await add(tmp_path, f"{site}/note", "mine")
    with pytest.raises(UsageError, match=rf"{site}/{name}.*nothing was added"):
        await add(tmp_path, f"{site}/{name}", "mine")
    assert list_words(tmp_path) == {"mine": 1}


async def test_two_addresses_are_two_names(site: str, tmp_path: Path) -> None:
    long = "x" * 100
    SITE.update({f"{long}{end}": ("I like tea.", "text/plain") for end in "ab"})
    for address in ("note?id=1", "note?id=2", f"{long}a", f"{long}b", "note"):
        await add(tmp_path, f"{site}/{address}")
    assert len(list_words(tmp_path)) == 5


async def test_what_is_no_address_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing was added"):
        await add(tmp_path, "http://[x/feed")


def test_this_machine_itself_is_not_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert run(["me", "add", "http://127.0.0.1:9/feed", "--me", str(tmp_path)]) == 2
    assert "nothing was added" in capsys.readouterr().err
    assert list_words(tmp_path) == {}
