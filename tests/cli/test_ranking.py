"""`wide` puts rows in an order that was read, or says that it does not: no ranking is made up."""

import json
import random
import re
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from tests.cli.test_wide import cited_are_there
from tests.scholar import Scholar
from tests.stub import Stub
from tests.tools.web.site import Site

HEIGHTS = {f"Tower {n}": f"{40 + 7 * n} m" for n in range(12)}
COLUMNS = [{"name": "tower", "kind": "name"}, {"name": "height", "kind": "fact"}]
RANKED = "rank all towers by height, the highest first: "


def listed(rows: dict[str, str], *, seed: int = 3) -> str:
    names = list(rows)
    random.Random(seed).shuffle(names)
    lines = "".join(f'<li><a href="/t/{n.split()[1]}">{n}</a> — {rows[n]} high</li>' for n in names)
    return f"<title>Towers</title><main><h1>All towers</h1><p>{'Words. ' * 50}</p><h2>Towers</h2><ul>{lines}</ul></main>"


def beside(_name: str, line: str) -> str | None:
    """Read a height from what stands beside a tower, or on its page."""
    found = re.search(r"(\d+ k?[mg]) high", line)
    return found and found[1]


def scholar(**more: object) -> Scholar:
    given = {"item": "a tower", "columns": COLUMNS, "rank": ("height", "largest"), "cell": beside}
    found = given | {"group": lambda line: "only" if "/t/" in line else ""} | more
    return Scholar(**found)  # type: ignore[arg-type]


def worked(
    stub: Stub, capsys: pytest.CaptureFixture[str], asked: str, model: Scholar, *more: str
) -> dict:
    stub.behaviours = [model]
    code = run(["wide", "--model", stub.model, "--web-loopback", "--yes", "--json", *more, asked])
    told = json.loads(capsys.readouterr().out)
    assert code == (0 if told["outcome"] == "answered" else 1)
    cited_are_there(told)
    return told


def column(told: dict, name: str) -> list[str | None]:
    table = told["report"]["table"]
    place = table["columns"].index(name)
    return [row[place]["text"] for row in table["rows"]]


@pytest.mark.parametrize("first", ["largest", "smallest"])
def test_rows_are_ranked_by_what_is_cited(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], first: str, tmp_path: Path
) -> None:
    site.pages["/towers"] = listed(HEIGHTS)
    out = tmp_path / "t.md"
    asked = f"{RANKED}{site.url('/towers')}"
    told = worked(stub, capsys, asked, scholar(rank=("height", first)), "--out", str(out))
    right = list(HEIGHTS)[:: -1 if first == "largest" else 1]
    assert (column(told, "tower"), told["outcome"]) == (right, "answered")
    assert all(row[2]["citations"] for row in told["report"]["table"]["rows"])
    assert "ranked by height" in told["report"]["table"]["ranked"]
    assert "Rows are ranked by height" in out.read_text()
    assert run(["show", "last"]) == 0
    assert "ranked by height" in capsys.readouterr().out


def test_a_table_that_nobody_wants_ranked_stays_as_it_is_listed(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/towers"] = listed(HEIGHTS)
    model = scholar()
    told = worked(stub, capsys, f"all towers of {site.url('/towers')}", model)
    assert "rank" not in model.asked
    assert told["report"]["table"]["ranked"] == ""
    assert column(told, "tower") not in (list(HEIGHTS), list(HEIGHTS)[::-1])


def test_who_asks_for_no_order_gets_none_and_is_told_of_none(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/towers"] = listed(HEIGHTS)
    model = scholar(rank=("no order", "largest"))
    told = worked(stub, capsys, f"all towers newer than most, of {site.url('/towers')}", model)
    assert "rank" in model.asked
    assert (told["outcome"], told["report"]["table"]["ranked"]) == ("answered", "")


def test_names_are_ranked_by_letters_and_the_plan_may_ask_for_it(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site.pages["/towers"] = listed(HEIGHTS)
    asked, plan = f"all towers of {site.url('/towers')}", tmp_path / "plan.toml"
    stub.behaviours = [scholar()]
    assert run(["wide", "--model", stub.model, "--web-loopback", "--plan-only", asked]) == 0
    text = capsys.readouterr().out
    plan.write_text(
        text.replace('order = ""', 'order = "tower"').replace(
            "descending = true", "descending = false"
        )
    )
    told = worked(stub, capsys, asked, scholar(), "--plan", str(plan))
    assert column(told, "tower") == sorted(HEIGHTS)


def denied(site: Site, path: str) -> None:
    site.pages["/robots.txt"] = web.Response(text=f"User-agent: *\nDisallow: {path}")


def no_heights(site: Site) -> Scholar:
    site.pages["/towers"] = listed(dict.fromkeys(HEIGHTS, "not measured"))
    return scholar(cell=lambda _name, _line: None)


def some_heights(site: Site) -> Scholar:
    site.pages["/towers"] = listed(
        HEIGHTS | {"Tower 3": "who knows how", "Tower 8": "nobody knows how"}
    )
    return scholar()


def other_things(site: Site) -> Scholar:
    site.pages["/towers"] = listed(HEIGHTS | {"Tower 5": "30 kg"})
    return scholar()


def by_opinion(site: Site) -> Scholar:
    site.pages["/towers"] = listed(HEIGHTS)
    return scholar(rank=("no column", "largest"))


def by_a_judgement(site: Site) -> Scholar:
    site.pages["/towers"] = listed(HEIGHTS)
    judged = {"name": "beauty", "kind": "judged"}
    return scholar(
        columns=[*COLUMNS, judged], rank=("no column", "largest"), topics=["fine", "plain"], sort=lambda _l: "fine",
    )  # fmt: skip


def invented(site: Site) -> Scholar:
    """The model writes heights that stand nowhere."""
    site.pages["/towers"] = listed(dict.fromkeys(HEIGHTS, "very"))
    return scholar(cell=lambda _name, line: f"{100 + len(line)} m")


def no_list(site: Site) -> Scholar:
    site.pages["/towers"] = "<title>T</title><p>Nothing is listed here at all.</p>"
    return scholar()


def not_there(_site: Site) -> Scholar:
    return scholar()


def robots(site: Site) -> Scholar:
    site.pages["/towers"] = listed(HEIGHTS)
    denied(site, "/towers")
    return scholar()


def login(site: Site) -> Scholar:
    site.pages["/towers"] = web.Response(status=401, text="who are you?")
    return scholar()


@pytest.mark.parametrize(
    ("lay_out", "outcome", "ranked", "word"),
    [
        (no_heights, "partial", None, "12 of 12 rows are not ranked"), (some_heights, "partial", 10, "2 of 12 rows are not ranked"),
        (other_things, "partial", 11, "1 of 12 rows are not ranked"), (by_opinion, "partial", None, "not ranked: no column tells"),
        (by_a_judgement, "partial", None, "not ranked: no column tells"), (invented, "partial", None, "12 of 12 rows are not ranked"),
        (no_list, "none", None, "no list was found"), (not_there, "none", None, "no list was found"),
        (robots, "none", None, "no list was found"), (login, "none", None, "no list was found"),
    ],
)  # fmt: skip
def test_what_cannot_be_ranked_is_told_and_never_made_up(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], lay_out: object, outcome: str,
    ranked: int | None, word: str,
) -> None:  # fmt: skip
    model = lay_out(site)  # type: ignore[operator]
    told = worked(stub, capsys, f"{RANKED}{site.url('/towers')}", model)
    assert told["outcome"] == outcome
    assert any(word in line for line in told["missing"]), told["missing"]
    if ranked is None:
        assert told["report"]["table"]["ranked"] == ""
        return
    heights = column(told, "height")[:ranked]
    assert heights == [HEIGHTS[str(name)] for name in column(told, "tower")[:ranked]]
    assert heights == sorted(heights, key=lambda h: -int(str(h).split()[0]))


def test_a_plan_that_ranks_by_what_is_no_column_says_so(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site.pages["/towers"] = listed(HEIGHTS)
    plan = tmp_path / "plan.toml"
    plan.write_text('item = "a tower"\ncolumns = ["tower", "link"]\norder = "weight"\n')
    asked = f"all towers of {site.url('/towers')}"
    told = worked(stub, capsys, asked, scholar(), "--plan", str(plan))
    assert told["outcome"] == "partial"
    assert any("“weight” is none of" in line for line in told["missing"])
