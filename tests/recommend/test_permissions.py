"""Three roles: who asks, who reads the person, who acts. No one of them can do another's work."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_who_acts_cannot_read_and_who_reads_cannot_act() -> None:
    found = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert "Who acts does not read the person KEPT" in found.stdout
    assert "Who reads the person does not act KEPT" in found.stdout
