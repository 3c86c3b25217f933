"""The embedded 1.5B model on a question that needs Python: the README's promise, kept for real."""

import json
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.runtime.embedded.parts import CODER, installed
from manyminds.runtime.embedded.server import stop_server


@pytest.mark.skipif(not installed(CODER), reason="left out: the model's packages are not installed")
def test_heavy_computes_the_thousandth_prime(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    try:
        arguments = [
            "--model",
            f"embedded:{CODER.name}",
            "--seed",
            "7",
            "--budget",
            "400s",
            "--json",
        ]
        code = run(["ask", *arguments, "What is the 1000th prime number?"])
    finally:
        stop_server(CODER, own_home / "cache")
    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["strategy"] == "heavy"
    assert found["answer"]["canonical"] == "7919"
    assert found["cost"]["usd"] == 0
    ran = [
        e for e in found["answer"]["evidence"] if e["tool"] == "python" and "7919" in e["output"]
    ]
    supported = [c for c in found["answer"]["claims"] if c["support"] == "supported"]
    assert ran
    assert supported
