"""A decision over HTTP and on the page: begun, asked, weighed, chosen; the owner's alone."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from manyminds.cli.app import run
from tests.recommend.test_page import PLACES
from tests.server.conftest import Served, owners_page

WISH = "dinner under 25 euros"


@pytest.fixture
def there(own_home: Path) -> Path:
    folder = own_home / "me" / "catalogues"
    folder.mkdir(parents=True)
    (folder / "dining.csv").write_text(PLACES, "utf-8")
    return own_home


@pytest.fixture
def page(browser: Browser, there: Path, served: Served) -> Iterator[Page]:
    with owners_page(browser, served) as one:
        yield one


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert run(["recommend", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_it_is_the_dialogue_of_the_command(there: Path, served: Served, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    owner = served.http("")
    begun = owner.post("/v1/decisions", json={"wish": WISH})
    assert begun.status_code == 201
    name = begun.json()["dialogue"]
    assert begun.headers["location"] == f"/v1/decisions/{name}"
    stands = begun.json()
    while stands["asked"]:
        stands = owner.post(f"/v1/decisions/{name}/say", json={"answer": "no matter"}).json()
    here = told(capsys, "--go-on", name)
    assert [o["title"] for o in stands["options"]][0] == here["top"]["title"]
    assert stands["backup"] == here["backup"]["id"]
    told(capsys, "--go-on", name, "--weight", "distance=8", "--weight", "price=3")
    again = owner.get(f"/v1/decisions/{name}").json()
    assert (again["weights"]["distance"], again["weights"]["price"]) == (8, 3)
    back = again["backup"]
    chosen = owner.post(f"/v1/decisions/{name}/say", json={"choose": back}).json()
    assert (chosen["state"], chosen["chosen"]["id"]) == ("decided", back)
    assert chosen["chosen"]["title"] in (there / "me" / "DECISIONS.md").read_text("utf-8")
    [row] = owner.get("/v1/decisions").json()["decisions"]
    assert (row["dialogue"], row["wish"], row["domain"], row["chosen"]) == (name, WISH, "dining", True)  # fmt: skip
    assert owner.post(f"/v1/decisions/{name}/say", json={"back": True}).json()["chosen"] is None


def test_nobody_but_the_owner_is_told_what_they_like(there: Path, served: Served) -> None:
    name = served.http("").post("/v1/decisions", json={"wish": WISH}).json()["dialogue"]
    ann = served.http("ann")
    for reply in (
        ann.get("/v1/decisions"), ann.get(f"/v1/decisions/{name}"),
        ann.post("/v1/decisions", json={"wish": WISH}),
        ann.post(f"/v1/decisions/{name}/say", json={"choose": "1"}),
    ):  # fmt: skip
        assert reply.status_code == 403
        assert "euros" not in reply.text


@pytest.mark.parametrize(("body", "status", "why"), [
    ({"wish": " "}, 400, "what is it about"),
    ({"wish": "dinner", "domain": "/etc/passwd"}, 400, "there is no domain"),
    ({"wish": "dinner", "domain": "films"}, 400, "what is there to choose from"),
    ({"wish": "dinner", "catalogues": ["/etc/passwd"]}, 400, "catalogues"),
    ({"wish": "x" * 2_001}, 400, "wish"),
])  # fmt: skip
def test_a_wish_that_cannot_be_met_says_why(there: Path, served: Served, body: dict, status: int, why: str) -> None:  # fmt: skip
    reply = served.http("").post("/v1/decisions", json=body)
    assert reply.status_code == status
    assert why in reply.json()["error"]["message"]
    assert served.http("").get("/v1/decisions").json() == {"decisions": []}


@pytest.mark.parametrize(("body", "status"), [
    ({}, 400), ({"answer": "x", "back": True}, 400), ({"choose": "nowhere"}, 400),
    ({"weights": {"nothing": 1}}, 400), ({"weights": {"price": -1}}, 400), ({"weights": {}}, 400),
    ({"weights": {"price": 1e400}}, 400), ({"answer": ""}, 400),
    ({"weights": {"price": 5, "nothing": 1}}, 400), ({"answer": "no matter", "field": "colour"}, 409),
])  # fmt: skip
def test_what_says_nothing_changes_nothing(there: Path, served: Served, body: dict, status: int) -> None:  # fmt: skip
    owner = served.http("")
    before = owner.post("/v1/decisions", json={"wish": WISH}).json()
    name = before["dialogue"]
    reply = owner.post(f"/v1/decisions/{name}/say", content=json.dumps(body))
    assert reply.status_code == status
    assert owner.get(f"/v1/decisions/{name}").json() == before


def test_weights_of_nothing_are_weights_and_are_taken_back_together(there: Path, served: Served) -> None:  # fmt: skip
    owner = served.http("")
    before = owner.post("/v1/decisions", json={"wish": "dinner, italian if possible"}).json()
    place = f"/v1/decisions/{before['dialogue']}"
    zeros = dict.fromkeys(before["weights"], 0.0)
    assert "taste" in zeros
    kept = owner.post(f"{place}/say", json={"weights": zeros})
    assert kept.status_code == 200
    assert owner.get(place).json()["weights"] == zeros
    assert owner.post(f"{place}/say", json={"back": True}).json() == before


def test_an_id_is_chosen_before_a_title_like_it(own_home: Path, served: Served) -> None:
    folder = own_home / "me" / "catalogues"
    folder.mkdir(parents=True)
    (folder / "dining.csv").write_text("id,name,price\n5,1,9\n1,Green Fork,18\n", "utf-8")
    owner = served.http("")
    stands = owner.post("/v1/decisions", json={"wish": "dinner"}).json()
    place = f"/v1/decisions/{stands['dialogue']}/say"
    assert owner.post(place, json={"choose": "1"}).json()["chosen"]["title"] == "Green Fork"


def test_a_torn_dialogue_hides_no_other_one(there: Path, served: Served) -> None:
    owner = served.http("")
    name = owner.post("/v1/decisions", json={"wish": WISH}).json()["dialogue"]
    (there / "me" / "dialogues" / "0badc0de.jsonl").write_bytes(
        b'{"kind": "wished", "text": "caf\xc3'
    )
    [row] = owner.get("/v1/decisions").json()["decisions"]
    assert row["dialogue"] == name


@pytest.mark.parametrize("name", ["00000000", "..%2Fx", "zzz", "0" * 200])
def test_a_decision_that_is_not_there_is_not_found(there: Path, served: Served, name: str) -> None:
    owner = served.http("")
    assert owner.get(f"/v1/decisions/{name}").status_code == 404
    assert owner.post(f"/v1/decisions/{name}/say", json={"back": True}).status_code == 404


def test_a_wish_is_decided_on_the_page(page: Page, there: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    page.get_by_role("link", name="Decide").click()
    page.get_by_label("Your wish").fill(WISH)
    page.get_by_role("button", name="Recommend").click()
    page.wait_for_url("**/#/decide/*")
    name = page.url.rsplit("/", 1)[-1]
    while (asked := page.locator(".question")).count():
        first = asked.inner_text()
        page.get_by_role("button", name="no matter").click()
        expect(page.locator(".question", has_text=first.splitlines()[0])).to_have_count(0)
    best = page.locator(".pair .best h3")
    before = best.inner_text()
    tip = page.locator(".weights > div", has=page.locator("#w-distance")).locator(".tip").inner_text()  # fmt: skip
    named = re.fullmatch(r"at ([\d.]+): (.+) first", tip)
    assert named is not None
    page.locator("#w-distance").fill(named[1])
    expect(best).to_have_text(named[2])
    assert named[2] != before
    page.locator("#w-distance").fill("8")
    page.locator("#w-price").fill("3")
    assert name in page.url
    titles = page.locator("tbody th").all_inner_texts()
    page.get_by_role("button", name="Keep these weights").click()
    expect(page.get_by_role("button", name="Keep these weights")).to_be_disabled()
    here = told(capsys, "--go-on", name, "--no-ask")
    assert [option["title"] for option in here["options"]][: len(titles)] == titles[: len(here["options"])]  # fmt: skip
    page.reload()  # nothing is lost
    expect(best).to_have_text(titles[0])
    page.get_by_role("button", name="Choose this").first.click()
    expect(page.locator(".answer")).to_contain_text(titles[0])
    expect(page.locator(".answer")).to_contain_text(f"manyminds do --go-on {name}")
    assert titles[0] in (there / "me" / "DECISIONS.md").read_text("utf-8")
    page.get_by_role("link", name="Decide").first.click()
    expect(page.locator(".rows li")).to_contain_text("chosen")


def test_what_a_catalogue_says_is_text_on_the_page(page: Page) -> None:
    page.goto(page.url.split("#")[0] + "#/decide")
    page.get_by_label("Your wish").fill("thai dinner <img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Recommend").click()
    expect(page.locator("tbody th").first).to_contain_text("</script>")
    expect(page.locator("h1")).to_contain_text("<img src=x")
    assert page.locator("a[href^=javascript]").count() == 0
