"""What cannot be read is told in the report, with its reason; no source is invented in its place."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from manyminds.testing import act
from tests.cli.test_research import PUMP, command, finds, page
from tests.scholar import Scholar
from tests.stub import Stub
from tests.tools.web.site import Site

LOGIN = (
    "<title>Members</title><form>Please log in to go on<input name=u><input type=password></form>"
)
Bad = Callable[[Site], object]


def answers(status: int, **headers: str) -> Bad:
    return lambda _site: web.Response(status=status, text="no", headers=headers)


def forbidden_by_robots(site: Site) -> object:
    site.pages["/robots.txt"] = web.Response(text="User-agent: *\nDisallow: /bad")
    return page("Never read", "x")


def shows(text: str) -> Bad:
    return lambda _site: text


async def round_and_round(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/bad"})


BAD: dict[str, tuple[Bad, str]] = {
    "404": (answers(404), "has no such page (404)"), "410": (answers(410), "has no such page any more"),
    "401": (answers(401), "asks for a login"), "403": (answers(403), "refuses to show it"),
    "402": (answers(402), "asks for money"), "500": (answers(500), "500"),
    "a login wall": (shows(LOGIN), "it shows only a login"), "robots": (forbidden_by_robots, "robots.txt forbids it"),
    "no text": (shows("<div id=app></div><script src=/a.js></script>"), "without JavaScript"),
    "an empty page": (shows("<title></title>"), "it is empty"),
    "a picture": (lambda _s: web.Response(body=b"\x89PNG\r\n", content_type="image/png"), "it is no text"),
    "to an address inside": (answers(302, Location="http://169.254.169.254/latest/"), "169.254.169.254"),
    "round and round": (lambda _s: round_and_round, "redirect"),
}  # fmt: skip


def claims_both(_question: str, passages: str) -> tuple[str, list[str]]:
    """A model that also tells what it cannot have read."""
    said = (
        ["The filter of the Alpha pump has to be washed every 30 days"]
        if "30 days" in passages
        else []
    )
    return "every 30 days", [*said, "The members' page says that it costs 80 euros a month"]


def all_forms(
    stub: Stub, site: Site, folder: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[dict, list[str]]:
    """Return what a run told, as JSON and in each form of its report."""
    outs = [folder / "r.html", folder / "r.md"]
    run(command(stub, site, "--json", *more, *(f for out in outs for f in ("--out", str(out)))))
    told = json.loads(capsys.readouterr().out)
    run(["show", "last"])
    return told, [capsys.readouterr().out, *(out.read_text() for out in outs)]


@pytest.mark.parametrize("kind", BAD)
def test_a_page_that_cannot_be_read_is_told_beside_what_was(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str
) -> None:
    make, why = BAD[kind]
    site.pages |= {"/pump": page("Alpha pump", PUMP), "/bad": make(site)}  # type: ignore[dict-item]
    finds(site, "/bad", "/pump")
    stub.behaviours = [Scholar(know=claims_both)]
    told, forms = all_forms(stub, site, tmp_path, capsys)
    [missed] = [n for n in told["report"]["not_found"] if n["what"] == site.url("/bad")]
    assert why in missed["why"]
    assert all(plain(why) in plain(form) for form in forms)
    assert {c["source"] for c in told["answer"]["citations"]} == {site.url("/pump")}
    assert [s["text"] for s in told["report"]["unsupported"]] == [
        "The members' page says that it costs 80 euros a month"
    ]


@pytest.mark.parametrize("kind", BAD)
def test_where_nothing_can_be_read_nothing_is_answered(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str
) -> None:
    make, why = BAD[kind]
    site.pages["/bad"] = make(site)  # type: ignore[assignment]
    finds(site, "/bad")
    stub.behaviours = [Scholar(know=claims_both)]
    told, forms = all_forms(stub, site, tmp_path, capsys, "--rounds", "1")
    assert (told["outcome"], told["answer"]["text"], told["answer"]["citations"]) == (
        "none",
        None,
        [],
    )
    assert "nothing could be read" in told["missing"]
    assert all(plain(why) in plain(form) for form in forms)
    assert all("No answer" in form for form in forms)


def plain(text: str) -> str:
    """Without the signs that Markdown and HTML write otherwise."""
    return re.sub(r"[\\\s]+", " ", text.replace("&#x27;", "'"))


def test_a_site_that_the_person_forbids_is_not_asked_and_the_report_says_so(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site.pages["/pump"] = page("Alpha pump", PUMP)
    finds(site, "/pump")
    stub.behaviours = [Scholar(know=claims_both)]
    told, forms = all_forms(stub, site, tmp_path, capsys, "--no-site", "127.0.0.1", "--rounds", "1")
    assert told["outcome"] == "none"
    assert told["report"]["plan"]["no_sites"] == ["127.0.0.1"]
    assert any("its site is forbidden" in n["why"] for n in told["report"]["not_found"])
    assert "/pump" not in site.asked
    assert all("127.0.0.1" in form for form in forms)


def test_a_search_that_finds_nothing_is_told(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    finds(site)
    stub.behaviours = [Scholar(know=claims_both)]
    told, forms = all_forms(stub, site, tmp_path, capsys, "--rounds", "1")
    assert told["outcome"] == "none"
    assert all("the search found nothing" in form for form in forms)


def test_what_a_worker_looks_for_by_itself_and_does_not_get_is_told(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site.pages |= {"/pump": page("Alpha pump", PUMP), "/wall": LOGIN}
    finds(site, "/pump", "/wall", "/gone")
    both = act("read_page", address=f"{site.url('/gone')}\n{site.url('/pump')}", about="filter")
    wall = act("read_page", address=site.url("/wall"), about="filter")
    stub.behaviours = [Scholar(know=claims_both, first=[wall, both])]
    told, forms = all_forms(
        stub, site, tmp_path, capsys, "--pages", "1", "--rounds", "1", "--experiment"
    )
    whys = " ".join(n["why"] for n in told["report"]["not_found"])
    assert "it shows only a login" in whys
    assert "has no such page (404)" in whys
    assert all("has no such page (404)" in plain(form) for form in forms)
