"""What the full suites did and saw, kept module by module: a long run may be done in pieces."""

import json
import os
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

from manyminds.evals.origin import commit, machine

ROOT = Path(__file__).parents[2]
KEPT, PAGE = ROOT / ".cache" / "chaos.json", ROOT / "benchmarks" / "CHAOS.md"
FULL = os.environ.get("MANYMINDS_CHAOS") == "full"
"""Whether all of it is run, as `make chaos` does."""


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
    """Keep what whole modules counted, forget what those counted that failed, and write the page."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for module in {*COUNTS.by, *failed}:
        kept.pop(module, None)
        if module not in failed:
            kept[module] = {
                "rows": COUNTS.by[module], "code": commit(), "machine": machine(),
                "date": str(datetime.now(UTC).date()),
            }  # fmt: skip
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept))
    PAGE.write_text(page(kept))


def page(kept: dict[str, dict]) -> str:
    """Write the page of what is kept."""
    parts = [
        "# Chaos\n\nWritten by `make chaos`, in one piece or several: each part passed as a whole. "
        "Transcripts as files, and in PostgreSQL where a row says so; a row that says 0 is "
        "asserted.\n"
    ]
    for module, one in sorted(kept.items()):
        rows = "\n".join(f"| {name} | {count:,} |" for name, count in one["rows"].items())
        where = f"{one['date']}, {one['machine']}, code at {one['code']}"
        parts.append(f"## `{module}`\n\n{where}\n\n| | |\n|---|---|\n{rows}\n")
    return "\n".join(parts)
