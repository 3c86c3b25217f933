"""From a question to an act: a table is researched, one of it recommended, chosen, and booked."""

import json
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from tests.browser import chromium
from tests.cli.test_wide import command
from tests.recommend.sites import Sites
from tests.scholar import Scholar
from tests.stub import Stub
from tests.tools.web.site import Site

RECIPE = """at: SITE
steps:
  - {open: "{link}"}
  - {fill: Name, value: "{name}"}
  - {fill: Tickets, value: "{count}"}
  - {press: Buy ticket, act: pay}
receipt: Ticket bought
look: SITE/orders
mark: "events/item2/{name}"
"""


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict:
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_what_was_researched_is_recommended_and_done(stub: Stub, site: Site, own_home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:  # fmt: skip
    chromium()
    with Sites() as sites:
        events = [("Jazz in the park", "jazz"), ("Techno night", "techno"), ("Late jazz", "jazz")]
        items = "".join(
            f"<item><title>{title}</title><link>{sites.origin}/events/item{n}</link>"
            f"<pubDate>{'Fri, 0' if n else 'Thu, 0'}{1 + n} Jan 2038 20:00:00 GMT</pubDate></item>"
            for n, (title, _) in enumerate(events)
        )
        site.pages["/events.xml"] = web.Response(
            text=f'<?xml version="1.0"?><rss><channel><title>E</title>{items}</channel></rss>',
            content_type="application/xml",
        )
        columns = [("title", "name"), ("link", "link"), ("date", "date"), ("genre", "judged")]
        stub.behaviours = [
            Scholar(
                item="an event", columns=[{"name": n, "kind": k} for n, k in columns],
                topics=["jazz", "techno"], sort=lambda line: "jazz" if "azz" in line else "techno",
            )
        ]  # fmt: skip
        table = tmp_path / "events.csv"
        asked = f"every event of {site.url('/events.xml')}, grouped by genre, with links and dates"
        assert run(command(stub, asked, "--out", str(table))) == 0
        capsys.readouterr()
        requests = len(stub.requests)

        chosen = told(capsys, "recommend", "a jazz concert", "--from", str(table), "--no-ask")
        assert {chosen["top"]["title"], chosen["backup"]["title"]} == {
            "Jazz in the park",
            "Late jazz",
        }
        which = 1 if chosen["top"]["title"] == "Late jazz" else 2
        told(capsys, "recommend", "--go-on", "last", "--choose", str(which), "--no-ask")

        recipes = own_home / "me" / "sites"
        recipes.mkdir(parents=True, exist_ok=True)
        (recipes / "local.yaml").write_text(RECIPE.replace("SITE", sites.origin))
        words = ["do", "--go-on", "last", "--with", "name=Ann", "--with", "count=1"]
        act = told(capsys, *words, code=1)["act"]
        assert "item2" in act["card"]
        assert sites.state.orders == []
        assert told(capsys, *words, "--yes", act["digest"])["state"] == "done"
        assert [order["item"] for order in sites.state.orders] == ["item2"]
        again = told(capsys, "recommend", "a jazz concert, something new", "--from", str(table), "--no-ask")  # fmt: skip
        assert again["top"]["title"] == "Jazz in the park"
        assert again["backup"] is None
        assert len(stub.requests) == requests  # what follows the research asks no model
