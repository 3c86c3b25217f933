"""Word, Excel and PowerPoint files as text: a document a sheet or slide, so that each can be cited.

Sheets and slides need the extra `docs`. Whatever is wrong with a file is a reason to leave it out.
"""

import io
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from zipfile import BadZipFile, ZipFile

import mammoth

__all__ = ["OFFICE", "Unreadable", "office_texts"]

MOST_UNPACKED = 200 << 20
"""Bytes that a file may say it unpacks to."""
MOST_CELLS = 5_000_000
"""Of a sheet's rectangle, empty ones too."""
_CELL = re.compile(rb"\sr=[\"']([A-Z]{1,3})(\d{1,7})[\"']")


class Unreadable(Exception):
    """Says why a file cannot be read."""


Texts = list[tuple[str, str]]
"""Names of parts, empty for a whole file, with what they say; Word's as HTML."""


def office_texts(data: bytes, ending: str) -> Texts:
    """Return what a file says.

    Raises:
        Unreadable: If it says nothing that can be read.
    """
    reader, package, kind = OFFICE[ending]
    if package is not None and find_spec(package) is None:
        raise Unreadable("it needs the extra `docs`")
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
            if unpacked > MOST_UNPACKED:
                raise Unreadable(f"larger than {MOST_UNPACKED >> 20} MiB unpacked")
            for item in archive.namelist():
                if item.startswith("xl/worksheets/") and _cells(archive.read(item)) > MOST_CELLS:
                    raise Unreadable(f"a sheet of more than {MOST_CELLS:,} cells")
        found = [(name, text) for name, text in reader(data) if text.strip()]
    except Unreadable:
        raise
    except BadZipFile:
        raise Unreadable(f"not a readable {kind} file") from None
    except Exception as error:  # noqa: BLE001 (readers of damaged files raise anything)
        raise Unreadable(f"not a readable {kind} file ({type(error).__name__})") from None
    if not found:
        raise Unreadable("no text in it")
    return found


def _cells(sheet: bytes) -> int:
    """Return the cells of the rectangle that a sheet spans: its reader makes room for all."""
    columns, rows = {0}, {0}
    for letters, digits in _CELL.findall(sheet):
        columns.add(sum((c - 64) * 26**n for n, c in enumerate(reversed(letters))))
        rows.add(int(digits))
    return max(columns) * max(rows)


def _word(data: bytes) -> Texts:
    return [("", str(mammoth.convert_to_html(io.BytesIO(data)).value))]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] (no stubs)


def _excel(data: bytes) -> Texts:
    """Read sheets a row a line, cells parted by bars; hidden sheets are nobody's to see."""
    library: Any = import_module("python_calamine")
    book = library.CalamineWorkbook.from_filelike(io.BytesIO(data))
    visible = library.SheetVisibleEnum.Visible
    shown = [sheet.name for sheet in book.sheets_metadata if sheet.visible == visible]
    return [(f"sheet={name}", _rows(book.get_sheet_by_name(name).to_python())) for name in shown]


def _rows(rows: Iterable[Iterable[object]]) -> str:
    lines = (" | ".join(_cell(value) for value in row).rstrip(" |") for row in rows)
    return "".join(f"{line}\n" for line in lines if line)


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).split())


def _powerpoint(data: bytes) -> Texts:
    """Read slides with their tables and notes; hidden slides are left out."""
    slides: Any = import_module("pptx").Presentation(io.BytesIO(data)).slides
    found: Texts = []
    for number, slide in enumerate(slides, 1):
        if slide.element.get("show") == "0":
            continue
        lines = [line for shape in slide.shapes for line in _lines(shape)]
        if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
            lines += ["", "Notes:", frame.text] if frame.text.strip() else []
        found.append((f"slide={number}", "".join(f"{line}\n" for line in lines)))
    return found


def _lines(shape: Any) -> list[str]:
    if shape.has_text_frame:
        return [p.text for p in shape.text_frame.paragraphs if p.text.strip()]
    if getattr(shape, "has_table", False) and shape.has_table:
        return [" | ".join(_cell(cell.text) for cell in row.cells) for row in shape.table.rows]
    inner = getattr(shape, "shapes", None)
    return [] if inner is None else [line for part in inner for line in _lines(part)]


OFFICE: dict[str, tuple[Callable[[bytes], Texts], str | None, str]] = {
    ".docx": (_word, None, "Word"),
    ".xlsx": (_excel, "python_calamine", "Excel"),
    ".pptx": (_powerpoint, "pptx", "PowerPoint"),
}
"""By ending: what reads it, the package it needs, what it is."""
