"""Chat completions, asked for with OpenAI's own client."""

import asyncio
import json
import socket
import time
from pathlib import Path
from typing import Any

import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletion

from manyminds.core.events import RunStarted
from manyminds.core.values import NOTHING_SPENT, Answer, Citation, Cost
from manyminds.runtime.ask import Asked
from manyminds.server import sse
from manyminds.server.answers import annotations
from manyminds.testing import act, final
from manyminds.transcript.store import new_transcript_path, read_transcript, run_names
from tests.server.conftest import Served
from tests.stub import Stub, fail, say

ASK = [{"role": "user", "content": "What is 6 * 7?"}]


def started(home: Path, reply: ChatCompletion) -> RunStarted:
    """How the run of a reply began."""
    path = new_transcript_path(home, reply.id.removeprefix("chatcmpl-"))
    event = read_transcript(path).events[0].event
    assert isinstance(event, RunStarted)
    return event


def test_a_panel_answers_a_chat(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    reply = served.openai().chat.completions.create(model="heavy", messages=ASK)
    [choice] = reply.choices
    assert (choice.message.content, choice.finish_reason) == ("42", "stop")
    assert reply.usage is not None
    assert reply.usage.total_tokens == 120 * len(stub.requests)
    told = reply.model_extra["manyminds"]
    assert (told["outcome"], told["strategy"]) == ("answered", "heavy")
    assert "transcript" not in told
    assert told["cost"]["tokens_out"] == reply.usage.completion_tokens


def test_progress_is_told_while_members_work_and_the_answer_stands_alone(served: Served, stub: Stub) -> None:  # fmt: skip
    first, thoughts, content, finish, usage = None, [], "", None, None
    stub.behaviours, stub.until = [say(final("42"))], lambda: first is not None
    chunks = served.openai().chat.completions.create(
        model="heavy", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    for chunk in chunks:
        first = stub.replies if first is None else first
        usage = chunk.usage or usage
        for choice in chunk.choices:
            content += choice.delta.content or ""
            finish = choice.finish_reason or finish
            thoughts += [choice.delta.model_extra.get("reasoning_content")]
    assert first == 0  # before the first member was answered
    assert content == "42"
    assert finish == "stop"
    assert usage is not None
    assert any("m1 answers 42" in thought for thought in thoughts if thought)


@pytest.mark.anyio
async def test_clients_that_do_not_block_are_served_side_by_side(served: Served, stub: Stub) -> None:  # fmt: skip
    stub.behaviours, stub.until = [say(final("42"))], lambda: stub.most >= 4
    client = openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key=served.keys["bob"])
    replies = await asyncio.gather(
        *(client.chat.completions.create(model="single", messages=ASK) for _ in range(4))
    )
    assert [reply.choices[0].message.content for reply in replies] == ["42"] * 4
    assert stub.most == 4
    await client.close()


def test_what_was_said_before_is_part_of_the_question(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("Rome"))]
    said = [
        {"role": "system", "content": "Answer in one word."},
        {"role": "user", "content": "What is the capital of France?"},
        {"role": "assistant", "content": "Paris"},
        {"role": "user", "content": [{"type": "text", "text": "And of Italy?"}]},
    ]
    served.openai().chat.completions.create(model="single", messages=said)
    prompt = json.dumps(stub.requests[-1]["messages"])
    for part in ("Answer in one word.", "assistant: Paris", "And of Italy?"):
        assert part in prompt


class Sum(pydantic.BaseModel):
    value: int


def test_a_structured_answer_is_parsed(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final('{"value": 42}'))]
    reply = served.openai().chat.completions.parse(
        model="single", messages=ASK, response_format=Sum
    )
    assert reply.choices[0].message.parsed == Sum(value=42)
    assert started(served.home, reply).task.schema_json is not None


def test_effort_and_seed_reach_the_run(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    create = served.openai().chat.completions.create
    members = []
    for effort in ("low", "medium", "high"):
        reply = create(model="debate", messages=ASK, reasoning_effort=effort, seed=7)
        members.append(len(started(served.home, reply).members))
        assert started(served.home, reply).seed == 7
    assert members == [2, 4, 6]


def test_the_answer_ends_where_it_is_told_to(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("one two three four five six"))]
    create = served.openai().chat.completions.create
    [choice] = create(model="single", messages=ASK, stop=[" three"]).choices
    assert (choice.message.content, choice.finish_reason) == ("one two", "stop")
    [choice] = create(model="single", messages=ASK, max_tokens=2).choices
    assert (choice.message.content, choice.finish_reason) == ("one two ", "length")


def test_a_title_costs_one_call(served: Served, stub: Stub) -> None:
    stub.behaviours = [say("Sums")]
    task = {"role": "user", "content": "### Task:\nGenerate a concise title for this chat."}
    before = [
        {"role": "system", "content": "Be kind."},
        *ASK,
        {"role": "assistant", "content": "42"},
    ]
    for turn, said in enumerate(([task], [*before, task]), 1):
        served.openai().chat.completions.create(model="heavy", messages=said)
        assert len(stub.requests) == turn


def test_stop_holds_where_the_client_has_tools(served: Served, stub: Stub) -> None:
    stub.behaviours = [say("one two three four")]
    body: dict = {"model": "single", "messages": ASK, "stop": " three", "tools": named("weather")}
    whole = served.http().post("/v1/chat/completions", json=body).json()["choices"][0]
    assert (whole["message"]["content"], whole["finish_reason"]) == ("one two", "stop")
    pieces = served.openai().chat.completions.create(**body, stream=True)
    assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == "one two"


def test_open_webui_gets_lines_of_its_own_kind_and_nobody_else(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    body = {"model": "heavy", "messages": ASK, "stream": True}
    for headers, wanted in (({"X-OpenWebUI-User-Id": "7"}, True), ({}, False)):
        lines = (
            served.http()
            .post("/v1/chat/completions", json=body, headers=headers)
            .text.split("\n\n")
        )
        told = [json.loads(line[6:]) for line in lines if line.startswith('data: {"event"')]
        statuses = [one["event"]["data"] for one in told if one["event"]["type"] == "status"]
        assert bool(statuses) == wanted
        if wanted:
            assert {"description": "m1 answers 42", "done": False} in statuses
            assert statuses[-1]["done"]


def test_cursors_shape_is_taken(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    for given in ("What is 6 * 7?", [{"role": "user", "content": "What is 6 * 7?"}]):
        body = {"model": "single", "input": given, "tools": []}
        reply = served.http().post("/v1/chat/completions", json=body)
        assert reply.json()["choices"][0]["message"]["content"] == "42"


def test_cursors_tools_and_calls_are_taken(served: Served, stub: Stub) -> None:
    """Flat tools, and calls as items of their own, on the address of chats."""
    stub.behaviours = [say("It is sunny.")]
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "How is it in Bern?"}]},
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "weather",
            "arguments": '{"city": "Bern"}',
        },
        {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
    ]
    tool = {"type": "function", "name": "weather", "parameters": {"type": "object"}}
    body = {"model": "single", "input": items, "tools": [tool]}
    reply = served.http().post("/v1/chat/completions", json=body).json()
    assert reply["choices"][0]["message"]["content"] == "It is sunny."
    [request] = stub.requests
    assert [t["function"]["name"] for t in request["tools"]] == ["weather"]
    assert [m["role"] for m in request["messages"]] == ["user", "assistant", "tool"]


def formed(schema: object) -> dict:
    return {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}


@pytest.mark.parametrize(
    ("more", "status", "param"),
    [
        ({"n": 2}, 400, "n"),
        ({"n": 10**9}, 400, "n"),
        ({"stop": ["a"] * 10_000}, 400, "stop"),
        ({"temperature": 10**6}, 400, "temperature"),
        ({"max_tokens": 0}, 400, "max_tokens"),
        ({"logprobs": True}, 400, "logprobs"),
        ({"tools": [{"type": "function"}]}, 400, "tools.0.function"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}], "model": "research"}, 400, "tools"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required"}, 400, "tool_choice"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "assistant", "content": "?"}]}, 400, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "?"}, {"type": "image_url"}]}]}, 400,
         "messages.0.content"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": 7}}}}, 400,
         "response_format.json_schema.schema"),
        (formed({"$ref": "http://169.254.169.254/s"}), 400, "response_format.json_schema.schema"),
        (formed({"$ref": "#/nope"}), 400, "response_format.json_schema.schema"),
        (formed({"pattern": "("}), 400, "response_format.json_schema.schema"),
        (formed({"pattern": "(a)\\1"}), 400, "response_format.json_schema.schema"),
        (formed({"patternProperties": {"^(a+)+$": {}}}), 400, "response_format.json_schema.schema"),
        ({"model": "gpt-99"}, 404, None),
        ({"model": "heavy/http://evil.example/v1#m"}, 404, None),
        ({"manyminds": {"budget": "much"}}, 400, None),
        ({"manyminds": {"members": 10**9}}, 400, "manyminds.members"),
    ],
)  # fmt: skip
def test_what_is_not_done_is_refused_in_words(served: Served, stub: Stub, more: dict, status: int, param: str | None) -> None:  # fmt: skip
    body = {"model": "heavy", "messages": ASK, **more}
    reply = served.http().post("/v1/chat/completions", json=body)
    assert reply.status_code == status, reply.text
    error = reply.json()["error"]
    assert error["param"] == param
    assert error["message"]
    assert not stub.requests
    assert not list(run_names(served.home))


@pytest.mark.parametrize(
    "data", [b"{", b'{"n": NaN}', b"[" * 100_000, b"\xff\xfe", b"[]", b'{"model": 1e400}']
)
def test_what_is_no_request_is_refused(served: Served, data: bytes) -> None:
    reply = served.http().post("/v1/chat/completions", content=data)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"]


def test_a_model_that_fails_is_told_as_an_error(served: Served, stub: Stub) -> None:
    stub.behaviours = [fail(401, "no such key")]
    client = served.openai()
    reply = client.chat.completions.create(model="single", messages=ASK)
    assert reply.choices[0].message.refusal
    assert reply.model_extra["manyminds"]["stopped_by"] == "provider"


@pytest.mark.parametrize("path", ["chat/completions", "responses"])
@pytest.mark.parametrize("stream", [False, True])
def test_who_goes_away_pays_no_more(served: Served, stub: Stub, *, stream: bool, path: str) -> None:
    stub.behaviours = [say(act("calculate", expression="6*7"))]
    # The third request gets no reply while they are there: none is on its way as they go.
    stub.until = lambda: len(stub.requests) < 3
    said = {"input": "?"} if path == "responses" else {"messages": ASK}
    body = json.dumps({"model": "single", "stream": stream, **said}).encode()
    head = (
        f"POST /v1/{path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
        f"Authorization: Bearer {served.keys['ann']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port)) as open_:
        open_.sendall(head.encode() + body)
        ends = time.monotonic() + 20
        while len(stub.requests) < 3 and time.monotonic() < ends:
            time.sleep(0.02)
    ends = time.monotonic() + 20
    while served.house.engine.load[0] and time.monotonic() < ends:
        time.sleep(0.05)
    asked = len(stub.requests)
    stub.until = lambda: True
    time.sleep(0.7)
    assert served.house.engine.load[0] == 0
    assert len(stub.requests) == asked
    # It is over, on record and in the books: nothing of a budget is held for it.
    assert served.house.engine.books.unsettled() == []
    # And what was under way when they went is on their account: to go away pays for nothing.
    [[spent]] = served.house.engine.books.door.do(("select tokens from run", ()))
    assert int(str(spent[0])) >= 120 * asked - 120
    assert int(str(spent[0])) > 0
    [name] = run_names(served.home)
    assert served.http().get(f"/v1/runs/{name}").json()["state"] != "unfinished"


def test_a_pattern_that_a_client_chose_stops_nobody(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("a" * 400 + "b"))]
    schema = {"type": "string", "pattern": "^(a+)+$"}
    body = {"model": "single", "messages": ASK, **formed(schema)}
    reply = served.http().post("/v1/chat/completions", json=body)
    assert "gave no readable answer" in reply.text
    assert served.http().get("/health").status_code == 200


@pytest.mark.parametrize(
    ("field", "wanted"),
    [("reasoning", {"reasoning"}), ("both", {"reasoning", "reasoning_content"}), ("none", set())],
)
def test_progress_is_told_where_clients_look_for_it(stub: Stub, own_home: Path, field: Any, wanted: set[str]) -> None:  # fmt: skip
    stub.behaviours = [say(final("42"))]
    with Served(home=own_home, model=stub.model, reasoning=field) as served:
        body = {"model": "heavy", "messages": ASK, "stream": True}
        lines = served.http().post("/v1/chat/completions", json=body).text.split("\n\n")
    deltas = [
        choice["delta"]
        for line in lines if line.startswith("data: {")
        for choice in json.loads(line[6:])["choices"]
    ]  # fmt: skip
    found = {name for delta in deltas for name in delta if name.startswith("reasoning")}
    assert found == wanted
    assert "".join(delta.get("content") or "" for delta in deltas) == "42"


def test_a_stream_says_that_it_is_alive(served: Served, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(sse, "KEEP_ALIVE_S", 0.1)
    stub.behaviours, stub.delay_s = [say(final("42"))], 0.6
    body = {"model": "single", "messages": ASK, "stream": True}
    reply = served.http().post("/v1/chat/completions", json=body)
    assert reply.text.count(": keep-alive\n\n") >= 3
    assert reply.text.endswith("data: [DONE]\n\n")
    assert (reply.headers["cache-control"], reply.headers["x-accel-buffering"]) == (
        "no-cache",
        "no",
    )


def test_what_an_answer_stands_on_is_named_under_it(stub: Stub, own_home: Path, papers: Path) -> None:  # fmt: skip
    read = [
        say(act("read_doc", path="note.txt")),
        say(final("blue [1]", reason="The note says so")),
    ]
    stub.behaviours = read
    with Served(home=own_home, model=stub.model, docs=papers) as served:
        body = {
            "model": "single",
            "messages": [{"role": "user", "content": "Which colour is the filter?"}],
        }
        reply = served.http().post("/v1/chat/completions", json=body).json()
    told = reply["manyminds"]["answer"]
    sources = [citation["source"] for citation in told["citations"]]
    assert sources == ["note.txt"]
    assert reply["choices"][0]["message"]["content"].endswith("\n\nSources:\n[1] note.txt")


@pytest.mark.parametrize(
    ("effort", "reasons"), [("none", False), ("minimal", False), ("medium", True)]
)
def test_no_effort_is_no_reasoning(served: Served, stub: Stub, effort: Any, reasons: bool) -> None:  # noqa: FBT001
    stub.behaviours, stub.reasoning_tokens = [say(final("42"))], 7
    create = served.openai().chat.completions.create
    usage = create(model="single", messages=ASK, reasoning_effort=effort).usage
    assert usage is not None
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == (7 if reasons else 0)


def test_addresses_are_marked_where_they_stand_and_nowhere_else(tmp_path: Path) -> None:
    long, short = "https://a.org/b", "https://a.org"
    cited = tuple(
        Citation(source=s, quote="q", start=0, end=1, support="supported") for s in (long, short)
    )
    text = f"It is so.\n\nSources:\n[1] {long}\n[2] {short}"
    answer = Answer(outcome="answered", text=text, canonical=None, confidence=None, citations=cited)
    asked = Asked(
        run="r", answer=answer, strategy="research", members=(), cost=Cost(spend=NOTHING_SPENT, seconds=0.0),
        stopped_by=None, transcript=tmp_path, prompts="",
    )  # fmt: skip
    marked: Any = [one["url_citation"] for one in annotations(asked, text)]  # pyright: ignore[reportArgumentType, reportCallIssue, reportIndexIssue]
    assert [m["url"] for m in marked] == [long, short]
    assert [text[m["start_index"] : m["end_index"]] for m in marked] == [long, short]
    assert marked[1]["start_index"] > marked[0]["end_index"]


def named(*names: str) -> list[dict]:
    return [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in names]  # fmt: skip


def test_tools_that_open_webui_adds_to_everything_lead_no_conversation(served: Served, stub: Stub) -> None:  # fmt: skip
    """As Open WebUI 0.12 was seen to send them, 37 with each question."""
    stub.behaviours = [say(final("42"))]
    ambient = named("get_current_timestamp", "calculate_timestamp", "ask_user", "write_note")
    body = {"model": "heavy", "messages": [{"role": "user", "content": "What is 6 * 7?"}]}
    client = served.http()
    reply = client.post("/v1/chat/completions", json={**body, "tools": ambient}).json()
    assert reply["choices"][0]["message"]["content"] == "42"
    assert reply["manyminds"]["strategy"] == "heavy"
    assert not any(request.get("tools") for request in stub.requests)
    chosen = client.post("/v1/chat/completions", json={**body, "tools": [*ambient, *named("my_database")]})  # fmt: skip
    assert chosen.json()["manyminds"]["strategy"] == "relay"
    alone = client.post("/v1/chat/completions", json={**body, "tools": named("ask_user")})
    assert alone.json()["manyminds"]["strategy"] == "relay"
