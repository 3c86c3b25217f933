"""Without its extra a command says so; no other command needs it."""

import subprocess
import sys

import pytest

WITHOUT = "import sys; sys.modules['inspect_ai'] = None; from manyminds.cli.app import run; sys.exit(run(sys.argv[1:]))"


@pytest.mark.parametrize(("command", "code"), [
    ("me list", 0), ("me ask --help", 0), ("do --help", 0), ("way --help", 0), ("bench --help", 2), ("nothing --help", 2),
])  # fmt: skip
def test_what_bench_needs_nothing_else_needs(command: str, code: int) -> None:
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT, *command.split()], check=False, capture_output=True, text=True
    )  # fmt: skip
    assert found.returncode == code, found.stderr
    assert found.stderr.count("\n") == (code != 0), found.stderr
    assert ("inspect_ai" in found.stderr) == command.startswith("bench")
