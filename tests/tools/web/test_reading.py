"""Reading: pages, PDF, feeds, and bodies that would break a reader."""

import io
import os
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psutil
import pypdfium2
import pytest

from manyminds.core.errors import ToolFailed
from manyminds.tools.web import reading
from manyminds.tools.web.fetch import Fetched
from manyminds.tools.web.pages import LISTS, Read
from manyminds.tools.web.reader import Reader

pytestmark = pytest.mark.anyio
PROSE = " ".join(
    f"Sentence number {n} says that the lighthouse of Alexandria stood {n} metres high."
    for n in range(40)
)
PAGE = f"""<html><head><title>The  lighthouse - a site</title><meta name="author" content="Ada Keeper">
<meta property="article:published_time" content="2024-05-06T10:00:00Z"></head>
<body><nav><a href="/home">Home</a></nav><article><h1>The lighthouse</h1><p>{PROSE}</p>
<p>See <a href="more.html#top">more</a> and <a href="javascript:alert(1)">this</a>.</p></article>
<script>alert("never shown")</script></body></html>"""


@pytest.fixture(scope="module")
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


def fetched(body: bytes | str, kind: str = "text/html", charset: str | None = None) -> Fetched:
    data = body.encode() if isinstance(body, str) else body
    return Fetched(
        asked="", address="https://example.com/a/b.html", kind=kind, charset=charset, body=data,
        at=datetime(2026, 11, 22, tzinfo=UTC), kept=False,
    )  # fmt: skip


def only(read: Read) -> str:
    [part] = [part for part in read.parts if part.name not in LISTS]
    return part.text


async def test_a_page_is_its_text_with_title_author_and_date(reader: Reader) -> None:
    read = await reader.read(fetched(PAGE))
    assert (read.title, read.author, read.date) == ("The lighthouse", "Ada Keeper", "2024-05-06")
    assert "stood 17 metres high" in only(read)
    assert "never shown" not in only(read)


async def test_an_index_is_read_whole(reader: Reader) -> None:
    items = "".join(
        f"<li><a href='t{n}.html'>term {n}</a> (in module m{n})</li>" for n in range(300)
    )
    read = await reader.read(fetched(f"<title>Index</title><h1>Index</h1><ul>{items}</ul>"))
    assert "term 299" in only(read)


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("Größe".encode("latin-1"), "iso-8859-1"), ("Größe".encode(), None),
        (b"<meta charset='windows-1252'>" + "Größe".encode("cp1252"), None),
        ("Größe".encode("utf-16"), "utf-16"), ("Größe".encode("utf-16"), None),
        ("\ufeffGröße".encode(), "utf-8"),
        ("Größe".encode("latin-1"), "no-such-thing"), ("Größe".encode(), "utf-7"),
    ],
)  # fmt: skip
async def test_letters_come_out_right(reader: Reader, body: bytes, charset: str | None) -> None:
    kind = "text/html" if b"meta" in body else "text/plain"
    assert "Größe" in only(await reader.read(fetched(body, kind, charset)))


async def test_a_pdf_is_its_pages(reader: Reader) -> None:
    read = await reader.read(fetched(a_pdf("First page", "Second page"), "application/pdf"))
    assert [part.name for part in read.parts] == ["page=1", "page=2"]
    assert "Second page" in read.parts[1].text


def a_pdf(*pages: str) -> bytes:
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>")
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for n, text in enumerate(pages):
        stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for n, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(f"{n} 0 obj\n{body}\nendobj\n".encode())
    start = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.write("".join(f"{place:010d} 00000 n \n" for place in places).encode())
    out.write(
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    )
    assert len(pypdfium2.PdfDocument(out.getvalue())) == len(pages)
    return out.getvalue()


async def test_a_feed_is_a_line_an_entry(reader: Reader) -> None:
    atom = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>A blog</title>
    <entry><title>First</title><link rel="alternate" href="/first"/><published>2024-01-02T00:00:00Z</published>
    </entry><entry><title>Second</title><link href="https://example.org/2"/></entry></feed>"""
    read = await reader.read(fetched(atom, "application/atom+xml"))
    assert only(read) == (
        "# A blog\n2024-01-02 · First · https://example.com/first\nSecond · https://example.org/2\n"
    )


async def test_a_sitemap_is_a_line_a_place(reader: Reader) -> None:
    sitemap = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
    <url><loc>https://example.com/x</loc><lastmod>2025-03-04</lastmod></url></urlset>"""
    read = await reader.read(fetched(sitemap, "text/xml"))
    assert "2025-03-04 · https://example.com/x" in only(read)


LAUGHS = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol0 "lol">""" + "".join(
    f"<!ENTITY lol{n} '{f'&lol{n - 1};' * 10}'>" for n in range(1, 10)
) + """]><lolz>&lol9;</lolz>"""  # fmt: skip
OUTSIDE = (
    """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>a &e; b</x>"""
)


async def test_xml_reads_no_other_file(reader: Reader) -> None:
    read = await reader.read(fetched(OUTSIDE, "text/xml"))
    assert "root:" not in only(read)


def a_png(side: int) -> bytes:
    head = (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
        + side.to_bytes(4, "big") * 2
        + b"\x08\x02\x00\x00\x00"
    )
    return head + zlib.compress(bytes(1_000))


BOMBS: dict[str, tuple[bytes | str, str]] = {
    "entities": (LAUGHS, "text/xml"),
    "nested": ("<div>" * 200_000, "text/html"),
    "nested in XML": ("<?xml version='1.0'?>" + "<a>" * 200_000, "text/xml"),
    "long": ("x" * (5 << 20), "text/html"),
    "a table without end": ("<table>" + "<tr><td>1" * 150_000, "text/html"),
    "attributes": ("<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">x", "text/html"),
    "a huge picture": (a_png(50_000), "image/png"),
    "a picture that says it is a page": (a_png(50_000), "text/html"),
    "a PDF that is none": (b"%PDF-1.7\n" + os.urandom(200_000), "application/pdf"),
    "zeros": (bytes(1 << 20), ""),
    "empty": ("", "text/html"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
async def test_what_would_break_a_reader_is_told_and_the_next_page_is_read(kind: str) -> None:
    reader = Reader(seconds=2.0)
    process = psutil.Process(os.getpid())
    await reader.read(fetched(PAGE))
    before = process.memory_info().rss
    body, media = BOMBS[kind]
    said = ""
    try:
        read = await reader.read(fetched(body, media))
        said = "".join(part.text for part in read.parts)
    except ToolFailed as error:
        said = str(error)
    assert len(said) < 4 << 20
    assert process.memory_info().rss - before < 64 << 20
    assert "metres" in only(await reader.read(fetched(PAGE)))
    await reader.close()


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<form>Please log in<input type='password'></form>", "only a login"),
        ("<div id=app></div><script src=app.js></script>", "without JavaScript"),
        ("<body></body>", "empty"),
    ],
)
async def test_a_page_that_shows_nothing_says_why(reader: Reader, page: str, said: str) -> None:
    with pytest.raises(ToolFailed, match=said):
        await reader.read(fetched(page))


async def test_who_reads_has_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    reader = Reader()
    await reader.read(fetched(PAGE))
    children = psutil.Process(os.getpid()).children()
    environments = [
        child.environ() for child in children if "manyminds.tools.web" in " ".join(child.cmdline())
    ]
    await reader.close()
    assert environments
    assert all("sk-canary" not in str(environment) for environment in environments)


def test_signs_that_markdown_knows_stand_as_in_the_page() -> None:
    said = "The SQLITE_CONFIG_PAGECACHE option takes a*b and [x] and #1, as said. " * 12
    page = f"<title>t</title><div><p>{said}</p></div>".encode()
    found = reading.read(page, kind="text/html", charset=None, address="https://e.com/")
    assert isinstance(found, Read)
    assert "SQLITE_CONFIG_PAGECACHE option takes a*b and [x] and #1" in only(found)
