"""The Responses API, asked for with OpenAI's own client."""

import json
import time
from typing import Any

import openai
import pydantic
import pytest

from manyminds.testing import act, final
from tests.server.conftest import Served
from tests.server.test_clients import calls
from tests.stub import Body, Stub, fail, say

WEATHER: Any = {
    "type": "function", "name": "weather", "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}  # fmt: skip


def test_a_panel_answers(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    reply = served.openai().responses.create(model="heavy", input="What is 6 * 7?")
    assert (reply.status, reply.output_text) == ("completed", "42")
    assert reply.usage is not None
    assert reply.usage.total_tokens == 120 * len(stub.requests)
    split = reply.model_extra["manyminds"]["cost"]["by_member"]  # pyright: ignore[reportOptionalSubscript]
    assert (
        sum(one["tokens_in"] + one["tokens_out"] for one in split.values())
        == reply.usage.total_tokens
    )
    assert set(split) >= {"m1", "m2"}
    thoughts = reply.output[0]
    assert thoughts.type == "reasoning"
    assert "m1 answers 42" in thoughts.summary[0].text
    again = served.openai().responses.retrieve(reply.id)
    assert again.model_dump() == reply.model_dump()


def test_a_stream_has_every_event_in_its_place(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    client = served.openai()
    events = list(client.responses.create(model="heavy", input="What is 6 * 7?", stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [e.type for e in events[:2]] == ["response.created", "response.in_progress"]
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == "42"
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == "42"
    later = client.responses.retrieve(last.response.id, stream=True, starting_after=5)
    assert [e.to_dict() for e in later] == [e.to_dict() for e in events[6:]]


def test_what_is_made_in_the_background_is_fetched_later(served: Served, stub: Stub) -> None:
    stub.behaviours, stub.delay_s = [say(final("42"))], 0.3
    client = served.openai()
    begun = client.responses.create(model="heavy", input="What is 6 * 7?", background=True)
    assert begun.status == "queued"
    ends, found = time.monotonic() + 20, begun
    while found.status in ("queued", "in_progress") and time.monotonic() < ends:
        found = client.responses.retrieve(begun.id)
        time.sleep(0.05)
    assert (found.status, found.output_text) == ("completed", "42")
    stub.behaviours = [say(act("calculate", expression="6*7"))]
    asked = len(stub.requests)
    begun = client.responses.create(model="single", input="?", background=True)
    ends = time.monotonic() + 20
    while len(stub.requests) <= asked and time.monotonic() < ends:
        time.sleep(0.05)
    assert client.responses.cancel(begun.id).status == "cancelled"
    while client.responses.retrieve(begun.id).status == "in_progress":
        time.sleep(0.05)
    assert client.responses.retrieve(begun.id).status == "cancelled"
    # What is over is not made undone by a cancel that comes late.
    assert client.responses.cancel(found.id).status == "completed"


def test_one_response_goes_on_from_another(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("Paris"))]
    client = served.openai()
    first = client.responses.create(
        model="single", input="What is the capital of France?", instructions="Be brief."
    )
    stub.behaviours = [say(final("Rome"))]
    client.responses.create(
        model="single",
        input="And of Italy?",
        previous_response_id=first.id,
        instructions="One word.",
    )
    prompt = json.dumps(stub.requests[-1]["messages"])
    for part in ("capital of France", "assistant: Paris", "And of Italy?", "One word."):
        assert part in prompt
    assert "Be brief." not in prompt  # instructions hold for one response


class Sum(pydantic.BaseModel):
    value: int


def test_a_structured_answer_is_parsed(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final('{"value": 42}'))]
    reply = served.openai().responses.parse(model="single", input="6 * 7?", text_format=Sum)
    assert reply.output_parsed == Sum(value=42)


@pytest.mark.parametrize("stored", [False, True])
def test_a_tool_of_the_client_is_called_by_the_client(
    served: Served, stub: Stub, *, stored: bool
) -> None:
    def knows(body: Body) -> Any:
        return (
            "It rains." if body["messages"][-1]["role"] == "tool" else calls("weather", city="Oslo")
        )

    stub.behaviours = [knows]
    create = served.openai().responses.create
    asked: Any = [{"role": "user", "content": [{"type": "input_text", "text": "Rain in Oslo?"}]}]
    first = create(model="single", input=asked, tools=[WEATHER])
    call = first.output[-1]
    assert call.type == "function_call"
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Oslo"})
    found: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
    if stored:
        second = create(
            model="single", input=[found], tools=[WEATHER], previous_response_id=first.id
        )
    else:
        before: Any = [item.model_dump(exclude_none=True) for item in first.output]
        second = create(model="single", input=[*asked, *before, found], tools=[WEATHER])
    assert second.output_text == "It rains."


def test_what_is_forgotten_is_gone(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(final("42"))]
    client = served.openai()
    reply = client.responses.create(model="single", input="?")
    client.responses.delete(reply.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(reply.id)
    with pytest.raises(openai.PermissionDeniedError):
        served.openai("bob").responses.retrieve(reply.id)


def test_what_fails_says_so(served: Served, stub: Stub) -> None:
    stub.behaviours = [fail(401, "no such key")]
    client = served.openai()
    events = list(client.responses.create(model="single", input="?", stream=True))
    assert any(event.type == "response.refusal.done" for event in events)
    for body, status in (
        ({"model": "nobody", "input": "?"}, 404), ({"model": "single", "input": []}, 400),
        ({"model": "single", "input": [{"type": "image"}]}, 400),
        ({"model": "single", "input": "?", "tools": [{"type": "computer"}]}, 400),
        ({"model": "single", "input": "?", "previous_response_id": "resp_x"}, 403),
        ({"model": "single", "input": [{"type": "function_call", "name": 7}]}, 400),
    ):  # fmt: skip
        reply = served.http().post("/v1/responses", json=body)
        assert reply.status_code == status, reply.text
        assert reply.json()["error"]["message"]
