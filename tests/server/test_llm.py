"""`llm`, Simon Willison's command, with this server as one of its models."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from manyminds.testing import final
from tests.server.conftest import Served
from tests.stub import Stub, say


@pytest.mark.parametrize("stream", [False, True])
def test_the_command_asks_a_panel(served: Served, stub: Stub, tmp_path: Path, *, stream: bool) -> None:  # fmt: skip
    stub.behaviours = [say(final("42"))]
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: panel\n  model_name: heavy\n  api_base: {served.url}/v1\n  api_key_name: ours\n"
    )
    # Plugins that are here for other reasons stay out of it.
    env = {**os.environ, "LLM_USER_PATH": str(tmp_path), "LLM_LOAD_PLUGINS": ""}
    words = [str(Path(sys.executable).with_name("llm")), "prompt", "-m", "panel", "--key", served.keys["ann"]]  # fmt: skip
    done = subprocess.run(
        [*words, *([] if stream else ["--no-stream"]), "What is 6 * 7?"],
        env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.returncode) == ("42", 0), done.stderr
    assert stub.requests
