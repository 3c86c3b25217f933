"""Documents over MCP, two versions of one API: who asks for one is told nothing of the other."""

import json
import re
import sys
from pathlib import Path

import pytest
from mcp.client.client import Client

from manyminds.cli.app import run
from manyminds.testing import act, final
from tests.server.conftest import Served
from tests.server.test_mcp import over_http
from tests.stub import Body, Stub

pytestmark = pytest.mark.anyio
NAMES = [
    "connect",
    "listen",
    "fetch",
    "store",
    "delete",
    "rename",
    "watch",
    "lock",
    "copy",
    "close",
]


@pytest.fixture
def api(tmp_path: Path) -> Path:
    """Documents of an API in which every call takes another argument from one version to the next."""
    folder = tmp_path / "api"
    for version in ("v1", "v2"):
        (folder / version).mkdir(parents=True)
        for place, name in enumerate(NAMES):
            value = place * 10 + int(version[1])
            (folder / version / f"{name}.md").write_text(
                f"# {name}\n\nCalls to {name} take the argument limit, which is {value} by default.\n"
            )
    return folder


async def searched(client: Client, **arguments: str) -> dict:
    done = await client.call_tool("search_docs", dict(arguments))
    assert not done.is_error, done.content
    assert done.structured_content is not None
    return done.structured_content


async def test_each_version_is_found_alone(stub: Stub, own_home: Path, api: Path) -> None:
    with Served(home=own_home, model=stub.model, docs=api) as served:
        async with over_http(served) as client:
            for place, name in enumerate(NAMES):
                for version in ("v1", "v2"):
                    found = await searched(
                        client, query=f"default limit of {name}", version=version
                    )
                    first = found["passages"][0]["text"]
                    assert f"which is {place * 10 + int(version[1])} by default" in first
                    sources = {p["source"] for p in found["passages"]}
                    assert all((api / version / source).is_file() for source in sources)
            whole = await searched(client, query="default limit of fetch")
            assert {p["source"] for p in whole["passages"]} >= {"v1/fetch.md", "v2/fetch.md"}
            assert whole["versions"] == ["v1", "v2"]
            read = await client.call_tool("read_doc", {"source": "lock.md", "version": "v2"})
            assert "which is 72" in str(read.structured_content)
            for tool, arguments, why in (
                ("search_docs", {"query": "x", "version": "v3"}, "there are: v1, v2"),
                ("search_docs", {"query": "x", "version": ".."}, "there is no version"),
                ("read_doc", {"source": "../v1/lock.md", "version": "v2"}, "lock.md"),
                ("read_doc", {"source": "nothing.md"}, "nothing.md"),
            ):
                wrong = await client.call_tool(tool, arguments)
                assert wrong.is_error
                assert why in str(wrong.content)


async def test_without_documents_there_are_no_such_tools(served: Served) -> None:
    async with over_http(served) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == {
            "ask",
            "research",
            "wide",
            "runs",
        }


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_member_answers_for_the_version_it_was_asked_about(stub: Stub, own_home: Path, api: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], version: str) -> None:  # fmt: skip
    """The whole way: our member, another process of ours that serves the documents, its answer."""

    def behave(body: Body) -> str:
        text = str(body["messages"])
        if found := re.findall(r"which is (\d+) by default", text):
            return final(found[0])
        wanted = re.findall(r"In (v\d) of it", text)
        return act(
            "mcp_api_search_docs",
            query="default limit of rename",
            version=wanted[-1] if wanted else "v1",
        )

    stub.behaviours = [behave]
    words = ["-m", "manyminds.cli", "mcp", "--model", stub.model, "--docs", str(api)]
    server = {"command": sys.executable, "args": words, "env": {"MANYMINDS_HOME": str(own_home)}}
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps({"mcpServers": {"api": server}}))
    asked = ["ask", "--model", stub.model, "--strategy", "single", "--mcp", str(path), "--json"]
    assert run([*asked, f"In {version} of it, what is the default limit of rename?"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["answer"]["text"] == str(50 + int(version[1]))
    assert told["answer"]["evidence"][0]["tool"] == "mcp_api_search_docs"
