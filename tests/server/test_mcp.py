"""Our tools as an MCP host calls them: over HTTP with a key, and on a pipe."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from manyminds.runtime.kept import state_of
from manyminds.testing import act, final
from manyminds.transcript.store import new_transcript_path, read_transcript, run_names
from tests.cli.test_background import until
from tests.server.conftest import OWNER_KEY, Served
from tests.stub import Stub, say

pytestmark = pytest.mark.anyio
ASK = {"question": "What is 6 * 7?"}


@asynccontextmanager
async def over_http(served: Served, name: str = "ann") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {served.keys[name] if name else OWNER_KEY}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
    ):
        yield client


def own_run(home: Path, stub: Stub) -> None:
    """Work a question as the terminal does."""
    words = [sys.executable, "-m", "manyminds.cli", "ask", "--model", stub.model, "What is 6 * 7?"]
    subprocess.run(
        words, check=True, capture_output=True, env={**os.environ, "MANYMINDS_HOME": str(home)}
    )


async def test_a_host_lets_a_panel_answer_and_hears_how_it_goes(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    heard: list[str] = []

    async def hear(_progress: float, _total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async with over_http(served) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"ask", "research", "wide", "runs"}
        assert "ctx" not in str(tools["ask"].input_schema)
        done = await client.call_tool("ask", dict(ASK), progress_callback=hear)
        assert not done.is_error
        assert done.structured_content is not None
        assert done.structured_content["answer"]["text"] == "42"
        assert "transcript" not in done.structured_content
        listed = await client.call_tool("runs", {})
        assert listed.structured_content is not None
        [row] = listed.structured_content["runs"]
        assert row["run"] == done.structured_content["run"]
        one = await client.call_tool("runs", {"run": row["run"]})
        assert one.structured_content is not None
        assert one.structured_content["state"] == "finished"
    assert any("m1 answers 42" in line for line in heard)
    async with over_http(served, "") as client:  # the owner, who sees those of the terminal, too
        own_run(served.home, stub)
        found = await client.call_tool("runs", {})
        assert found.structured_content is not None
        names = [one["run"] for one in found.structured_content["runs"]]
        assert len(names) == 2
        for name in names:
            one = await client.call_tool("runs", {"run": name})
            assert one.structured_content is not None
            assert one.structured_content["state"] == "finished"
    async with over_http(served, "bob") as client:
        assert (await client.call_tool("runs", {"run": row["run"]})).is_error
        found = await client.call_tool("runs", {})
        assert found.structured_content == {"runs": []}


async def test_a_call_that_is_wrong_says_what_to_do(served: Served, stub: Stub) -> None:
    async with over_http(served) as client:
        for tool, arguments, why in (
            ("ask", {"question": "?", "mode": "panel"}, "panel"),
            ("ask", {"question": "?", "budget": "much"}, "much"),
            ("ask", {}, "question"),
            ("ask", {"question": ""}, "question"),
        ):
            done = await client.call_tool(tool, arguments)
            assert done.is_error
            assert why in str(done.content)
    assert not stub.requests


async def test_nobody_without_a_key_comes_in(served: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}):
        reply = httpx2.post(f"{served.url}/mcp", json={}, headers=headers)
        assert reply.status_code == 401


async def test_a_host_begins_us_on_a_pipe(stub: Stub, own_home: Path, tmp_path: Path) -> None:
    stub.behaviours = [say(final("42"))]
    begun = StdioServerParameters(
        command=sys.executable, args=["-m", "manyminds.cli", "mcp", "--model", stub.model],
        env=dict(os.environ), cwd=str(tmp_path),
    )  # fmt: skip
    async with Client(stdio_client(begun)) as client:
        done = await client.call_tool("ask", {**ASK, "mode": "single"})
        assert done.structured_content is not None
        assert done.structured_content["outcome"] == "answered"


@pytest.mark.parametrize("pipe", [False, True])
async def test_a_host_that_breaks_a_call_off_pays_no_more(
    served: Served, stub: Stub, tmp_path: Path, *, pipe: bool
) -> None:
    stub.behaviours = [say(act("calculate", expression="6*7"))]
    stub.until = lambda: len(stub.requests) < 2
    data = tmp_path / "home"
    begun = StdioServerParameters(
        command=sys.executable, args=["-m", "manyminds.cli", "mcp", "--model", stub.model],
        env={**os.environ, "MANYMINDS_HOME": str(data)}, cwd=str(tmp_path),
    )  # fmt: skip
    async with Client(stdio_client(begun)) if pipe else over_http(served) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "ask", {**ASK, "mode": "single"})
            await until(lambda: len(stub.requests) == 2)
            group.cancel_scope.cancel()
        [run] = run_names(data if pipe else served.home)
        path = new_transcript_path(data if pipe else served.home, run)
        await until(lambda: state_of(read_transcript(path)) == "finished")
        stub.until = lambda: True
        seen = (await client.call_tool("runs", {"run": run})).structured_content
    assert seen is not None
    assert seen["state"] == "finished"
    assert seen["stopped_by"] == "cancelled"
    assert len(stub.requests) == 2
