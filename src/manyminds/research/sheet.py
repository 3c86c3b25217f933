"""A table as CSV: what it says, with the addresses it stands on."""

import csv
import io

from manyminds.core.values import Citation, Table

__all__ = ["as_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(table: Table, citations: tuple[Citation, ...]) -> str:
    """Write a table down; its last column names what each row stands on.

    Cells that a spreadsheet would take for a formula are led by an apostrophe: their words are
    other people's.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*table.columns, "sources"])
    for row in table.rows:
        places = dict.fromkeys(place for cell in row for place in cell.citations)
        sources = dict.fromkeys(citations[place].source for place in places)
        writer.writerow([*(_plain(cell.text or "") for cell in row), " ".join(sources)])
    return out.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
