"""What the full suites did and saw, module by module: a long run may be done in pieces.

The page itself is what is kept, so that a part that is run elsewhere loses nothing of the others.
"""

import os
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

from manyminds.evals.origin import commit, machine

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "benchmarks" / "CHAOS.md"
HEAD = (
    "# Chaos\n\nWritten by `make chaos`, in one piece or several: each part passed as a whole. "
    "Transcripts as files, and in PostgreSQL where a row says so; a row that says 0 is "
    "asserted.\n"
)
FULL = os.environ.get("MANYMINDS_CHAOS") == "full"
"""Whether all of it is run, as `make chaos` does."""
LATE_S = 0.0 if FULL else 15.0
"""What a machine that does other things besides may add to a wait; nothing where it is measured."""


class Counts:
    """Counts by the module whose test is running."""

    def __init__(self) -> None:
        self.by: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def _here(self) -> Counter[str]:
        return self.by[os.environ["PYTEST_CURRENT_TEST"].partition("::")[0]]

    def __getitem__(self, name: str) -> int:
        return self._here()[name]

    def __setitem__(self, name: str, count: int) -> None:
        self._here()[name] = count


COUNTS = Counts()


def keep(failed: set[str]) -> None:
    """Write the page: what whole modules counted now, less what failed; others stay as they were."""
    there = sections(PAGE.read_text()) if PAGE.exists() else {}
    for module in failed:
        there.pop(module, None)
    for module in set(COUNTS.by) - failed:
        there[module] = section(module)
    PAGE.write_text("\n".join([HEAD, *(text for _, text in sorted(there.items()))]))


def sections(page: str) -> dict[str, str]:
    """Return the parts of the page, by module."""
    parts = re.split(r"^(?=## `)", page, flags=re.MULTILINE)[1:]
    return {part.split("`")[1]: part.rstrip("\n") + "\n" for part in parts}


def section(module: str) -> str:
    """Write what a module counted."""
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in COUNTS.by[module].items())
    where = f"{datetime.now(UTC).date()}, {machine()}, code at {commit()}"
    return f"## `{module}`\n\n{where}\n\n| | |\n|---|---|\n{rows}\n"
