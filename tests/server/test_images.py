"""Pictures: shown to models that see, refused in words for others and where they are elsewhere."""

import base64
from pathlib import Path

import pytest

from manyminds.runtime.images import _red
from manyminds.testing import final
from manyminds.transcript.store import new_transcript_path, read_transcript
from tests.server.conftest import Served
from tests.stub import Body, Stub

PNG = _red(4)
DATA = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def sees(body: Body) -> str:
    """A model that sees: it tells what colour there is, and counts what it was shown."""
    shown = [
        part
        for message in body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "image_url"
    ]
    if "What colour is this picture?" in str(body["messages"]):
        return "Red."
    answer = f"{len(shown)} pictures"
    return final(answer) if "response_format" in body else f"I see them.\n\\boxed{{{answer}}}"


def blind(body: Body) -> str:
    return "I cannot look at pictures." if "What colour" in str(body["messages"]) else final("42")


def asked(*addresses: str, text: str = "How many pictures are there?") -> list[dict]:
    pictures = [{"type": "image_url", "image_url": {"url": one}} for one in addresses]
    return [{"role": "user", "content": [{"type": "text", "text": text}, *pictures]}]


def test_a_model_that_sees_is_shown_them(served: Served, stub: Stub, own_home: Path) -> None:
    stub.behaviours = [sees]
    client = served.http()
    body = {"model": "single", "messages": asked(DATA, DATA)}
    reply = client.post("/v1/chat/completions", json=body).json()
    assert reply["choices"][0]["message"]["content"] == "2 pictures"
    transcript = new_transcript_path(own_home, reply["manyminds"]["run"])
    assert base64.b64encode(PNG[:30]).decode()[:30] not in transcript.read_text()
    started = read_transcript(transcript).events[0].event
    assert len(started.task.images) == 2  # pyright: ignore[reportAttributeAccessIssue]
    assert [p.read_bytes() for p in (own_home / "images").iterdir()] == [PNG]  # kept once
    items = [{"role": "user", "content": [{"type": "input_text", "text": "How many?"}, {"type": "input_image", "image_url": DATA}]}]  # fmt: skip
    reply = client.post("/v1/responses", json={"model": "single", "input": items}).json()
    assert "1 pictures" in str(reply["output"])


def test_every_member_of_a_panel_is_shown_them(served: Served, stub: Stub) -> None:
    stub.behaviours = [sees]
    body = {"model": "majority", "messages": asked(DATA)}
    reply = served.http().post("/v1/chat/completions", json=body).json()
    assert reply["choices"][0]["message"]["content"] == "1 pictures"
    assert reply["manyminds"]["answer"]["confidence"] > 0.5


def test_a_model_that_does_not_see_is_told_of_before_anything_is_spent(served: Served, stub: Stub) -> None:  # fmt: skip
    stub.behaviours = [blind]
    body = {"model": "single", "messages": asked(DATA)}
    reply = served.http().post("/v1/chat/completions", json=body)
    assert reply.status_code == 400
    assert "it did not see that" in reply.json()["error"]["message"]
    assert len(stub.requests) == 1  # the one that asked for the colour


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://a.example/cat.png", "sent along"),
        ("http://169.254.169.254/latest/meta-data", "sent along"),
        ("file:///etc/passwd", "sent along"),
        ("data:image/svg+xml;base64,AAAA", "sent along"),
        ("data:text/html;base64,AAAA", "sent along"),
        ("data:image/png;base64,****", "no base64"),
        ("data:image/png;base64,AAAA", "is none"),
        (DATA.replace("png", "gif"), "is none"),
        ("", "sent along"),
    ],
)
def test_what_is_no_picture_sent_along_is_refused(served: Served, stub: Stub, address: str, why: str) -> None:  # fmt: skip
    reply = served.http().post(
        "/v1/chat/completions", json={"model": "single", "messages": asked(address)}
    )
    assert reply.status_code == 400
    assert why in reply.json()["error"]["message"]
    assert not stub.requests


def test_too_many_are_refused(served: Served) -> None:
    body = {"model": "single", "messages": asked(*[DATA] * 9)}
    assert served.http().post("/v1/chat/completions", json=body).status_code == 400
