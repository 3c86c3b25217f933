"""`--only-docs`: nothing leaves the machine, by what the process really connects to."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_research import PUMP, page
from tests.scholar import Scholar
from tests.stub import Stub
from tests.tools.web.site import Site

HOOK = """
import os, sys

def hook(event, args):
    if event in ("socket.connect", "socket.sendto"):
        told = args[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        told = args[0]
    else:
        return
    with open(os.environ["SEEN_SOCKETS"], "a") as file:
        file.write(f"{event}\\t{told!r}\\n")

sys.addaudithook(hook)
"""
"""Put in the Python processes of the run, but for those that read files: they are begun without any
environment, with nothing but a pipe (`tests/tools/test_apart.py`)."""


def sockets(tmp_path: Path, *words: str) -> tuple[dict, list[str]]:
    """Run a command and return what it told, and whom it connected to or asked for."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(HOOK)
    seen = tmp_path / "seen"
    seen.touch()
    env = os.environ | {"PYTHONPATH": str(tmp_path / "hook"), "SEEN_SOCKETS": str(seen)}
    done = subprocess.run(
        [sys.executable, "-m", "manyminds.cli", *words], env=env, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return json.loads(done.stdout), sorted(set(seen.read_text().splitlines()))


def port_of(stub: Stub) -> str:
    return stub.model.partition("/v1")[0].rpartition(":")[2]


@pytest.mark.parametrize("hostile", [False, True], ids=["", "whose model asks for pages"])
def test_nothing_but_the_model_is_connected_to(
    stub: Stub, papers: Path, own_home: Path, tmp_path: Path, *, hostile: bool
) -> None:
    claim = "The filter is blue"
    asks = json.dumps({"action": "read_page", "address": "https://example.com/?q=x", "about": "x"})
    stub.behaviours = [Scholar(know=lambda _q, _p: ("blue", [claim]), first=[asks] * hostile)]
    told, seen = sockets(
        tmp_path, "research", "--only-docs", "--docs", str(papers), "--yes", "--json", "--model",
        stub.model, "What colour? See https://example.com/colours too.",
    )  # fmt: skip
    assert told["answer"]["text"] == "blue"
    started = json.loads(Path(told["transcript"]).read_text().splitlines()[0])["event"]
    assert started["stays_here"] is True
    others = [
        line
        for line in seen
        if f"'127.0.0.1', {port_of(stub)}" not in line and line.split("\t")[1] != "'127.0.0.1'"
    ]
    assert others == []
    assert seen


def test_the_watch_can_see(stub: Stub, site: Site, own_home: Path, tmp_path: Path) -> None:
    """Without it, the same watch sees the search and the page."""
    site.pages["/pump"] = page("Alpha pump", PUMP)
    stub.behaviours = [Scholar()]
    _, seen = sockets(
        tmp_path, "research", "--web-loopback", "--search", f"searxng={site.url('')}", "--yes", "--json",
        "--model", stub.model, f"How often is it washed, by {site.url('/pump')}?",
    )  # fmt: skip
    assert any(str(site.port) in line for line in seen)
