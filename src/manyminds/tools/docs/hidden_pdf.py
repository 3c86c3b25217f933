"""Words of a PDF's page that no reader of it sees: left out, for they are written for machines.

Text is judged by how it is drawn: invisibly, tiny, off the page. Light words are looked at on the
drawn page, for they may stand on something dark; what covers dark words is not looked at.
"""

import ctypes
from collections.abc import Mapping
from importlib import import_module
from typing import Any

__all__ = ["shown_text"]

_PDF: Any = import_module("pypdfium2.raw")  # it has no types

_LIGHT = 200
"""Of 255: words in such a colour are looked at on the drawn page."""
_SMALLEST = 2.0
"""Points of a font that nobody reads."""
_DRAWN = 2_000
"""Points of a page's longer side, above which it is drawn smaller."""
_ALIKE = 24
"""Of 255: greys that differ by less look the same."""
_INVISIBLE = _PDF.FPDF_TEXTRENDERMODE_INVISIBLE
_SCAN = 0.9
"""Share of invisible words from which they are what was read off a scan."""


def shown_text(page: Any) -> str:
    """Return the text of a PDF's page without the words that nobody sees."""
    text = page.get_textpage()
    hidden = _hidden_objects(page, text)
    if not hidden:
        return text.get_text_range()
    # Units of UTF-16, as they come: two of them may be one letter.
    units = b"".join(
        int(_PDF.FPDFText_GetUnicode(text.raw, place)).to_bytes(4, "little")[:2]
        for place in range(text.count_chars())
        if _object_at(text, place) not in hidden
    )
    return units.decode("utf-16-le", "replace")


def _object_at(text: Any, place: int) -> int | None:
    return _address(_PDF.FPDFText_GetTextObject(text.raw, place))


def _address(raw: Any) -> int | None:
    return ctypes.cast(raw, ctypes.c_void_p).value


Box = tuple[float, float, float, float]
"""Left, bottom, right, top; in points."""


def _hidden_objects(page: Any, text: Any) -> set[int | None]:
    """Return the addresses of text that is drawn so that nobody sees it."""
    sheet = page.get_cropbox()
    boxes: dict[int | None, Box] = {}
    invisible: set[int | None] = set()
    light: set[int | None] = set()
    nested: set[int | None] = set()
    hidden: set[int | None] = set()
    for found in page.get_objects(filter=[_PDF.FPDF_PAGEOBJ_TEXT]):
        name = _address(found.raw)
        boxes[name] = found.get_bounds()
        if found.level:
            nested.add(name)
        elif _size(found) < _SMALLEST:
            hidden.add(name)
        if _PDF.FPDFTextObj_GetTextRenderMode(found.raw) == _INVISIBLE:
            invisible.add(name)
        elif _is_light(found):
            light.add(name)
    if nested:
        # What is drawn as a part of something else has its place from that.
        boxes |= _boxes_of(text, nested)
        hidden |= {n for n in nested if boxes[n][3] - boxes[n][1] < _SMALLEST}
    if len(invisible) < _SCAN * len(boxes):
        hidden |= invisible
    hidden |= {name for name, box in boxes.items() if not _meet(box, sheet)}
    return hidden | _unlit(page, {name: boxes[name] for name in light - hidden})


def _boxes_of(text: Any, names: set[int | None]) -> dict[int | None, Box]:
    found: dict[int | None, list[Box]] = {name: [] for name in names}
    for place in range(text.count_chars()):
        name = _object_at(text, place)
        if name in found:
            found[name].append(text.get_charbox(place, loose=True))
    nowhere: list[Box] = [(0.0, 0.0, 0.0, 0.0)]
    return {name: _around(boxes or nowhere) for name, boxes in found.items()}


def _around(boxes: list[Box]) -> Box:
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _meet(box: Box, sheet: Box) -> bool:
    return box[2] > sheet[0] and box[3] > sheet[1] and box[0] < sheet[2] and box[1] < sheet[3]


def _size(found: Any) -> float:
    size = ctypes.c_float()
    _PDF.FPDFTextObj_GetFontSize(found.raw, size)
    matrix = found.get_matrix()
    return abs(size.value) * max(abs(matrix.b), abs(matrix.d))


def _is_light(found: Any) -> bool:
    parts = [ctypes.c_uint() for _ in range(4)]
    if not _PDF.FPDFPageObj_GetFillColor(found.raw, *parts):
        return False
    red, green, blue, alpha = (part.value for part in parts)
    return min(red, green, blue) >= _LIGHT or alpha < _ALIKE


def _unlit(page: Any, light: Mapping[int | None, Box]) -> set[int | None]:
    """Return which light words do not stand out where they are drawn."""
    if not light:
        return set()
    scale = min(1.0, _DRAWN / max(*page.get_size(), 1.0))
    drawn = page.render(scale=scale, grayscale=True)
    place = drawn.get_posconv(page).to_bitmap
    data = bytes(drawn.buffer)
    found: set[int | None] = set()
    for name, (left, bottom, right, top) in light.items():
        xs, ys = zip(place(left, bottom), place(right, top), strict=True)
        first, last = max(0, int(min(xs))), min(drawn.width, int(max(xs)) + 1)
        rows = range(max(0, int(min(ys))), min(drawn.height, int(max(ys)) + 1))
        seen = b"".join(data[y * drawn.stride + first : y * drawn.stride + last] for y in rows)
        if not seen or max(seen) - min(seen) < _ALIKE:
            found.add(name)
    return found
