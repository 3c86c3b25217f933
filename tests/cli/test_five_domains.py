"""From a wish to a receipt in five domains, by one engine, a recipe each, on five local sites."""

import json
from pathlib import Path

import pytest

from manyminds.cli.app import run
from tests.recommend.acting import chromium
from tests.recommend.sites import PAYS, SITES, Sites

CASES = (
    ("dining", "ramen for dinner", "name,price,cuisine", "Kumo,16,ramen", "booking"),
    ("events", "a jazz concert", "title,start,price,genre", "Trio,2099-11-27T20:00,12,jazz", "events"),
    ("shopping", "a lamp under 60 euros", "title,price,category", "Desk lamp,40,lamp", "shop"),
    ("jobs", "a job as a baker", "title,salary,field", "Baker,30000,baker", "jobs"),
    ("travel", "a trip to the sea", "title,price,style", "Sea days,300,sea", "forms"),
)  # fmt: skip
VALUES = {"Date": "2099-12-01", "Guests": "2", "Tickets": "1", "Address": "Lane 4", "Quantity": "1"} | {
    "Email": "ann@example.org", "Letter": "I bake.", "Message": "Is it free in May?",
}  # fmt: skip


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict:
    assert run([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(("domain", "wish", "head", "row", "kind"), CASES)
def test_a_wish_becomes_an_act_in_every_domain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], domain: str, wish: str,
    head: str, row: str, kind: str,
) -> None:  # fmt: skip
    chromium()
    monkeypatch.setenv("MANYMINDS_HOME", str(tmp_path / "home"))
    button, receipt, fields = SITES[kind]
    with Sites() as sites:
        csv = tmp_path / f"{domain}.csv"
        csv.write_text(f"{head},url\n{row},{sites.origin}/{kind}/item3\n", "utf-8")
        fills = [f'  - {{fill: {name}, value: "{VALUES.get(name, "{name}")}"}}' for name in fields]
        act = "pay" if kind in PAYS else "submit"
        recipe = tmp_path / "home" / "me" / "sites" / "local.yaml"
        recipe.parent.mkdir(parents=True)
        recipe.write_text(
            "\n".join([
                f"at: {sites.origin}", "steps:", '  - {open: "{link}"}', *fills,
                f"  - {{press: {button}, act: {act}}}", f"receipt: {receipt}", f"look: {sites.origin}/orders",
                f'mark: "{kind}/item3/Ann"',
            ]), "utf-8",
        )  # fmt: skip
        first = told(capsys, "recommend", wish, "--domain", domain, "--no-ask", "--from", str(csv))
        assert first["top"]["title"] == row.partition(",")[0]
        assert run(["do", "--go-on", "last", "--with", "name=Ann"]) == 2  # it is not decided yet
        capsys.readouterr()
        told(capsys, "recommend", "--go-on", "last", "--choose", "1", "--no-ask")
        do = ("do", "--go-on", "last", "--with", "name=Ann")
        asked = told(capsys, *do, code=1)
        assert asked["state"] == "waiting"
        assert sites.state.orders == []
        done = told(capsys, *do, "--yes", asked["act"]["digest"])
        assert (done["state"], done["steps_done"]) == ("done", done["steps"])
        [order] = sites.state.orders
        assert (order["kind"], order["item"], order["name"]) == (kind, "item3", "Ann")
        assert told(capsys, *do)["why"] == "it was done before"
        assert len(sites.state.orders) == 1
