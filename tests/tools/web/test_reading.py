"""Reading: pages, PDF, feeds, and bodies that would break a reader."""

import io
import lzma
import os
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pypdfium2
import pytest

from manyminds.core.errors import ToolFailed
from manyminds.tools.web import reading
from manyminds.tools.web.fetch import Fetched
from manyminds.tools.web.pages import LISTS, Read
from manyminds.tools.web.reader import Reader
from manyminds.tools.web.sources import Sources

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


def packed(megabytes: int, piece: bytes = b"\0") -> bytes:
    """Return so much of one thing, deflated."""
    packer = zlib.compressobj(9)
    whole = piece * ((1 << 20) // len(piece))
    return b"".join([*(packer.compress(whole) for _ in range(megabytes)), packer.flush()])


def pdf_of(*objects: bytes) -> bytes:
    """Return a PDF of one page, whose contents are its fourth object; what follows is the rest."""
    page = b"/Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
    resources = (
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
    )
    found = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< " + page + b" " + resources + b" /XObject << /X 5 0 R >> >> >>", *objects,
    ]  # fmt: skip
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(found, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start, count = len(out), len(found) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % count
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(
        out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (count, start)
    )


def stream(about: bytes, raw: bytes) -> bytes:
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (about, len(raw), raw)


def forms(depth: int, fan: int) -> list[bytes]:
    """Return drawings that hold the next one ten times each."""
    found = [stream(b"", b"/X Do ")]
    for level in range(depth):
        inner = (
            b"/Resources << /XObject << /X %d 0 R >> >>" % (6 + level) if level < depth - 1 else b""
        )
        drawn = b"/X Do " if inner else b"BT /F1 12 Tf (x) Tj ET "
        found.append(
            stream(b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] " + inner, drawn * fan)
        )
    return found


def a_docx(megabytes: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w") as file:
            main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
            file.write(f'<w:document xmlns:w="{main}"><w:body>'.encode())
            for _ in range(megabytes):
                file.write(b"<w:p><w:r><w:t>a</w:t></w:r></w:p>" * 30_000)
            file.write(b"</w:body></w:document>")
    return out.getvalue()


FLATE = b"/Filter /FlateDecode"
TWICE = b"/Filter [/FlateDecode /FlateDecode]"
OFFICE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
BOMBS: dict[str, tuple[Callable[[], bytes | str], str]] = {
    "entities": (lambda: LAUGHS, "text/xml"),
    "nested": (lambda: "<div>" * 200_000, "text/html"),
    "nested in XML": (lambda: "<?xml version='1.0'?>" + "<a>" * 200_000, "text/xml"),
    "long": (lambda: "x" * (5 << 20), "text/html"),
    "a table without end": (lambda: "<table>" + "<tr><td>1" * 150_000, "text/html"),
    "attributes": (lambda: "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">x", "text/html"),
    "tags": (lambda: "<b>x</b>" * 500_000, "text/html"),
    "links": (lambda: "<a href=x>y</a>" * 270_000, "text/html"),
    "a huge picture": (lambda: a_png(50_000), "image/png"),
    "a picture that says it is a page": (lambda: a_png(50_000), "text/html"),
    "a PDF that is none": (lambda: b"%PDF-1.7\n" + os.urandom(200_000), "application/pdf"),
    "a PDF with a page of a GiB": (lambda: pdf_of(stream(FLATE, packed(1_024))), "application/pdf"),
    "a PDF that is packed twice": (
        lambda: pdf_of(stream(TWICE, zlib.compress(packed(1_024), 9))), "application/pdf",
    ),
    "a PDF of a hundred million words": (
        lambda: pdf_of(stream(FLATE, packed(200, b"BT /F1 12 Tf (x) Tj ET "))), "application/pdf",
    ),
    "a PDF that draws itself": (lambda: pdf_of(*forms(12, 10)), "application/pdf"),
    "a PDF with a huge picture": (
        lambda: pdf_of(
            stream(b"", b"612 0 0 792 0 0 cm /X Do "),
            stream(b"/Subtype /Image /Width 20000 /Height 20000 /ColorSpace /DeviceRGB /BitsPerComponent 8 " + FLATE, packed(64)),
        ), "application/pdf",
    ),
    "a Word file of 256 MiB": (lambda: a_docx(256), OFFICE),
    "a Word file of 150 MiB": (lambda: a_docx(150), OFFICE),
    "JSON, nested": (lambda: "[" * 100_000 + "]" * 100_000, "application/json"),
    "YAML that names itself": (
        lambda: "a: &a [x,x]\n" + "".join(f"b{n}: &b{n} [{'*a,' * 9}]\n" for n in range(9)), "text/yaml",
    ),
    "xz": (lambda: lzma.compress(bytes(64 << 20)), "application/x-xz"),
    "zip": (lambda: a_docx(64), "application/zip"),
    "zeros": (lambda: bytes(1 << 20), ""),
    "empty": (lambda: "", "text/html"),
}  # fmt: skip


class Watched:
    """The most memory of the process that reads, and the time it computed, looked at every 2 ms."""

    def __init__(self) -> None:
        readers = [
            c for c in psutil.Process().children() if "manyminds.tools.web" in str(c.cmdline())
        ]
        self.child = max(readers, key=psutil.Process.create_time)
        self.memory, self.seconds, self.over = 0, 0.0, False
        self.first = self.child.memory_info().rss, sum(self.child.cpu_times()[:2])
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self) -> None:
        with suppress(psutil.Error):
            while not self.over and self.child.status() != psutil.STATUS_ZOMBIE:
                self.memory = max(self.memory, self.child.memory_info().rss - self.first[0])
                self.seconds = sum(self.child.cpu_times()[:2]) - self.first[1]
                time.sleep(0.002)

    def end(self) -> None:
        self.over = True
        self.thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be bounded there")
@pytest.mark.parametrize("kind", BOMBS)
async def test_what_would_break_a_reader_is_told_and_the_next_page_is_read(kind: str) -> None:
    """Of a small body nothing takes more than 64 MiB and two seconds; of a large one, by its size."""
    make, media = BOMBS[kind]
    page = fetched(make(), media)
    process, reader = psutil.Process(), Reader()
    await reader.read(fetched(PAGE))
    before, watched = process.memory_info().rss, Watched()
    try:
        read = await reader.read(page)
        said = "".join(part.text for part in read.parts)
    except ToolFailed as error:
        said = str(error)
    watched.end()
    assert len(said) < 4 << 20
    assert process.memory_info().rss - before < 64 << 20
    million = len(page.body) / 1e6
    assert watched.memory <= (64 << 20) + 48 * len(page.body) + (4 << 20)
    assert watched.seconds <= 2 + 1.5 * million
    assert "metres" in only(await reader.read(fetched(PAGE)))
    await reader.close()


async def test_a_long_page_is_no_bomb(reader: Reader) -> None:
    rows = "".join(
        f"<li><a href='t{n}.html#x'>term {n}</a> (in module m{n % 300})</li>" for n in range(40_000)
    )
    read = await reader.read(fetched(f"<title>I</title><main><h1>Index</h1><ul>{rows}</ul></main>"))
    assert "term 39999" in only(read)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<form>Please log in<input type='password'></form>", "only a login"),
        ("<title>M</title><form>Sign in<input><input type='password'></form>", "only a login"),
        ("<div id=app></div><script src=app.js></script>", "without JavaScript"),
        ("<body></body>", "empty"),
    ],
)
async def test_a_page_that_shows_nothing_says_why(reader: Reader, page: str, said: str) -> None:
    with pytest.raises(ToolFailed, match=said):
        await reader.read(fetched(page))


async def test_a_page_beside_a_login_is_read(reader: Reader) -> None:
    form = "<form>Sign in<input><input type='password'></form>"
    said = f"{PROSE[:400]}."
    read = await reader.read(fetched(f"<title>M</title>{form}<article><p>{said}</p></article>"))
    assert "stood 3 metres high" in only(read)


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


@pytest.mark.parametrize(
    ("page", "credited"),
    [
        ("<footer>Originally published on <a href='https://origin.example/x'>Origin</a></footer>", "https://origin.example/x"),
        ("<p>Copied from town.example, with thanks.</p>", "Copied from town.example"),
        ("<aside><p>Source:</p></aside><p>See <a href='https://other.example/'>others</a></p>", None),
        ("<p hidden>Taken from https://hidden.example/y</p>", None),
        ("<div class='comment-body'><p>Source: https://evil.example/x</p></div>", None),
        ("<ol id=comments><li>via https://evil.example/x</li></ol>", None),
        ("<script>var source = 'https://script.example/z'</script>", None),
        ("<p>The source code is in Lib/os and works according to plan.</p>", None),
    ],
)  # fmt: skip
async def test_where_a_page_has_its_words_from_is_kept_wherever_it_stands(
    reader: Reader, page: str, credited: str | None
) -> None:
    read = await reader.read(fetched(f"<title>T</title><article><p>{PROSE}</p></article>{page}"))
    if credited is None:
        assert read.credits == ()
    else:
        [said] = read.credits
        assert credited in said


async def test_what_a_page_credits_is_kept_with_it(reader: Reader, tmp_path: Path) -> None:
    body = fetched(f"<p>{PROSE}</p><footer>via https://origin.example/x</footer>")
    first, second = Sources(tmp_path / "a.sqlite"), Sources(tmp_path / "b.sqlite")
    first.keep(body, await reader.read(body))
    second.unpack(first.packed())
    for sources in (first, second):
        about = sources.about(body.address)
        assert about is not None
        assert about.told()["credits"] == "via https://origin.example/x"
