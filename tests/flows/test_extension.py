"""The documented example of a package that adds a strategy and a verifier is installed and run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "loudest"
PROGRAM = """
import asyncio, json
from manyminds.core.values import Candidate, Task
from manyminds.judging.canonical import canonicalize
from manyminds.judging.verifiers.registry import verifier_named, verifier_names
from manyminds.strategies.registry import strategy_named, strategy_names
from manyminds.testing import ScriptedRun, final

async def main():
    task = Task(prompt="What is 6 * 7?")
    script = {"m1": [final("41", confidence=60)], "m2": [final("42", confidence=90)]}
    run = ScriptedRun(task=task, script=script)
    answer = await strategy_named("loudest")(run)
    verifier = verifier_named("short:3", run)
    said = Candidate(text="one two three four", author="m1", canonical=canonicalize("x"))
    verdict = await verifier.verify(task, said)
    print(json.dumps({
        "strategies": strategy_names(), "verifiers": verifier_names(), "text": answer.text,
        "outcome": verdict.outcome,
    }))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*command, "--no-index", "--target", str(target), str(EXAMPLE)],
        check=True, capture_output=True,
    )  # fmt: skip
    return target


def test_its_strategy_and_verifier_are_found_by_name_and_work(installed: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert "loudest" in found["strategies"]
    assert "short" in found["verifiers"]
    assert found["text"] == "42"
    assert found["outcome"] == "rejected"
