"""Fetching: redirects, refusals, robots.txt, waiting, keeping, and bodies that are too much."""

import asyncio
import gzip
import os
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from aiohttp import web

from manyminds.core.errors import ToolFailed
from manyminds.tools.web.addresses import Address, AddressRefused
from manyminds.tools.web.fetch import MAX_BYTES, Fetcher
from tests.tools.web.site import Answer, Site, serving

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def anything(_address: Address) -> str | None:
    return None


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as site:
        yield site


@pytest.fixture
async def fetcher(tmp_path: Path) -> AsyncIterator[Fetcher]:
    fetcher = Fetcher(cache=tmp_path / "cache", now=lambda: NOW, loopback=True)
    yield fetcher
    await fetcher.close()


def moved(to: str, status: int = 302) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"location": to})

    return answer


async def test_a_page_comes_with_where_it_is_from(site: Site, fetcher: Fetcher) -> None:
    site.pages["/a?b=c"] = web.Response(
        body="für".encode("latin-1"), headers={"content-type": "Text/HTML; Charset=latin-1"}
    )
    found = await fetcher.get(site.url("/a?b=c#part"), allows=anything)
    assert (found.address, found.kind, found.charset) == (
        site.url("/a?b=c"),
        "text/html",
        "latin-1",
    )
    assert found.body.decode("latin-1") == "für"
    assert found.at == NOW
    assert site.sent[-1]["user-agent"].startswith("manyminds/")


@pytest.mark.parametrize("hops", [1, 5, 10])
async def test_redirects_are_followed(site: Site, fetcher: Fetcher, hops: int) -> None:
    for hop in range(hops):
        site.pages[f"/{hop}"] = moved(f"/{hop + 1}", [301, 302, 303, 307, 308][hop % 5])
    site.pages[f"/{hops}"] = "there"
    found = await fetcher.get(site.url("/0"), allows=anything)
    assert found.address == site.url(f"/{hops}")
    assert found.asked == site.url("/0")


async def test_redirects_that_do_not_end_are(site: Site, fetcher: Fetcher) -> None:
    site.pages["/0"] = moved("/0")
    with pytest.raises(ToolFailed, match="more than 10 redirects"):
        await fetcher.get(site.url("/0"), allows=anything)


@pytest.mark.parametrize(
    "to",
    [
        "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:10.0.0.1]/",
        "http://0xa000001/", "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)",
        "http://metadata.google.internal/", "//192.168.0.1/", "http://user:pw@127.0.0.1/", "data:,x",
        "http://127.0.0.1\\@example.com/", "http://0177.0.0.1/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("hops", [0, 1, 9])
async def test_a_redirect_to_what_may_not_be_reached_is_refused(
    site: Site, fetcher: Fetcher, to: str, hops: int
) -> None:
    for hop in range(hops):
        site.pages[f"/{hop}"] = moved(f"/{hop + 1}")
    site.pages[f"/{hops}"] = moved(to)
    with pytest.raises(AddressRefused):
        await fetcher.get(site.url("/0"), allows=anything)
    assert site.counted[f"/{hops}"] == 1


async def test_each_hop_must_be_allowed(site: Site, fetcher: Fetcher) -> None:
    site.pages["/in"] = moved("/out")
    site.pages["/out"] = "secret"

    def only_in(address: Address) -> str | None:
        return None if address.target == "/in" else "it is outside of what was agreed"

    with pytest.raises(ToolFailed, match="outside of what was agreed"):
        await fetcher.get(site.url("/in"), allows=only_in)
    assert "/out" not in site.asked


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "asks for a login"), (403, "refuses"), (404, "no such page"), (410, "any more"),
        (451, "by law"), (500, "in trouble"), (418, "gives no page"), (204, "gives no page"),
    ],
)  # fmt: skip
async def test_a_refusal_says_why(site: Site, fetcher: Fetcher, status: int, said: str) -> None:
    site.pages["/x"] = web.Response(status=status)
    with pytest.raises(ToolFailed, match=said):
        await fetcher.get(site.url("/x"), allows=anything)


async def test_robots_are_obeyed_and_asked_once(site: Site, fetcher: Fetcher) -> None:
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /private\n"
    site.pages |= {"/a": "a", "/b": "b", "/private/c": "c"}
    await fetcher.get(site.url("/a"), allows=anything)
    await fetcher.get(site.url("/b"), allows=anything)
    with pytest.raises(ToolFailed, match=r"robots\.txt forbids"):
        await fetcher.get(site.url("/private/c"), allows=anything)
    assert site.counted["/robots.txt"] == 1
    assert "/private/c" not in site.asked


async def test_a_site_that_cannot_say_its_robots_is_left_alone(
    site: Site, fetcher: Fetcher
) -> None:
    site.pages |= {"/robots.txt": web.Response(status=500), "/a": "a"}
    with pytest.raises(ToolFailed, match=r"what its robots\.txt allows is not known now"):
        await fetcher.get(site.url("/a"), allows=anything)
    assert "/a" not in site.asked
    site.pages["/robots.txt"] = ""
    assert (
        await fetcher.get(site.url("/a"), allows=anything)
    ).body == b"a"  # a hiccup is not for ever


@pytest.mark.parametrize("path", ["/open/../private/c", "/./private/c", "/open/%2E%2e/private/c"])
async def test_no_spelling_goes_past_robots(site: Site, fetcher: Fetcher, path: str) -> None:
    site.pages |= {"/robots.txt": "User-agent: *\nDisallow: /private\n", "/private/c": "c"}
    with pytest.raises(ToolFailed, match=r"robots\.txt forbids"):
        await fetcher.get(site.url(path), allows=anything)
    assert site.asked == ["/robots.txt"]


async def test_robots_speak_to_us_by_our_name_alone(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {"/robots.txt": "User-agent: person\nDisallow: /\n", "/a": "a"}
    assert (await fetcher.get(site.url("/a"), allows=anything)).body == b"a"


async def test_robots_that_are_too_much_are_not_read(site: Site, fetcher: Fetcher) -> None:
    many = "".join(f"User-agent: a{n}\n" for n in range(600))
    site.pages |= {"/robots.txt": many + "Allow: /x\n" * 1_200, "/a": "a"}
    with pytest.raises(ToolFailed, match="too much to read"):
        await fetcher.get(site.url("/a"), allows=anything)


async def test_long_robots_are_read_to_their_limit(site: Site, fetcher: Fetcher) -> None:
    text = "User-agent: *\nDisallow: /private\n" + "# nothing\n" * 100_000
    site.pages |= {"/robots.txt": text, "/a": "a"}
    assert (await fetcher.get(site.url("/a"), allows=anything)).body == b"a"


async def test_robots_of_another_host_are_not_asked(site: Site, fetcher: Fetcher) -> None:
    site.pages |= {"/robots.txt": moved(f"http://localhost:{site.port}/other"), "/a": "a"}
    assert (await fetcher.get(site.url("/a"), allows=anything)).body == b"a"
    assert "/other" not in site.asked


async def test_no_site_may_set_a_cookie(site: Site, fetcher: Fetcher) -> None:
    async def marked(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="x", headers={"set-cookie": "a=b"})

    site.pages |= {"/a": marked, "/b": "b"}
    await fetcher.get(site.url("/a"), allows=anything)
    await fetcher.get(site.url("/b"), allows=anything)
    assert all("cookie" not in sent for sent in site.sent)


async def test_a_short_wait_is_waited_and_a_long_one_told(site: Site, fetcher: Fetcher) -> None:
    site.pages["/robots.txt"] = ""
    turns = iter([429, 200])

    async def busy_once(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=next(turns), headers={"retry-after": "0"}, text="now")

    site.pages["/short"] = busy_once
    site.pages["/long"] = web.Response(status=503, headers={"retry-after": "3600"})
    assert (await fetcher.get(site.url("/short"), allows=anything)).body == b"now"
    with pytest.raises(ToolFailed, match="it asks to wait 3600"):
        await fetcher.get(site.url("/long"), allows=anything)
    assert site.counted["/long"] == 1


async def test_a_host_has_two_requests_at_most(site: Site, fetcher: Fetcher) -> None:
    site.pages["/robots.txt"] = ""

    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.03)
        return web.Response(text="x")

    for n in range(8):
        site.pages[f"/{n}"] = slow
    async with asyncio.TaskGroup() as tasks:
        for n in range(8):
            tasks.create_task(fetcher.get(site.url(f"/{n}"), allows=anything))
    assert site.most == 2


async def test_what_is_fresh_is_kept_and_what_is_not_is_asked_by_its_mark(
    site: Site, fetcher: Fetcher
) -> None:
    site.pages["/fresh"] = web.Response(text="x", headers={"cache-control": "max-age=600"})

    async def marked(request: web.Request) -> web.StreamResponse:
        headers = {"etag": '"1"', "cache-control": "no-cache"}
        known = request.headers.get("if-none-match") == '"1"'
        return web.Response(
            status=304 if known else 200, text=None if known else "y", headers=headers
        )

    site.pages["/marked"] = marked
    for path, body, times in (("/fresh", b"x", 1), ("/marked", b"y", 2)):
        first = await fetcher.get(site.url(path), allows=anything)
        second = await fetcher.get(site.url(path), allows=anything)
        assert first.body == second.body == body
        assert not first.kept
        assert second.kept
        assert site.counted[path] == times
    assert site.sent[-1]["if-none-match"] == '"1"'


def packed(data: bytes, how: str) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"content-type": "text/html", "content-encoding": how})
        await reply.prepare(_request)
        await reply.write(data)
        await reply.write_eof()
        return reply

    return answer


def bomb(megabytes: int) -> bytes:
    """Zeros, a thousand times as large as they are sent, made a piece at a time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    piece = bytes(1 << 20)
    return b"".join([*(packer.compress(piece) for _ in range(megabytes)), packer.flush()])


async def endless(request: web.Request) -> web.StreamResponse:
    reply = web.StreamResponse(headers={"content-type": "text/html"})
    await reply.prepare(request)
    while True:
        await reply.write(bytes(1 << 18))


async def test_what_is_packed_is_unpacked(site: Site, fetcher: Fetcher) -> None:
    site.pages["/gz"] = packed(gzip.compress(b"hello " * 50_000), "gzip")
    assert (await fetcher.get(site.url("/gz"), allows=anything)).body == b"hello " * 50_000
    site.pages["/two"] = packed(gzip.compress(b"one") + gzip.compress(b"two"), "gzip")
    assert (await fetcher.get(site.url("/two"), allows=anything)).body == b"onetwo"


BOMBS = {
    "gzip": lambda: packed(bomb(256), "gzip"),
    "gzip that is gzip": lambda: packed(gzip.compress(bomb(256)), "gzip, gzip"),
    "deflate": lambda: packed(zlib.compress(bytes(64 << 20)), "deflate"),
    "brotli": lambda: packed(b"\x5b\xff\xff\xff\x0f\xfe", "br"),
    "zstandard": lambda: packed(b"\x28\xb5\x2f\xfd\x04\x60", "zstd"),
    "unknown": lambda: packed(b"x", "lz9"),
    "broken gzip": lambda: packed(b"\x1f\x8b\x08\x00broken", "gzip"),
    "endless": lambda: endless,
    "large": lambda: packed(bytes(MAX_BYTES + 1), "identity"),
}


@pytest.mark.parametrize("kind", BOMBS)
async def test_a_bomb_is_noticed_while_it_is_small(site: Site, fetcher: Fetcher, kind: str) -> None:
    site.pages |= {"/robots.txt": "", "/bomb": BOMBS[kind](), "/robots-bomb": "x"}
    await fetcher.get(site.url("/robots-bomb"), allows=anything)
    process = psutil.Process(os.getpid())
    before, began = process.memory_info().rss, asyncio.get_running_loop().time()
    with pytest.raises(ToolFailed, match=r"larger than|packed as"):
        await fetcher.get(site.url("/bomb"), allows=anything)
    assert asyncio.get_running_loop().time() - began < 2
    assert process.memory_info().rss - before < 64 << 20


async def test_what_drips_is_given_up_and_the_next_page_comes(site: Site) -> None:
    async def dripping(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        while True:
            await reply.write(b"x")
            await asyncio.sleep(0.02)

    fetcher = Fetcher(cache=None, now=lambda: NOW, loopback=True, seconds=0.5)
    site.pages |= {"/drip": dripping, "/a": "a"}
    for _ in range(3):  # more than a host has places
        with pytest.raises(ToolFailed, match="did not come within"):
            await fetcher.get(site.url("/drip"), allows=anything)
    assert (await fetcher.get(site.url("/a"), allows=anything)).body == b"a"
    await fetcher.close()


async def test_a_site_that_is_not_there_is_told(fetcher: Fetcher) -> None:
    async with serving() as gone:
        pass
    with pytest.raises(ToolFailed, match="cannot be reached"):
        await fetcher.get(gone.url("/"), allows=anything)
