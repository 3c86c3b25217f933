"""`wide`: from a list on a page to a table whose cells stand where they say."""

import csv
import json
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from manyminds.tools.web.sources import Sources
from tests.scholar import Scholar
from tests.stub import Stub
from tests.tools.web.site import Site

FEED = """<?xml version="1.0"?><rss><channel><title>Notes</title>{}</channel></rss>"""


def feed(site: Site, count: int) -> str:
    items = "".join(
        f"<item><title>Note {n} on {'birds' if n % 3 else 'boats'}</title>"
        f"<link>{site.url(f'/note/{n}')}</link><pubDate>Mon, 0{1 + n % 9} Jan 2024 10:00:00 GMT</pubDate></item>"
        for n in range(count)
    )
    return FEED.format(items)


def command(stub: Stub, question: str, *more: str) -> list[str]:
    return ["wide", "--model", stub.model, "--web-loopback", "--yes", "--json", *more, question]


def table(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def cited_are_there(told: dict) -> None:
    """Every citation is a stretch of a stored text, and every cell's words stand in one."""
    sources = Sources(Path(told["transcript"]).with_name("sources.sqlite"))
    citations = told["answer"]["citations"]
    for c in citations:
        stored = sources.text_of(c["source"]) or ""
        assert stored[c["start"] : c["end"]] == c["quote"]
    for row in told["report"]["table"]["rows"]:
        for cell in row:
            quotes = [citations[place]["quote"] for place in cell["citations"]]
            assert bool(cell["why"]) or any(cell["text"] in quote for quote in quotes)


def test_every_post_of_a_feed_by_topic(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site.pages["/feed.xml"] = web.Response(text=feed(site, 30), content_type="application/xml")
    columns = [("title", "name"), ("link", "link"), ("date", "date"), ("topic", "judged")]
    scholar = Scholar(
        item="a post", columns=[{"name": n, "kind": k} for n, k in columns], topics=["birds", "boats"],
        sort=lambda line: "birds" if "birds" in line else "boats",
    )  # fmt: skip
    stub.behaviours = [scholar]
    file = tmp_path / "posts.csv"
    asked = f"every post of {site.url('/feed.xml')}, grouped by topic, with links and dates"
    assert run(command(stub, asked, "--out", str(file))) == 0
    told = table(capsys)
    cited_are_there(told)
    rows = told["report"]["table"]["rows"]
    assert [row[1]["text"] for row in rows[:2]] == [site.url("/note/0"), site.url("/note/3")]
    assert len({row[1]["text"] for row in rows}) == 30
    topics = [row[3]["text"] for row in rows]
    assert topics == ["boats"] * 10 + ["birds"] * 20
    assert rows[0][2]["text"] == "2024-01-01"
    assert told["report"]["table"]["completeness"]["found"] == 30
    read = list(csv.reader(file.read_text().splitlines()))
    assert read[0] == ["title", "link", "date", "topic (judged)", "sources", "unknown"]
    assert len(read) == 31
    assert read[1][4] == site.url("/feed.xml") + "#feed"


def index(site: Site, names: list[str], *, more: str = "") -> str:
    rows = "".join(
        f'<li><a href="/m/{n}.html">{n}</a> — since 3.{i}</li>' for i, n in enumerate(names)
    )
    return (
        f"<title>Index</title><nav><a href='/home'>Home</a><a href='/m/about.html'>About</a></nav><main>"
        f"<h1>All modules</h1><p>{'Words. ' * 50}</p><h2>Modules</h2><ul>{rows}{more}</ul></main>"
    )


def test_strangers_are_thrown_out_duplicates_merged_and_facts_cited(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"mod{n}" for n in range(40)]
    extra = '<li><a href="/m/licence.html">Licence</a></li><li><a href="/m/mod3.html">mod3</a> again</li>'
    site.pages["/index.html"] = index(site, names, more=extra)
    scholar = Scholar(
        item="a module",
        columns=[{"name": "module", "kind": "name"}, {"name": "since", "kind": "fact"}],
        group=lambda line: "some" if "Modules" in line else "",
        belongs=lambda line: "Licence" not in line,
        cell=lambda _name, line: line.rpartition("since ")[2][:4].strip(" ·—") if "since" in line else "9.9",
    )  # fmt: skip
    stub.behaviours = [scholar]
    assert run(command(stub, f"all modules of {site.url('/index.html')} and since when")) == 0
    told = table(capsys)
    cited_are_there(told)
    rows = told["report"]["table"]["rows"]
    assert [row[0]["text"] for row in rows] == names
    assert rows[3][0]["citations"] == [3, 40] or len(rows[3][0]["citations"]) == 2
    assert rows[17][2]["text"] == "3.17"
    assert "About" not in str(rows)


def test_a_fact_comes_from_the_items_own_page_or_stays_empty(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages["/list"] = (
        "<title>L</title><main><h1>Pumps</h1>" + "<p>text</p>" * 60 +
        '<a href="/a">Alpha</a> <a href="/b">Beta</a> <a href="/gone">Gamma</a></main>'
    )  # fmt: skip
    for name in ("a", "b"):
        text = f"This pump weighs {len(name) + 11} kg and is sold in Ghent. " * 3
        site.pages[f"/{name}"] = (
            f"<title>{name}</title><article><p>{text if name == 'a' else 'No word of it. ' * 30}</p></article>"
        )

    async def found(_request: web.Request) -> web.StreamResponse:
        rows = [
            {"url": site.url(p), "title": p, "content": "x"} for p in ("/list", "/a", "/b", "/gone")
        ]
        return web.json_response({"results": rows})

    site.pages["/search?q=a+list&format=json"] = found
    scholar = Scholar(
        item="a pump", columns=[{"name": "name", "kind": "name"}, {"name": "weight", "kind": "fact"}],
        group=lambda line: "only" if "Alpha" in line else "",
        cell=lambda _name, _line: "12 kg",
    )  # fmt: skip
    stub.behaviours = [scholar]
    assert (
        run(command(stub, "all pumps and their weight", "--search", f"searxng={site.url('')}")) == 0
    )
    told = table(capsys)
    cited_are_there(told)
    cells = {row[0]["text"]: row[2] for row in told["report"]["table"]["rows"]}
    assert cells["Alpha"]["text"] == "12 kg"
    assert (cells["Beta"]["text"], cells["Beta"]["why"]) == (None, "its page does not say")
    assert "404" in cells["Gamma"]["why"]
    assert run(["show", "last", "--out", "/dev/null/x.csv"]) == 2


def test_two_lists_tell_how_many_there_are(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"mod{n}" for n in range(20)]
    site.pages["/one"] = index(site, names[:16])
    site.pages["/two"] = index(site, names[4:])
    stub.behaviours = [Scholar(group=lambda line: "only" if "Modules" in line else "")]
    assert run(command(stub, f"all modules of {site.url('/one')} and {site.url('/two')}")) == 0
    told = table(capsys)["report"]["table"]["completeness"]
    assert told["found"] == 20
    assert told["believed"] == (17 * 17) // 13 - 1
    assert "both 12 of them" in told["how"]


def test_no_list_is_no_table(stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    stub.behaviours = [Scholar()]
    assert run(command(stub, f"all modules of {site.url('/none')}")) == 1
    told = table(capsys)
    assert told["outcome"] == "none"
    assert told["report"]["table"]["rows"] == []
    assert any("404" in n["why"] for n in told["report"]["not_found"])


def test_a_sitemap_of_sitemaps_is_read_through(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    def places(kind: str, *paths: str) -> web.Response:
        inner = "".join(f"<{kind}><loc>{site.url(p)}</loc></{kind}>" for p in paths)
        return web.Response(
            text=f'<?xml version="1.0"?><urlset>{inner}</urlset>', content_type="text/xml"
        )

    site.pages["/sitemap.xml"] = places("sitemap", "/s1.xml", "/s2.xml")
    site.pages["/s1.xml"] = places("url", "/p/1", "/p/2")
    site.pages["/s2.xml"] = places("url", "/p/3")
    stub.behaviours = [Scholar()]
    assert run(
        command(stub, f"all pages of {site.url('/sitemap.xml')}", "--site", "example.com")
    ) in (0, 1)
    told = table(capsys)
    assert any("not allowed" in n["why"] for n in told["report"]["not_found"])


def over_pages(site: Site, address: str, count: int, *, each: int = 10) -> None:
    """A list of modules over several pages; each leads to the next, the last to none."""
    for number in range(1, count + 1):
        names = [f"mod{(number - 1) * each + n}" for n in range(each)]
        following = f'<a rel="next" href="{address.format(number + 1)}">Next</a>'
        page = index(site, names).replace(
            "</main>", f"{following if number < count else ''}</main>"
        )
        site.pages[address.format(number)] = page
        if number == 1:
            site.pages["/first"] = page


@pytest.mark.parametrize(
    "address", ["/list?page={}", "/list/page/{}", "/list-{}.html", "/list?start={}"]
)
def test_a_list_that_goes_on_over_pages_is_read_whole(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    over_pages(site, address, 7)
    site.pages["/list"] = site.pages["/first"]
    first = "/list" if "?" in address or "page/" in address else address.format(1)
    stub.behaviours = [Scholar(group=lambda line: "only" if "Modules" in line else "")]
    assert run(command(stub, f"all modules of {site.url(first)}")) == 0
    told = table(capsys)
    cited_are_there(told)
    found = [row[0]["text"] for row in told["report"]["table"]["rows"]]
    assert sorted(found) == sorted(f"mod{n}" for n in range(70))


def test_a_list_without_an_end_says_where_it_goes_on(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    over_pages(site, "/list?page={}", 40, each=2)
    stub.behaviours = [Scholar(group=lambda line: "only" if "Modules" in line else "")]
    assert run(command(stub, f"all modules of {site.url('/list?page=1')}")) == 1
    told = table(capsys)
    assert len(told["report"]["table"]["rows"]) == 62
    [missing] = told["missing"]
    assert "the list goes on at " in missing
    assert "page=32" in missing


def test_the_next_chapter_is_no_page_of_a_list(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    following = '<a rel="next" href="/chapter/two">Next</a>'
    site.pages["/one"] = index(site, ["mod1", "mod2"], more=f"<li>{following}</li>")
    stub.behaviours = [Scholar(group=lambda line: "only" if "Modules" in line else "")]
    assert run(command(stub, f"all modules of {site.url('/one')}")) == 0
    assert len(table(capsys)["report"]["table"]["rows"]) == 2
    assert "/chapter/two" not in site.asked


def test_a_site_of_five_hundred_pages_is_found_whole(
    stub: Stub, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three lists that overlap, in shapes of their own, with what does not belong among them."""
    right = {site.url(f"/essay/{n}"): f"Essay {n} on {TOPICS[n % 5]}" for n in range(500)}
    places = list(right)
    sections = "".join(
        f"<h2>{2000 + year}</h2><ul>"
        + "".join(f"<li><a href='{p}'>{right[p]}</a></li>" for p in places[year * 20 : year * 20 + 20])
        + f"<li><a href='/about/{year}'>About this year</a></li></ul>"
        for year in range(18)
    )  # fmt: skip
    site.pages["/archive"] = (
        "<title>Archive</title><nav><a href='/home'>Home</a><a href='/contact'>Contact</a></nav>"
        f"<main><h1>Archive</h1><p>{'Words. ' * 60}</p>{sections}</main>"
    )
    site.pages["/sitemap.xml"] = web.Response(
        text='<?xml version="1.0"?><urlset>'
        + "".join(f"<url><loc>{p}</loc></url>" for p in [*places[100:460], site.url("/contact")])
        + "</urlset>",
        content_type="text/xml",
    )
    items = "".join(f"<item><title>{right[p]}</title><link>{p}</link></item>" for p in places[400:])
    site.pages["/feed.xml"] = web.Response(text=FEED.format(items), content_type="application/xml")
    scholar = Scholar(
        item="an essay", group=lambda line: "some" if "Essay" in line or "/essay/" in line else "",
        belongs=lambda line: "Essay" in line or "/essay/" in line,
    )  # fmt: skip
    stub.behaviours = [scholar]
    asked = " and ".join(site.url(path) for path in ("/archive", "/sitemap.xml", "/feed.xml"))
    assert run(command(stub, f"map every essay of {asked}")) == 0
    told = table(capsys)
    cited_are_there(told)
    links = [row[1]["text"] for row in told["report"]["table"]["rows"]]
    assert len(set(links) & set(right)) / len(links) >= 0.98
    assert len(set(links) & set(right)) / len(right) >= 0.95
    assert len(links) == len(set(links))


TOPICS = ("birds", "boats", "bread", "bells", "books")
