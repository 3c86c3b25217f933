"""What documents call each other: read from links, found by, and forgotten with them."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from manyminds.tools.docs import store
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.links import Link, html_links, markdown_links

PAGE = """<p>See <a href="../b/stop.html#now">how to <b>abort</b> a run</a>, <a class=x href='c%20d.html'>C &amp; D</a>,
<a href=e.html>E</a> <a href="https://x.org/y.html">elsewhere</a> <a href="//x.org/z.html">too</a> <a href="#top">here</a>
<a href="page.html">itself</a> <a href="/root.html">root</a> <a href="../../out.html">out</a> <a href="mailto:a@b.c">mail us</a>
<a href="f.html">same</a> <a href="f.html">same</a> <a name="no">no address</a> <a href="g.html"><img src=x></a></p>"""


def test_links_of_a_page_lead_to_others_of_its_folder() -> None:
    assert html_links(PAGE, "a/page.html") == (
        Link(target="b/stop.html", words="how to abort a run"), Link(target="a/c d.html", words="C & D"),
        Link(target="a/f.html", words="same"),
    )  # fmt: skip


def test_links_of_markdown_do_too() -> None:
    text = "See [how to abort](../b/stop.md#now \"title\"), ![picture](p.md), [x](y.md) [out](../../o.md) [web](https://x.org/a.md) [angled](<c.md>)"  # fmt: skip
    assert markdown_links(text, "a/page.md") == (
        Link(target="b/stop.md", words="how to abort"), Link(target="a/c.md", words="angled"),
    )  # fmt: skip


@pytest.mark.parametrize("text", ["<a href='x'>" * 40_000, "<a " * 200_000, "[" * 200_000, "[x](" * 60_000, "<a href=x>" + "y" * 900_000])  # fmt: skip
def test_what_is_odd_is_read_in_time_that_grows_with_it(text: str) -> None:
    began = time.perf_counter()
    html_links(text, "a.html")
    markdown_links(text, "a.md")
    assert time.perf_counter() - began < 20


def folder_of(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "halt.md").write_text("# Halting\n\nA run is ended by a signal that it is sent.\n")
    (folder / "other.md").write_text("# Other\n\nOn moons and tides, and how they are told.\n")
    (folder / "index.md").write_text("# Start\n\n- [abort a run](halt.md)\n- [the sea](other.md)\n- [gone](missing.md)\n")  # fmt: skip
    return folder


def test_a_document_is_found_by_what_others_call_it(tmp_path: Path) -> None:
    index = DocsIndex(folder_of(tmp_path), tmp_path / "cache")
    index.refresh()
    found = index.search("abort", most=3)
    assert {passage.source for passage in found[:2]} == {"index.md", "halt.md"}
    with closing(store.open_passages(index._path)) as db:  # pyright: ignore[reportPrivateUsage]
        plain = store.search(db, "abort", most=3, by="words")
        assert [passage.source for passage in plain] == ["index.md"]
        assert not store.search(db, "gone missing", most=3, within="halt.md", by="words")


def test_what_nobody_calls_it_any_more_does_not_find_it(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    index = DocsIndex(folder, tmp_path / "cache")
    index.refresh()
    (folder / "more.md").write_text("# More\n\nAs I said: [Abort a run](halt.md).\n")
    (folder / "index.md").write_text("# Start\n\nNothing is here.\n")
    index.refresh()
    assert "halt.md" in {p.source for p in index.search("abort", most=3)}  # one still does
    (folder / "more.md").unlink()
    index.refresh()
    with closing(store.open_passages(index._path)) as db:  # pyright: ignore[reportPrivateUsage]
        for table in ("links", "called", "calls"):
            assert db.execute(f"select count(*) from {table}").fetchone() == (0,)


def test_a_file_of_passages_of_before_is_searched_and_gains_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    with closing(store.open_passages(path)) as db, db:
        for table in ("links", "called", "calls"):
            db.execute(f"drop table {table}")
    with closing(store.open_passages(path)) as db:
        assert store.search(db, "anything", most=3) == []
