import io
import os
import sqlite3
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from manyminds.core.errors import ToolRetry, UsageError
from manyminds.core.messages import ToolCall
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.passages import cut
from manyminds.tools.docs.readers import Document
from manyminds.tools.docs.tool import ReadDoc, SearchDocs

WORD = (
    '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/'
    '2006/main"><w:body><w:p><w:r><w:t>The lighthouse keeper is Ada Thorne.</w:t></w:r></w:p>'
    "</w:body></w:document>"
)
TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument'
    '.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)


def word_file() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELATIONS)
        archive.writestr("word/document.xml", WORD)
    return data.getvalue()


def pdf_file(text: str) -> bytes:
    """A one-page PDF written by hand: what matters is that a real reader reads it."""
    stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj%s endobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return data


ENCRYPTED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>"
    b"endobj\n3 0 obj<</Filter/Standard/V 1/R 2/O<"
    + b"41" * 32
    + b">/U<"
    + b"42" * 32
    + b">/P -4>>"
    b"endobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n"
    b"0000000097 00000 n \ntrailer<</Size 4/Root 1 0 R/Encrypt 3 0 R/ID[<41><41>]>>\n"
    b"startxref\n262\n%%EOF"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    (docs / "sub").mkdir(parents=True)
    (docs / "a.md").write_text(
        "# Library\n\n## Loans\nBooks are lent for 24 days.\n\n## Rooms\nQuiet work: room 2.14.\n"
    )
    (docs / "sub" / "b.txt").write_text("The pump lifts 38 metres.\nIts filter is blue.\n")
    (docs / "c.html").write_text(
        "<html><script>alert(1)</script><h1>Trip</h1><p>The cabin stands at 1,842 metres.</p></html>"
    )
    (docs / "d.docx").write_bytes(word_file())
    (docs / "e.pdf").write_bytes(pdf_file("The bridge is 412 metres long."))
    return docs


def index_of(folder: Path, tmp_path: Path) -> DocsIndex:
    index = DocsIndex(folder, tmp_path / "cache")
    index.refresh()
    return index


@pytest.mark.parametrize(
    ("query", "source", "text"),
    [
        ("How long are books lent?", "a.md", "24 days"),
        ("how high does the pump lift", "sub/b.txt", "38 metres"),
        ("altitude of the cabin", "c.html", "1,842 metres"),
        ("Who keeps the lighthouse?", "d.docx", "Ada Thorne"),
        ("length of the bridge", "e.pdf#page=1", "412 metres"),
    ],
)
def test_every_kind_of_file_is_found_and_quoted_byte_for_byte(
    folder: Path, tmp_path: Path, query: str, source: str, text: str
) -> None:
    index = index_of(folder, tmp_path)
    best = index.search(query)[0]
    assert best.source == source
    assert text in best.text
    stored = index.text_of(source)
    assert stored is not None
    assert stored[best.start : best.end] == best.text


def test_lines_are_those_of_the_file(folder: Path, tmp_path: Path) -> None:
    passage = index_of(folder, tmp_path).search("blue filter")[0]
    lines = (folder / "sub/b.txt").read_text().splitlines()
    assert "\n".join(lines[passage.line_start - 1 : passage.line_end]) == passage.text.strip()


def test_scripts_are_no_text(folder: Path, tmp_path: Path) -> None:
    assert "alert" not in (index_of(folder, tmp_path).text_of("c.html") or "")


def test_a_changed_file_is_read_again_and_a_removed_one_forgotten(
    folder: Path, tmp_path: Path
) -> None:
    index = index_of(folder, tmp_path)
    (folder / "a.md").write_text("Books are lent for 99 weeks, no longer.\n")
    (folder / "sub" / "b.txt").unlink()
    count, _ = index.refresh()
    assert count == 4
    assert "99 weeks" in index.search("how long are books lent")[0].text
    assert all(p.source != "sub/b.txt" for p in index.search("pump lift metres"))


def test_what_cannot_be_read_is_left_out_with_its_reason(folder: Path, tmp_path: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    (folder / "locked.pdf").write_bytes(ENCRYPTED)
    (folder / "bad.docx").write_bytes(b"PK no zip")
    (folder / "binary.txt").write_bytes(b"\0\1\2" * 100)
    index = DocsIndex(folder, tmp_path / "cache")
    count, left_out = index.refresh()
    reasons = {item.path: item.why for item in left_out}
    assert count == 5
    assert set(reasons) == {"bad.pdf", "locked.pdf", "bad.docx", "binary.txt"}
    assert "encrypted" in reasons["locked.pdf"] or "not a readable PDF" in reasons["locked.pdf"]
    assert all(reasons.values())


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_file_without_permission_is_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "a.md").chmod(0)
    _, left_out = DocsIndex(folder, tmp_path / "cache").refresh()
    assert [item.path for item in left_out] == ["a.md"]


def test_names_that_no_file_could_hold_and_pipes_are_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "sub" / os.fsdecode(b"caf\xe9.md")).write_text("It is open.")
    os.mkfifo(folder / "pipe.txt")
    _, left_out = DocsIndex(folder, tmp_path / "cache").refresh()
    assert {item.path: item.why for item in left_out} == {
        "sub/caf?.md": "a name that is no UTF-8", "pipe.txt": "no regular file",
    }  # fmt: skip


def test_a_folder_is_indexed_by_several_at_once(folder: Path, tmp_path: Path) -> None:
    for n in range(200):
        (folder / f"n{n}.md").write_text(f"Note {n} tells of bird {n}.\n" * 20)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(index_of, folder, tmp_path) for _ in range(4)]
        indexes = [job.result() for job in jobs]
    [first, *_] = indexes[-1].search("bird 117", most=1)
    assert first.source == "n117.md"
    assert indexes[0].refresh()[0] == 205
    assert len(
        {p.start for p in indexes[0].search("bird 117", most=9) if p.source == "n117.md"}
    ) == len([p for p in indexes[0].search("bird 117", most=9) if p.source == "n117.md"])


def test_an_index_that_is_being_written_can_be_searched(folder: Path, tmp_path: Path) -> None:
    index = index_of(folder, tmp_path)
    [path] = (tmp_path / "cache" / "docs").glob("*.sqlite")
    with closing(sqlite3.connect(path)) as other:
        other.execute("begin immediate")
        assert index.search("pump")[0].source == "sub/b.txt"


def test_links_that_go_round_or_lead_out_are_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "sub" / "loop").symlink_to(folder)
    (tmp_path / "outside.txt").write_text("secret outside")
    (folder / "way_out.txt").symlink_to(tmp_path / "outside.txt")
    count, _ = DocsIndex(folder, tmp_path / "cache").refresh()
    assert count == 5


@pytest.mark.parametrize("make", [False, True], ids=["missing", "empty"])
def test_a_folder_with_nothing_in_it_is_told(tmp_path: Path, *, make: bool) -> None:
    place = tmp_path / "nothing"
    if make:
        place.mkdir()
    with pytest.raises(UsageError, match="--docs"):
        DocsIndex(place, tmp_path / "cache").refresh()


def test_a_query_is_never_read_as_search_syntax(folder: Path, tmp_path: Path) -> None:
    index = index_of(folder, tmp_path)
    for query in ('"', "a AND (", "NEAR(x", "*", "col:books", "'; drop table words; --", "😀"):
        index.search(query)
    assert index.search("books lent")[0].source == "a.md"


@pytest.mark.anyio
async def test_the_tools_give_evidence_with_anchors(folder: Path, tmp_path: Path) -> None:
    index = index_of(folder, tmp_path)
    call = ToolCall(id="1", name="search_docs", arguments={"query": "pump lift"})
    found = (await SearchDocs(index=index)("m1", call))[0]
    assert (found.source, found.line_start) == ("sub/b.txt", 1)
    call = ToolCall(id="2", name="read_doc", arguments={"source": "sub/b.txt", "line": 2})
    read = (await ReadDoc(index=index)("m1", call))[0]
    assert read.output == "Its filter is blue.\n"
    call = ToolCall(id="3", name="read_doc", arguments={"source": "b.txt", "line": 1})
    with pytest.raises(ToolRetry, match=r"sub/b\.txt"):
        await ReadDoc(index=index)("m1", call)


@pytest.mark.anyio
async def test_several_documents_are_read_on_in_one_call(folder: Path, tmp_path: Path) -> None:
    shown: list[str] = []
    tool = ReadDoc(index=index_of(folder, tmp_path), on_shown=shown.append)

    async def read(source: str) -> list[tuple[str, str | None, str]]:
        call = ToolCall(id="1", name="read_doc", arguments={"source": source, "line": 1})
        return [(e.request, e.source, e.output) for e in await tool("m1", call)]

    found = await read("sub/b.txt, line 2\n\nnowhere.md\na.md\nsub/b.txt, line 2")
    assert [request for request, _, _ in found] == [
        "sub/b.txt, line 2", "nowhere.md, line 1", "a.md, line 1",
    ]  # fmt: skip
    assert found[0][1:] == ("sub/b.txt", "Its filter is blue.\n")
    assert found[1][1] is None
    assert "nowhere.md" in found[1][2]
    assert found[2][1] == "a.md"
    assert len(shown) == 2
    with pytest.raises(ToolRetry, match="too many"):
        await read("\n".join(f"{n}.md" for n in range(11)))
    with pytest.raises(ToolRetry, match='needs a "source"'):
        await read(" \n ")
    with pytest.raises(ToolRetry, match="nowhere"):
        await read("nowhere.md\nnowhere.md, line 7")


@pytest.mark.anyio
async def test_ten_things_are_looked_up_in_one_call(tmp_path: Path) -> None:
    """As ten calls would find them: a tenth of the calls on a list of ten."""
    docs = tmp_path / "docs"
    docs.mkdir()
    names = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Hazel", "Juniper", "Larch", "Maple"]  # fmt: skip
    for number, name in enumerate([*names, "Oak", "Pine"]):
        (docs / f"{name}.md").write_text(f"# {name} bridge\n\nIt was opened in {1900 + number}.\n")
    search = SearchDocs(index=index_of(docs, tmp_path))
    queries = [f"{name} bridge opened" for name in names]
    one = ToolCall(id="1", name="search_docs", arguments={"query": "\n".join(queries)})
    found = await search("m1", one)
    assert [(e.source, e.request) for e in found] == [(f"{n}.md", q) for n, q in zip(names, queries, strict=True)]  # fmt: skip
    alone = [await search("m1", replace(one, arguments={"query": query})) for query in queries]
    assert [e.output for e in found] == [first.output for first, *_ in alone]
    with pytest.raises(ToolRetry, match="11 at once are too many"):
        await search("m1", replace(one, arguments={"query": "\n".join([*queries, "Oak"])}))


def test_passages_are_whole_and_together_the_document() -> None:
    text = "# One\n" + "line of words\n" * 300 + "# Two\n" + "x" * 9_000
    passages = list(cut(Document(source="s", text=text)))
    assert "".join(p.text for p in passages) == text
    assert all(text[p.start : p.end] == p.text for p in passages)
    assert passages[-1].heading == "Two"


def test_the_hand_made_pdf_is_a_pdf() -> None:
    assert len(pypdfium2.PdfDocument(pdf_file("text"))) == 1


def test_what_is_deleted_is_gone_from_the_disk(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.md").write_text(
            f"# Plain {number}\n\nNothing of note, [more](x.md).\n"
        )
    (folder / "x.md").write_text("# Xylographer\n\nThe zyzzyvas are kept in the xenodochium.\n")
    (folder / "y.md").write_text("# Y\n\nSee [the quokkadrome](x.md).\n")
    index = DocsIndex(folder, tmp_path / "cache")
    index.refresh()

    def kept(word: bytes) -> bool:
        files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        return any(word in path.read_bytes().lower() for path in files)

    words = (b"zyzzyva", b"xenodochium", b"xylographer", b"quokkadrome")
    assert all(map(kept, words))
    (folder / "x.md").unlink()
    (folder / "y.md").unlink()
    index.refresh()
    assert not any(map(kept, words))


def test_what_is_changed_leaves_nothing_of_what_it_was_on_the_disk(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.md").write_text(f"# Plain {number}\n\nNothing of note.\n")
    (folder / "x.md").write_text("# X\n\nThe zyzzyvas are kept in the xenodochium.\n")
    index = DocsIndex(folder, tmp_path / "cache")
    index.refresh()
    (folder / "x.md").write_text("# X\n\nThey were moved to another place altogether.\n")
    index.refresh()
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert any(b"altogether" in path.read_bytes() for path in files)
    assert not any(b"zyzzyva" in path.read_bytes().lower() for path in files)
