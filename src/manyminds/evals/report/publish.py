"""A bench for others to read: the figures and what they rest on, without questions and answers.

Answers, reasons and transcripts hold a suite's questions and what is right; they stay where it was
played. What is published is enough to compute every figure again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

from manyminds.core.errors import RecordError, UsageError
from manyminds.evals.energy import FORMS, PUBLISHED, EnergyFound, energy_of
from manyminds.evals.measures import Measures, measure
from manyminds.evals.report.page import Origin, write_report
from manyminds.evals.trials import PLAN, Trial, line_of, read_trials

__all__ = [
    "ENERGY",
    "energy_json",
    "published_rows",
    "read_bench",
    "read_energy",
    "write_published",
    "write_published_energy",
]

ROWS, REPORT, ENERGY = "rows.jsonl", "report.json", "energy.json"


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


def read_energy(folder: Path) -> tuple[list[Trial], EnergyFound, dict[str, str]]:
    """Read what `manyminds bench energy` played: its rows, its figures, and what made them.

    Rows stand in one file where it was published, in one of each form where it was played.

    Raises:
        RecordError: If it cannot be read, or its figures do not follow from its rows.
    """
    files = [folder / ROWS] if (folder / ROWS).exists() else [folder / f / ROWS for f in FORMS]
    rows = [row for file in files for row in read_trials(file)]
    try:
        told = json.loads((folder / ENERGY).read_text(encoding="utf-8"))
        found = energy_of(rows, alone=told["alone"])
        origin = {name: str(told.pop(name)) for name in ("command", "machine", "code")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{folder} cannot be read: {error}; play it again") from None
    if energy_json(found) != told:
        raise RecordError(f"{folder}: its figures do not follow from its rows; play it again")
    return rows, found, origin


def energy_json(found: EnergyFound) -> dict[str, object]:
    """Return the figures as they stand in energy.json, beside what made them."""
    return json.loads(json.dumps({**asdict(found), "published": PUBLISHED, "estimate": True}))


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
    text = f"""# {found.suite}: {found.n} questions on {found.model}

Written by `manyminds bench publish`; do not edit by hand. Played {_days(found.dates)} with
{", ".join(found.code)}, prompts {", ".join(p[:12] for p in found.prompts)}, on {origin.machine}, by

    {origin.command}

```
{_trimmed(table)}
```

Costs are means of a question; `*` marks arms that no other one beats at both tokens and accuracy.
Pictures and kinds: `report.html`; the same as JSON: `report.json`; one line a trial: `rows.jsonl`.
{note}"""
    (to / "RESULTS.md").write_text(text.rstrip() + "\n", encoding="utf-8")
    return found


def write_published_energy(
    to: Path,
    rows: Sequence[Trial],
    found: EnergyFound,
    origin: Mapping[str, str],
    *,
    table: str,
    note: str,
) -> None:
    """Write what answers draw, and the rows that it follows from, to a folder.

    Args:
        to: The folder; made where it is missing.
        rows: As they were played.
        found: What follows from them.
        origin: Command, machine and code.
        table: The figures as the terminal shows them.
        note: What a reader has to know besides; may be empty.
    """
    to.mkdir(parents=True, exist_ok=True)
    lines = [f"{line_of(row)}\n" for row in published_rows(rows)]
    (to / ROWS).write_text("".join(lines), encoding="utf-8")
    told = json.dumps({**origin, **energy_json(found)}, indent=1)
    (to / ENERGY).write_text(f"{told}\n", encoding="utf-8")
    text = f"""# What answers draw: {found.model}

Written by `manyminds bench publish`; do not edit by hand. Played {_days(found.dates)} with
{origin["code"]}, on {origin["machine"]}, by

    {origin["command"]}

```
{_trimmed(table)}
```

The same as JSON: `energy.json`; one line a trial: `rows.jsonl`.
{note}"""
    (to / "RESULTS.md").write_text(text.rstrip() + "\n", encoding="utf-8")


def _days(dates: tuple[str, str]) -> str:
    first, last = (day[:10] for day in dates)
    return first if first == last else f"{first} to {last}"


def _trimmed(table: str) -> str:
    return "\n".join(line.rstrip() for line in table.strip().splitlines())
