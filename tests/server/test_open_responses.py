"""The checks of Open Responses (openresponses.org, 2026-04-24), said again: eight requests, each
answer and each event held against the fields that the specification requires."""

import base64
import json
from typing import Any

import httpx2
import jsonschema
import pytest

from manyminds.runtime.images import _red
from manyminds.testing import final
from tests.server.conftest import Served
from tests.server.test_clients import calls
from tests.server.test_images import sees
from tests.stub import Stub, say

Event = dict[str, Any]


def nullable(kind: str) -> Event:
    return {"type": [kind, "null"]}


TEXT, NUMBER, WHOLE, YES_NO = ({"type": t} for t in ("string", "number", "integer", "boolean"))
CONTENT: Event = {
    "oneOf": [
        {"properties": {"type": {"const": "output_text"}, "text": TEXT, "annotations": {"type": "array"}, "logprobs": {"type": "array"}}, "required": ["type", "text", "annotations", "logprobs"]},
        {"properties": {"type": {"const": "refusal"}, "refusal": TEXT}, "required": ["type", "refusal"]},
    ]
}  # fmt: skip
ITEM: Event = {
    "oneOf": [
        {"properties": {"type": {"const": "message"}, "id": TEXT, "status": {"enum": ["in_progress", "completed", "incomplete"]}, "role": {"const": "assistant"}, "content": {"type": "array", "items": CONTENT}}, "required": ["type", "id", "status", "role", "content"]},
        {"properties": {"type": {"const": "function_call"}, "id": TEXT, "call_id": TEXT, "name": TEXT, "arguments": TEXT, "status": {"enum": ["in_progress", "completed", "incomplete"]}}, "required": ["type", "id", "call_id", "name", "arguments", "status"]},
        {"properties": {"type": {"const": "reasoning"}, "id": TEXT, "summary": {"type": "array"}}, "required": ["type", "id", "summary"]},
    ]
}  # fmt: skip
USAGE: Event = {
    "type": ["object", "null"],
    "properties": {"input_tokens": WHOLE, "output_tokens": WHOLE, "total_tokens": WHOLE, "input_tokens_details": {"required": ["cached_tokens"]}, "output_tokens_details": {"required": ["reasoning_tokens"]}},
    "required": ["input_tokens", "output_tokens", "total_tokens", "input_tokens_details", "output_tokens_details"],
}  # fmt: skip
TOOL: Event = {"required": ["type", "name", "description", "parameters", "strict"]}
FIELDS: Event = {
    "id": TEXT, "object": {"const": "response"}, "created_at": WHOLE, "completed_at": nullable("integer"),
    "status": TEXT, "incomplete_details": nullable("object"), "model": TEXT, "previous_response_id": nullable("string"),
    "instructions": nullable("string"), "output": {"type": "array", "items": ITEM}, "error": nullable("object"),
    "tools": {"type": "array", "items": TOOL}, "tool_choice": {"type": ["string", "object"]}, "truncation": {"enum": ["auto", "disabled"]},
    "parallel_tool_calls": YES_NO, "text": {"required": ["format"]}, "top_p": NUMBER, "presence_penalty": NUMBER,
    "frequency_penalty": NUMBER, "top_logprobs": WHOLE, "temperature": NUMBER, "reasoning": nullable("object"), "user": nullable("string"),
    "usage": USAGE, "max_output_tokens": nullable("integer"), "max_tool_calls": nullable("integer"), "store": YES_NO, "background": YES_NO,
    "service_tier": TEXT, "metadata": {"type": "object"}, "safety_identifier": nullable("string"), "prompt_cache_key": nullable("string"),
}  # fmt: skip
RESPONSE: Event = {"type": "object", "properties": FIELDS, "required": list(FIELDS)}
PLACED = ["output_index", "item_id"]
EVENTS: dict[str, list[str]] = {
    "response.created": ["response"], "response.in_progress": ["response"], "response.completed": ["response"],
    "response.output_item.added": ["output_index", "item"], "response.output_item.done": ["output_index", "item"],
    "response.content_part.added": [*PLACED, "content_index", "part"], "response.content_part.done": [*PLACED, "content_index", "part"],
    "response.output_text.delta": [*PLACED, "content_index", "delta", "logprobs"], "response.output_text.done": [*PLACED, "content_index", "text", "logprobs"],
    "response.reasoning_summary_part.added": [*PLACED, "summary_index", "part"], "response.reasoning_summary_part.done": [*PLACED, "summary_index", "part"],
    "response.reasoning_summary_text.delta": [*PLACED, "summary_index", "delta"], "response.reasoning_summary_text.done": [*PLACED, "summary_index", "text"],
    "response.function_call_arguments.delta": [*PLACED, "delta"], "response.function_call_arguments.done": [*PLACED, "arguments"],
}  # fmt: skip
GET_WEATHER: Event = {
    "type": "function", "name": "get_weather", "description": "The weather at a place now.",
    "parameters": {"type": "object", "properties": {"location": TEXT}, "required": ["location"]},
}  # fmt: skip


def user(content: object) -> Event:
    return {"type": "message", "role": "user", "content": content}


def asked(client: httpx2.Client, *items: Event, **more: object) -> Event:
    reply = client.post("/v1/responses", json={"model": "heavy", "input": list(items), **more})
    assert reply.status_code == 200, reply.text
    jsonschema.validate(reply.json(), RESPONSE)
    return reply.json()


def streamed(client: httpx2.Client, *items: Event, **more: object) -> list[Event]:
    """Read a stream; every event is of a kind that is known, with its fields, in its place."""
    body = {"model": "heavy", "input": list(items), "stream": True, **more}
    events: list[Event] = []
    with client.stream("POST", "/v1/responses", json=body) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        for line in reply.iter_lines():
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
    for place, event in enumerate(events):
        assert event["sequence_number"] == place
        assert {*EVENTS[event["type"]]} <= set(event), event
        if "response" in event:
            jsonschema.validate(event["response"], RESPONSE)
        if "item" in event:
            jsonschema.validate(event["item"], ITEM)
    return events


def of_kind(response: Event, kind: str) -> list[Event]:
    return [item for item in response["output"] if item["type"] == kind]


@pytest.fixture
def client(served: Served, stub: Stub) -> httpx2.Client:
    stub.behaviours = [say(final("Hello to you"))]
    return served.http()


def test_basic_response(client: httpx2.Client) -> None:
    found = asked(client, user("Greet me in three words."))
    assert found["status"] == "completed"
    assert of_kind(found, "message")[0]["content"][0]["text"] == "Hello to you"


def test_streaming_response(client: httpx2.Client) -> None:
    events = streamed(client, user("Greet me."))
    assert [events[0]["type"], events[-1]["type"]] == ["response.created", "response.completed"]
    assert events[-1]["response"]["status"] == "completed"
    parts = [e["delta"] for e in events if e["type"] == "response.output_text.delta"]
    assert "".join(parts) == "Hello to you"


def test_system_prompt(client: httpx2.Client, stub: Stub) -> None:
    system = {"type": "message", "role": "system", "content": "Speak as a sailor would."}
    found = asked(client, system, user("Greet me."))
    assert found["status"] == "completed"
    assert "Speak as a sailor would." in str(stub.requests[0]["messages"])


@pytest.mark.parametrize("stream", [False, True])
def test_tool_calling(client: httpx2.Client, stub: Stub, *, stream: bool) -> None:
    stub.behaviours = [lambda _body: calls("get_weather", location="San Francisco")]
    question = user("What is the weather in San Francisco?")
    if not stream:
        found = asked(client, question, model="single", tools=[GET_WEATHER])
    else:
        events = streamed(client, question, model="single", tools=[GET_WEATHER])
        kinds = [event["type"] for event in events]
        assert "response.function_call_arguments.delta" in kinds
        assert "response.function_call_arguments.done" in kinds
        for kind in ("added", "done"):
            items = [e["item"]["type"] for e in events if e["type"] == f"response.output_item.{kind}"]  # fmt: skip
            assert "function_call" in items
        found = events[-1]["response"]
    [call] = of_kind(found, "function_call")
    assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"location": "San Francisco"})  # fmt: skip


def test_image_input(client: httpx2.Client, stub: Stub) -> None:
    stub.behaviours = [sees]
    address = f"data:image/png;base64,{base64.b64encode(_red()).decode()}"
    parts = [{"type": "input_text", "text": "How many pictures are there?"}, {"type": "input_image", "image_url": address}]  # fmt: skip
    found = asked(client, user(parts), model="single")
    assert found["status"] == "completed"
    assert of_kind(found, "message")[0]["content"][0]["text"] == "1 pictures"


def test_multi_turn(client: httpx2.Client, stub: Stub) -> None:
    said = {"type": "message", "role": "assistant", "content": "Good to meet you, Alice."}
    found = asked(client, user("My name is Alice."), said, user("What is my name?"))
    assert found["status"] == "completed"
    assert "Good to meet you, Alice." in str(stub.requests[0]["messages"])
