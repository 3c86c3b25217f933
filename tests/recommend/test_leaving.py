"""What a page is about to send as it is left never leaves, however late it is looked at."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from manyminds.recommend.doing.browser import Executor
from manyminds.recommend.doing.consent import Consent
from manyminds.recommend.doing.plan import Plan, Step
from tests.chaos.counts import FULL
from tests.recommend.sites import Sites

pytestmark = pytest.mark.anyio
POST = "fetch('/shop/item1', {method: 'POST', body: 'name=x0'})"
BEACON = "navigator.sendBeacon('/shop/item1', 'name=bye')"
KEPT = "fetch('/shop/item1', {method: 'POST', keepalive: true, body: 'name=kept'})"


def form(pressed: str) -> str:
    return (
        "<form method=post action='/shop/item1'><label>Name <input name=name></label><p>€24.00</p>"
        f'<button onclick="{pressed}">Buy now</button></form>'
    )


def other(target: str) -> str:
    """A form of its own that goes elsewhere at the same press."""
    more = f"<form id=f method=post target={target} action='/shop/item1'><input name=name value=other></form>"
    return more + form(f"{POST};document.getElementById('f').submit()")


LEAVING = {
    "its form": form(POST),
    "several requests": form(f"for (let i = 0; i < 3; i++) {POST}"),
    "requests that outlive it": form(f"for (let i = 0; i < 3; i++) {KEPT}"),
    "beacons": form(f"for (let i = 0; i < 3; i++) {BEACON}"),
    "a form into a window": other("_blank"),
    "a form into a frame": "<iframe name=fr></iframe>" + other("fr"),
    "a farewell": f"<script>addEventListener('pagehide', () => {{{BEACON}; {KEPT}}})</script>" + form(POST),
    "a farewell of a frame": "<iframe></iframe><script>const w = document.querySelector('iframe').contentWindow;"
    f"w.addEventListener('pagehide', () => {BEACON}); w.onpagehide = () => w.{BEACON}</script>" + form(POST),
    "reading all the time": "<script>setInterval(() => fetch('/shop/item1'), 20)</script>" + form(POST),
    "more all the time": f"<script>setInterval(() => {{{BEACON}; {KEPT}}}, 2)</script>" + form(POST),
}  # fmt: skip
LATE = (
    "its form",
    "several requests",
    "requests that outlive it",
    "beacons",
    "a form into a window",
)
QUICK = ("requests that outlive it", "a farewell", "reading all the time")


class Late(Executor):
    """One whose program was busy: what is held up is looked at seconds later."""

    async def _answer(self, route: Any, sites: tuple[str, ...]) -> None:
        if route.request.method == "POST" and (self._held is None or self._held.done()):
            await asyncio.sleep(2)
        await super()._answer(route, sites)


@pytest.mark.parametrize("kind", [Executor, Late])
@pytest.mark.parametrize("how", LEAVING if FULL else QUICK)
async def test_nothing_leaves_with_the_page(browser: Any, tmp_path: Path, how: str, kind: type[Executor]) -> None:  # fmt: skip
    if kind is Late and how not in LATE:
        pytest.skip("what comes all the time is looked at late all the time")
    with Sites() as sites:
        sites.state.page = LEAVING[how]
        plan = Plan(
            goal="buy", sites=(sites.origin,), receipt="Order placed",
            steps=(
                Step(kind="open", what=f"{sites.origin}/shop/item1"),
                Step(kind="fill", what="Name", value="Ann", origin="person"),
                Step(kind="press", what="Buy now", act="pay"),
            ),
        )  # fmt: skip
        consent = Consent(tmp_path / "yes.sqlite", clock=time.time)
        began = time.monotonic()
        found = await kind(browser, consent, wait_ms=4_000).run(plan, "d")
        # What only reads is waited for by nobody.
        assert how != "reading all the time" or time.monotonic() - began < 25
        # One that sends all the time, on a slow machine, is let send nothing before it is pressed.
        assert found.state == "waiting" or (how == "more all the time" and found.state == "surprise"), found  # fmt: skip
        await asyncio.sleep(1)
        assert sites.state.orders == []
        assert [p for p in browser.pages if p.url != "about:blank"] == []
