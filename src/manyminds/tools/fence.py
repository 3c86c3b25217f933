"""Fencing: whatever a tool or another member says is shown as data, never as instructions."""

import re

__all__ = ["fence"]

_TAG = re.compile(r"<(/?)data", re.IGNORECASE)


def fence(text: str, *, source: str, limit: int = 4_000) -> str:
    """Return `text` between data marks that it cannot close itself.

    Args:
        text: What was found; control characters are dropped, long text is cut in the middle,
            since errors and results stand at the end and headings at the start.
        source: Where it is from, as shown to the model.
        limit: Characters kept.
    """
    shown = "".join(c for c in text if c in "\n\t" or c.isprintable())
    if len(shown) > limit:
        head, tail = limit * 2 // 3, limit // 3
        cut = len(shown) - head - tail
        shown = f"{shown[:head]}\n[… {cut} characters left out …]\n{shown[-tail:]}"
    shown = _TAG.sub(r"‹\1data", shown)
    # Where it is from may be written by whoever wrote it: titles, addresses, names of files.
    source = "".join(c for c in source if c.isprintable() and c not in '<>"')[:300]
    return f'<data from="{source}">\n{shown}\n</data>'
