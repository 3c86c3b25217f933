"""Servers over HTTP, and a whole run that uses another server's tools."""

import gzip
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from manyminds.cli.app import run
from manyminds.core.errors import ToolFailed, UsageError
from manyminds.runtime.mcp import ready_mcp
from manyminds.runtime.settings import load_settings
from manyminds.testing import act, final
from manyminds.tools.mcp import server as served
from manyminds.tools.mcp.config import ServerConfig
from manyminds.tools.web.outgoing import Outgoing
from tests.server.conftest import Served
from tests.stub import Stub, say
from tests.tools.mcp.test_hostile import a_gate, written

pytestmark = pytest.mark.anyio


async def test_a_server_over_http_is_used_with_its_key(stub: Stub, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    stub.behaviours = [say(final("42"))]
    with Served(home=own_home, model=stub.model) as one:
        monkeypatch.setenv("THEIR_KEY", one.keys["ann"])
        server = {"url": f"{one.url}/mcp", "headers": {"Authorization": "Bearer ${THEIR_KEY}"}, "allow": ["ask"]}  # fmt: skip
        path = tmp_path / "mcp.json"
        path.write_text(json.dumps({"mcpServers": {"Many Minds": {**server, "disabled": True}, "other": server}}))  # fmt: skip
        async with AsyncExitStack() as stack:
            told: list[str] = []
            [tool] = await ready_mcp(stack, path, Outgoing(), a_gate(), told.append)
            assert tool.spec.name == "mcp_other_ask"
            said = await tool.server.call("ask", {"question": "What is 6 * 7?", "mode": "single"})  # pyright: ignore[reportAttributeAccessIssue]
        assert json.loads(said.text)["answer"]["text"] == "42"


async def test_a_server_that_redirects_or_never_ends_is_left(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    reached: list[str] = []
    monkeypatch.setattr(served, "BEGINS_WITHIN_S", 5.0)

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        reached.append(request.path)
        return web.json_response({})

    async def moved(_request: web.Request) -> web.StreamResponse:
        raise web.HTTPTemporaryRedirect("/elsewhere")

    async def endless(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"content-type": "application/json"})
        await reply.prepare(request)
        for _ in range(200):
            await reply.write(b" " * (1 << 17))
        return reply

    async def packed(_request: web.Request) -> web.StreamResponse:
        body = gzip.compress(b" " * (64 << 20))
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        return web.Response(body=body, headers=headers)

    app = web.Application()
    app.add_routes([web.route("*", p, d) for p, d in (("/moved", moved), ("/endless", endless), ("/packed", packed), ("/elsewhere", elsewhere))])  # fmt: skip
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    try:
        for path in ("moved", "endless", "packed"):
            config = ServerConfig(name="evil", url=f"http://127.0.0.1:{port}/{path}")
            with pytest.raises(ToolFailed, match="evil failed"):
                async with served.opened(config):
                    pass
    finally:
        await runner.cleanup()
    assert reached == []


def test_members_of_a_run_use_them(stub: Stub, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    stub.behaviours = [say(act("mcp_evil_look_up", text="word")), say(final("a small word"))]
    words = [
        "ask",
        "--model",
        stub.model,
        "--strategy",
        "single",
        "--mcp",
        str(written(tmp_path, "good")),
    ]
    assert run([*words, "--json", "What is a word?"]) == 0
    told = json.loads(capsys.readouterr().out)
    [evidence] = told["answer"]["evidence"]
    assert (evidence["tool"], evidence["output"]) == ("mcp_evil_look_up", "a small word")
    assert any("evil says of it" in str(m["content"]) for m in stub.requests[0]["messages"])


def test_tools_are_shown_and_accepted(own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    path = written(tmp_path, "changed")
    assert run(["mcp", "tools", str(path)]) == 0
    assert "✔ look_up" in capsys.readouterr().out
    assert run(["mcp", "tools", str(path), "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)["servers"]["evil"]["tools"]
    assert row["why_not"] == "what the server says of it has changed"
    assert run(["mcp", "accept", str(path), "evil"]) == 0
    capsys.readouterr()
    assert run(["mcp", "tools", str(path)]) == 0
    assert "✔ look_up" in capsys.readouterr().out
    assert run(["mcp", "accept", str(path), "none"]) == 2


def test_a_folder_one_stands_in_begins_no_commands(own_home: Path, tmp_path: Path) -> None:
    (tmp_path / "manyminds.toml").write_text('mcp = "mcp.json"\n')
    with pytest.raises(UsageError, match="would be run"):
        load_settings({})
    (tmp_path / "manyminds.toml").unlink()
    own_home.mkdir(exist_ok=True)
    (own_home / "config.toml").write_text('mcp = "mcp.json"\n')
    assert load_settings({})["mcp"].value == "mcp.json"


def test_what_is_to_stay_here_goes_to_no_server(stub: Stub, own_home: Path, tmp_path: Path, papers: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert sys.executable
    (own_home).mkdir(exist_ok=True)
    (own_home / "config.toml").write_text(f'mcp = "{written(tmp_path, "good")}"\n')
    words = [
        "research",
        "--only-docs",
        "--docs",
        str(papers),
        "--model",
        stub.model,
        "--yes",
        "What?",
    ]
    assert run(words) == 0 or "mcp" not in capsys.readouterr().err
