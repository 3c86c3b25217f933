"""A person's own words: what comes in, what is quoted, and what is gone when it is forgotten."""

from pathlib import Path

import pytest

from manyminds.core.errors import UsageError
from manyminds.recommend.catalogue.domain import domain_named
from manyminds.recommend.catalogue.read import read_catalogue
from manyminds.recommend.proxy import Proxy
from manyminds.recommend.words import WORDS, add_words, forget_words, list_words

FEED = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Mine</title>
<entry><title>On noodles</title><link rel="alternate" href="https://me.example/noodles"/><published>2026-01-02T00:00:00Z</published>
<content type="html">&lt;p&gt;I like ramen.&lt;/p&gt;&lt;p&gt;The broth takes twelve hours.&lt;/p&gt;</content></entry>
<entry><title>On trains</title><published>2026-02-03</published><content type="html">&lt;p&gt;Night trains are my favourite way to travel.&lt;/p&gt;</content></entry></feed>"""
ENTITY = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><feed><entry><title>t</title><content>&a;</content></entry></feed>'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "me"


def proxy(home: Path) -> Proxy:
    return Proxy(home, home.parent / "cache")


def feed(tmp_path: Path, text: str = FEED) -> Path:
    path = tmp_path / "feed.xml"
    path.write_text(text, "utf-8")
    return path


def test_a_feed_becomes_a_text_for_each_entry(tmp_path: Path, home: Path) -> None:
    added = add_words(home, feed(tmp_path))
    assert (added.name, added.texts, list_words(home)) == ("feed", 2, {"feed": 2})
    text = (home / WORDS / "feed" / "0001-on-noodles.md").read_text("utf-8")
    assert text.startswith(
        "# On noodles\n\n2026-01-02 · https://me.example/noodles\n\nI like ramen."
    )


def test_a_folder_is_copied_with_what_could_not_be_read(tmp_path: Path, home: Path) -> None:
    notes = tmp_path / "notes"
    (notes / "deep").mkdir(parents=True)
    (notes / "deep" / "a.md").write_text("I like tea.", "utf-8")
    (notes / "b.txt").write_bytes(b"\0\1")
    added = add_words(home, notes)
    assert added.texts == 1
    assert [left.path for left in added.left_out] == ["b.txt"]


def test_a_quote_is_a_stretch_of_the_stored_text(tmp_path: Path, home: Path) -> None:
    add_words(home, feed(tmp_path))
    words = proxy(home)
    quotes = words.quotes("how long does the broth cook?")
    assert "twelve hours" in quotes[0].text
    for quote in quotes:
        text = words.text_of(quote.source)
        assert text is not None
        assert text[quote.start : quote.end] == quote.text
        assert text[: quote.start].count("\n") + 1 == quote.line


def test_what_is_added_again_takes_the_place_of_what_was(tmp_path: Path, home: Path) -> None:
    add_words(home, feed(tmp_path), "mine")
    add_words(home, feed(tmp_path, FEED.replace("twelve hours", "nine days")), "mine")
    assert "nine days" in proxy(home).quotes("broth")[0].text
    assert not any("twelve" in quote.text for quote in proxy(home).quotes("twelve hours broth"))


def test_what_is_forgotten_is_gone(tmp_path: Path, home: Path) -> None:
    add_words(home, feed(tmp_path))
    proxy(home).quotes("broth")
    forget_words(home, "feed")
    assert not proxy(home).knows
    assert proxy(home).quotes("broth") == []
    assert not any(
        b"twelve hours" in path.read_bytes() for path in home.rglob("*") if path.is_file()
    )
    with pytest.raises(UsageError, match="nothing was added as 'feed'"):
        forget_words(home, "feed")


def test_a_failed_adding_leaves_what_was_there(tmp_path: Path, home: Path) -> None:
    add_words(home, feed(tmp_path), "mine")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="nothing to read"):
        add_words(home, tmp_path / "empty", "mine")
    assert list_words(home) == {"mine": 2}
    assert "twelve hours" in proxy(home).quotes("broth")[0].text


@pytest.mark.parametrize("text", ["", "<feed", "no xml"])
def test_a_broken_feed_says_so(tmp_path: Path, home: Path, text: str) -> None:
    with pytest.raises(UsageError, match="no feed"):
        add_words(home, feed(tmp_path, text))


def test_a_feed_cannot_read_other_files(tmp_path: Path, home: Path) -> None:
    add_words(home, feed(tmp_path, ENTITY))
    assert not any("root:" in path.read_text("utf-8") for path in home.rglob("*.md"))


@pytest.mark.parametrize("name", ["../../etc", "/tmp/x", "..", "a/b"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, home: Path, name: str) -> None:
    added = add_words(home, feed(tmp_path), name)
    assert (home / WORDS / added.name).is_dir()
    assert {path.parent.parent for path in home.rglob("*.md")} == {home / WORDS}


def test_without_words_there_is_nothing_to_quote(home: Path) -> None:
    assert not proxy(home).knows
    assert proxy(home).quotes("anything") == []


SAID = [
    # their own liking
    ("I like jazz.", 1), ("I really love live jazz on a Sunday.", 1), ("We've always enjoyed jazz and folk.", 1),
    ("I'm a big fan of modern jazz.", 1), ("My favourite music is jazz.", 1), ("Jazz is still my favourite.", 1),
    ("I'd recommend the jazz club.", 1), ("I would prefer jazz.", 1), ("I could listen to jazz all night", 1),
    ("I love blues, folk and jazz.", 1), ("I liked the jazz, and the food.", 1),
    # and disliking
    ("I don't like jazz.", -1), ("I do not really enjoy jazz", -1), ("I hate jazz.", -1), ("We can't stand jazz.", -1),
    ("I never listen to jazz.", -1), ("I'm not a fan of jazz.", -1), ("I have been avoiding jazz.", -1),
    ("I like folk, but I don't like jazz.", -1),
    # a word of it is there, and it is said of nobody, of others, or of something else
    ("We saw companies like Jazz Inc. grow.", 0), ("I went to places like jazz clubs.", 0), ("Five jazz artists I'll like.", 0),
    ("My colleagues propose factors like jazz.", 0), ("We touched upon how techniques like jazz have been used.", 0),
    ("My sister likes jazz.", 0), ("He said that I would hear jazz.", 0), ("I like it when the jazz is over.", 0),
    ("I like folk more than jazz.", 0), ("I used to like jazz.", 0), ("I never liked folk as I liked jazz.", 0),
    ("I like the quiet; jazz is loud.", 0), ("Would I like jazz if it were free?", 0), ("I like cake. Jazz was playing.", 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sign"), SAID)
def test_a_liking_is_read_only_where_somebody_says_it_of_themselves(tmp_path: Path, home: Path, text: str, sign: int) -> None:  # fmt: skip
    (tmp_path / "note.md").write_text(text, "utf-8")
    add_words(home, tmp_path / "note.md")
    path = tmp_path / "events.csv"
    path.write_text("title,start,genre\nTrio,2026-12-01T20:00,jazz\n", "utf-8")
    found = proxy(home).tastes(read_catalogue([path], domain_named("events")))
    assert [taste.sign for taste, _ in found] == ([sign] if sign else [])
