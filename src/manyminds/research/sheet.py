"""A table as CSV: what it says, with the addresses it stands on."""

import csv
import io

from manyminds.core.values import Citation, Table
from manyminds.research.paper import headings

__all__ = ["as_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(table: Table, citations: tuple[Citation, ...]) -> str:
    """Write a table down; its last columns say what rows stand on, and what is unknown.

    Cells that a spreadsheet would take for a formula are led by an apostrophe: their words are
    other people's.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*map(_plain, headings(table)), "sources", "unknown"])
    for row in table.rows:
        places = dict.fromkeys(place for cell in row for place in cell.citations)
        sources = dict.fromkeys(citations[place].source for place in places)
        named = zip(table.columns, row, strict=True)
        unknown = "; ".join(f"{name}: {cell.why}" for name, cell in named if cell.text is None)
        told = (cell.text or "" for cell in row)
        writer.writerow([_plain(text) for text in (*told, " ".join(sources), unknown)])
    return out.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
