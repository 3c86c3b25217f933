"""Documents of a folder that would break their reader: each is left out, and says why; the rest is read."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.readers import LeftOut, read_file
from tests.tools.web.test_reading import (
    FLATE,
    TWICE,
    a_docx,
    a_pdf,
    forms,
    packed,
    pdf_of,
    stream,
    zlib,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be bounded there")
BOMBS = {
    "page.pdf": lambda: pdf_of(stream(FLATE, packed(1_024))),
    "twice.pdf": lambda: pdf_of(stream(TWICE, zlib.compress(packed(1_024), 9))),
    "words.pdf": lambda: pdf_of(stream(FLATE, packed(200, b"BT /F1 12 Tf (x) Tj ET "))),
    "forms.pdf": lambda: pdf_of(*forms(12, 10)),
    "large.docx": lambda: a_docx(256),
    "150.docx": lambda: a_docx(150),
}


def readers() -> list[psutil.Process]:
    return [c for c in psutil.Process().children() if "tools.docs.readers" in str(c.cmdline())]


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_left_out_and_the_next_file_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BOMBS[name]())
    (tmp_path / "good.pdf").write_bytes(a_pdf("The pump weighs 12 kg"))
    before = psutil.Process().memory_info().rss
    found = read_file(tmp_path / name, tmp_path)
    assert isinstance(found, LeftOut)
    assert any(
        word in found.why
        for word in ("too much", "too long", "larger than", "not readable", "damaged")
    )
    assert psutil.Process().memory_info().rss - before < 64 << 20
    [document] = read_file(tmp_path / "good.pdf", tmp_path)  # type: ignore[misc]
    assert (document.source, document.text.strip()) == ("good.pdf#page=1", "The pump weighs 12 kg")


def test_an_index_says_what_it_left_out(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.pdf").write_bytes(BOMBS["twice.pdf"]())
    (docs / "b.pdf").write_bytes(a_pdf("The pump weighs 12 kg", "It is blue"))
    index = DocsIndex(docs, tmp_path / "cache")
    _, left_out = index.refresh()
    assert [one.path for one in left_out] == ["a.pdf"]
    assert index.search("blue")[0].source == "b.pdf#page=2"
    known = DocsIndex(docs, tmp_path / "cache")
    assert [one.path for one in known.refresh()[1]] == ["a.pdf"]
    assert readers() == []  # it is not tried again, as long as it is the same file
    (docs / "a.pdf").write_bytes(a_pdf("Now it can be read"))
    assert known.refresh() == (2, ())


def test_who_reads_has_nothing_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for child in readers():
        child.kill()
        child.wait()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    (tmp_path / "a.pdf").write_bytes(a_pdf("x"))
    read_file(
        tmp_path / "a.pdf", tmp_path
    )  # the one before was killed: it is told so, and replaced
    assert isinstance(read_file(tmp_path / "a.pdf", tmp_path), list)
    [child] = [c for c in readers() if c.status() != psutil.STATUS_ZOMBIE]
    assert "sk-canary" not in str(child.environ())
    assert "PATH" in os.environ
