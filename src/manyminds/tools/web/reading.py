"""From a body to text, in a process of its own: a broken or hostile page takes only that along.

Run as `python -m manyminds.tools.web.reading`: reads one JSON line that describes a body, then the
body, and writes one JSON line; so on until its input ends. Its memory and its time of computing
are bounded by the size of the body: what is small and takes much is a bomb.
"""

import codecs
import json
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import Any

import trafilatura

from manyminds.tools.bounds import Bounds
from manyminds.tools.docs.hidden import drop_hidden
from manyminds.tools.docs.readers import LeftOut, html_text, read_office, read_pdf
from manyminds.tools.web.credits import credits_in, said_in
from manyminds.tools.web.links import MAX_ENTRIES, joined, line_of, links_of
from manyminds.tools.web.pages import Part, Read, Unread

_XML: Any = import_module("lxml.etree")  # they have no types
_HTML_TREE: Any = import_module("lxml.html")

__all__ = ["main", "read"]

MAX_MARKUP = 4 << 20
"""Characters of HTML or XML, longer ones are no pages for reading; and of all that a PDF or Word
file says, of which the rest is left out."""
BOUNDS = Bounds(
    memory=64 << 20, memory_each=48, memory_most=768 << 20,
    seconds=1.8, seconds_each=1.5, seconds_most=16.0,
)  # fmt: skip
"""Of 3,526 pages of documentation the hungriest and slowest, one of 1.85 MB, took 101 MiB and 2.5
seconds."""
_FEW = 200
"""Characters below which the main text of a page is not trusted to be all of it."""
_AROUND = " | ".join((
    "//nav", "//header[not(ancestor::article or ancestor::main)]", "//footer", "//aside", "//form",
    "//*[@role='navigation' or @role='banner' or @role='contentinfo' or @role='search']",
))  # fmt: skip
"""What stands around a page's text."""
_HEADER_MARKS = "//a[contains(concat(' ', @class, ' '), ' headerlink ')]"
"""Signs to link a heading by, as Sphinx sets them."""
_ESCAPED = re.compile(r"\\([_*\[\]#`~<>|])")
_META = re.compile(rb"<meta[^>]{0,200}charset=[\"']?\s*([\w-]+)", re.IGNORECASE)
_WALL = re.compile(r"\b(?:log ?in|sign ?in|subscribe|create an account)\b", re.IGNORECASE)
_HTML = frozenset(("text/html", "application/xhtml+xml", ""))
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ENDINGS = {
    f"{_OFFICE}wordprocessingml.document": ".docx",
    f"{_OFFICE}spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}presentationml.presentation": ".pptx",
}


def read(body: bytes, *, kind: str, charset: str | None, address: str) -> Read | Unread:
    """Read a body.

    Args:
        body: As it came, unpacked.
        kind: Media type; empty where none was sent.
        charset: As the server says; what the page itself says comes after it.
        address: Where it is from; addresses of a feed are completed by it.
    """
    if kind == "application/pdf" or body[:5] == b"%PDF-":
        return _of_documents(read_pdf(body, ""))
    if kind in _ENDINGS:
        return _of_documents(read_office(body, "", _ENDINGS[kind]))
    wide = body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    no_text = kind.startswith(("image/", "audio/", "video/", "font/"))
    if no_text or (b"\0" in body[:4096] and not wide):
        return Unread(why=f"it is no text ({kind or 'unknown'})")
    text = _decoded(body, "utf-16" if wide else charset)
    if len(text) > MAX_MARKUP:
        return Unread(why=f"it is longer than {MAX_MARKUP >> 20} million characters")
    if kind in _HTML and "<" in text[:2_000]:
        return _of_html(text, address)
    if kind.endswith(("/xml", "+xml")) or text.lstrip()[:5] == "<?xml":
        return _of_xml(text, address)
    return _whole("", text) if text.strip() else Unread(why="it is empty")


def _decoded(body: bytes, charset: str | None) -> str:
    said = _META.search(body[:4096])
    for name in (charset, said and said[1].decode("ascii"), "utf-8"):
        with suppress(LookupError, UnicodeError):
            if name and codecs.lookup(name).name not in ("utf-7", "idna", "punycode"):
                return body.decode(name).lstrip("\ufeff")
    return body.decode("cp1252", errors="replace")


def _whole(title: str, text: str) -> Read:
    whole = (Part(name="", text=text),)
    return Read(title=title, author=None, date=None, parts=whole, credits=credits_in(text))


def _of_documents(found: Any) -> Read | Unread:
    if isinstance(found, LeftOut):
        return Unread(why=f"it is {found.why}")
    parts: list[Part] = []
    left = MAX_MARKUP
    for document in found:
        text = document.text[:left]
        left -= len(text)
        if text:
            parts.append(Part(name=document.source.removeprefix("#"), text=text))
    said = credits_in("\n".join(part.text for part in parts))
    return Read(title="", author=None, date=None, parts=tuple(parts), credits=said)


def _of_html(text: str, address: str) -> Read | Unread:
    tree: Any = _HTML_TREE.fromstring(text.encode(), parser=_HTML_TREE.HTMLParser(encoding="utf-8"))
    # Before anything is read: neither title, links nor text may come from what nobody sees.
    if drop_hidden(tree):
        text = _HTML_TREE.tostring(tree, encoding="unicode")
    # Before forms are dropped with what stands around a page: the words are theirs.
    walled = tree.xpath("//input[@type='password']") and _WALL.search(" ".join(tree.itertext()))
    # A date is what the page says it is, not any that stands in its text.
    about: Any = trafilatura.extract_metadata(
        text, default_url=address, date_config={"extensive_search": False}
    )
    title = (about.title if about is not None else "") or tree.xpath("string(//title)") or ""
    author, date = (about.author, about.date) if about is not None else (None, None)
    links, credits = links_of(tree, address), credits_in(said_in(tree, address))
    shown = _main_text(tree, text, address)
    if walled and len(shown) < (5 * _FEW if _WALL.search(shown) else _FEW):
        return Unread(why="it shows only a login")
    if not shown.strip():
        without = "it shows no text without JavaScript" if "<script" in text else "it is empty"
        return Unread(why=without)
    return Read(
        title=" ".join(str(title).replace("¶", "").split())[:300], author=author or None,
        date=date or None, parts=(Part(name="", text=shown), *links), credits=credits,
    )  # fmt: skip


def _main_text(tree: Any, text: str, address: str) -> str:
    """Return what a page is about, as Markdown, without what stands on every page of its site.

    Where a page names its main part, that is it; else what `trafilatura` takes for it, unless that
    is little: indexes and references are all lists and tables, which it leaves out.
    """
    for mark in tree.xpath(_HEADER_MARKS):
        mark.drop_tree()
    for around in tree.xpath(_AROUND):
        if around.getparent() is not None:
            around.drop_tree()
    named = tree.xpath("//main | //*[@role='main'] | //article")
    if len(named) == 1 and len(named[0].text_content().split()) > _FEW // 5:
        return html_text(_HTML_TREE.tostring(named[0], encoding="unicode"))
    whole = html_text(_HTML_TREE.tostring(tree, encoding="unicode"))
    found: Any = trafilatura.extract(
        text, url=address, output_format="markdown", include_tables=True, favor_recall=True
    )
    # It escapes signs that Markdown knows; what is cited is what the page says.
    told = _ESCAPED.sub(r"\1", str(found or ""))
    return told if len(told) > max(_FEW, len(whole) // 3) else whole


def _of_xml(text: str, address: str) -> Read | Unread:
    """Read a feed or a sitemap as one line an entry; other XML as its text."""
    parser = _XML.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True
    )
    tree: Any = _XML.fromstring(text.encode(), parser=parser)
    if tree is None:
        return Unread(why="it is no readable XML")
    named = "*[local-name()='{}']"
    entries: Any = tree.xpath(f"//{named.format('item')} | //{named.format('entry')}")
    places: Any = (
        [] if entries else tree.xpath(f"//{named.format('url')} | //{named.format('sitemap')}")
    )
    lines: list[str] = []
    listed: list[str] = []
    for entry in [*entries, *places][:MAX_ENTRIES]:
        title, where, date = _told(entry, "title"), _place(entry), _day(_told(entry, *_DATES))
        where = joined(address, where) if where else ""
        lines.append(" · ".join(part for part in (date, title or where, where) if part))
        under = ", ".join(_topics(entry)) if entries else _XML.QName(entry).localname
        listed.append(line_of(title or where, where, date, under, _told(entry, *_SUMMARIES)))
    title = _told(tree, "title") or next((_told(c, "title") for c in tree), "")
    if not lines:
        said = "\n".join(line.strip() for line in tree.itertext() if line and line.strip())
        return _whole(title, said) if said else Unread(why="it is empty")
    shown = "\n".join([f"# {title}", *lines] if title else lines)
    entry_list = Part(name="feed" if entries else "sitemap", text="".join(listed))
    parts = (Part(name="", text=shown + "\n"), entry_list)
    return Read(title=title, author=None, date=None, parts=parts)


_DATES = ("published", "pubDate", "updated", "date", "lastmod")
_SUMMARIES = ("summary", "description", "subtitle")


def _day(date: str) -> str:
    """Return a date as YYYY-MM-DD, where it can be read."""
    with suppress(ValueError, TypeError):
        return parsedate_to_datetime(date).date().isoformat()
    return date[:10]


def _topics(entry: Any) -> list[str]:
    found = [
        str(child.get("term") or child.text or "").strip()
        for child in entry
        if isinstance(child.tag, str) and _XML.QName(child).localname == "category"
    ]
    return [topic for topic in found if topic][:8]


def _told(entry: Any, *names: str) -> str:
    """Return the text of the first child of one of these names."""
    for name in names:
        for child in entry:
            if isinstance(child.tag, str) and _XML.QName(child).localname == name:
                return " ".join("".join(child.itertext()).split())[:300]
    return ""


def _place(entry: Any) -> str:
    for child in entry:
        named = isinstance(child.tag, str) and _XML.QName(child).localname in ("link", "loc")
        if named and (child.get("rel") or "alternate") == "alternate":
            return str(child.get("href") or child.text or "").strip()
    return ""


def main() -> None:
    """Read bodies until the input ends."""
    most = BOUNDS.ceiling()
    while line := sys.stdin.buffer.readline():
        told: Mapping[str, Any] = json.loads(line)
        body = sys.stdin.buffer.read(told["size"])
        BOUNDS.begin(len(body), most)
        try:
            found = read(body, kind=told["kind"], charset=told["charset"], address=told["address"])
        except Exception as error:  # noqa: BLE001 (readers of damaged pages raise anything)
            found = Unread(why=f"it cannot be read ({type(error).__name__})")
        BOUNDS.end()
        shown = {"read": isinstance(found, Read), **asdict(found)}
        sys.stdout.buffer.write(json.dumps(shown).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
