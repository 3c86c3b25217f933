"""What is not to be had any more is not proposed; where the line is down, nothing is left out."""

import socket
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.dialogue import Dialogue, begin_dialogue
from manyminds.recommend.memory.home import Memory
from manyminds.recommend.proxy import Proxy
from manyminds.runtime.links import Looked, look_at_links
from manyminds.tools.web.fetch import Fetcher
from tests.serving import on_loopback

pytestmark = pytest.mark.anyio
FRIDAY = date(2026, 11, 27)


@pytest.fixture
async def site() -> AsyncIterator[str]:
    """Pages 1, 2, 3 … of which the even ones are gone; 99 is in trouble, 98 leads on to 1."""

    async def page(request: web.Request) -> web.Response:
        number = int(request.match_info["n"])
        if number == 98:
            return web.Response(status=302, headers={"location": "/1"})
        return web.Response(
            text="tickets", status=500 if number == 99 else 410 - 210 * (number % 2)
        )

    app = web.Application()
    app.router.add_get("/{n:[0-9]+}", page)
    async with on_loopback(app) as origin:
        yield origin


def dialogue(folder: Path, links: list[str]) -> Dialogue:
    rows = [f"Show {n},{10 + n},{link}" for n, link in enumerate(links)]
    (folder / "events.csv").write_text("\n".join(["name,price,url", *rows]) + "\n", "utf-8")
    return begin_dialogue(
        folder / "dialogues", "a show", memory=Memory(folder / "me", today=lambda: FRIDAY),
        proxy=Proxy(folder / "me", folder / "cache"), domain=domain_named("events"),
        catalogues=[folder / "events.csv"], today=FRIDAY, name="0123abcd",
    )  # fmt: skip


async def look(one: Dialogue) -> tuple[list[str], Looked]:
    fetcher = Fetcher(cache=None, now=lambda: datetime.now(UTC), loopback=True)
    view, looked = await look_at_links(one, one.view(), fetcher)
    await fetcher.close()
    assert view == one.view()  # what was found stays found
    return [o.item.title for o in (view.decision.top, view.decision.backup) if o], looked


async def test_what_is_gone_is_left_out_until_two_answer(tmp_path: Path, site: str) -> None:
    one = dialogue(tmp_path, [f"{site}/{n}" for n in (2, 4, 1, 6, 3, 5)])
    shown, looked = await look(one)
    assert shown[0] == "Show 2"
    assert shown[1] in ("Show 4", "Show 5")
    assert set(looked.gone) == {"Show 0", "Show 1", "Show 3"}
    assert "no such page" in looked.gone["Show 0"]
    one.back()
    assert {o.item.title for o in one.view().decision.options} == {"Show 2", "Show 4", "Show 5"}


async def test_all_that_is_gone_leaves_nothing(tmp_path: Path, site: str) -> None:
    shown, _ = await look(dialogue(tmp_path, [f"{site}/2"]))
    assert shown == []


async def test_what_cannot_be_told_stays_and_is_said(tmp_path: Path, site: str) -> None:
    shown, looked = await look(dialogue(tmp_path, [f"{site}/99", f"{site}/98", ""]))
    assert shown[0] == "Show 0"
    assert looked.answers == {"Show 1"}
    assert "is in trouble (500)" in looked.unsure["Show 0"]
    assert looked.dead == {}


async def test_nobody_anywhere_is_the_line_and_somebody_is_not(tmp_path: Path, site: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/x"
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    shown, looked = await look(dialogue(tmp_path / "a", [nobody, nobody]))
    assert (shown, looked.dead, len(looked.unreached)) == (["Show 0", "Show 1"], {}, 2)
    shown, looked = await look(dialogue(tmp_path / "b", [nobody, f"{site}/1"]))
    assert (shown, set(looked.dead)) == (["Show 1"], {"Show 0"})


async def test_a_choice_is_not_taken_back_and_what_nobody_looked_at_is_said(
    tmp_path: Path, site: str
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = dialogue(tmp_path / "a", [f"{site}/2", f"{site}/1"])
    one.choose("Show 0")
    fetcher = Fetcher(cache=None, now=lambda: datetime.now(UTC), loopback=True)
    view, looked = await look_at_links(one, one.view(), fetcher)
    assert (view.state, looked.gone) == ("decided", {})
    chosen = one.leave_out(["Show 0"]).chosen
    assert chosen is not None
    assert chosen.item.title == "Show 0"
    many = dialogue(tmp_path / "b", [f"{site}/{2 * n + 200}" for n in range(60)] + [f"{site}/1"])
    _, looked = await look_at_links(many, many.view(), fetcher)
    await fetcher.close()
    assert len(looked.gone) == 50
    assert all("too many before it" in why for why in looked.unsure.values())
    assert looked.unsure
