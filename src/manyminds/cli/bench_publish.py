"""`manyminds bench publish`: a bench for others to read, without questions and answers."""

import json
from io import StringIO
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from manyminds.cli.bench import WIDE, print_measures
from manyminds.cli.bench_energy import print_energy
from manyminds.core.errors import UsageError
from manyminds.evals.arms import BASE
from manyminds.evals.measures import measure
from manyminds.evals.report.publish import (
    ENERGY,
    read_bench,
    read_energy,
    write_published,
    write_published_energy,
)

__all__ = ["publish"]


def publish(
    folder: Path,
    to: Path,
    *,
    arms: str | None = None,
    note: str = "",
    json_: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Write a bench's figures, and rows that they can be computed from, to another folder.

    Questions, answers, reasons and transcripts are left out.

    Args:
        folder: Of the bench, or of `bench energy`, as --out named it.
        to: Where it is published.
        arms: Names with commas; by default all that were played.
        note: What a reader has to know besides.
        json_: Print one JSON object.
    """
    if (folder / ENERGY).exists():
        return _energy(folder, to, note=note, json_=json_)
    rows, members, origin = read_bench(folder)
    if arms is not None:
        names = {BASE, *arms.split(",")}
        if unknown := names - {row.arm for row in rows}:
            raise UsageError(f"{', '.join(sorted(unknown))} was not played in {folder}")
        rows = [row for row in rows if row.arm in names]
    if not rows:
        raise UsageError(f"{folder} holds no row yet")
    printed = StringIO()
    print_measures(measure(rows, members=members), Console(file=printed, width=WIDE))
    found = write_published(to, rows, members, origin, table=printed.getvalue(), note=note)
    return _done(to, found.n, len(rows), json_=json_)


def _energy(folder: Path, to: Path, *, note: str, json_: bool) -> int:
    rows, found, origin = read_energy(folder)
    printed = StringIO()
    print_energy(found, Console(file=printed, width=WIDE))
    write_published_energy(to, rows, found, origin, table=printed.getvalue(), note=note)
    return _done(to, len({row.question for row in rows}), len(rows), json_=json_)


def _done(to: Path, questions: int, trials: int, *, json_: bool) -> int:
    done = {"outcome": "answered", "cost": None, "to": str(to), "questions": questions}
    print(json.dumps(done) if json_ else f"{questions} questions, {trials} trials: {to}")
    return 0
