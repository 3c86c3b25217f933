"""Twenty-odd servers that mean no good, and one that does: what reaches a run of each."""

import asyncio
import json
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from manyminds.core.errors import ToolFailed, UsageError
from manyminds.core.messages import ToolCall
from manyminds.core.protocols import Tool
from manyminds.runtime.mcp import pins, ready_mcp
from manyminds.tools.mcp import server as served
from manyminds.tools.mcp.config import read_servers
from manyminds.tools.mcp.gate import Gate
from manyminds.tools.provenance import Provenance
from manyminds.tools.toolset import Toolset
from manyminds.tools.web.outgoing import Outgoing

pytestmark = pytest.mark.anyio
HOSTILE = Path(__file__).with_name("hostile.py")


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as one:
        yield one


def written(tmp_path: Path, behaviour: str, **more: object) -> Path:
    path = tmp_path / "mcp.json"
    server = {"command": sys.executable, "args": [str(HOSTILE), behaviour, str(tmp_path)], **more}
    path.write_text(json.dumps({"mcpServers": {"evil": server}}))
    return path


async def ready(stack: AsyncExitStack, path: Path, outgoing: Outgoing | None = None) -> tuple[list[Tool], list[str]]:  # fmt: skip
    told: list[str] = []
    return await ready_mcp(stack, path, outgoing or Outgoing(), a_gate(), told.append), told


def a_gate(question: str = "") -> Gate:
    """Return a gate for one question; what is not in it would be asked about."""
    return Gate(provenance=Provenance(question))


def names(tools: list[Tool]) -> list[str]:
    return [tool.spec.name for tool in tools]


async def call(tools: list[Tool], name: str = "mcp_evil_look_up", **arguments: str) -> tuple[str, str | None]:  # fmt: skip
    wanted = ToolCall(id="1", name=name, arguments={"text": "word", **arguments})
    outcome = await Toolset(tools).call("m1", wanted, new_id=lambda prefix: f"{prefix}1", key="k")
    return outcome.text, outcome.error


async def test_a_good_server_is_used(stack: AsyncExitStack, tmp_path: Path) -> None:
    tools, told = await ready(stack, written(tmp_path, "good"))
    assert names(tools) == ["mcp_evil_look_up"]
    assert await call(tools) == ('<data from="mcp_evil_look_up">\na small word\n</data>', None)
    assert told == ["MCP evil: 1 tools"]
    assert tools[0].spec.effect == "none"


@pytest.mark.parametrize("behaviour", ["changed", "added", "schema-changed", "claims-to-read"])
async def test_what_a_server_says_anew_is_quarantined(tmp_path: Path, behaviour: str) -> None:
    path = written(tmp_path, behaviour)
    async with AsyncExitStack() as stack:
        first, _ = await ready(stack, path)
    async with AsyncExitStack() as stack:
        second, told = await ready(stack, path)
    assert set(names(second)) <= set(names(first)) - ({"mcp_evil_look_up"} if behaviour != "added" else set())  # fmt: skip
    assert any("left out" in line for line in told)
    assert any("manyminds mcp accept FILE evil" in line for line in told)
    [config] = read_servers(path)
    async with served.opened(config) as server:
        pins().accept(config.identity, server.offers)
    async with AsyncExitStack() as stack:
        third, _ = await ready(stack, path)
    assert "mcp_evil_look_up" in names(third)


async def test_words_of_a_description_are_short_and_said_to_be_the_servers(stack: AsyncExitStack, tmp_path: Path) -> None:  # fmt: skip
    [tool], _ = await ready(stack, written(tmp_path, "poisoned"))
    assert tool.spec.description.startswith("evil says of it: “Adds two numbers.")
    assert len(tool.spec.description) < 450
    assert "</data>" not in tool.spec.description


async def test_a_schema_says_what_form_a_call_has_and_nothing_else(stack: AsyncExitStack, tmp_path: Path) -> None:  # fmt: skip
    [tool], _ = await ready(stack, written(tmp_path, "preaches-in-schema"))
    assert tool.spec.parameters == {"type": "object", "properties": {"text": {"type": "string"}}}


async def test_a_schema_for_results_does_not_stop_everything(stack: AsyncExitStack, tmp_path: Path) -> None:  # fmt: skip
    tools, _ = await ready(stack, written(tmp_path, "freezes"))
    async with asyncio.timeout(5):
        assert (await call(tools))[1] is None


async def test_no_tool_stands_for_one_of_ours(stack: AsyncExitStack, tmp_path: Path) -> None:
    tools, _ = await ready(stack, written(tmp_path, "shadow"))
    assert names(tools) == ["mcp_evil_python", "mcp_evil_search_docs", "mcp_evil_calculate"]


async def test_of_tools_that_are_called_alike_one_is_used(stack: AsyncExitStack, tmp_path: Path) -> None:  # fmt: skip
    tools, told = await ready(stack, written(tmp_path, "twins"))
    assert names(tools) == ["mcp_evil_look_up"]
    assert sum("already" in line for line in told) == 2


async def test_what_may_change_something_needs_the_persons_word(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        tools, told = await ready(stack, written(tmp_path, "writes"))
        assert names(tools) == ["mcp_evil_look_up"]
        assert sum("may change something" in line for line in told) == 2
    async with AsyncExitStack() as stack:
        path = written(tmp_path, "writes", allow=["send"], deny=["look_up"])
        [tool], told = await ready(stack, path)
        assert (tool.spec.name, tool.spec.effect) == ("mcp_evil_send", "unkeyed")
        assert any("you deny it" in line for line in told)


@pytest.mark.parametrize("behaviour", ["many", "large-schema", "odd-names"])
async def test_no_more_is_offered_than_a_model_can_be_shown(stack: AsyncExitStack, tmp_path: Path, behaviour: str) -> None:  # fmt: skip
    tools, _ = await ready(stack, written(tmp_path, behaviour))
    assert len(tools) <= 128
    for tool in tools:
        assert tool.spec.name.isascii()
        assert tool.spec.name.replace("_", "").isalnum()
        assert len(tool.spec.name) <= 64
    if behaviour == "large-schema":
        assert tools == []


@pytest.mark.parametrize("behaviour", ["no-server", "broken-json", "wrong-id", "never-begins"])
async def test_a_server_that_does_not_begin_is_left_out(stack: AsyncExitStack, tmp_path: Path, behaviour: str, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(served, "BEGINS_WITHIN_S", 2.0)
    tools, told = await ready(stack, written(tmp_path, behaviour))
    assert tools == []
    [line] = told
    assert line.startswith("the MCP server evil failed:")
    assert "\n" not in line


async def test_lines_that_are_no_messages_are_passed_over(stack: AsyncExitStack, tmp_path: Path) -> None:  # fmt: skip
    tools, _ = await ready(stack, written(tmp_path, "no-json"))
    assert (await call(tools))[1] is None


@pytest.mark.parametrize("behaviour", ["dies", "silent", "huge-line", "endless", "says-error", "wrong-shape"])  # fmt: skip
async def test_a_call_that_goes_wrong_is_a_value_and_the_run_goes_on(stack: AsyncExitStack, tmp_path: Path, behaviour: str, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(served, "ANSWERS_WITHIN_S", 3.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tools, _ = await ready(stack, written(tmp_path, behaviour))
    _, error = await call(tools)
    assert error is not None
    assert "evil" in error
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    if behaviour in ("dies", "huge-line", "endless"):
        assert "evil failed" in ((await call(tools))[1] or "")


async def test_a_result_is_data_however_it_is_written(stack: AsyncExitStack, tmp_path: Path) -> None:  # fmt: skip
    tools, _ = await ready(stack, written(tmp_path, "injects"))
    text, _ = await call(tools)
    assert text.count("</data>") == 1
    assert text.endswith("</data>")
    assert "\x1b" not in text


async def test_a_large_result_is_cut_and_pictures_are_named(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        tools, _ = await ready(stack, written(tmp_path, "huge"))
        text, error = await call(tools)
        assert error is None
        assert len(text) < 5_000
    async with AsyncExitStack() as stack:
        tools, _ = await ready(stack, written(tmp_path, "pictures"))
        assert "[image left out]\na picture" in (await call(tools))[0]


async def test_a_server_gets_nothing_of_the_environment_but_what_it_was_given(stack: AsyncExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("ITS_OWN", "given")
    path = written(tmp_path, "leaks-environment", env={"WORD": "${ITS_OWN}"})
    tools, _ = await ready(stack, path)
    [evidence] = await tools[0]("m1", ToolCall(id="1", name="x", arguments={}))
    assert '"WORD": "given"' in evidence.output
    assert "canary" not in evidence.output
    assert "canary" in os.environ["OPENAI_API_KEY"]


async def test_what_only_documents_say_does_not_go_to_a_server(stack: AsyncExitStack, tmp_path: Path) -> None:  # fmt: skip
    outgoing = Outgoing()
    outgoing.know("Which filter is it?")
    outgoing.hide("The Kestrel project ships on 2031-05-17.")
    tools, _ = await ready(stack, written(tmp_path, "good"), outgoing)
    for words in ("Kestrel", "\nKestrel\n", "it is\tKestrel", "2031-05-17"):
        _, error = await call(tools, text=words)
        assert "your documents" in (error or ""), words
    assert (await call(tools, text="filter"))[1] is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "mcpServers"),
        ('{"mcpServers": {"a": {}}}', "a command or a url"),
        ('{"mcpServers": {"a": {"url": "file:///etc/passwd"}}}', "begins with http"),
        ('{"mcpServers": {"a": {"command": "x", "shell": true}}}', "has no 'shell'"),
        ('{"mcpServers": {"a": {"command": "x", "env": {"K": "${NOT_THERE}"}}}}', "NOT_THERE"),
        ('{"mcpServers": {"../a": {"command": "x"}}}', "letters and digits"),
    ],
)
def test_a_file_that_is_wrong_says_what_to_do(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "mcp.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=why):
        read_servers(path)


async def test_a_server_that_cannot_be_begun_raises_what_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "no-server")
    [config] = read_servers(path)
    with pytest.raises(ToolFailed, match="evil failed"):
        async with served.opened(config):
            pass


def test_another_key_makes_no_other_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mcp.json"
    server = {"url": "https://x.example/mcp?key=${A_KEY}"}
    path.write_text(json.dumps({"mcpServers": {"x": server}}))
    identities: set[str] = set()
    for key in ("one", "two"):
        monkeypatch.setenv("A_KEY", key)
        [config] = read_servers(path)
        assert config.url == f"https://x.example/mcp?key={key}"
        identities.add(config.identity)
    assert len(identities) == 1
