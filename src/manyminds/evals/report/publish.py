"""A bench for others to read: the figures and what they rest on, without questions and answers.

Answers, reasons and transcripts hold a suite's questions and what is right; they stay where it was
played. What is published is enough to compute every figure again.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from manyminds.core.errors import RecordError, UsageError
from manyminds.evals.measures import Measures, measure
from manyminds.evals.report.page import Origin, write_report
from manyminds.evals.trials import PLAN, Trial, line_of, read_trials

__all__ = ["published_rows", "read_bench", "write_published"]

ROWS, REPORT = "rows.jsonl", "report.json"


def read_bench(folder: Path) -> tuple[list[Trial], int, Origin]:
    """Read a bench's rows, the size of its panels, and what made its report.

    Raises:
        UsageError: If the folder holds no bench with a report.
        RecordError: If it cannot be read.
    """
    rows = list(read_trials(folder / ROWS))
    try:
        members = int(json.loads((folder / PLAN).read_text(encoding="utf-8"))["members"])
        origin = Origin(**json.loads((folder / REPORT).read_text(encoding="utf-8"))["origin"])
    except FileNotFoundError:
        raise UsageError(f"{folder} holds no bench with a report; play one into it first") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{folder} cannot be read: {error}; play the bench again") from None
    return rows, members, origin


def published_rows(rows: Sequence[Trial]) -> list[Trial]:
    """Return rows without what would give a suite away; clusters are named by seed questions."""
    return [replace(row, given=None, reason="", run="", cluster=_mark(row.cluster)) for row in rows]


def _mark(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def write_published(
    to: Path, rows: Sequence[Trial], members: int, origin: Origin, *, table: str, note: str
) -> Measures:
    """Write rows, report and `RESULTS.md` to a folder.

    Args:
        to: The folder; made where it is missing.
        rows: As they were played.
        members: Of the panels.
        origin: What made them.
        table: The figures as the terminal shows them.
        note: What a reader has to know besides; may be empty.
    """
    to.mkdir(parents=True, exist_ok=True)
    shown = published_rows(rows)
    found = measure(shown, members=members)
    (to / ROWS).write_text("".join(f"{line_of(row)}\n" for row in shown), encoding="utf-8")
    (to / PLAN).write_text(json.dumps({"members": members}) + "\n", encoding="utf-8")
    write_report(to, found, shown, origin)
    first, last = (day[:10] for day in found.dates)
    played = first if first == last else f"{first} to {last}"
    shown_table = "\n".join(line.rstrip() for line in table.strip().splitlines())
    text = f"""# {found.suite}: {found.n} questions on {found.model}

Written by `manyminds bench publish`; do not edit by hand. Played {played} with
{", ".join(found.code)}, prompts {", ".join(p[:12] for p in found.prompts)}, on {origin.machine}, by

    {origin.command}

```
{shown_table}
```

Costs are means of a question; `*` marks arms that no other one beats at both tokens and accuracy.
Pictures and kinds: `report.html`; the same as JSON: `report.json`; one line a trial: `rows.jsonl`.
{note}"""
    (to / "RESULTS.md").write_text(text.rstrip() + "\n", encoding="utf-8")
    return found
