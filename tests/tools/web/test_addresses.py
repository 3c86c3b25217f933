"""Addresses that may not be reached, in every spelling; canaries that must not be hit."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2
import pytest

from manyminds.tools.web.addresses import AddressRefused, parse_address, why_not
from manyminds.tools.web.connect import PublicTransport
from manyminds.tools.web.fetch import Fetcher

pytestmark = pytest.mark.anyio

HOSTS = [
    # this machine
    "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001",
    "017700000001", "0x7f.0.0.1", "0177.0.0.1", "0177.0.0.01", "0x7f.1", "127.0x0.0.1", "00127.0.0.1",
    "0", "0.0.0.0", "0x0", "00000", "0.0", "1", "3232235521", "0xa9fea9fe", "2852039166",
    "0251.0376.0251.0376", "0xA9.0xFE.0xA9.0xFE", "169.254.43518", "169.16689662",
    "localhost", "LOCALHOST", "localhost.", "a.localhost", "localhost.localdomain", "ip6-localhost",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[0000::1]", "[::0001]", "[::127.0.0.1]", "[::7f00:1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::ffff:0:127.0.0.1]",
    # its networks
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255",
    "167772161", "0xa000001", "012.0.0.1", "0xc0a80001", "100.64.0.1", "100.127.255.255", "192.0.0.1",
    "198.18.0.1", "198.19.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[fc00::1]", "[fd12:3456:789a::1]", "[fec0::1]",
    "[ff02::1]", "[ff05::2]", "[::ffff:10.0.0.1]", "[::ffff:192.168.0.1]", "[::10.0.0.1]",
    # what carries one of them
    "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[2002:c0a8:1::]", "[2002:a9fe:a9fe::]",
    "[2001:0:7f00:1::]", "[2001::1]", "[2001:0:53aa:64c:0:1234:80ff:fffe]", "[2001:2::1]",
    "[2001:10::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[100::1]", "[4000::1]",
    "[2606:4700::5efe:a00:1]", "[2606:4700::200:5efe:c0a8:1]", "[::ffff:0:0:10.0.0.1]",
    # clouds
    "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "[fd00:ec2::254]", "[fd20:ce::254]", "[::ffff:169.254.169.254]", "metadata.google.internal",
    "metadata.internal", "instance-data.ec2.internal", "metadata", "kubernetes.default.svc.cluster.local",
    # names of a network
    "intranet", "router.lan", "printer.local", "wiki.corp", "nas.home", "db.private", "x.home.arpa",
    "1.0.0.127.in-addr.arpa", "example.test", "example.invalid", "hidden.onion", "host.docker.internal",
    # odd spellings
    "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①", "ⓛocalhost", "loc%61lhost", "%31%32%37.0.0.1",
    "127.0.0.1%00.example.com", "example.com%2f@127.0.0.1", "127.0.0.1.0x1", "example.0x7f", "example.1",
    "-example.com", "exa mple.com", "example..com", ".example.com", "[::1", "::1", "[127.0.0.1]",
    "[::1].example.com", "a" * 64 + ".com", "[v1.127.0.0.1]", "example.com:80:80", "",
]  # fmt: skip
WHOLE = [
    "file:///etc/passwd", "gopher://127.0.0.1:70/_x", "ftp://example.com/", "data:text/html,hello",
    "blob:https://example.com/1", "javascript:alert(1)", "view-source:http://127.0.0.1/",
    "chrome://settings", "about:blank", "ws://127.0.0.1/", "dict://127.0.0.1:11211/", "ldap://127.0.0.1/",
    "jar:http://127.0.0.1!/", "unix:///var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fx/", "//127.0.0.1/",
    "http:127.0.0.1/", "http:/127.0.0.1/", "http:///127.0.0.1/", "https://", "/etc/passwd", "127.0.0.1", "",
    "http://user@example.com/", "http://user:pass@example.com/", "http://example.com@127.0.0.1/",
    "http://127.0.0.1#@example.com/", "http://127.0.0.1\\@example.com/", "http://example.com\\.127.0.0.1/",
    "http://example.com/\r\nHost: 127.0.0.1", "http://example.com/ HTTP/1.1\nX: y", "http://exam\tple.com/",
    "http://example.com/\x00", "http://example.com\u2028/", " http://example.com/", "http://example.com/ ",
    "http://example.com:22/", "http://example.com:25/", "http://example.com:110/",
    "http://example.com:6000/", "http://example.com:6667/", "http://example.com:0/", "http://example.com:99999/",
    "http://example.com:-1/", "http://example.com:80a/", "http://example.com:１/", "x" * 5_000,
]  # fmt: skip
PUBLIC = {
    "http://example.com": "http://example.com/",
    "https://example.com:443/a?b=c#d": "https://example.com/a?b=c",
    "HTTP://EXAMPLE.com/A": "http://example.com/A",
    "http://bücher.example/ü?q=ü": "http://xn--bcher-kva.example/%C3%BC?q=%C3%BC",
    "http://8.8.8.8/": "http://8.8.8.8/",
    "http://[2606:4700::1111]:8080/": "http://[2606:4700::1111]:8080/",
    "http://192.88.98.1/": "http://192.88.98.1/",
    "http://172.32.0.1/": "http://172.32.0.1/",
    "http://100.128.0.1/": "http://100.128.0.1/",
    "http://[64:ff9b::8.8.8.8]/": "http://[64:ff9b::808:808]/",
    "http://example.com/a/../b/./c": "http://example.com/b/c",
    "http://example.com/public/%2e%2E/private/.": "http://example.com/private/",
    "http://example.com/../../x/..": "http://example.com/",
    "https://a_b.example.co.uk/%41%2f?x=%00": "https://a_b.example.co.uk/%41%2f?x=%00",
}
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_there_are_enough_cases() -> None:
    assert len(set(HOSTS)) + len(set(WHOLE)) >= 150


@asynccontextmanager
async def canary() -> AsyncIterator[tuple[int, list[str]]]:
    """Listen on this machine, on both families; everything that connects is a hit."""
    hits: list[str] = []

    async def hit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hits.append(str(writer.get_extra_info("sockname")))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hit, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    try:
        sixth = await asyncio.start_server(hit, "::1", port)
    except OSError:
        sixth = None  # no IPv6 here
    try:
        yield port, hits
    finally:
        for one in (server, sixth):
            if one is not None:
                one.close()
                await one.wait_closed()


@pytest.mark.parametrize(
    "text", [f"{scheme}://{host}/" for host in HOSTS for scheme in ("http", "https")] + WHOLE
)
def test_no_spelling_of_what_is_not_public_is_an_address(text: str) -> None:
    with pytest.raises(AddressRefused):
        parse_address(text)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_what_is_not_public_is_reached(scheme: str) -> None:
    async with canary() as (port, hits):
        fetcher = Fetcher(cache=None, now=lambda: NOW)
        for text in [f"{scheme}://{host}:{port}/" for host in HOSTS] + WHOLE:
            with pytest.raises(AddressRefused):
                await fetcher.get(text, allows=lambda _: None)
        await fetcher.close()
        assert hits == []


async def test_a_canary_is_hit_where_this_machine_may_be_reached() -> None:
    async with canary() as (port, hits):
        fetcher = Fetcher(cache=None, now=lambda: NOW, loopback=True)
        await fetcher.get(f"http://localhost:{port}/", allows=lambda _: None)
        await fetcher.close()
        assert len(hits) == 2  # robots.txt and the page


@pytest.mark.parametrize(("text", "meant"), PUBLIC.items())
def test_public_addresses_pass(text: str, meant: str) -> None:
    assert parse_address(text).text == meant


IPS = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1",
    "100.64.0.1", "100.100.100.200", "169.254.169.254", "168.63.129.16", "192.0.0.192", "198.18.0.1",
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
    "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "ff02::1",
    "2606:4700::5efe:a00:1",
]  # fmt: skip


@pytest.mark.parametrize("ip", IPS)
async def test_a_name_that_resolves_to_what_is_not_public_is_not_dialled(ip: str) -> None:
    async with canary() as (port, hits):
        for found in ([ip], ["8.8.8.8", ip]):  # one of many is enough

            async def find(_host: str, _port: int, found: Sequence[str] = found) -> Sequence[str]:
                return found

            fetcher = Fetcher(cache=None, now=lambda: NOW, find=find)
            with pytest.raises(AddressRefused, match="resolves to"):
                await fetcher.get(f"http://name.example.com:{port}/", allows=lambda _: None)
            await fetcher.close()
        assert hits == []


async def test_a_name_that_resolves_otherwise_a_moment_later_reaches_nothing() -> None:
    async with canary() as (port, hits):
        answers = iter(["8.8.8.8", "127.0.0.1"])

        async def rebinding(_host: str, _port: int) -> Sequence[str]:
            return [next(answers)]

        assert why_not((await rebinding("", 0))[0]) is None  # what anybody who checked was told
        transport = PublicTransport(most=1_000, find=rebinding)
        async with httpx2.AsyncClient(transport=transport) as client:
            with pytest.raises(AddressRefused, match=r"resolves to 127\.0\.0\.1"):
                await client.get(f"http://name.example.com:{port}/")
        assert hits == []


async def test_the_first_address_of_each_family_is_tried() -> None:
    async with canary() as (port, hits):

        async def find(_host: str, _port: int) -> Sequence[str]:
            return ["::1", "::1", "127.0.0.1"]

        closed = f"http://localhost:{port}/"
        transport = PublicTransport(most=1_000, find=find, loopback=True)
        async with httpx2.AsyncClient(transport=transport) as client:
            assert (await client.get(closed)).text == "hi"
        assert len(hits) == 1


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with canary() as (port, hits):
        for name in (
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
        ):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")

        async def nowhere(_host: str, _port: int) -> Sequence[str]:
            return ["169.254.1.1"]

        fetcher = Fetcher(cache=None, now=lambda: NOW, find=nowhere)
        with pytest.raises(AddressRefused):
            await fetcher.get("http://name.example.com/", allows=lambda _: None)
        await fetcher.close()
        assert hits == []
