"""Every route against its own description, by schemathesis: whatever comes in, no answer is a 5xx
of ours and none is of a form that is not described."""

import re
import subprocess
import sys
from pathlib import Path

from manyminds.server.app import document, paths
from manyminds.testing import final
from tests.chaos.counts import COUNTS, FULL
from tests.recommend.test_page import PLACES
from tests.server.test_gate import address, serving
from tests.stub import Stub, say

EXAMPLES = 650 if FULL else 8
PHASES = "examples,coverage,fuzzing" if FULL else "examples,fuzzing"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)


def test_whatever_comes_in_is_answered_as_described(stub: Stub, own_home: Path, tmp_path: Path) -> None:  # fmt: skip
    stub.behaviours = [say(final("42"))]
    catalogues = own_home / "me" / "catalogues"
    catalogues.mkdir(parents=True)
    (catalogues / "dining.csv").write_text(PLACES, "utf-8")  # so that there is a decision
    words = ["--model", stub.model, "--waiting", "8"]
    with serving(tmp_path, *words, MANYMINDS_SERVER_KEY="s3") as process:
        url = address(process)
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}openapi.json",
                "--header", "Authorization: Bearer s3", "--checks", CHECKS, "--seed", "7",
                "--max-examples", str(EXAMPLES), "--request-timeout", "30", "--no-color",
                "--phases", PHASES, "--suppress-health-check", "all",
            ],
            capture_output=True, text=True, cwd=tmp_path, check=False, timeout=1_200,
        )  # fmt: skip
        assert process.poll() is None
    assert done.returncode == 0, done.stdout[-4_000:]
    assert list((own_home / "me" / "dialogues").glob("*.jsonl"))  # some wishes were good ones
    found = re.search(r"([\d,]+) generated, ([\d,]+) passed", done.stdout)
    assert found is not None, done.stdout[-4_000:]
    count = int(found[1].replace(",", ""))
    assert count >= (10_000 if FULL else 100)
    COUNTS["requests made up by schemathesis"] += count
    COUNTS["of these answered by a 5xx of ours, or not as described"] += 0


def test_every_route_is_described_once() -> None:
    described = document()["paths"]
    routes = [(path.replace(":path", ""), method.lower()) for method, path in paths()]
    routes.append(("/mcp", "post"))
    assert sorted(routes) == sorted(
        (path, method) for path in described for method in described[path]
    )
    names = [one["operationId"] for path in described.values() for one in path.values()]
    assert len(names) == len(set(names))
    assert all(one["summary"] for path in described.values() for one in path.values())
