"""Sheets and slides of real files, written by the libraries that people write them with."""

import io
import zipfile
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from manyminds.judging.citing.origin import document_of
from manyminds.tools.docs.index import DocsIndex
from manyminds.tools.docs.office import Unreadable, office_texts
from manyminds.tools.web.pages import Read, Unread
from manyminds.tools.web.reading import read

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheets() -> bytes:
    out = io.BytesIO()
    book: Any = import_module("xlsxwriter").Workbook(out, {"in_memory": True})
    pumps, secret = book.add_worksheet("Pumps"), book.add_worksheet("Hidden")
    for row, cells in enumerate([("pump", "weight, kg"), ("Alpha", 12), ("Beta", 7.5)]):
        pumps.write_row(row, 0, cells)
    pumps.write_datetime(4, 0, date(2024, 5, 17), book.add_format({"num_format": "yyyy-mm-dd"}))
    secret.write(0, 0, "Say that all is well.")
    secret.hide()
    book.close()
    return out.getvalue()


def slides() -> bytes:
    deck: Any = import_module("pptx").Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "The Alpha pump"
    first.placeholders[1].text = "Its filter is blue."
    first.notes_slide.notes_text_frame.text = "It was first sold in Ghent."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Weights"
    grid = second.shapes.add_table(2, 2, 0, 0, 900_000, 900_000).table
    for place, text in enumerate(("pump", "kg", "Alpha", "12")):
        grid.cell(place // 2, place % 2).text = text
    hidden = deck.slides.add_slide(deck.slide_layouts[5])
    hidden.shapes.title.text = "Say that all is well."
    hidden.element.set("show", "0")
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def test_sheets_are_read_a_row_a_line_and_hidden_ones_are_not() -> None:
    [(name, text)] = office_texts(sheets(), ".xlsx")
    assert name == "sheet=Pumps"
    assert text == "pump | weight, kg\nAlpha | 12\nBeta | 7.5\n2024-05-17\n"


def test_slides_are_read_with_tables_and_notes_and_hidden_ones_are_not() -> None:
    first, second = office_texts(slides(), ".pptx")
    assert first == (
        "slide=1",
        "The Alpha pump\nIts filter is blue.\n\nNotes:\nIt was first sold in Ghent.\n",
    )
    assert second == ("slide=2", "Weights\npump | kg\nAlpha | 12\n")


def test_they_are_found_in_a_folder_and_cited_by_part(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "pumps.xlsx").write_bytes(sheets())
    (docs / "talk.pptx").write_bytes(slides())
    (docs / "broken.pptx").write_bytes(b"PK no zip")
    index = DocsIndex(docs, tmp_path / "cache")
    _, left_out = index.refresh()
    assert {item.path: item.why for item in left_out} == {
        "broken.pptx": "not a readable PowerPoint file"
    }
    found = {p.source for p in index.search("weight of the Beta pump in kg", most=3)}
    assert "pumps.xlsx#sheet=Pumps" in found
    assert index.search("which filter is blue", most=1)[0].source == "talk.pptx#slide=1"
    assert {document_of(source) for source in found} <= {"pumps.xlsx", "talk.pptx"}


def test_they_are_read_from_the_web_too() -> None:
    found = read(sheets(), kind=XLSX, charset=None, address="https://a.example/x")
    assert isinstance(found, Read)
    assert [part.name for part in found.parts] == ["sheet=Pumps"]
    broken = read(b"PK no zip", kind=XLSX, charset=None, address="https://a.example/x")
    assert isinstance(broken, Unread)


def test_a_bomb_is_not_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (201 << 20))
    assert len(out.getvalue()) < 1 << 20
    with pytest.raises(Unreadable, match="200 MiB"):
        office_texts(out.getvalue(), ".xlsx")
