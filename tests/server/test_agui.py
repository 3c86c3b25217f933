"""Runs as AG-UI tells them, read with the protocol's own library."""

import json
from pathlib import Path

import httpx2
import pytest
from ag_ui.core import Event
from pydantic import TypeAdapter

from manyminds.testing import final
from tests.disputants import CRUX, QUESTION, dispute
from tests.server.conftest import Served, wait_for
from tests.stub import Stub, say

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def told(client: httpx2.Client, **more: object) -> list[dict]:
    """Read a request's events, each held against the protocol."""
    body = {
        "threadId": "t1", "runId": "r1", "state": {}, "tools": [], "context": [],
        "forwardedProps": {}, "messages": [{"id": "1", "role": "user", "content": QUESTION}], **more,
    }  # fmt: skip
    found: list[dict] = []
    with client.stream("POST", "/agui", json=body) as reply:
        assert reply.status_code == 200, reply.read()
        for line in reply.iter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
    for event in found:
        EVENTS.validate_python(event)
    return found


def kinds(events: list[dict]) -> list[str]:
    return [event["type"] for event in events]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "note.txt").write_text("A month has a Friday the 13th now and then.")
    return tmp_path / "docs"


def test_members_are_sub_agents_and_the_answer_stands_at_the_end(stub: Stub, own_home: Path, docs: Path) -> None:  # fmt: skip
    stub.behaviours = [dispute]
    with Served(home=own_home, model=stub.model, docs=docs) as served:
        events = told(served.http())
    assert kinds(events)[:3] == ["RUN_STARTED", "STATE_SNAPSHOT", "REASONING_START"]
    assert kinds(events)[-4:] == ["TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "RUN_FINISHED"]  # fmt: skip
    begun = [e["subagentRunId"] for e in events if e["type"] == "SUBAGENT_STARTED"]
    ended = [e["subagentRunId"] for e in events if e["type"] in ("SUBAGENT_FINISHED", "SUBAGENT_ERROR")]  # fmt: skip
    assert len(begun) == len(set(begun)) >= 5
    assert sorted(begun) == sorted(ended)
    steps = [(e["type"], e["stepName"]) for e in events if e["type"].startswith("STEP")]
    assert steps[::2] == [("STEP_STARTED", name) for _, name in steps[::2]]
    assert steps[1::2] == [("STEP_FINISHED", name) for _, name in steps[::2]]
    calls = {e["toolCallId"] for e in events if e["type"] == "TOOL_CALL_START"}
    assert calls == {e["toolCallId"] for e in events if e["type"] == "TOOL_CALL_RESULT"}
    changes = [d for e in events if e["type"] == "STATE_DELTA" for d in e["delta"]]
    assert {"op": "add", "path": "/cruxes/crux1", "value": {"question": CRUX, "rulings": []}} in changes  # fmt: skip
    assert events[-1]["result"]["answer"]["text"] == "3"
    assert events[-1]["outcome"] == {"type": "success"}


def test_what_waits_for_the_person_is_an_interrupt_that_the_next_request_resumes(served: Served, stub: Stub) -> None:  # fmt: skip
    stub.behaviours = [say(json.dumps({"goal": "g", "parts": [{"question": "What?", "why": "w"}]}))]
    client = served.http()
    props = {"model": "research", "approve": True}
    first = told(client, forwardedProps=props)
    [interrupt] = first[-1]["outcome"]["interrupts"]
    assert interrupt["reason"] == "plan_approval"
    run = interrupt["id"].partition("/")[0]
    assert client.get(f"/v1/runs/{run}").json()["state"] == "waiting"
    for other in (served.http("bob"),):
        body = {"threadId": "t", "runId": "r", "resume": [{"interruptId": interrupt["id"], "status": "resolved", "payload": {"approved": True}}]}  # fmt: skip
        assert other.post("/agui", json=body).status_code == 403
    # Whatever is no clear yes is a no.
    unclear = [{"interruptId": interrupt["id"], "status": "resolved", "payload": "yes"}]
    second = told(client, runId="r2", resume=unclear, messages=[])
    assert "you denied the plan" in second[-1]["result"]["missing"]
    assert wait_for(client, run, "finished")["outcome"] == "none"


def test_a_plan_is_changed_in_what_resumes_it(served: Served, stub: Stub) -> None:
    stub.behaviours = [say(json.dumps({"goal": "g", "parts": [{"question": "What?", "why": "w"}]}))]
    client = served.http()
    first = told(client, forwardedProps={"model": "research", "approve": True})
    [interrupt] = first[-1]["outcome"]["interrupts"]
    plan = {"goal": "g", "parts": [{"question": "What else?"}], "pages": 1, "rounds": 1}
    said = [{"interruptId": interrupt["id"], "status": "resolved", "payload": {"approved": True, "plan": plan}}]  # fmt: skip
    second = told(client, runId="r2", resume=said, messages=[])
    assert second[-1]["type"] == "RUN_FINISHED"
    assert second[-1]["result"]["report"]["plan"]["parts"][0]["question"] == "What else?"


def test_what_is_wrong_is_refused_before_anything_begins(served: Served, stub: Stub) -> None:
    client = served.http()
    for body in (
        {"threadId": "t"},
        {"threadId": "t", "runId": "r", "messages": []},
        {
            "threadId": "t",
            "runId": "r",
            "messages": [{"role": "user", "content": "?"}],
            "forwardedProps": {"model": "none"},
        },  # fmt: skip
    ):
        assert client.post("/agui", json=body).status_code in (400, 404), body
    gone = {"threadId": "t", "runId": "r", "resume": [{"interruptId": "20260101-000000-abcdef/3", "status": "resolved"}]}  # fmt: skip
    assert client.post("/agui", json=gone).status_code == 403
    assert not stub.requests


def test_a_model_that_fails_is_an_error_of_the_run_not_of_the_server(served: Served, stub: Stub) -> None:  # fmt: skip
    stub.behaviours = [say(final("42"))]
    with Served(home=served.home / "other", model="http://127.0.0.1:9/v1#none") as broken:
        [*_, last] = told(broken.http())
    assert last["type"] == "RUN_ERROR"
    assert last["code"] == "provider_error"
